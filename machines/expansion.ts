/**
 * Distribution lists: from a list, and what the MTA believes of its members, to the entries that
 * take the place of the list's own.
 *
 * The MTA that a message is submitted to expands it, once, lists within lists with it: each list is
 * gone through at its first mention, so a loop of lists ends there (Q234280 has such a check; how
 * it works is ours). Whoever is a member by any of them gets an entry with a fresh number, unless
 * the message has one for that address already, named by its originator or by another list. So what
 * is sent to a list twice, or to a list and to its member, arrives once.
 *
 * That rule may only leave out whom another entry is responsible for. Where the list is an
 * alternate recipient, the entry it stands in for may be just what was redirected here; so there
 * nobody is left out, and an alternate that leads back into a list on the way is a redirection loop
 * (`routing.ts`). [ours]
 *
 * A list fails as a whole, and its originator is told: with 1/28 when no list is to be expanded,
 * 1/7 when the message is larger than it takes, 1/30 when there is nobody in it, or more than one
 * message may come to [ours]. Within another list one that fails so, or is empty, is an entry of
 * its own, so that it is told of too.
 *
 * Members inherit what was asked of the list: to be told of a failure, unless the list says that
 * its originator shall not be, and of a delay; a success is told of the list alone, as `expanded`
 * (RFC 3461 §5.2.7).
 *
 * Pure: no look-up is made here; `believed` says which are needed.
 */
import type { ListFacts, Lookup } from './cache.ts'
import { CONTENT_TOO_LONG, type Code, EXPANSION_FAILURE, EXPANSION_PROHIBITED } from './codes.ts'
import { CHUNK } from './reads.ts'
import type { Addressees, EntryRecord, Header } from './wire.ts'

/**
 * How high entries of one message may be numbered: twice what an originator may name. More would
 * be a storm, and is far beyond any list that people keep. [ours]
 */
export const EXPANDED_MAX = 20_000

/** Members that one list may name; a larger group is several lists in one. [ours] */
export const LIST_MEMBERS_MAX = 5_000

type Lookups = Readonly<Record<string, Lookup>>

/** What expansions of one step share: each sees whom the ones before it have added. */
export interface Expanding {
  lookups: Lookups
  header: Header
  known: Set<string>
  numbers: number
  chunks: number
}

/** An entry before it has its number. */
type Unnumbered = Omit<EntryRecord, 'number'>

export type Expanded = { members: EntryRecord[]; chunk: number } | { code: Code }

export function expanding(
  records: readonly EntryRecord[],
  lookups: Lookups,
  header: Header,
  addressees: Addressees = addresseesOf([[...records]]),
): Expanding {
  const { addresses, numbers, chunks } = addressees
  return { lookups, header, known: new Set(addresses), numbers, chunks }
}

/** Of a message's recipients, in the chunks in which they are kept. */
export function addresseesOf(kept: readonly EntryRecord[][]): Addressees {
  const records = kept.flat()
  return {
    addresses: records.map(({ address }) => address),
    numbers: records.reduce((most, { number }) => Math.max(most, number), 0),
    chunks: Math.max(1, kept.length),
  }
}

/** Chunks as they are routed; each list begins one of its own. */
export function inChunks(records: readonly EntryRecord[]): EntryRecord[][] {
  const chunks: EntryRecord[][] = []
  for (let i = 0; i < records.length; i += CHUNK) chunks.push(records.slice(i, i + CHUNK))
  return chunks
}

export function expand(record: EntryRecord, list: ListFacts, all: Expanding): Expanded {
  const code = obstacle(list, all)
  if (code) return { code }
  const people = [...peopleOf(record, list, all)]
  if (people.length === 0) return { code: EXPANSION_FAILURE }
  const leavesOut = record.history.length === 0
  const once = new Map(people.map((one) => [one.address, one]).reverse() as [string, Unnumbered][])
  const fresh = people.filter(
    (one) => once.get(one.address) === one && !(leavesOut && all.known.has(one.address)),
  )
  if (all.numbers + fresh.length > EXPANDED_MAX) return { code: EXPANSION_FAILURE }
  const members = fresh.map((one, i) => ({ ...one, number: all.numbers + 1 + i }))
  for (const { address } of members) all.known.add(address)
  const { chunks: chunk } = all
  all.numbers += members.length
  all.chunks += Math.ceil(members.length / CHUNK)
  return { members, chunk }
}

/** Why the list cannot be expanded, if so. */
function obstacle({ members, maxBytes }: ListFacts, { header }: Expanding): Code | null {
  if (header.expansionProhibited) return EXPANSION_PROHIBITED
  if (maxBytes !== undefined && header.size > maxBytes) return CONTENT_TOO_LONG
  return members.length === 0 ? EXPANSION_FAILURE : null
}

/** Everybody in the list, by whichever lists, as they are found; some perhaps twice. */
function* peopleOf(record: EntryRecord, list: ListFacts, all: Expanding): Generator<Unnumbered> {
  const wayTo = (before: EntryRecord, alias: string) => [...(before.lists ?? []), alias]
  const ways = [{ list, lists: wayTo(record, record.address), wanted: record.wanted }]
  const seen = new Set([record.address])
  for (let way = ways.pop(); way; way = ways.pop()) {
    const wanted = way.wanted && way.list.reportToOriginator
    const nested: typeof ways = []
    for (const address of way.list.members) {
      const inner = listOf(address, all.lookups)
      if (inner && !obstacle(inner, all)) {
        if (!seen.has(address)) nested.push({ list: inner, lists: [...way.lists, address], wanted })
        seen.add(address)
      } else yield memberOf(record, address, way.lists, wanted)
    }
    ways.push(...nested.reverse())
  }
}

function memberOf(
  { history, notify = [] }: EntryRecord,
  address: string,
  lists: string[],
  wanted: boolean,
): Unnumbered {
  const delay = wanted && notify.includes('delay')
  return {
    branch: 0,
    address,
    original: address,
    history,
    wanted,
    split: false,
    ...(delay ? { notify: ['delay' as const] } : {}),
    lists,
  }
}

const listOf = (address: string, lookups: Lookups): ListFacts | undefined =>
  address.includes('@') ? undefined : lookups[address]?.list

/** Members, by whichever lists, of whom it is not known yet whether they are lists. */
export function unknownMembers(list: ListFacts, lookups: Lookups): string[] {
  const wanted: string[] = []
  const seen = new Set<string>()
  const lists = [list]
  for (let one = lists.pop(); one && seen.size <= EXPANDED_MAX; one = lists.pop()) {
    for (const member of one.members) {
      if (seen.has(member) || member.includes('@')) continue
      seen.add(member)
      const known = lookups[member]
      if (!known) wanted.push(member)
      else if (known.list) lists.push(known.list)
    }
  }
  return wanted
}

/** `to 3 members`, in the words of a step. */
export const sayMembers = ({ length }: readonly EntryRecord[]): string =>
  length === 0 ? 'to nobody new' : `to ${length} member${length === 1 ? '' : 's'}`
