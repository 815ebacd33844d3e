/**
 * The verdict on larger scenarios: two messages, which are searched to the end; and two moves, of
 * which the search sees what lies nearest to the start, whole, while seeds go all the way.
 */
import { describe, expect, test } from 'vitest'
import { broken, MODERN, ONCE, planFor, SP3, SP4, searched, seeded } from './verdict.ts'

/** States of two moves that are seen at least; there are some millions. */
const STATES = 300_000
/** Enough to see every ending that there is. */
const SEEDS = 3_000

const MOVED = {
  [SP3]: ['delivered', 'lost', 'reported'],
  [SP4]: ['delivered', 'reported'],
  [MODERN]: ['delivered'],
}
const PLAIN = { ...MOVED, [SP3]: ['delivered', 'reported'] }
const ARRIVES = { [SP3]: ['delivered'], [SP4]: ['delivered'], [MODERN]: ['delivered'] }

interface Verdict {
  name: string
  /** Where the search may stop. */
  states: number
  lost: string[]
  ends: Record<string, Record<string, string[]>>
}

const VERDICTS: Verdict[] = [
  {
    name: 'two-messages',
    states: Number.POSITIVE_INFINITY,
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
    states: STATES,
    lost: ['letter anna own'],
    ends: {
      'letter anna own': MOVED,
      'letter carol redirected': ARRIVES,
      'letter dave own': PLAIN,
    },
  },
  {
    name: 'moved-alternate',
    states: STATES,
    lost: ['letter anna own', 'letter bob redirected'],
    ends: { 'letter anna own': MOVED, 'letter bob redirected': MOVED },
  },
]

const bounds = { ...ONCE, retries: 0, cancels: 0 }

describe.each(VERDICTS)('$name', ({ name, states, lost, ends }) => {
  describe.each([SP3, SP4, MODERN])('under %s', (profile) => {
    const allowed = new Set(profile === SP3 ? lost.map((entry) => `I8 ${entry}`) : [])

    test('every interleaving, or what is near the start', { timeout: 120_000 }, async () => {
      const found = await searched(await planFor(name, profile), { bounds, states })
      if (found.ended !== null) expect(found.states).toBeGreaterThanOrEqual(states)
      else expect(broken(found).sort()).toEqual([...allowed].sort())
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
