/**
 * A big site: a million events, in which nobody is lost without the defect, and fast enough; and
 * with the defect, the loss shrunk to what it needs.
 */
import { expect, test } from 'vitest'
import { shrink } from '../../../services/check/shrink/shrink.ts'
import { bigCourse } from '../../../services/check/simulate/big.ts'
import { FAULT_KINDS } from '../../../services/check/simulate/faults.ts'
import { scheduleOf } from '../../../services/check/simulate/record.ts'
import { run } from '../../../services/check/simulate/run.ts'
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

test('a loss is found, and shrunk to one message and one move', { timeout: 120_000 }, () => {
  const course = bigCourse(1, 'exchange-5.5-sp3')
  const failed = run(course)
  const lost = failed.violations.find(({ why }) => why.includes('nobody was told'))
  if (!lost) throw new Error('the defect was not found')
  const small = shrink(scheduleOf(course, 'big', lost), lost)
  if (!small) throw new Error('it does not fail again')
  const { steps, outcomes, violation, mailboxes, site } = small.schedule
  expect(violation).toEqual({ invariant: lost.invariant, entry: lost.entry })
  const acts = steps.flatMap((step) => (step.do === 'act' ? [step.act.do] : []))
  expect(acts.sort()).toEqual(['move', 'send'])
  expect(mailboxes.length).toBeLessThanOrEqual(3)
  expect(site.servers.length).toBeLessThanOrEqual(4)
  expect(steps.length).toBeLessThan(40)
  expect(Object.values(outcomes).sort()).toEqual(['delivered', 'lost'])
  expect(steps.map(({ at }) => at)).toEqual(steps.map(({ at }) => at).sort((a, b) => a - b))
  expect(steps.some(({ text }) => text.includes('failure absorbed'))).toBe(true)
})
