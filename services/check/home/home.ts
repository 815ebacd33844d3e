/**
 * A failure seen live, brought home: the journal of a bundle taken again in memory, step by step in
 * the order in which its steps were committed, and written down as a schedule.
 *
 * A journal says of each step who took which event and how that ended; what the events carried
 * follows from the machines, which are the same. What people and fault rules asked for stands in
 * the journal, what was sent stands with the accepted messages. Each step has to end here as it did
 * there: where it does not, the bundle is refused, with the step.
 */
import { stateName } from '../../../machines/words.ts'
import type { BundleStep } from '../../runtime/views-of-bundle.ts'
import { DataError } from '../../scenario/problems.ts'
import { sourceOf } from '../conform/order.ts'
import { machinesDigest } from '../machines-digest.ts'
import { type How, outcomesOf } from '../rehearsal.ts'
import type { Schedule } from '../schedule.ts'
import { actFor } from './acts.ts'
import { type Journey, journeyOf } from './journey.ts'

export interface Home {
  schedule: Schedule
  /** What a person should know of it beside. */
  notes: string[]
}

/** Throws a `DataError` when what happened cannot be told from the bundle. */
export function homeOf(...[bundle, file]: Parameters<typeof journeyOf>): Home {
  const journey = journeyOf(bundle, file)
  journey.steps.forEach((step, i) => {
    try {
      takeAgain(journey, step)
    } catch (error) {
      if (!(error instanceof Strays)) throw error
      throw new DataError(file, [
        `step ${i + 1} of its journal (${step.p}) cannot be taken again: ${error.message}`,
      ])
    }
  })
  const { rehearsal, bundle: whole, profile, notes } = journey
  journey.sendBefore(Number.POSITIVE_INFINITY)
  const judged = rehearsal.judge()
  const [broken] = judged.violations
  return {
    schedule: {
      v: 1,
      machines: machinesDigest(),
      scenario: whole.site,
      profile: profile.name,
      site: rehearsal.site,
      mailboxes: journey.mailboxes,
      steps: rehearsal.steps,
      outcomes: outcomesOf(judged),
      ...(broken ? { violation: { invariant: broken.invariant, entry: broken.entry } } : {}),
    },
    notes,
  }
}

/** What happened there is not what happens here. */
class Strays extends Error {}

function takeAgain(journey: Journey, step: BundleStep): void {
  const { rehearsal, told, madeAt } = journey
  journey.sendBefore(step.a)
  rehearsal.at = Math.max(rehearsal.at, step.a - madeAt)
  const event = eventOf(journey, step)
  const stepped = rehearsal.take(event, howOf(journey, step))
  const here = new Map([...stepped.actors].map(([actor, { s }]) => [actor, stateName(s)]))
  const there = new Map(step.s.map(([actor, state]) => [told(actor), state]))
  for (const actor of new Set([...there.keys(), ...here.keys()])) {
    const [live, mine] = [there.get(actor) ?? 'as it was', here.get(actor) ?? 'as it was']
    if (live === mine) continue
    const what = `${step.y} left ${actor} ${live} there, and leaves it ${mine} here`
    throw new Strays(`${what}; what an MTA believed may have been read a moment earlier`)
  }
}

function eventOf(journey: Journey, step: BundleStep) {
  const { rehearsal, told } = journey
  const [to, id] = [told(step.t), told(step.i)]
  const source = sourceOf(id)
  if (source?.by === 'timer') return alarmOf(journey, to, source.timer, id)
  if (source?.by === 'outside') askFor(journey, step, to)
  const found = rehearsal.underWay(to, step.y)
  const event = source?.by === 'actor' ? found.find((one) => one.id === id) : found[0]
  if (event) return event
  throw new Strays(`${step.y} is not under way to ${to} here`)
}

/** Its number is the version that a replication timer waits with. */
const VERSION = /\.replication(\d+)\.\d+\.e\d+$/

function alarmOf({ rehearsal }: Journey, to: string, timer: string, id: string) {
  const version = VERSION.exec(id)?.[1]
  const of = version === undefined ? {} : { version: Number(version) }
  const alarm = rehearsal.alarm({ to, timer: timer as 'retry', ...of })
  if (!alarm) throw new Strays(`the ${timer} timer of ${to} is not armed here`)
  // One that was promoted by hand rang before its date; here it rings at its date.
  rehearsal.at = Math.max(rehearsal.at, alarm.due as number)
  return alarm
}

/** Does what somebody outside did, of which this event came; a submission was done before. */
function askFor(journey: Journey, step: BundleStep, to: string): void {
  if (step.y === 'mail.submitted') return
  if (journey.rehearsal.underWay(to, step.y).length > 0) return
  const act = actFor(journey, step, to)
  if (act === null) throw new Strays(`what ${step.y} asked for is not known`)
  if (journey.rehearsal.act(act)) return
  throw new Strays(`it is refused here: ${act.do} for ${to}`)
}

function howOf({ seenLater }: Journey, step: BundleStep): How {
  const { ordered, stale, lost } = step.f ?? {}
  const again = seenLater(step)
  return {
    do: again
      ? 'take again'
      : lost
        ? 'take and lose'
        : sourceOf(step.i)?.by === 'timer'
          ? 'ring'
          : 'take',
    ...(ordered ? { ordered } : {}),
    ...(stale ? { stale } : {}),
  }
}
