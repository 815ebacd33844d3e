/**
 * A million events on a big site: nobody is lost without the defect, and it is fast enough.
 */
import { expect, test } from 'vitest'
import { bigCourse } from '../../../services/check/simulate/big.ts'
import { FAULT_KINDS } from '../../../services/check/simulate/faults.ts'
import { simulate } from '../../../services/check/simulate/series.ts'

const MILLION = 1_000_000
/** A busy machine is allowed to be slower than the 50,000 of one that has nothing else to do. */
const EVENTS_A_SECOND = 10_000

test.each(['exchange-5.5-sp4', 'modern'])('under %s', { timeout: 300_000 }, async (profile) => {
  const simulated = {
    ...{ scenario: 'big', profile },
    courseOf: (seed: number) => bigCourse(seed, profile),
  }
  const bounds = { seed: 1, seeds: 1_000, events: MILLION, shrink: false }
  const series = await simulate(simulated, bounds)
  console.log(`${series.events} events, ${series.eventsPerSecond}/s, sha256 ${series.journal}`)
  expect(series.failures).toEqual([])
  expect(series.events).toBeGreaterThanOrEqual(MILLION)
  expect(series.eventsPerSecond).toBeGreaterThan(EVENTS_A_SECOND)
  for (const kind of FAULT_KINDS) expect(series.faults[kind], kind).toBeGreaterThan(100)
  expect(series.outcomes.lost).toBeUndefined()
})
