/**
 * Every safeguard is taken out once, and missed: with it nothing is broken, without it the search
 * finds the shortest way to what it protects, and that way breaks nothing when it is back.
 */
import { describe, expect, test } from 'vitest'
import { check } from '../../../../services/check/explore/check.ts'
import { SAFEGUARDS } from './all.ts'
import { play } from './play.ts'
import { boundsOf, type Safeguard, setUp } from './safeguard.ts'
import { page, type Row } from './table.ts'

const MEMORY_MB = 500

const whole = (safeguard: Safeguard) => {
  const { plan, removed } = setUp(safeguard, [safeguard.given])
  return check(plan, { bounds: boundsOf(safeguard), memoryMb: MEMORY_MB, removed })
}

/** Without the reduction, since it may leave the shortest way out. */
const untilMissed = (safeguard: Safeguard) => {
  const { given, without, breaks } = safeguard
  const { plan, removed } = setUp(safeguard, [given, without])
  const how = { reduce: false, wanted: new Set([breaks]) }
  return check(plan, { bounds: boundsOf(safeguard), memoryMb: MEMORY_MB, removed, ...how })
}

const rows: Row[] = []

describe('a safeguard is missed', () => {
  test.each(SAFEGUARDS.map((safeguard) => [safeguard.name, safeguard] as const))(
    '%s',
    async (_name, safeguard) => {
      const { given, without, breaks } = safeguard
      const sound = await whole(safeguard)
      expect(sound.violations.map(({ invariant, why }) => `${invariant}: ${why}`)).toEqual([])
      expect(sound.ended).toBeNull()

      const missed = await untilMissed(safeguard)
      const [violation] = missed.violations
      expect(`${violation?.invariant} ${violation?.entry}`).toBe(breaks)
      if (!violation) return
      const { schedule, seen } = violation

      const again = play(setUp(safeguard, [given, without]), schedule, { onwards: false })
      expect(again.leftOut).toBe(0)
      expect(again.broken[0]).toBe(breaks)
      const held = play(setUp(safeguard, [given]), schedule, { onwards: true })
      expect(held.broken).toEqual([])
      expect(held.taken).toBeGreaterThan(0)

      const { states, cutOff } = sound
      rows.push({ safeguard, states, cutOff, seen, steps: schedule.steps.length })
    },
  )

  test('the table is up to date', async () => {
    expect(rows.map(({ safeguard }) => safeguard.name)).toEqual(SAFEGUARDS.map(({ name }) => name))
    const file = new URL('README.md', import.meta.url)
    await expect(page(rows)).toMatchFileSnapshot(file.pathname)
  })
})

test('the names are told apart', () => {
  expect(new Set(SAFEGUARDS.map(({ name }) => name)).size).toBe(SAFEGUARDS.length)
})
