/**
 * What an MTA believes, by the age of its cache; what it reads past it; what its own store holds.
 */
import { describe, expect, test } from 'vitest'
import { atOwnStore, type Cached, lookup } from '../../machines/cache.ts'
import { PROFILES, type Profile } from '../../machines/profile.ts'

const profile = PROFILES['exchange-5.5-sp4'] as Profile
const MINUTE = 60_000
const replica = {
  alias: 'anna',
  home: 'lon',
  mailbox: 'anna',
  alternate: null,
  both: false,
  addresses: [],
  version: 2,
}
/** Read at 0, before anna was moved and lost her alternate. */
const cached: Cached = {
  home: 'nyc',
  mailbox: 'anna',
  version: 1,
  readAt: 0,
  alternate: 'bob',
  both: true,
  alternateReadAt: 0,
}
const ask = (at: number, more: { bypass?: boolean; stale?: boolean } = {}) =>
  lookup(
    { alias: 'anna', server: 'nyc', cached, replica, at, bypass: false, stale: false, ...more },
    profile,
  )

describe('an entry is believed for a minute, its alternate for ten', () => {
  test.each([
    [MINUTE - 1, 'here', 'bob'],
    [MINUTE, 'elsewhere', 'bob'],
    [10 * MINUTE - 1, 'elsewhere', 'bob'],
    [10 * MINUTE, 'elsewhere', null],
  ])('after %d ms: %s, alternate %s', (at, route, alternate) => {
    expect(ask(at).lookup).toMatchObject({ route, alternate })
  })

  test('what was read is put in the cache; what was read past it is not', () => {
    expect(ask(MINUTE).refreshed).toMatchObject({ home: 'lon', readAt: MINUTE, alternateReadAt: 0 })
    const past = ask(1, { bypass: true })
    expect(past.lookup).toMatchObject({ route: 'elsewhere', home: 'lon' })
    expect(past.refreshed).toBeNull()
  })

  test('a rule may have it believe the cache however old it is', () => {
    expect(ask(60 * MINUTE, { stale: true }).lookup).toMatchObject({ route: 'here' })
  })
})

describe('a store delivers to a mailbox that it holds, whatever the directory says', () => {
  const elsewhere = ask(MINUTE).lookup
  test.each(['open', 'locked', 'inTransit', 'merging', 'closing'])('%s: here', (state) => {
    expect(atOwnStore(elsewhere, 'nyc', state)).toMatchObject({ route: 'here', home: 'nyc' })
  })
  test.each(['absent', 'removing', undefined])('%s: where it was believed to be', (state) => {
    expect(atOwnStore(elsewhere, 'nyc', state)).toEqual(elsewhere)
  })
})
