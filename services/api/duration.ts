/**
 * Durations as people write them: `500ms`, `30s`, `10m`, `1h30m`, `7d`, or a number of
 * milliseconds.
 *
 * Rules: units go from large to small and each stands once; a part may have decimals (`1.5h`); the
 * result is a whole number of milliseconds within the limits given; anything else is
 * `bad-duration`.
 */

import { problem } from '../errors.ts'
import { DURATION_MS_MAX } from './limits.ts'
import { quoted } from './quoted.ts'

const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }
const NUMBER = '(\\d{1,15}(?:\\.\\d{1,6})?)'
const WRITTEN = new RegExp(
  `^(?:${NUMBER}d)?(?:${NUMBER}h)?(?:${NUMBER}m(?!s))?(?:${NUMBER}s)?(?:${NUMBER}ms)?$`,
)
const DIGITS = /^\d{1,15}$/

interface Limits {
  minMs?: number
  maxMs?: number
}

/** Milliseconds of what was written; `name` is the member to blame when it is none. */
export function durationMs(written: string | number, name: string, limits: Limits = {}): number {
  const { minMs = 0, maxMs = DURATION_MS_MAX } = limits
  const ms = typeof written === 'number' ? written : parse(written.trim())
  if (ms === undefined || !Number.isFinite(ms)) {
    throw problem(
      'bad-duration',
      `"${name}" is ${quoted(written)}; write 500ms, 30s, 10m, 1h30m, 7d, or milliseconds`,
    )
  }
  if (ms < minMs || ms > maxMs) {
    const range = `from ${durationText(minMs)} to ${durationText(maxMs)}`
    throw problem('bad-duration', `"${name}" is ${quoted(written)}; it may be ${range}`)
  }
  return Math.round(ms)
}

function parse(written: string): number | undefined {
  if (DIGITS.test(written)) return Number(written)
  const parts = written === '' ? null : WRITTEN.exec(written)
  if (!parts) return undefined
  return Object.values(UNIT_MS).reduce(
    (total, unitMs, index) => total + Number(parts[index + 1] ?? 0) * unitMs,
    0,
  )
}

/** The shortest way to write a whole number of milliseconds. */
export function durationText(ms: number): string {
  let rest = Math.round(ms)
  let text = ''
  for (const [unit, unitMs] of Object.entries(UNIT_MS)) {
    const count = Math.floor(rest / unitMs)
    rest -= count * unitMs
    if (count > 0) text += `${count}${unit}`
  }
  return text === '' ? '0ms' : text
}
