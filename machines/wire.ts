/**
 * What travels and what is stored: events with their payloads, actors with what they remember.
 *
 * A machine sees of an event only what `protocol.ts` shows; the rest is for the step, which
 * resolves roles to addresses and keeps what an actor must remember by name (`about`). All of it is
 * plain JSON.
 */
import type { DirectoryEntry, Lookup } from './cache.ts'
import type { Code } from './codes.ts'
import type { FoundItems } from './found-items.ts'
import type { Priority, Profile } from './profile.ts'
import type { Address, EventType, Found, Mover, Ordered, Route, Timer } from './protocol.ts'
import type { Asked, Notice, ReportFacts, Told } from './told.ts'

/** The mailbox that stands for every address beyond the site, and the alias that routes to it. */
export const OUTSIDE = 'outside'

/** An MTA, and when the copy came to it: told to people, and looked at by no machine. */
export interface Hop {
  server: string
  at: number
}

/** The trace context of whoever asked (W3C Trace Context): carried, never looked at. */
export interface Caller {
  traceparent: string
  tracestate?: string
}

/** What a copy is, whichever MTA has it. Times are milliseconds of site time. */
export interface Header {
  id: string
  /** An address of the site (its alias), an address beyond it, or '' for the null sender. */
  originator: string
  subject: string
  size: number
  priority: Priority
  submittedAt: number
  expiresAt: number
  /** Not to be delivered before this (X.411, deferred-delivery-time). */
  deferUntil?: number
  /** MTAs passed, in order, the present one last. */
  trace: string[]
  /** The same with times. */
  via?: Hop[]
  /** Systems that it had passed before it came to this site. */
  hopsBefore?: number
  asked?: Asked
  /** Private, or otherwise not to be redirected (X.411, recipient-reassignment-prohibited). */
  reassignmentProhibited?: true
  /** No distribution list is to be expanded (X.411, dl-expansion-prohibited). */
  expansionProhibited?: true
  /** For a report: what it says. */
  report?: ReportFacts
  caller?: Caller
}

/** One recipient as a copy carries it. */
export interface EntryRecord {
  number: number
  branch: number
  /** Whom this entry is for: an alias of the site, or an address beyond it. */
  address: string
  /** Whom the originator named. */
  original: string
  /** Aliases that it was redirected from, the first one first. */
  history: string[]
  /** A failure report is wanted (RFC 3461 NOTIFY). */
  wanted: boolean
  /** The alternate recipient was split off already. */
  split: boolean
  /** What else is to be told of (RFC 3461 NOTIFY). */
  notify?: ('success' | 'delay')[]
  /** ORCPT: the recipient as the originator first wrote it, with its type (RFC 3461 §4.2). */
  orcpt?: string
  /** Lists that it is a member of, the outermost first: the originator named that one. */
  lists?: string[]
}

/** A message as a mailbox holds it. The content is kept once, under the message's id. */
export interface Item {
  key: string
  from: string
  subject: string
  size: number
  sentAt: number
  receivedAt: number
  via?: Hop[]
  report?: ReportFacts
}

export interface MailEvent {
  id: string
  to: Address
  type: EventType
  /** Site time at which it was sent. */
  at: number
  /** Who is to be answered, where that is not the sender's own address in another field. */
  from?: Address
  caller?: Caller
  header?: Header
  entries?: EntryRecord[]
  /** Keys of entries, where the records are known. */
  keys?: string[]
  chunk?: number
  last?: boolean
  entry?: Address
  /** Of an offer: the recipient's alias, and whom the originator named. */
  alias?: string
  original?: string
  attempt?: number
  item?: Item
  code?: Code
  unknown?: boolean
  why?: string
  move?: MoveFacts
  /** The move's phase when it asked. */
  phase?: string
  request?: string
  page?: number
  pageItems?: PageItem[]
  bars?: string[]
  census?: Census
  more?: boolean
  equal?: boolean
  holdAt?: string | null
  record?: DirectoryEntry
  now?: boolean
  version?: number
  limit?: number
  /** Which of the other servers, in the site's order, counted from 0. */
  peer?: number
  /** For a timer's event: when it was due. */
  due?: number
  timer?: Timer
  ordered?: Ordered
  branch?: number
  size?: number
  wanted?: boolean
}

/** A delivered key: with its item, or without when a user has removed it. */
export interface PageItem {
  key: string
  item: Item | null
  receivedAt: number
}
export interface Census {
  log: number
  items: number
}

export interface MoveFacts {
  id: string
  mailbox: string
  alias: string
  source: string
  target: string
  /** The directory entry that the move writes: the next version, naming the target. */
  record: DirectoryEntry
  caller?: Caller
}

/** What actors remember by name. One record for all kinds keeps the stored form plain. */
export interface About {
  /** message: what it is; of a transfer's attempts the last one put off, and the one refused. */
  header?: Header
  putOff?: number
  refused?: number
  /** ...how many of the message's recipients it has; what is owed for them and has not left. */
  recipients?: number
  owed?: Told[]
  /** recipient */
  entry?: EntryRecord
  home?: string
  mailbox?: string
  copy?: string
  code?: Code
  why?: string
  /** How many entries of this copy carry the same number. */
  siblings?: number
  /** ...of a list that was expanded, its members that had no entry yet: the numbers they got. */
  members?: { first: number; count: number }
  /** What the originator was told already. */
  noticed?: Notice[]
  /** mailbox: the move that has it, or had it last; whether a user deleted it. */
  mover?: string
  created?: boolean
  deleted?: boolean
  /** ...how many bytes it may hold (`quota.ts`). */
  limit?: number
  /** move */
  move?: MoveFacts
  page?: number
  moved?: number
  startedAt?: number
  /** directory */
  record?: DirectoryEntry
  pending?: Record<string, DirectoryEntry>
  /** ...of those that are pending, in which trace context they were written. */
  callers?: Record<string, Caller>
}

export type StateValue = string | { [key: string]: StateValue }

/** An actor as it is stored: version, state, context, and what it remembers by name. */
export interface Stored {
  v: number
  /** The version of its machine; the first one is not written (`versions.ts`). */
  m?: number
  s: StateValue
  c: Record<string, unknown>
  a: About
}

/** All that a message is for, named by its originator or by a list: read when one is expanded. */
export interface Addressees {
  addresses: string[]
  /** The highest number of an entry, and how many chunks there are. */
  numbers: number
  chunks: number
}

export interface SiteFacts {
  name: string
  domain: string
  servers: string[]
  profile: Profile
}

/** Everything that a step may know. */
export interface Given {
  at: number
  site: SiteFacts
  event: MailEvent
  actors: ReadonlyMap<Address, Stored>
  lookups: Readonly<Record<string, Lookup>>
  found: FoundItems
}

/** The event with what the machine may look at, classified; its name and its date are not. */
export type Seen = Omit<MailEvent, 'id' | 'at'> & {
  count?: number
  nullSender?: boolean
  route?: Route
  found?: Found
  full?: boolean
  early?: boolean
  mover?: Mover
  newer?: boolean
  stale?: boolean
  again?: boolean
}
