/**
 * Losses that take the live system long: workers are killed on the way, and a move is taken back.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { outcomesOf } from '../../../services/check/rehearsal.ts'
import { replay } from '../../../services/check/replay/play.ts'
import { openService, type Service } from '../../../services/check/replay/system.ts'
import type { Schedule, TakeStep } from '../../../services/check/schedule.ts'
import { retake } from '../../../services/check/shrink/retake.ts'
import { clientAt } from '../../../services/scenario/client.ts'
import { crashes, heard, lossIn, planFor } from './found.ts'

let service: Service

beforeAll(async () => {
  service = await openService()
})

afterAll(() => service.close())

async function expectLost(schedule: Schedule, deaths: number): Promise<void> {
  expect(Object.values(schedule.outcomes)).toContain('lost')
  const result = await replay(clientAt(service.url), schedule, { service })
  expect(result.differs).toBeNull()
  expect(result.entries.filter(({ same }) => !same)).toEqual([])
  expect(result).toMatchObject({ same: true, taken: schedule.steps.length })
  expect(result.deaths).toHaveLength(deaths)
  for (const { before, after } of result.deaths) {
    expect(before).not.toBe(after)
    expect(() => process.kill(before as number, 0)).toThrow('ESRCH')
  }
}

test.each(['q248839', 'row-12', 'row-13', 'row-17', 'row-20', 'row-21'])(
  'the loss of %s with workers killed on the way',
  { timeout: 120_000 },
  async (name) => {
    const wanted = (found: Schedule) => crashes(found) >= 1 && crashes(found) <= 3
    const schedule = lossIn(await planFor(name), wanted)
    await expectLost(schedule, crashes(schedule))
  },
)

test('after a move that was taken back', { timeout: 120_000 }, async () => {
  const plan = await planFor('q248839', [
    { do: 'cancel', move: 'move-1' },
    { do: 'move', id: 'move-2', mailbox: 'anna', to: 'lon' },
  ])
  const isBack = (found: Schedule) => crashes(found) === 0 && heard(found, 'close.requested') > 0
  const schedule = lossIn(plan, isBack)
  expect(schedule.steps.some(({ text }) => text.includes('rolledBack'))).toBe(true)
  await expectLost(schedule, 0)
})

/** Each step of the loss at which a worker may die, one after the other. */
test('a worker killed at any step of the shortest loss', { timeout: 600_000 }, async () => {
  const quiet = (found: Schedule) =>
    crashes(found) === 0 && found.steps.every((step) => step.do !== 'take and lose')
  const schedule = lossIn(await planFor('q248839'), quiet)
  const kinds = new Set<string>()
  for (const [i, step] of schedule.steps.entries()) {
    if (step.do !== 'take' || kinds.has(step.event.type)) continue
    kinds.add(step.event.type)
    await expectLost(withDeathAt(schedule, i), 1)
  }
  expect(kinds.size).toBeGreaterThan(10)
})

/** The worker dies at this step, and the event comes again right behind it. */
function withDeathAt(schedule: Schedule, at: number): Schedule {
  const step = schedule.steps[at] as TakeStep
  const steps = schedule.steps.toSpliced(at, 1, { ...step, do: 'take and die' }, step)
  const rehearsal = retake({ ...schedule, steps }, { isTold: true })
  return { ...schedule, steps: rehearsal.steps, outcomes: outcomesOf(rehearsal.judge()) }
}
