/**
 * A schedule as a file: read and checked before anything is started.
 *
 * What an event carries is not checked here: an event that no machine sends is simply never there
 * when its turn comes.
 */
import { readFile } from 'node:fs/promises'
import { Type } from 'typebox'
import { DataError, reasonsAgainst } from '../../scenario/problems.ts'
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

const Taken = Type.Object({ event: Type.Object({ to: text, type: text }) })
const STEPS = {
  act: Type.Object({ act: Type.Object({ do: text }) }),
  take: Taken,
  'take and die': Taken,
  'take again': Taken,
  'take and lose': Taken,
  ring: Taken,
}

const isRecord = (value: unknown): boolean => reasonsAgainst(anything, value).length === 0

/** A checked schedule, or a `DataError` that says all that is wrong with it. */
export function checkSchedule(data: unknown, file: string): Schedule {
  if (!isRecord(data)) throw new DataError(file, ['is not a schedule'])
  const reasons = reasonsAgainst(ScheduleFile, data)
  if (reasons.length > 0) throw new DataError(file, ['is not a schedule', ...reasons])
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

export async function readSchedule(file: string): Promise<Schedule> {
  const json = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new DataError(file, [why])
  })
  const schedule = checkSchedule(parse(json, file), file)
  checkMachines(schedule, file)
  return schedule
}

function parse(json: string, file: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new DataError(file, [`is not JSON: ${(error as Error).message}`])
  }
}
