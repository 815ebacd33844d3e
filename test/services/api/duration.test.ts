/** Durations as people write them: what is understood, what is refused, and how one is written. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { durationMs, durationText } from '../../../services/api/duration.ts'
import { DURATION_MS_MAX } from '../../../services/api/limits.ts'

describe('a duration', () => {
  test.each<[string | number, number]>([
    ['0', 0],
    ['250', 250],
    [250, 250],
    [0.4, 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['1h30m', 5_400_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['1.5h', 5_400_000],
    ['0.5s', 500],
    [' 10m ', 600_000],
  ])('%j is %i ms', (written, ms) => {
    expect(durationMs(written, 'timeout')).toBe(ms)
  })

  test.each([
    '',
    ' ',
    'm',
    '10 m',
    '10M',
    '-5s',
    '+5s',
    '5s10m',
    '1m1m',
    '1e3',
    '0x10',
    'Infinity',
    '1h30',
    'ten minutes',
    '٣s',
    '9'.repeat(400),
    `${'9'.repeat(15)}d`,
  ])('%j is none', (written) => {
    expect(() => durationMs(written, 'timeout')).toThrow(
      expect.objectContaining({
        code: 'bad-duration',
        detail: expect.stringContaining('"timeout"'),
      }),
    )
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, DURATION_MS_MAX + 1])('%d is none', (ms) => {
    expect(() => durationMs(ms, 'ttl')).toThrow(expect.objectContaining({ code: 'bad-duration' }))
  })

  test('beyond its limits is refused with the limits in words', () => {
    expect(() => durationMs('61s', 'timeout', { maxMs: 60_000 })).toThrow(
      '"timeout" is "61s"; it may be from 0ms to 1m',
    )
    expect(() => durationMs(0, 'ttl', { minMs: 1 })).toThrow('from 1ms')
  })

  test('that was written is read as it was', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: DURATION_MS_MAX }), (ms) => {
        expect(durationMs(durationText(ms), 'any')).toBe(ms)
      }),
    )
  })
})
