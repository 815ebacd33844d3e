/**
 * The verdict of the search on scenarios in which several things happen to one message: how each
 * entry may end, over all interleavings, and that without the defect no invariant is broken.
 */
import { describe, expect, test } from 'vitest'
import { broken, MODERN, ONCE, planFor, SP3, SP4, searched } from './verdict.ts'

/** Of entries by profile, where they are not the same under all. */
type Ends = Record<string, string[] | Record<string, string[]>>

const LOST = { [SP3]: ['delivered', 'lost', 'reported'], [SP4]: ['delivered', 'reported'] }
const MOVED = { ...LOST, [MODERN]: ['delivered'] }
const ARRIVES = ['delivered']

const VERDICTS: { name: string; lost: string[]; ends: Ends }[] = [
  {
    name: 'alternate-chain',
    lost: [],
    ends: {
      'copied anna own': ARRIVES,
      'copied bob redirected': ARRIVES,
      'copied dave redirected': ARRIVES,
      'passed-on erin own': ['redirected'],
      'passed-on frank redirected': ['redirected'],
      'passed-on grace redirected': ARRIVES,
    },
  },
  {
    name: 'moved-chain',
    lost: ['letter anna own'],
    ends: {
      'letter anna own': MOVED,
      'letter bob redirected': ARRIVES,
      'letter erin redirected': ARRIVES,
    },
  },
  {
    name: 'alternate-addressed',
    lost: ['letter anna own'],
    ends: {
      'letter anna own': MOVED,
      'letter bob redirected': ARRIVES,
      'letter bob own': ARRIVES,
    },
  },
  {
    name: 'report-to-moved',
    // The report itself, as in row 19; the alternate has it, so the originator was told.
    lost: ['letter~1 carol own'],
    ends: {
      'letter nobody own': ['reported'],
      'letter~1 erin redirected': ARRIVES,
      'letter~1 carol own': {
        [SP3]: ['deadLettered', 'delivered', 'lost'],
        [SP4]: ['deadLettered', 'delivered'],
        [MODERN]: ARRIVES,
      },
    },
  },
  {
    name: 'rolled-back',
    lost: ['letter anna own'],
    ends: { 'letter anna own': MOVED, 'letter bob redirected': ARRIVES },
  },
  {
    name: 'list',
    lost: [],
    ends: {
      'letter everybody own': ['expanded'],
      'letter anna own': ARRIVES,
      'letter bob own': ARRIVES,
      'letter dan@far.example own': ['handedOff'],
      'again everybody own': ['expanded'],
      'again team own': ['expanded'],
      'again anna own': ARRIVES,
      'again bob own': ARRIVES,
    },
  },
  {
    name: 'list-moved',
    lost: ['letter anna own'],
    ends: {
      'letter team own': ['expanded'],
      'letter dave own': ARRIVES,
      'letter bob redirected': ARRIVES,
      'letter anna own': MOVED,
    },
  },
  {
    name: 'list-alternate',
    lost: [],
    ends: {
      'letter hers redirected': ['expanded'],
      'letter his redirected': ['expanded'],
      'letter anna own': ['reported'],
      'letter bob own': ['reported'],
      'copied theirs redirected': ['expanded'],
      'copied erin own': ARRIVES,
      'copied dave own': ARRIVES,
    },
  },
  {
    name: 'list-report',
    lost: [],
    ends: {
      'letter nobody own': ['reported'],
      'letter~1 team own': ['expanded'],
      'letter~1 anna own': ARRIVES,
      'letter~1 bob own': ARRIVES,
      'letter~1 nobody-else own': ['deadLettered'],
    },
  },
  {
    name: 'late-transfer',
    lost: [],
    ends: { 'letter dave own': ['delivered', 'reported'] },
  },
]

describe.each(VERDICTS)('$name', ({ name, lost, ends }) => {
  test.each([SP3, SP4, MODERN])('under %s', async (profile) => {
    const found = await searched(await planFor(name, profile))
    expect(found.ended).toBeNull()
    expect(found.cutOff).toBe(0)
    expect(broken(found)).toEqual(profile === SP3 ? lost.map((entry) => `I8 ${entry}`) : [])
    for (const [entry, outcomes] of Object.entries(ends)) {
      const expected = Array.isArray(outcomes) ? outcomes : outcomes[profile]
      expect(found.outcomes[entry], entry).toEqual(expected)
    }
  })
})

test('a move that is always taken back loses nothing, with the defect or without', async () => {
  const found = await searched(await planFor('rolled-back', SP3), {
    bounds: { ...ONCE, cancels: 0 },
    removed: {
      load: (loaded) =>
        loaded.event.type === 'target.requested'
          ? {
              ...loaded,
              event: { ...loaded.event, ordered: { refuse: { reason: 0, diagnostic: 2 } } },
            }
          : loaded,
    },
  })
  expect(found.ended).toBeNull()
  expect(broken(found)).toEqual([])
  expect(found.outcomes).toEqual({
    'letter anna own': ARRIVES,
    'letter bob redirected': ARRIVES,
  })
  expect(found.tuples.some(({ deferred }) => deferred.includes('letter anna own'))).toBe(true)
})

test('a list is expanded once, though a worker dies and each event may come twice', async () => {
  const found = await searched(await planFor('list-moved', SP3), {
    bounds: { ...ONCE, moves: 0, retries: 0, crashes: 1, duplicates: 1 },
  })
  expect(found).toMatchObject({ ended: null, cutOff: 0, states: 640 })
  expect(broken(found)).toEqual([])
  expect(found.outcomes).toEqual({
    'letter team own': ['expanded'],
    'letter anna own': ARRIVES,
    'letter bob redirected': ARRIVES,
    'letter dave own': ARRIVES,
  })
})
