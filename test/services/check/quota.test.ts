/**
 * Mailboxes with a limit, searched: how mail to them may end, and that the order of letters to one
 * matters there, so that the reduction leaves none of them out.
 */
import { describe, expect, test } from 'vitest'
import { checkProfile } from '../../../machines/profile.ts'
import type { Act } from '../../../services/check/acts.ts'
import type { Plan } from '../../../services/check/plan.ts'
import { comparedIn } from './compared.ts'
import { broken, MODERN, ONCE, planFor, SP4, searched } from './verdict.ts'

const CYRUS = 'cyrus'
const LETTER = 30
/** It takes one letter, and then no other. */
const LIMIT = 20

const send = (as: string, more: Partial<Extract<Act, { do: 'send' }>> = {}): Act => ({
  do: 'send',
  as,
  from: 'carol',
  to: ['anna'],
  server: 'nyc',
  priority: 'normal',
  wanted: true,
  size: LETTER,
  ...more,
})

function plan(profile: string, acts: Act[], before: Act[] = []): Plan {
  const checked = checkProfile(profile)
  if ('wrong' in checked) throw new Error(checked.wrong)
  return {
    scenario: 'quota',
    profile,
    site: { name: 'quota', domain: 'x.test', servers: ['nyc', 'lon'], profile: checked.profile },
    mailboxes: [
      { alias: 'anna', server: 'nyc', storageLimit: LIMIT },
      { alias: 'carol', server: 'nyc' },
    ],
    before: before.map((act) => ({ act })),
    acts,
    faults: [],
  }
}

const TWO = [send('one'), send('other')]
const MOVE: Act = { do: 'move', id: 'move-1', mailbox: 'anna', to: 'lon' }
const BOUNDS = { ...ONCE, cancels: 0 }

describe.each([SP4, MODERN])('under %s', (profile) => {
  test('of two letters the first is delivered, and the other reported', async () => {
    const found = await searched(plan(profile, TWO), { bounds: BOUNDS })
    expect(broken(found)).toEqual([])
    expect(found.cutOff).toBe(0)
    const ends = found.tuples.map(({ outcomes }) => [
      outcomes['one anna own'],
      outcomes['other anna own'],
    ])
    const whole = ends.filter((end) => !end.includes(undefined)).map((end) => end.join())
    expect([...new Set(whole)].sort()).toEqual(['delivered,reported', 'reported,delivered'])
  })

  test('what the reader deletes is room again', async () => {
    const deletes: Act = { do: 'remove', mailbox: 'anna', message: 'one' }
    const found = await searched(plan(profile, [...TWO, deletes]), { bounds: BOUNDS })
    expect(broken(found)).toEqual([])
    expect(found.tuples.map(({ outcomes }) => Object.values(outcomes).join())).toContain(
      'delivered,delivered',
    )
  })

  test('in mid-move nothing is lost, and the limit goes along', async () => {
    const moved = plan(profile, [send('other'), MOVE], [send('one')])
    const found = await searched(moved, { bounds: BOUNDS })
    expect(found.ended).toBeNull()
    expect(broken(found)).toEqual([])
    // What comes while the mailbox is on its way is taken.
    const full = found.tuples.map(({ cause }) => cause['other anna own'])
    expect(full).toContain('1/4')
    expect(found.outcomes['other anna own']).toContain('reported')
  })
})

test('Cyrus has the second letter wait until there is room, or it expires', async () => {
  const deletes: Act = { do: 'remove', mailbox: 'anna', message: 'one' }
  const found = await searched(plan(CYRUS, [...TWO, deletes]), { bounds: BOUNDS })
  expect(broken(found)).toEqual([])
  expect(found.tuples.some(({ deferred }) => deferred.includes('other anna own'))).toBe(true)
  expect(found.outcomes['other anna own']).toContain('delivered')
})

test('a limit that is taken away lets the next letter in', async () => {
  const { alias, server } = { alias: 'anna', server: 'nyc' }
  const put: Act = { do: 'put', mailbox: { alias, server }, now: true }
  const acts: Act[] = [...TWO, put, { do: 'go on', mailbox: 'anna' }]
  const found = await searched(plan(SP4, acts), { bounds: BOUNDS })
  expect(broken(found)).toEqual([])
  expect(found.tuples.map(({ outcomes }) => Object.values(outcomes).join())).toEqual(
    expect.arrayContaining(['delivered,delivered']),
  )
})

describe('the reduction finds what the whole search finds', () => {
  const deletes: Act = { do: 'remove', mailbox: 'anna', message: 'one' }
  const early = send('other', { deferForMs: 60_000 })
  test.each([
    { of: 'two letters', acts: TWO, before: [] },
    { of: 'two letters and a reader', acts: [...TWO, deletes], before: [] },
    { of: 'a letter and a move', acts: [send('other'), MOVE], before: [send('one')] },
    { of: 'a letter that is deferred and a move', acts: [early, MOVE], before: [] },
  ])('$of', async ({ acts, before }) => {
    const { reduced, plain } = await comparedIn(plan(MODERN, acts, before), BOUNDS)
    expect(reduced.told).toEqual(plain.told)
    expect(reduced.states).toBeLessThanOrEqual(plain.states)
  })
})

/** An MTA that does not look again returns what comes to where the mailbox was (Q172364). */
test.each([
  { profile: SP4, ends: ['delivered', 'reported'] },
  { profile: MODERN, ends: ['delivered'] },
])('under $profile a delivery that is deferred ends as any', async ({ profile, ends }) => {
  const found = await searched(await planFor('deferred-delivery', profile), { bounds: BOUNDS })
  expect(found.ended).toBeNull()
  expect(broken(found)).toEqual([])
  expect(found.outcomes['letter anna own']).toEqual(ends)
})
