/**
 * A schedule as a file, or a bundle of which one is made: read and checked before anything is
 * started.
 *
 * What an event carries is not checked here: an event that no machine sends is simply never there
 * when its turn comes.
 */
import { Type } from 'typebox'
import { missingDefect } from '../../../machines/defects.ts'
import { DataError } from '../../data-error.ts'
import { reasonsAgainst } from '../../scenario/problems.ts'
import { checkedBundle } from '../conform/bundle-file.ts'
import { type Home, homeOf } from '../home/home.ts'
import { jsonIn, looksLikeBundle } from '../json-file.ts'
import { machinesDigest } from '../machines-digest.ts'
import type { Schedule } from '../schedule.ts'

const text = Type.String({ minLength: 1 })
const anything = Type.Record(Type.String(), Type.Unknown())
const time = Type.Integer({ minimum: 0 })

const ScheduleFile = Type.Object({
  v: Type.Literal(1),
  machines: Type.String(),
  scenario: Type.String(),
  profile: Type.String(),
  site: Type.Object({
    domain: text,
    servers: Type.Array(text, { minItems: 1 }),
    profile: Type.Object({ name: text, defects: Type.Array(text) }),
  }),
  mailboxes: Type.Array(Type.Object({ alias: text, server: text })),
  steps: Type.Array(Type.Object({ at: time, text: Type.String(), do: text })),
  outcomes: Type.Record(Type.String(), Type.String()),
})

const Taken = Type.Object({
  event: Type.Object({ to: text, type: text }),
  stale: Type.Optional(Type.Literal(true)),
})
const STEPS = {
  act: Type.Object({ act: Type.Object({ do: text }) }),
  take: Taken,
  'take and die': Taken,
  'take again': Taken,
  'take and lose': Taken,
  stall: Taken,
  'stall and fail': Taken,
  ring: Taken,
}

const isRecord = (value: unknown): boolean => reasonsAgainst(anything, value).length === 0

/** A checked schedule, or a `DataError` that says all that is wrong with it. */
export function checkSchedule(data: unknown, file: string): Schedule {
  if (!isRecord(data)) throw new DataError(file, ['is neither a schedule nor a bundle'])
  const reasons = reasonsAgainst(ScheduleFile, data)
  if (reasons.length > 0)
    throw new DataError(file, ['is neither a schedule nor a bundle', ...reasons])
  const schedule = data as Schedule
  let last = 0
  const broken = schedule.steps.flatMap((step, i) => {
    const where = `steps[${i}]`
    const shape = Object.hasOwn(STEPS, step.do) ? STEPS[step.do] : null
    if (!shape)
      return [`${where}: nothing is done by "${step.do}": ${Object.keys(STEPS).join(', ')}`]
    const early =
      step.at < last ? [`${where}: ${step.at} is before ${last}: time goes forward`] : []
    last = Math.max(last, step.at)
    return [...reasonsAgainst(shape, step, where), ...early]
  })
  if (broken.length > 0) throw new DataError(file, broken)
  return schedule
}

/** A schedule of other machines tells of steps that these may not take. */
function checkMachines({ machines }: Schedule, file: string): void {
  const ours = machinesDigest()
  if (machines === ours) return
  const short = (digest: string): string => digest.slice(0, 12) || 'unknown'
  throw new DataError(file, [
    `is of another version of the machines: it is of ${short(machines)}, these are ${short(ours)}`,
  ])
}

/**
 * A job that stalls is not held when it comes again, so the live system cannot be led past it.
 */
export function checkPlayable({ steps }: Schedule, file: string): void {
  const first = steps.findIndex(({ do: how }) => how === 'stall' || how === 'stall and fail')
  if (first < 0) return
  const what = 'a job stalls there, which is not held when it comes again'
  const how = 'a fault rule { die: "before commit" } kills workers over an event'
  throw new DataError(file, [`steps[${first}]: ${what}; ${how}`])
}

/** The schedule, and what a person should know of it beside. */
export async function readSchedule(file: string): Promise<Home> {
  const data = await jsonIn(file)
  if (looksLikeBundle(data)) return homeOf(checkedBundle(data, file), file)
  const schedule = checkSchedule(data, file)
  checkMachines(schedule, file)
  const missing = missingDefect(schedule.site.profile)
  if (missing !== null) throw new DataError(file, [missing])
  return { schedule, notes: [] }
}
