/**
 * Losses that the search or the simulator found, each by another way, lost again by the live
 * system.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEFAULT_BOUNDS } from '../../../services/check/explore/bounds.ts'
import { check } from '../../../services/check/explore/check.ts'
import { replay } from '../../../services/check/replay/play.ts'
import { openService, type Service } from '../../../services/check/replay/system.ts'
import type { Schedule } from '../../../services/check/schedule.ts'
import { shrink, type Wanted } from '../../../services/check/shrink/shrink.ts'
import { clientAt } from '../../../services/scenario/client.ts'
import { count, crashes, heard, lossIn, planFor } from './found.ts'

let service: Service

beforeAll(async () => {
  service = await openService()
})

afterAll(() => service.close())

async function expectLost(schedule: Schedule): Promise<void> {
  expect(Object.values(schedule.outcomes)).toContain('lost')
  const result = await replay(clientAt(service.url), schedule, { service })
  expect(result.differs).toBeNull()
  expect(result.entries.filter(({ same }) => !same)).toEqual([])
  expect(result).toMatchObject({ same: true, taken: schedule.steps.length, deaths: [] })
  expect(result.entries.map(({ got }) => got)).toContain('lost')
}

/** The shortest way that the search knows. */
test.each(['q248839', 'row-17', 'row-19'])('the shortest loss of %s', async (name) => {
  const bounds = { ...DEFAULT_BOUNDS, crashes: 0, retries: 0 }
  const { violations } = await check(await planFor(name), { bounds, memoryMb: 500 })
  expect(violations.map(({ invariant }) => invariant)).toEqual(['I8'])
  await expectLost((violations[0] as (typeof violations)[0]).schedule)
})

test('an alternate on another server, to whom the message is only transferred', async () => {
  const schedule = lossIn(
    await planFor('row-13'),
    (found) => crashes(found) === 0 && heard(found, 'copy.transferred') > 0,
  )
  const small = shrink(schedule, schedule.violation as Wanted)?.schedule
  expect(small?.steps.length).toBeLessThan(schedule.steps.length)
  await expectLost(small as Schedule)
})

test('a mailbox that was deleted when the retry came', async () => {
  const schedule = lossIn(
    await planFor('row-22'),
    (found) => crashes(found) === 0 && heard(found, 'mailbox.deleted') > 0,
  )
  await expectLost(schedule)
})

test('answers that were lost on their way', async () => {
  const isLosing = (found: Schedule) =>
    crashes(found) === 0 && count(found, (step) => step.do === 'take and lose') > 0
  await expectLost(lossIn(await planFor('q248839'), isLosing))
})

test('a cache that is believed however old it is', async () => {
  const isStale = (found: Schedule) =>
    crashes(found) === 0 && count(found, (step) => step.do !== 'act' && step.stale === true) > 0
  await expectLost(lossIn(await planFor('row-23'), isStale))
})
