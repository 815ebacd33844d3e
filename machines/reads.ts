/**
 * What a step must be given: named here, so that a driver loads what the event touches and never a
 * whole copy.
 */
import type { Lookup } from './cache.ts'
import type { Parts } from './defects.ts'
import {
  type Address,
  copyOf,
  entryKey,
  entryOf,
  kindOf,
  partsOf,
  recipientAddress,
  serverOf,
} from './protocol.ts'
import type { EntryRecord, MailEvent, Stored } from './wire.ts'

/** How many keyed items one step may carry: a page of a move, of waiters, of a clearing. [ours] */
export const PAGE = 500
/**
 * How many recipients one step routes. [ours; ten thousand in one step stall the loop for 0.3 s]
 */
export const CHUNK = 200

/** What of a mailbox's items the event needs. */
export type BoxRead =
  | { what: 'key'; key: string; entry: Address | null; attempt: number }
  | { what: 'page' | 'inTransit'; page: number }
  | { what: 'waiters' | 'census' }

export interface Reads {
  actors: Address[]
  box?: BoxRead
  /**
   * The chunk of an accepted message's recipients; null when the copy itself knows which is next.
   */
  chunk?: number | null
}

export function reads(event: MailEvent, parts: Parts): Reads {
  switch (kindOf(event.to)) {
    case 'message':
      return readsOfMessage(event, parts)
    case 'recipient':
      return { actors: ofEntry(event.to, parts) }
    case 'mailbox': {
      const box = readsOfBox(event)
      return { actors: [event.to], ...(box ? { box } : {}) }
    }
    default:
      return { actors: [event.to] }
  }
}

function readsOfMessage(event: MailEvent, parts: Parts): Reads {
  if (ROUTING.has(event.type)) return { actors: [event.to], chunk: event.chunk ?? null }
  const records = event.entries?.map(({ number, branch }) => entryKey(number, branch))
  const keys = event.type === 'copy.transferred' ? records : event.keys
  return { actors: keys ? ofEntries(event.to, keys, parts) : [event.to] }
}

/** Timers that leave it to the copy which chunk is next. */
const ROUTING: ReadonlySet<string> = new Set(['routing.due', 'deferral.due'])

/** The copy, the entries, and the report slots that these entries have. */
function ofEntries(message: Address, keys: string[], parts: Parts): Address[] {
  const copy = copyOf(message)
  const actors = new Set([message])
  for (const key of keys) {
    const entry = entryOf(key)
    actors.add(recipientAddress(copy, entry))
    actors.add(`slot/${copy}/${parts.slotKey(entry)}`)
  }
  return [...actors]
}

/** ...of one entry, by its own address. */
function ofEntry(recipient: Address, parts: Parts): Address[] {
  const copy = copyOf(recipient)
  const entry = entryOf(partsOf(recipient)[2] as string)
  return [`message/${copy}`, recipient, `slot/${copy}/${parts.slotKey(entry)}`]
}

function readsOfBox(event: MailEvent): BoxRead | null {
  const key = event.item?.key ?? ''
  switch (event.type) {
    case 'mail.offered':
    case 'offer.withdrawn':
    case 'item.deleted':
      return { what: 'key', key, entry: event.entry ?? null, attempt: event.attempt ?? 0 }
    case 'page.requested':
      return { what: 'page', page: event.page ?? 0 }
    case 'drain.requested':
      return { what: 'inTransit', page: event.page ?? 0 }
    case 'flush.requested':
      return { what: 'inTransit', page: 0 }
    case 'census.requested':
    case 'census.taken':
      return { what: 'census' }
    case 'nudge.requested':
    case 'trim.due':
      return { what: 'waiters' }
    default:
      return null
  }
}

/** Whom the MTA must look up for this event, and whether past its cache. */
export interface Beliefs {
  server: string
  records: EntryRecord[]
  bypass: boolean
}

export function beliefs(
  event: MailEvent,
  actors: ReadonlyMap<Address, Stored>,
  entries: EntryRecord[] | undefined,
): Beliefs | null {
  const kind = kindOf(event.to)
  if (kind !== 'message' && kind !== 'recipient') return null
  const [id, copy] = partsOf(event.to) as [string, string]
  const server = serverOf(copy)
  if (kind === 'message') {
    const records = event.entries ?? entries
    const trace = (event.header ?? actors.get(event.to)?.a.header)?.trace ?? []
    return records ? { server, records, bypass: returning(trace, server) } : null
  }
  const record = actors.get(event.to)?.a.entry
  if (!record || !LOOKS.has(event.type)) return null
  if (event.type === 'reply.refused' && !event.unknown) return null
  const trace = actors.get(`message/${id}/${copy}`)?.a.header?.trace ?? []
  const bypass = PAST_CACHE.has(event.type) || returning(trace, server)
  return { server, records: [{ ...record, split: true }], bypass }
}

/** A list may be expanded: all that its message is for must be known then. */
export const expands = (
  { to }: Pick<MailEvent, 'to'>,
  lookups: Readonly<Record<string, Lookup>>,
): boolean => kindOf(to) === 'message' && Object.values(lookups).some(({ list }) => list)

/** A message that comes back to an MTA bypasses its cache. */
const returning = (trace: string[], server: string): boolean =>
  trace.indexOf(server) !== trace.lastIndexOf(server)

const PAST_CACHE = new Set(['reply.refused', 'reply.due', 'expiry.due'])
const LOOKS = new Set([...PAST_CACHE, 'retry.due', 'mailbox.settled'])
