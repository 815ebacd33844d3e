/**
 * The verdict on scenarios that are too large to be searched to the end in a minute: two messages,
 * and two moves. The search sees what lies nearest to the start, whole; seeds go all the way.
 */
import { describe, expect, test } from 'vitest'
import { broken, MODERN, ONCE, planFor, SP3, SP4, searched, seeded } from './verdict.ts'

/** States that are seen at least; and seeds, enough to see every ending that there is. */
const STATES = 300_000
const SEEDS = 3_000

const MOVED = {
  [SP3]: ['delivered', 'lost', 'reported'],
  [SP4]: ['delivered', 'reported'],
  [MODERN]: ['delivered'],
}
const PLAIN = { ...MOVED, [SP3]: ['delivered', 'reported'] }
const ARRIVES = { [SP3]: ['delivered'], [SP4]: ['delivered'], [MODERN]: ['delivered'] }

const VERDICTS: { name: string; lost: string[]; ends: Record<string, Record<string, string[]>> }[] =
  [
    {
      name: 'two-messages',
      lost: ['letter anna own', 'note anna own'],
      ends: {
        'letter anna own': MOVED,
        'letter bob redirected': ARRIVES,
        'note anna own': MOVED,
        'note bob redirected': ARRIVES,
      },
    },
    {
      name: 'crossing-moves',
      lost: ['letter anna own'],
      ends: {
        'letter anna own': MOVED,
        'letter carol redirected': ARRIVES,
        'letter dave own': PLAIN,
      },
    },
    {
      name: 'moved-alternate',
      lost: ['letter anna own', 'letter bob redirected'],
      ends: { 'letter anna own': MOVED, 'letter bob redirected': MOVED },
    },
  ]

const bounds = { ...ONCE, retries: 0, cancels: 0 }

describe.each(VERDICTS)('$name', ({ name, lost, ends }) => {
  describe.each([SP3, SP4, MODERN])('under %s', (profile) => {
    const allowed = new Set(profile === SP3 ? lost.map((entry) => `I8 ${entry}`) : [])

    test('every interleaving near the start', { timeout: 120_000 }, async () => {
      const found = await searched(await planFor(name, profile), { bounds, states: STATES })
      expect(found.ended === null || found.states >= STATES).toBe(true)
      expect(broken(found).filter((one) => !allowed.has(one))).toEqual([])
    })

    test('many seeds to the end', { timeout: 120_000 }, async () => {
      const { outcomes, broken: all } = seeded(await planFor(name, profile), SEEDS)
      expect(all).toEqual([...allowed].sort())
      for (const [entry, outcome] of Object.entries(ends)) {
        expect(outcomes[entry], entry).toEqual(outcome[profile])
      }
    })
  })
})
