/**
 * A loss is found by drawing courses and playing them live, and shrunk live. What runs at the same
 * time need not run in the same order again, so the least is not the same each time.
 */
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { startLab } from '../../../services/kit/lab.ts'
import { type Course, nothingIsLost } from '../../../services/kit/properties.ts'

/** It takes a dozen or two; each is some tenths of a second. */
const RUNS = 200
const LONG_MS = 240_000

test('with the defect a loss is found within some runs', { timeout: LONG_MS }, async () => {
  const lab = await startLab({ redisUrl: '' })
  onTestFinished(lab.close)
  const property = nothingIsLost(lab, { profile: 'exchange-5.5-sp3' })
  const { failed, failures, errorInstance } = await fc.check(property, {
    numRuns: RUNS,
    verbose: fc.VerbosityLevel.Verbose,
  })
  expect(failed).toBe(true)
  expect(String(errorInstance)).toContain('LOST after')
  const [[drawn], [least]] = [failures[0], failures.at(-1)] as [[Course], [Course]]
  expect(least.acts.length).toBeLessThanOrEqual(drawn.acts.length)
  const moves = [...least.faults.map((rule) => rule.do), ...least.acts]
  expect(moves.filter((one) => 'move' in one)).not.toEqual([])
})
