/**
 * A scenario's own site, its acts at random times and in random order.
 */
import type { Act } from '../acts.ts'
import type { Plan } from '../plan.ts'
import { RATES } from './faults.ts'
import { Random } from './random.ts'
import type { Course } from './world.ts'

/** All of it may happen within seconds, so that it meets, or within the life of a belief. [ours] */
const SPANS_MS = [1_500, 10_000, 60_000, 900_000]
/** Faults go on for so long. */
const FAULTS_MS = 3_600_000

export function courseOf(plan: Plan, seed: number): Course {
  const random = new Random(seed)
  const span = random.pick(SPANS_MS)
  const times: number[] = []
  for (const act of plan.acts) {
    // The second half of a change comes as soon as it can.
    const goesOn = act.do === 'go on'
    times.push(goesOn ? (times.at(-1) as number) : random.between(0, span))
  }
  const acts = plan.acts.map((act, i) => ({ at: times[i] as number, act }))
  // Moves and their cancellations keep their order: a later one has a later id.
  const ordered = acts.filter(({ act }) => ORDERED.has(act.do))
  const dates = ordered.map(({ at }) => at).sort((a, b) => a - b)
  ordered.forEach((one, i) => {
    one.at = dates[i] as number
  })
  const { site, mailboxes, before } = plan
  return { seed, site, mailboxes, before, acts, faults: RATES, faultsUntil: FAULTS_MS }
}

const ORDERED: ReadonlySet<Act['do']> = new Set(['move', 'cancel'])
