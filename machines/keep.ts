/**
 * What actors keep: names they remember (`about`), and the keyed items of mailboxes and copies.
 *
 * Item writes are data in the words of the store; each implementation of the commit port performs
 * them.
 */
import { CONGESTION, UNRECOGNIZED } from './codes.ts'
import { inChunks } from './expansion.ts'
import { noticeOf } from './notices.ts'
import { type Address, partsOf, serverOf, type Thing } from './protocol.ts'
import { limited } from './quota.ts'
import { REPORTED_MAX, reportId, toldOf } from './reporting.ts'
import { aliasOf, copyName } from './routing.ts'
import type { EntryRecord, Item, PageItem, Seen, Stored } from './wire.ts'
import { headerOf, type Working } from './working.ts'

/** How an entry that failed ended for the originator. */
export interface End {
  entry: string
  kind: 'report' | 'silenced' | 'deadLetter'
  /** The report's message id. */
  report?: string
  /** Of a dead letter, where it is not for its null sender. */
  why?: string
  at: number
}

export type ItemWrite =
  | { box: Address; put: 'inbox' | 'inTransit'; items: Item[] }
  | { box: Address; remove: string; at: number }
  | { box: Address; bar: string[]; at: number }
  | { box: Address; wait: { entry: Address; attempt: number } }
  | { box: Address; nudged: { entry: Address; attempt: number }[] }
  /**
   * Delivered keys, with their items or as removed ones; a key that is there already stays as it
   * is.
   */
  | { box: Address; copy: PageItem[]; bars: string[]; at: number }
  /**
   * Items leave the in-transit folder for the inbox; a key that is there already is only dropped.
   */
  | { box: Address; merge: PageItem[] }
  /** All items are cleared away, and with `log` the delivered keys too. */
  | { box: Address; trim: true; log: boolean }
  | { end: End; of: Address }
  /** More recipients of a message, in chunks from this one on. */
  | { of: Address; chunk: number; recipients: EntryRecord[][] }

type Keeper = (working: Working, self: Address, actor: Stored, event: Seen) => void

export function keep(
  working: Working,
  self: Address,
  actor: Stored,
  event: Seen,
  thing: Thing,
): void {
  keepers[thing](working, self, actor, event)
}

const box = (write: (working: Working, event: Seen) => object | null): Keeper =>
  function inBox(working, self, _actor, event) {
    const made = write(working, event)
    if (made) working.items.push({ box: self, ...made } as ItemWrite)
  }

const received = ({ given }: Working, event: Seen): Item[] =>
  event.item ? [{ ...event.item, receivedAt: given.at }] : []

const end =
  (kind: End['kind']): Keeper =>
  (working, self, _actor, event) => {
    const entry = partsOf(event.entry ?? '')[2] ?? ''
    working.items.push({ of: self, end: { entry, kind, at: working.given.at } })
  }

/** It will be told of in the report that has its place: one is named after its first entry. */
function owe(working: Working, self: Address, actor: Stored, event: Seen): void {
  const told = event.entry === undefined ? null : toldOf(working, event.entry)
  if (!told) return
  const owed = [...(actor.a.owed ?? []), told]
  actor.a.owed = owed
  const last = owed.length - 1
  const { entry: first } = owed[last - (last % REPORTED_MAX)] ?? told
  const report = reportId(partsOf(self)[0] ?? '', first)
  const { entry } = told
  working.items.push({ of: self, end: { entry, kind: 'report', at: working.given.at, report } })
}

const keepers: Record<Thing, Keeper> = {
  home,
  code: (_working, _self, actor, event) => {
    const fallback = event.type === 'transfer.deferred' ? CONGESTION : UNRECOGNIZED
    actor.a.code = event.code ?? fallback
  },
  report: owe,
  gathered: (_working, _self, actor) => {
    delete actor.a.owed
  },
  notice: (working, _self, actor) => {
    const notice = noticeOf(working, actor)
    if (notice) actor.a.noticed = [...(actor.a.noticed ?? []), notice]
  },
  members,
  silenced: end('silenced'),
  deadLetter: end('deadLetter'),
  item: box((working, event) => ({ put: 'inbox', items: received(working, event) })),
  inTransit: box((working, event) => ({ put: 'inTransit', items: received(working, event) })),
  waiter: box((_working, { entry, attempt = 0 }) => (entry ? { wait: { entry, attempt } } : null)),
  refusal: box((_working, { entry, attempt = 0 }) =>
    entry ? { nudged: [{ entry, attempt }] } : null,
  ),
  deferral: (_working, _self, actor, event) => {
    actor.a.putOff = event.attempt ?? 1
  },
  rejection: (_working, _self, actor, event) => {
    actor.a.refused = event.attempt ?? 1
    if (event.ordered && 'refuse' in event.ordered) actor.a.code = event.ordered.refuse
  },
  bar: box(({ given }, { item }) => (item ? { bar: [item.key], at: given.at } : null)),
  removal: box(({ given }, { item }) => (item ? { remove: item.key, at: given.at } : null)),
  page: copied,
  drained: copied,
  merged: box(({ given }) => ({ merge: given.found.page ?? [] })),
  nudged: box(({ given }) => ({ nudged: given.found.waiters ?? [] })),
  trimmed: box(() => ({ trim: true, log: false })),
  emptied: box(() => ({ trim: true, log: true })),
  hold: (_working, _self, actor, event) => {
    if (!event.move) return
    actor.a.mover = event.move.id
    limited(actor.a, event)
  },
  creation: (_working, _self, actor, event) => {
    actor.a.created = true
    limited(actor.a, event)
  },
  limit: (_working, _self, actor, event) => limited(actor.a, event),
  deletion: (_working, _self, actor) => {
    actor.a.deleted = true
  },
  cursor: (_working, _self, actor, event) => {
    actor.a.page = event.page !== undefined && event.more ? event.page + 1 : 0
    actor.a.moved =
      (actor.a.moved ?? 0) + (event.request === 'page.requested' ? (event.size ?? 0) : 0)
  },
  entry: (_working, _self, actor, event) => {
    const record = event.record ?? actor.a.pending?.[`${event.version}`]
    if (record) actor.a.record = record
  },
  pending,
}

function copied(working: Working, self: Address, _actor: Stored, event: Seen): void {
  const { pageItems = [], bars = [] } = event
  working.items.push({ box: self, copy: pageItems, bars, at: working.given.at })
}

/**
 * A write that waits for its replication delay is kept by version, with the trace context in which
 * it was written, and dropped when that has come.
 */
function pending(_working: Working, _self: Address, actor: Stored, event: Seen): void {
  const { record, caller } = event
  const version = `${record?.version ?? event.version}`
  actor.a.pending = withOrWithout(actor.a.pending, version, record)
  const callers = withOrWithout(actor.a.callers, version, record && caller)
  if (Object.keys(callers).length > 0) actor.a.callers = callers
  else delete actor.a.callers
}

function withOrWithout<T>(
  known: Record<string, T> | undefined,
  name: string,
  value: T | undefined,
): Record<string, T> {
  const { [name]: _, ...others } = known ?? {}
  return value === undefined ? others : { ...others, [name]: value }
}

/** The members of a list become recipients of its message, in the commit that ends its entry. */
function members(working: Working, self: Address, actor: Stored): void {
  const { members: made = [], chunk = 0 } = working.routed.get(self) ?? {}
  const [first] = made
  if (!first) return
  actor.a.members = { first: first.number, count: made.length }
  working.items.push({ of: self, chunk, recipients: inChunks(made) })
}

/** Where the MTA believes the mailbox to be, and by which copy it will go there. */
function home(working: Working, self: Address, actor: Stored): void {
  const [, copy, key] = partsOf(self) as [string, string, string]
  const entry = actor.a.entry
  if (!entry) return
  const routed = working.routed.get(self)
  const found = routed?.lookup ?? working.given.lookups[aliasOf(entry.address)]
  if (!found?.home || !found.mailbox) return
  actor.a.home = found.home
  actor.a.mailbox = found.mailbox
  if (found.home === serverOf(copy)) return
  const hops = headerOf(working)?.trace.length ?? 1
  actor.a.copy = routed?.copy ?? copyName(found.home, hops, key)
}
