/**
 * Distribution lists without a driver: who gets an entry, and that whatever lists and alternates
 * people have made, nobody who is addressed is left without anybody who answers for the mail.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ListFacts, Lookup } from '../../machines/cache.ts'
import { SOUND } from '../../machines/defects.ts'
import { addresseesOf, EXPANDED_MAX, inChunks, LIST_MEMBERS_MAX } from '../../machines/expansion.ts'
import { PROFILES, type Profile } from '../../machines/profile.ts'
import { CHUNK } from '../../machines/reads.ts'
import { missing, type Routed, route } from '../../machines/routing.ts'
import type { EntryRecord, Header, SiteFacts } from '../../machines/wire.ts'

const site: SiteFacts = {
  name: 'site',
  domain: 'site.example',
  servers: ['nyc', 'lon'],
  profile: PROFILES['exchange-5.5-sp4'] as Profile,
}
const header: Header = {
  ...{ id: 'letter', originator: 'carol', subject: '', size: 100, priority: 'normal' },
  ...{ submittedAt: 0, expiresAt: 1, trace: ['nyc'] },
}

type World = Record<string, Partial<Lookup>>
const list = (members: string[], more: Partial<ListFacts> = {}): Partial<Lookup> => ({
  list: { members, reportToOriginator: true, ...more },
})

const named = (to: string[], more: Partial<EntryRecord> = {}): EntryRecord[] =>
  to.map((address, i) => ({
    ...{ number: i + 1, branch: 0, address, original: address, history: [] },
    ...{ wanted: true, split: false },
    ...more,
  }))

function lookupsFor(records: EntryRecord[], world: World): Record<string, Lookup> {
  const lookups: Record<string, Lookup> = Object.create(null)
  for (let wanted = missing(records, lookups); wanted.length > 0; ) {
    for (const alias of wanted) {
      const known = world[alias]
      const home = known || alias === 'outside' ? 'nyc' : null
      lookups[alias] = {
        ...{ alias, route: home ? 'here' : 'unknown', home, mailbox: home && alias },
        ...{ alternate: null, both: false, source: 'directory', age: 0 },
        ...known,
      }
    }
    wanted = missing(records, lookups)
  }
  return lookups
}

/** Every entry that a message comes to, chunk by chunk. */
function routedAll(to: string[], world: World, more: Partial<Header> = {}): Routed[] {
  const chunks = inChunks(named(to))
  const all: Routed[] = []
  for (let at = 0; at < chunks.length; at++) {
    const records = chunks[at] as EntryRecord[]
    const lookups = lookupsFor(records, world)
    const made = route(records, lookups, { ...header, ...more }, site, SOUND, addresseesOf(chunks))
    for (const { members = [], chunk } of made) {
      if (members.length > 0) expect(chunk).toBe(chunks.length)
      chunks.push(...inChunks(members))
    }
    all.push(...made)
  }
  return all
}

const told = (all: Routed[]): string[] =>
  all.map(({ record, type, code }) => {
    const why = code ? ` ${code.reason}/${code.diagnostic}` : ''
    return `${record.number} ${record.address} ${type.slice('route.'.length)}${why}`
  })

describe('a list', () => {
  test('is replaced by its members, each with a number that nobody had', () => {
    const world = { anna: {}, bob: {}, team: list(['anna', 'bob', 'far@away.example']) }
    expect(told(routedAll(['bob', 'team'], world))).toEqual([
      ...['1 bob here', '2 team expanded', '3 anna here', '4 far@away.example here'],
    ])
  })

  test('in a list is expanded with it, once, and members say by which lists they came', () => {
    const world = { anna: {}, bob: {}, all: list(['anna', 'team']), team: list(['bob', 'all']) }
    const made = routedAll(['all'], world)
    expect(told(made)).toEqual(['1 all expanded', '2 anna here', '3 bob here'])
    expect(made.map(({ record }) => record.lists)).toEqual([undefined, ['all'], ['all', 'team']])
  })

  test('with nobody in it fails, and so do lists that only name one another', () => {
    const world = { empty: list([]), one: list(['other']), other: list(['one']) }
    expect(told(routedAll(['empty', 'one'], world))).toEqual([
      ...['1 empty unexpanded 1/30', '2 one unexpanded 1/30'],
    ])
  })

  test('that fails within another is told of by its own name', () => {
    const brief = list(['bob'], { maxBytes: 99 })
    const world = {
      anna: {},
      bob: {},
      all: list(['anna', 'brief', 'empty']),
      brief,
      empty: list([]),
    }
    expect(told(routedAll(['all'], world))).toEqual([
      ...['1 all expanded', '2 anna here', '3 brief unexpanded 1/7', '4 empty unexpanded 1/30'],
    ])
  })

  test('is not expanded when its originator prohibits it, nor at another MTA', () => {
    const world = { anna: {}, team: list(['anna']) }
    const prohibited = { expansionProhibited: true } as const
    expect(told(routedAll(['team'], world, prohibited))).toEqual(['1 team unexpanded 1/28'])
    const later = { trace: ['nyc', 'lon'] }
    expect(told(routedAll(['team'], world, later))).toEqual(['1 team unknown 1/0'])
  })

  test('passes on that a failure or a delay is to be told of, and never a success', () => {
    const world = { anna: {}, bob: {}, team: list(['anna', 'quiet']) }
    const quiet = list(['bob'], { reportToOriginator: false })
    const records = named(['team'], { notify: ['success', 'delay'] })
    const [made] = route(records, lookupsFor(records, { ...world, quiet }), header, site, SOUND)
    const asked = made?.members?.map(({ wanted, notify }) => ({ wanted, notify }))
    expect(asked).toEqual([
      { wanted: true, notify: ['delay'] },
      { wanted: false, notify: undefined },
    ])
  })

  test('of more than a message may come to fails as a whole', () => {
    const names = (of: string) => Array.from({ length: LIST_MEMBERS_MAX }, (_, i) => `${of}${i}`)
    const lists = Array.from({ length: EXPANDED_MAX / LIST_MEMBERS_MAX }, (_, i) => `list${i}`)
    const world: World = Object.fromEntries(lists.map((name) => [name, list(names(`${name}-`))]))
    const most = lists.slice(1)
    const made = routedAll(['all', ...most], { ...world, all: list(lists) })
    expect(told(made.slice(0, 2))).toEqual(['1 all unexpanded 1/30', '2 list1 expanded'])
    const entries = most.length * LIST_MEMBERS_MAX + most.length + 1
    expect(made).toHaveLength(entries)
    expect(new Set(made.map(({ record }) => record.number)).size).toBe(entries)
    expect(made[1]?.members?.slice(CHUNK - 1, CHUNK + 1).map(({ address }) => address)).toEqual([
      ...[`list1-${CHUNK - 1}`, `list1-${CHUNK}`],
    ])
  })
})

describe('an alternate recipient that is a list', () => {
  test('may not lead back into itself', () => {
    const world = { anna: { alternate: 'team' }, bob: {}, team: list(['anna', 'bob']) }
    expect(told(routedAll(['anna'], world))).toEqual([
      ...['1 anna redirected', '1 team expanded', '2 anna looped 1/27', '3 bob here'],
    ])
  })

  test('leaves nobody out, since the one left out may be the one that it stands in for', () => {
    const world = {
      ...{ anna: { alternate: 'hers' }, bob: { alternate: 'his' } },
      ...{ hers: list(['bob']), his: list(['anna']) },
    }
    const made = told(routedAll(['anna', 'bob'], world))
    expect(made.filter((text) => text.includes('looped'))).toHaveLength(2)
  })
})

describe('whatever lists and alternates there are', () => {
  const people = ['p0', 'p1']
  const lists = ['l0', 'l1']
  /** Entries that so few people and lists may come to. */
  const STORM = 200
  const anybody = fc.constantFrom(...people, ...lists)
  const worlds = fc.record({
    people: fc.array(
      fc.record({ alternate: fc.option(anybody, { freq: 3 }), both: fc.boolean() }),
      { minLength: people.length, maxLength: people.length },
    ),
    lists: fc.array(fc.array(anybody, { maxLength: 2 }), {
      minLength: lists.length,
      maxLength: lists.length,
    }),
    to: fc.uniqueArray(anybody, { minLength: 1, maxLength: 2 }),
  })

  const REPLACED = new Set(['route.expanded', 'route.redirected'])

  test('each named recipient comes to somebody who has the mail, or to a report', () => {
    fc.assert(
      fc.property(worlds, ({ people: about, lists: members, to }) => {
        const world: World = {}
        for (const [i, name] of people.entries()) {
          const { alternate = null, both = false } = about[i] ?? {}
          world[name] = { alternate: alternate === name ? null : alternate, both }
        }
        for (const [i, name] of lists.entries()) world[name] = list(members[i] ?? [])
        const made = routedAll(to, world)
        // An end is an entry that is delivered here, or reported.
        const ends = made.filter(({ type }) => !REPLACED.has(type))
        const reached = new Set(ends.map(({ record }) => record.number))
        const isAnswered = (number: number): boolean => {
          if (reached.has(number)) return true
          const mine = made.filter(({ record }) => record.number === number)
          return mine.some(({ type, record, members: fresh = [] }) => {
            if (type !== 'route.expanded') return false
            if (fresh.length > 0) return fresh.every((one) => isAnswered(one.number))
            // Everybody in it has another entry.
            return record.history.length === 0
          })
        }
        for (const { number } of named(to)) expect(isAnswered(number)).toBe(true)
        expect(ends.length).toBeGreaterThan(0)
        expect(made.length).toBeLessThan(STORM)
        const keys = made.map(({ record }) => `${record.number}/${record.branch}`)
        expect(new Set(keys).size).toBe(keys.length)
      }),
      { numRuns: 3_000 },
    )
  })
})
