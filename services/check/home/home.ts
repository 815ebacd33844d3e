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
import { DataError } from '../../data-error.ts'
import type { Bundle, BundleStep } from '../../runtime/views-of-bundle.ts'
import { sourceOf } from '../conform/order.ts'
import { machinesDigest } from '../machines-digest.ts'
import { type How, outcomesOf } from '../rehearsal.ts'
import type { Schedule } from '../schedule.ts'
import { actFor } from './acts.ts'
import { type Journey, journalOf, journeyOf } from './journey.ts'
import { takenEarlier } from './order.ts'

export interface Home {
  schedule: Schedule
  /** What a person should know of it beside. */
  notes: string[]
}

/** Steps that may have to be taken a little earlier than they were committed. [ours] */
const EARLIER_MAX = 50

/** Throws a `DataError` when what happened cannot be told from the bundle. */
export function homeOf(bundle: Bundle, file: string): Home {
  let plan = journalOf(bundle, file)
  let first: Stray | null = null
  for (let left = EARLIER_MAX; ; left--) {
    const journey = journeyOf(bundle, plan)
    const stray = firstStray(journey)
    if (!stray) return homeFrom(journey)
    if (first?.step !== stray.step) first = stray
    const steps = left > 0 ? takenEarlier(plan.steps, stray.place) : null
    if (!steps) {
      const { step, why } = first
      const what = `${step.y} for ${journey.told(step.t)} (${step.p})`
      throw new DataError(file, [`${what} cannot be taken again: ${why}`])
    }
    plan = { ...plan, steps }
  }
}

interface Stray {
  step: BundleStep
  place: number
  why: string
}

function firstStray(journey: Journey): Stray | null {
  for (const [place, step] of journey.steps.entries()) {
    try {
      takeAgain(journey, step)
    } catch (error) {
      if (!(error instanceof Strays)) throw error
      return { step, place, why: error.message }
    }
  }
  return null
}

function homeFrom(journey: Journey): Home {
  const { rehearsal, bundle, profile, mailboxes, notes } = journey
  journey.sendBefore(Number.POSITIVE_INFINITY)
  const judged = rehearsal.judge()
  const [broken] = judged.violations
  return {
    schedule: {
      v: 1,
      machines: machinesDigest(),
      scenario: bundle.site,
      profile: profile.name,
      site: rehearsal.site,
      mailboxes,
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
    throw new Strays(`it left ${actor} ${live} there, and leaves it ${mine} here`)
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
  throw new Strays('it is not under way here')
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
