/**
 * An MTA's directory cache: what it believes of a recipient, and for how long.
 *
 * Two latencies: an entry is believed for 60 s (Q172364, Q178534), its alternate recipient for ten
 * minutes (Q176647). Whether the 60 s are a lifetime or a periodic flush is not published; here
 * they are a lifetime [ours]. A negative answer is not cached [ours]. A message that comes back to
 * an MTA bypasses its cache, or two MTAs could pass it for ever.
 *
 * Of a distribution list the members are part of the entry, and are believed as long. Exchange 4.0
 * did not cache them, 5.5 does, and reads again what has changed (Q194504, Q229728); here a change
 * is seen when the entry is read again [ours]. Any MTA of the site expands a list, as 5.5 does
 * unless told otherwise, so a list is never elsewhere.
 */
import type { Profile } from './profile.ts'
import type { Route } from './protocol.ts'

/** What a directory entry has that is a distribution list, and no mailbox. */
export interface ListFacts {
  /** Aliases of the site, other lists' among them, and addresses beyond it. */
  members: string[]
  /** The originator is told of members that fail; else nobody is. */
  reportToOriginator: boolean
  /** A larger message is not expanded, in bytes; not there: any is. */
  maxBytes?: number
}

/** One replica's directory entry. */
export interface DirectoryEntry {
  alias: string
  home: string
  mailbox: string
  alternate: string | null
  both: boolean
  addresses: string[]
  version: number
  list?: ListFacts
  /** Bytes that its store may hold before it takes no more mail; not there: as many as come. */
  limit?: number
  /** The entry was deleted: a version that says that there is none. */
  deleted?: boolean
}

/** What the cache holds: the home as read at one time, the alternate as read at another. */
export interface Cached {
  home: string
  mailbox: string
  version: number
  readAt: number
  alternate: string | null
  both: boolean
  alternateReadAt: number
  list?: ListFacts
}

/** What the MTA believes, and why. */
export interface Lookup {
  alias: string
  route: Route
  home: string | null
  mailbox: string | null
  alternate: string | null
  both: boolean
  list?: ListFacts
  source: 'cache' | 'directory' | 'store'
  /** Age of the belief in milliseconds; 0 when it was just read. */
  age: number
}

export interface Asked {
  alias: string
  /** The MTA that asks. */
  server: string
  cached: Cached | null
  replica: DirectoryEntry | null
  at: number
  /** Read past the cache. */
  bypass: boolean
  /** Believe the cache however old it is (a fault rule). */
  stale: boolean
}

const young = (readAt: number, at: number, latency: number): boolean => at - readAt < latency

/** The answer, and the entry to put in the cache when something was read; past it, nothing is. */
export function lookup(
  asked: Asked,
  profile: Profile,
): { lookup: Lookup; refreshed: Cached | null } {
  const { cached, replica, at } = asked
  const useEntry =
    cached && !asked.bypass && (asked.stale || young(cached.readAt, at, profile.entryLatencyMs))
  const useAlternate =
    cached &&
    !asked.bypass &&
    (asked.stale || young(cached.alternateReadAt, at, profile.alternateLatencyMs))
  if (useEntry && useAlternate) {
    return { lookup: believed(asked, cached, 'cache', at - cached.readAt), refreshed: null }
  }
  const live = replica && !replica.deleted ? replica : null
  if (!useEntry && !live) return { lookup: nobody(asked.alias), refreshed: null }
  const entry = useEntry ? cached : (live as DirectoryEntry)
  const alternate = useAlternate
    ? cached
    : { alternate: live?.alternate ?? null, both: live?.both ?? false, alternateReadAt: at }
  const refreshed: Cached = {
    home: entry.home,
    mailbox: entry.mailbox,
    version: entry.version,
    readAt: useEntry ? cached.readAt : at,
    alternate: alternate.alternate,
    both: alternate.both,
    alternateReadAt: alternate.alternateReadAt,
  }
  if (entry.list) refreshed.list = entry.list
  const source = useEntry ? 'cache' : 'directory'
  const found = believed(asked, refreshed, source, at - refreshed.readAt)
  return { lookup: found, refreshed: asked.bypass ? null : refreshed }
}

function believed(
  { alias, server }: Asked,
  { home, mailbox, alternate, both, list }: Cached,
  source: 'cache' | 'directory',
  age: number,
): Lookup {
  const route = list || home === server ? 'here' : 'elsewhere'
  const found: Lookup = { alias, route, home, mailbox, alternate, both, source, age }
  if (list) found.list = list
  return found
}

const nobody = (alias: string): Lookup => ({
  alias,
  route: 'unknown',
  home: null,
  mailbox: null,
  alternate: null,
  both: false,
  source: 'directory',
  age: 0,
})

/** States in which a store does not hold a mailbox. */
const GONE: ReadonlySet<unknown> = new Set([undefined, 'absent', 'removing'])

/**
 * A store delivers to a mailbox that it holds, whatever the directory says [ours; that a store
 * delivers by itself to the mailboxes of its server is published, Q155104]. So mail from a sender
 * on the target reaches a mailbox on its way there before the directory names it (Q277911).
 */
export function atOwnStore(found: Lookup, server: string, state: unknown): Lookup {
  if (found.route !== 'elsewhere' || GONE.has(state)) return found
  return { ...found, route: 'here', home: server, source: 'store', age: 0 }
}
