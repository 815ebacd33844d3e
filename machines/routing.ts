/**
 * The Router stage: from recipients and what the MTA believes of them to entries with a
 * destination.
 *
 * An alternate recipient is split off here, once: with deliver-to-both beside its primary, else in
 * its place (Q246284). Alternates may have alternates. The redirection history finds a loop: a
 * forward-only loop fails with 1/27; a mutual deliver-to-both is harmless and simply ends. What its
 * originator wants nobody else to have fails for the alternate with 1/26 (Q178161), and with
 * deliver-to-both is delivered to the primary all the same (Q181579). Entries
 * for another server leave in one copy for each (fan-out, Q234280); a copy is named after the first
 * entry that goes along. A distribution list is expanded where its message was submitted
 * (`expansion.ts`); at another MTA a name that has become a list's is unknown.
 */
import type { ListFacts, Lookup } from './cache.ts'
import {
  type Code,
  LOOP_DETECTED,
  REASSIGNMENT_PROHIBITED,
  REDIRECTION_LOOP,
  UNRECOGNIZED,
} from './codes.ts'
import type { Parts } from './defects.ts'
import { type Expanding, expand, expanding, unknownMembers } from './expansion.ts'
import { entryKey } from './protocol.ts'
import { type Addressees, type EntryRecord, type Header, OUTSIDE, type SiteFacts } from './wire.ts'

export type RouteType =
  | 'route.here'
  | 'route.elsewhere'
  | 'route.unknown'
  | 'route.looped'
  | 'route.redirected'
  | 'route.prohibited'
  | 'route.expanded'
  | 'route.unexpanded'

export interface Routed {
  record: EntryRecord
  type: RouteType
  lookup: Lookup | null
  code: Code | null
  /** The copy that takes it to another server. */
  copy: string | null
  /** Entries of this copy with the same number, itself included. */
  siblings: number
  /** Of a list: the entries that its members get, and the first chunk that has them. */
  members?: EntryRecord[]
  chunk?: number
}

type Lookups = Readonly<Record<string, Lookup>>

/** The alias to look up for an address: whatever lies beyond the site is `outside`. */
export const aliasOf = (address: string): string => (address.includes('@') ? OUTSIDE : address)

export function route(
  records: readonly EntryRecord[],
  lookups: Lookups,
  header: Header,
  site: SiteFacts,
  { deliversProhibited }: Pick<Parts, 'deliversProhibited'>,
  addressees?: Addressees,
): Routed[] {
  const hops = header.trace.length
  const isLooped = hops + (header.hopsBefore ?? 0) > site.profile.hopLimit
  let shared: Expanding | null = null
  const walking: Walking = {
    lookups,
    limit: site.profile.redirectionLimit,
    prohibited: header.reassignmentProhibited === true,
    deliversProhibited,
    lists() {
      if (hops === 1) shared ??= expanding(records, lookups, header, addressees)
      return shared
    },
  }
  const routed = records.flatMap((record) =>
    isLooped ? [end(record, 'route.looped', LOOP_DETECTED)] : walk(record, walking),
  )
  countSiblings(routed)
  nameCopies(routed, hops)
  return routed
}

/** Aliases whose lookup is still missing before these recipients can be routed. */
export function missing(records: readonly EntryRecord[], lookups: Lookups): string[] {
  const wanted = new Set<string>()
  for (const record of records) {
    const seen = new Set<string>()
    let alias: string | null = aliasOf(record.address)
    while (alias !== null && !seen.has(alias)) {
      seen.add(alias)
      const known: Lookup | undefined = lookups[alias]
      if (!known) wanted.add(alias)
      else if (known.list) for (const one of unknownMembers(known.list, lookups)) wanted.add(one)
      alias = known && !record.split ? known.alternate : null
    }
  }
  return [...wanted]
}

/** What is believed of the recipients and their alternates; members of lists have their turn. */
export function routed(records: readonly EntryRecord[], lookups: Lookups): Lookup[] {
  const all = Object.values(lookups)
  if (!all.some(({ list }) => list)) return all
  const reached = new Set<string>()
  for (const { address, split } of records) {
    let alias: string | null = aliasOf(address)
    while (alias !== null && !reached.has(alias)) {
      reached.add(alias)
      alias = split ? null : (lookups[alias]?.alternate ?? null)
    }
  }
  return all.filter(({ alias }) => reached.has(alias))
}

const end = (
  record: EntryRecord,
  type: RouteType,
  code: Code | null,
  lookup: Lookup | null = null,
): Routed => ({
  record,
  type,
  lookup,
  code,
  copy: null,
  siblings: 1,
})

interface Walking extends Pick<Parts, 'deliversProhibited'> {
  lookups: Lookups
  limit: number
  prohibited: boolean
  /** Null where no list is expanded. */
  lists: () => Expanding | null
}

function walk(record: EntryRecord, walking: Walking): Routed[] {
  const { lookups, limit } = walking
  const found = lookups[aliasOf(record.address)]
  if (!found || found.route === 'unknown') return [end(record, 'route.unknown', UNRECOGNIZED)]
  if (found.list) return [listed(record, found.list, walking)]
  const { alternate, both } = found
  const own = end({ ...record, split: true }, `route.${found.route}`, null, found)
  if (record.split || alternate === null) return [own]
  const looped =
    alternate === record.address ||
    record.history.includes(alternate) ||
    record.lists?.includes(alternate) ||
    record.history.length >= limit
  if (looped) return both ? [own] : [end(record, 'route.looped', REDIRECTION_LOOP)]
  const { notify, ...plain } = record
  const redirected: EntryRecord = {
    ...plain,
    // Beside its primary it was named by nobody, and tells nothing; in its place it does.
    ...(notify && !both ? { notify } : {}),
    branch: record.branch + 1,
    address: alternate,
    history: [...record.history, record.address],
  }
  if (walking.prohibited) {
    const alone = !both || !walking.deliversProhibited
    return alone ? [prohibited(record)] : [own, prohibited(redirected)]
  }
  const rest = walk(redirected, walking)
  return both ? [own, ...rest] : [end(record, 'route.redirected', null), ...rest]
}

function listed(record: EntryRecord, list: ListFacts, { lists }: Walking): Routed {
  const all = lists()
  if (!all) return end(record, 'route.unknown', UNRECOGNIZED)
  const made = expand(record, list, all)
  if ('code' in made) return end(record, 'route.unexpanded', made.code)
  return { ...end(record, 'route.expanded', null), ...made }
}

const prohibited = (record: EntryRecord): Routed =>
  end({ ...record, split: true }, 'route.prohibited', REASSIGNMENT_PROHIBITED)

function countSiblings(routed: readonly Routed[]): void {
  const sizes = new Map<number, number>()
  for (const { record, type } of routed) {
    if (type === 'route.redirected' || type === 'route.expanded') continue
    sizes.set(record.number, (sizes.get(record.number) ?? 0) + 1)
  }
  for (const one of routed) one.siblings = sizes.get(one.record.number) ?? 1
}

function nameCopies(routed: readonly Routed[], hops: number): void {
  const copies = new Map<string, string>()
  for (const one of routed) {
    if (one.type !== 'route.elsewhere' || !one.lookup?.home) continue
    const { home } = one.lookup
    const { number, branch } = one.record
    one.copy = copies.get(home) ?? copyName(home, hops, entryKey(number, branch))
    copies.set(home, one.copy)
  }
}

export const copyName = (home: string, hops: number, key: string): string =>
  `${home}.${hops}.${key}`
