/**
 * Transfers from one MTA to another that are repeated, put off, refused, not answered or late:
 * every order is searched, and each safeguard removed.
 */
import { describe, expect, test } from 'vitest'
import type { Stored } from '../../../machines/wire.ts'
import { DEFAULT_BOUNDS } from '../../../services/check/explore/bounds.ts'
import { check } from '../../../services/check/explore/check.ts'
import type { Removed } from '../../../services/check/explore/transitions.ts'
import type { MemoryLoaded } from '../../../services/check/memory.ts'
import { planOf } from '../../../services/check/plan.ts'
import { loadScenario } from '../../../services/scenario/load.ts'
import { forgetsTransfers } from './removed.ts'

/** The mailbox does not move: all that can go wrong goes wrong with the transfer. */
const BOUNDS = { ...DEFAULT_BOUNDS, crashes: 0, moves: 0, cancels: 0, lateReplies: 1, retries: 1 }

async function checked(name: string, profile: string, bounds = BOUNDS, removed: Removed = {}) {
  const plan = planOf(await loadScenario(name), profile)
  return check(plan, { bounds, memoryMb: 500, removed })
}

const broken = (violations: { invariant: string; why: string }[]) =>
  violations.map(({ invariant, why }) => `${invariant}: ${why}`)

/** An answer to an earlier attempt is heard as one to the present attempt. */
function hearsAll(loaded: MemoryLoaded): MemoryLoaded {
  const { event, actors } = loaded
  if (!event.type.startsWith('transfer.')) return loaded
  const [, id, copy] = event.to.split('/')
  const entry = actors.get(`recipient/${id}/${copy}/${event.keys?.[0]}`) as Stored
  return { ...loaded, event: { ...event, attempt: (entry.c.transfers as number) + 1 } }
}

describe.each(['exchange-5.5-sp4', 'modern'])('under %s', (profile) => {
  test.each([
    ['late-transfer', ['delivered', 'reported']],
    ['late-transfer-moved', ['delivered']],
  ])('%s breaks nothing', async (name, outcomes) => {
    const bounds = { ...BOUNDS, duplicates: 1, lostReplies: 1 }
    const found = await checked(name, profile, bounds)
    expect(found.ended).toBeNull()
    expect(broken(found.violations)).toEqual([])
    expect(found.outcomes['letter dave own']).toEqual(outcomes)
  })
})

test('two entries that leave together and are repeated apart have one answer each', async () => {
  const plan = planOf(await loadScenario('late-transfer-moved'), 'exchange-5.5-sp4')
  const erin = { alias: 'erin', server: 'lon' }
  const both = { ...plan, mailboxes: [...plan.mailboxes, erin] }
  both.acts = plan.acts.map((act) => (act.do === 'send' ? { ...act, to: ['dave', 'erin'] } : act))
  const [putOff] = plan.faults
  if (!putOff) throw new Error('the scenario puts nothing off')
  const refused = { name: 'refused', order: { refuse: { reason: 5, diagnostic: 29 } } } as const
  both.faults = [putOff, { ...putOff, ...refused }]
  const found = await check(both, { bounds: BOUNDS, memoryMb: 500 })
  expect(found.ended).toBeNull()
  expect(broken(found.violations)).toEqual([])
  for (const entry of ['letter dave own', 'letter erin own']) {
    expect(found.outcomes[entry]).toEqual(['delivered', 'reported'])
  }
})

describe('a safeguard that is removed', () => {
  const two = 'I8: 2 MTAs are responsible for it'

  test('that the next MTA remembers what it put off', async () => {
    const found = await checked('late-transfer-moved', 'exchange-5.5-sp4', BOUNDS, {
      load: forgetsTransfers,
    })
    expect(broken(found.violations)).toEqual([two])
    expect(found.violations[0]?.schedule.steps).toHaveLength(6)
  })

  test('that the next MTA remembers what it refused', async () => {
    const found = await checked('late-transfer', 'exchange-5.5-sp4', BOUNDS, {
      load: forgetsTransfers,
    })
    expect(broken(found.violations)).toEqual([
      'I8: it was reported as failed, and an MTA is still responsible for it',
      'I9: it was reported as failed, and lon has it',
    ])
  })

  test('that only the answer to the present attempt is heard', async () => {
    const bounds = { ...BOUNDS, duplicates: 1 }
    const found = await checked('late-transfer-moved', 'exchange-5.5-sp4', bounds, {
      load: hearsAll,
    })
    expect(broken(found.violations)).toEqual([two])
    expect(found.violations[0]?.schedule.steps).toHaveLength(7)
  })
})
