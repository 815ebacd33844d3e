/**
 * Losses that the simulator finds, written down as schedules: the first seed under which an entry
 * is lost in the way that a test wants.
 */
import type { Act } from '../../../services/check/acts.ts'
import { type Plan, planOf } from '../../../services/check/plan.ts'
import type { Schedule, ScheduleStep } from '../../../services/check/schedule.ts'
import { scheduleOf } from '../../../services/check/simulate/record.ts'
import { run } from '../../../services/check/simulate/run.ts'
import { courseOf } from '../../../services/check/simulate/scenario.ts'
import { chosen } from '../../../services/scenario/programme.ts'

export const SP3 = 'exchange-5.5-sp3'

/** A scenario, or a row of the truth table, with what else people may do. */
export async function planFor(name: string, more: Act[] = [], profile = SP3): Promise<Plan> {
  const [scenario] = await chosen({ names: [name], profiles: [], all: false, rows: false })
  if (!scenario) throw new Error(`no scenario ${name}`)
  const plan = planOf(scenario, profile)
  return { ...plan, acts: [...plan.acts, ...more] }
}

/** Each kind of loss befalls one seed in a hundred at least. */
const SEEDS_MAX = 4_000

/** The schedule of the first seed that loses an entry in this way, with all that befell it. */
export function lossIn(plan: Plan, isWanted: (schedule: Schedule) => boolean): Schedule {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const course = courseOf(plan, seed)
    const { violations } = run(course)
    const lost = violations.find(({ invariant }) => invariant === 'I8')
    if (!lost) continue
    const schedule = scheduleOf(course, plan.scenario, lost)
    if (isWanted(schedule)) return schedule
  }
  throw new Error(`${plan.scenario} has no such loss in ${SEEDS_MAX} seeds`)
}

export const count = ({ steps }: Schedule, is: (step: ScheduleStep) => boolean): number =>
  steps.filter(is).length

export const crashes = (schedule: Schedule): number =>
  count(schedule, (step) => step.do === 'take and die')

/** Steps in which an event of this type was heard, with this in the words. */
export const heard = (schedule: Schedule, type: string, words = ''): number =>
  count(
    schedule,
    (step) => step.do !== 'act' && step.event.type === type && step.text.includes(words),
  )
