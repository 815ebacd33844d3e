/** Safeguards of a move, of the directory, and of what an MTA believes. */

import type { Lookup } from '../../../../machines/cache.ts'
import { withParts } from '../../../../machines/parts.ts'
import type { Profile } from '../../../../machines/profile.ts'
import { partsOf, serverOf } from '../../../../machines/protocol.ts'
import {
  ALWAYS,
  guarded,
  NEVER,
  type Removal,
  redirected,
  rewritten,
  type Safeguard,
  type Scene,
  state,
} from './safeguard.ts'
import {
  ANNA,
  CAROL,
  cancelledMove,
  letterFirst,
  move,
  onlyCancelled,
  onlyMove,
  send,
  untimed,
} from './scenes.ts'

const MOVE = 'machines/move.ts'
const DIRECTORY = 'machines/directory.ts'

export const MOVES: Safeguard[] = [
  {
    name: 'an answer is heard once, and only to the request that is open',
    at: `${MOVE}, guard other`,
    breaks: 'I6 mailbox anna',
    scene: onlyMove,
    bounds: { duplicates: 1 },
    without: guarded('move', { other: NEVER }),
  },
  {
    name: 'a target is closed before it is drained',
    at: `${MOVE}, state closing`,
    breaks: 'I6 mailbox anna',
    scene: cancelledMove('lon'),
    bounds: {},
    without: rewritten('move', (lines) => redirected(lines, '#move.closing', '#move.draining')),
  },
  {
    name: 'a target is drained before it is removed',
    at: `${MOVE}, state draining`,
    breaks: 'I2 letter anna own',
    scene: cancelledMove('lon'),
    bounds: {},
    without: rewritten('move', (lines) => redirected(lines, '#move.draining', '#move.discarding')),
  },
  {
    name: 'a cancellation waits for the answer to the request that is open',
    at: `${MOVE}, working`,
    breaks: 'I6 mailbox anna',
    scene: onlyCancelled,
    bounds: {},
    without: rewritten('move', (lines) => {
      const { on } = state(lines, 'locked.working')
      on['move.cancelled'] = { target: '#move.closing', actions: 'cancel' }
    }),
  },
  {
    name: 'a cancellation is too late once the commit is asked for',
    at: `${MOVE}, binding`,
    breaks: 'I6 mailbox anna',
    scene: onlyCancelled,
    bounds: { retries: 1 },
    without: rewritten('move', (lines) => {
      const { on } = state(lines, 'verified.working')
      on['move.cancelled'] = { actions: 'cancel' }
      on['request.granted'].splice(1, 0, { guard: 'cancelled', target: '#move.closing' })
    }),
  },
  {
    name: 'both sides are compared before the commit (census)',
    at: `${MOVE}, guard unequal`,
    breaks: 'I2 letter anna own',
    scene: letterFirst,
    bounds: {},
    given: {
      words: 'a page is granted that was not kept',
      edit: (stepped, { event }) =>
        event.type === 'page.copied' ? { ...stepped, items: [] } : stepped,
    },
    without: guarded('move', { unequal: NEVER }),
  },
]

/**
 * Two MTAs that each believe the other: par's belief is from before both moves, nyc's from between.
 */
const LOOP: Scene = {
  profile: 'modern',
  servers: ['nyc', 'lon', 'par'],
  mailboxes: [ANNA, CAROL],
  before: [
    { act: send(['anna'], { as: 'first', server: 'par' }) },
    { act: move('anna', 'par') },
    { act: send(['anna'], { as: 'second' }) },
    { act: move('anna', 'lon', 'move-2') },
  ],
  acts: [send(['anna'])],
}

/** More MTAs than any message here passes. */
const NO_LIMIT = 1_000
const unlimited = new WeakMap<Profile, Profile>()
const unlimitedHops: Removal = {
  load(loaded) {
    const { profile } = loaded.site
    const other =
      unlimited.get(profile) ??
      Object.assign(
        withParts(profile, () => ({})),
        { hopLimit: NO_LIMIT },
      )
    unlimited.set(profile, other)
    return { ...loaded, site: { ...loaded.site, profile: other } }
  },
}
const believesWhenBack: Removal = {
  load(loaded, as) {
    const { event } = loaded
    if (event.type !== 'copy.transferred' || !event.header) return loaded
    const trace = event.header.trace.slice(-1)
    const { lookups, refreshed } = as({ ...event, header: { ...event.header, trace } })
    return { ...loaded, lookups, refreshed }
  },
}

/** An MTA asks the directory even of a mailbox that its own store has. */
const asksDirectory: Removal = {
  load(loaded) {
    const { event, site, lookups } = loaded
    const here = serverOf(partsOf(event.to)[1] ?? '')
    const other = site.servers.find((server) => server !== here) ?? null
    const asked = Object.entries(lookups).map(([alias, found]): [string, Lookup] => [
      alias,
      found.source === 'store'
        ? { ...found, route: 'elsewhere', home: other, source: 'directory' }
        : found,
    ])
    return { ...loaded, lookups: Object.fromEntries(asked) }
  },
}

/** The two writes of a move change places. */
const sourceFirst = rewritten('move', (lines) => {
  const [commit, publish] = [state(lines, 'verified.working'), state(lines, 'committed.working')]
  lines.states.verified.states.working = publish
  lines.states.committed.states.working = commit
  redirected(publish, '#move.published', '#move.committed')
  redirected(publish, '#move.committed.working', '#move.verified.working')
  redirected(commit, '#move.committed', '#move.published')
  redirected(commit, '#move.verified.working', '#move.committed.working')
})

const CROSSED: Scene = {
  profile: 'modern',
  figures: { hopLimit: 3 },
  mailboxes: [ANNA, CAROL],
  acts: [send(['anna']), move('anna', 'lon')],
}

export const BELIEFS: Safeguard[] = [
  {
    name: "the target's replica is written before the source's",
    at: `${MOVE}, verified and committed`,
    breaks: 'I5 letter anna own',
    scene: CROSSED,
    bounds: {},
    given: {
      words: 'no hop limit, and an MTA asks the directory even of what its own store has',
      load: (loaded, as) =>
        asksDirectory.load?.(unlimitedHops.load?.(loaded, as) ?? loaded, as) ?? loaded,
    },
    without: sourceFirst,
  },
  {
    name: 'an MTA delivers to a mailbox of its own store, whatever the directory says',
    at: 'machines/cache.ts, atOwnStore',
    breaks: 'I5 letter anna own',
    scene: CROSSED,
    bounds: {},
    given: {
      words: "no hop limit, and the source's replica is written first",
      ...unlimitedHops,
      ...sourceFirst,
    },
    without: asksDirectory,
  },
  {
    name: 'directory writes are versioned',
    at: `${DIRECTORY}, guard newer`,
    breaks: 'I6 mailbox anna',
    scene: {
      mailboxes: [ANNA],
      acts: [
        { do: 'put', mailbox: ANNA, now: true },
        { do: 'put', mailbox: { ...ANNA, addresses: ['anna@example.test'] }, now: true },
      ],
    },
    bounds: { duplicates: 1 },
    without: guarded('directory', { newer: ALWAYS, newerNow: ({ event }) => event.now }),
  },
  {
    name: 'a timer beside each write that waits for its replication',
    at: DIRECTORY,
    breaks: 'I6 mailbox anna',
    scene: { mailboxes: [ANNA], acts: [{ do: 'put', mailbox: ANNA, now: false }] },
    bounds: { retries: 1 },
    without: untimed('replication'),
  },
  {
    name: 'a message that comes back to an MTA bypasses its cache',
    at: 'machines/reads.ts, returning',
    breaks: 'I5 letter anna own',
    scene: { ...LOOP, figures: { hopLimit: 4 } },
    bounds: {},
    given: { words: 'no hop limit', ...unlimitedHops },
    without: believesWhenBack,
  },
  {
    name: 'the hop limit',
    at: 'machines/routing.ts, hopLimit',
    breaks: 'I5 letter anna own',
    scene: { ...LOOP, figures: { hopLimit: 4 } },
    bounds: {},
    given: { words: 'a message that comes back is routed by the cache', ...believesWhenBack },
    without: unlimitedHops,
  },
]
