/**
 * The shapes in which the emulator shows mail: sites, mailboxes, messages, entries, what has
 * arrived.
 *
 * Times are ISO 8601 in site time unless a name says otherwise; a duration is in milliseconds and
 * its name ends in `Ms`.
 */

import type { Asked } from '../../machines/told.ts'
import type { Caller } from '../../machines/wire.ts'
import type { AttachmentView } from '../mime/attachments.ts'

/** A profile is the name of a preset, or an object that extends one. */
export type ProfileSpec = string | ({ extends: string } & Record<string, unknown>)

export interface MailboxSpec {
  alias: string
  server: string
  /** Further addresses; `<alias>@<domain of the site>` is always there. */
  addresses?: string[]
  /** The alias of another mailbox of the site. */
  alternateRecipient?: string | null
  deliverToBoth?: boolean
  /** Bytes: when it holds so much, it takes no more mail. */
  storageLimit?: number | null
}

export interface ListSpec {
  alias: string
  /** Aliases and addresses, other lists' among them. */
  members: string[]
  addresses?: string[]
  /** Whoever wrote to the list is told of members that fail. */
  reportToOriginator?: boolean
  /** A larger message is not expanded. */
  maxBytes?: number | null
  /** Whose replica of the directory is written first; else that of the first server. */
  server?: string
}

/** What became of each of the mailboxes that came together. */
export interface ImportView {
  created: number
  changed: number
  /** They were as they should be. */
  unchanged: number
  refused: { alias: string; code: string; detail: string }[]
}

export interface PrefillSpec {
  messages: number
  /** Of the body of each. */
  bytes: number
  caller?: Caller
}

export interface Prefilled {
  accepted: number
  /** Why it was not all of them; null when it was. */
  stopped: { code: string; detail: string } | null
}

export interface SiteSpec {
  name: string
  profile?: ProfileSpec
  servers: string[]
  mailboxes?: MailboxSpec[]
  lists?: ListSpec[]
  /** Defaults to `<name>.example`. */
  domain?: string
  /** `HOST:PORT`: who gets what is for addresses beyond the site; else whom the service has. */
  smartHost?: string
  /** Real time after which the site is cleaned away. */
  ttlMs?: number
}

export interface SiteView {
  name: string
  domain: string
  profile: string
  defects: string[]
  servers: string[]
  mailboxes: string[]
  /** Not there when it has none. */
  lists?: string[]
  paused: boolean
  /** Its own; not there when it has none. */
  smartHost?: string
  createdAt: string
  expiresAt: string | null
  queues: string[]
}

export type Priority = 'urgent' | 'normal' | 'non-urgent'
/** RFC 3461 NOTIFY. The default is a failure report only. */
export type Notify = 'never' | 'failure' | 'success' | 'delay'

export interface Submission {
  /** An address, or '' for the null sender. */
  from: string
  /** 1 to 10,000 addresses; the same one twice is one obligation. */
  to: string[]
  /** The server that takes it. Default: the originator's home, else the first of the site. */
  server?: string
  subject?: string
  text?: string
  html?: string
  priority?: Priority
  notify?: Notify[]
  /** Private: no alternate recipient may get it (X.411). */
  reassignmentProhibited?: boolean
  /** No distribution list is to be expanded (X.411). */
  expansionProhibited?: boolean
  /** Not to be delivered before: a moment of site time, or so long from the acceptance. */
  deferUntil?: number
  deferForMs?: number
}

/** A submission with what only the envelope of SMTP can say. */
export interface Enveloped extends Submission {
  /** Of single recipients, in the order of `to`. */
  each?: { notify?: Notify[]; orcpt?: string }[]
  /** Of reports about all of it (RFC 3461). */
  asked?: Asked
  /**
   * The trace context of the request; without it that of the message's header counts. A repeated
   * request may be of another span.
   */
  caller?: Caller
}

export interface Accepted {
  id: string
  recipients: string[]
  durability: 'memory' | 'everysec' | 'always'
  /**
   * True when an Idempotency-Key was seen before with the same body: this is the first answer
   * again.
   */
  replayed: boolean
}

export type Outcome =
  | 'delivered'
  | 'redirected'
  | 'expanded'
  | 'reported'
  | 'silenced'
  | 'deadLettered'
  | 'handedOff'
  | 'pending'
  | 'lost'

/** Why an entry is where it is. */
export interface WaitsFor {
  kind: 'timer' | 'event' | 'queue' | 'hold' | 'fault' | 'move' | 'clock' | 'report'
  /** One sentence in the words of the domain. */
  text: string
  /** When a timer is due, site time as ISO 8601. */
  due?: string
  /** The job or event that is waited for. */
  queue?: string
  job?: string
}

export interface TimelineEntry {
  /** Position in the journal: `<shard>:<stream id>`. */
  position: string
  /** Site time, ISO 8601. */
  at: string
  /** The actor's address. */
  actor: string
  event: string
  /** For whom it was, in words: `recipient 1 (anna)`. */
  who: string
  /**
   * What it changed, in words, one a change: `recipient 1: delivering → deferred, mailbox in
   * transit`.
   */
  changes: string[]
}

export interface EntryView {
  /** The recipient's address as intended by this branch. */
  address: string
  /** The originally addressed recipient's number, from 1. */
  number: number
  branch: 'own' | 'redirected'
  /** Lists that it is a member of, the outermost first; not there when the originator named it. */
  lists?: string[]
  state: string
  outcome: Outcome
  attempts: number
  /** The copies (one an MTA) that this entry went through, the responsible one last. */
  copies: string[]
  /** The failure report about this entry, if one was made. */
  report: { id: string; to: string; status: string; code: string; outcome: Outcome } | null
  waitsFor: WaitsFor[]
}

export interface MessageView {
  id: string
  from: string
  subject: string
  priority: Priority
  acceptedAt: string
  expiresAt: string
  /** Not to be delivered before; not there: at once. */
  deferUntil?: string
  server: string
  state: 'pending' | 'settled'
  /** For a report: the message it is about. */
  reportOf: string | null
  recipients: EntryView[]
  timeline: TimelineEntry[]
}

export interface MessageSummary {
  id: string
  from: string
  subject: string
  acceptedAt: string
  state: 'pending' | 'settled'
  recipients: number
}

export interface MailboxView {
  alias: string
  mailbox: string
  addresses: string[]
  server: string
  alternateRecipient: string | null
  deliverToBoth: boolean
  /** Bytes; null: as many as come. */
  storageLimit: number | null
  version: number
  /** The move that has it, if any. */
  move: string | null
  /** What each store says of it, each server's replica, and each MTA's cache. */
  stores: Record<
    string,
    { state: string; messages: number; bytes: number; inTransit: number; waiters: number }
  >
  replicas: Record<string, { home: string | null; version: number; alternate: string | null }>
  caches: Record<string, { home: string | null; alternate: string | null; ageMs: number } | null>
}

export interface ListView {
  alias: string
  addresses: string[]
  members: string[]
  reportToOriginator: boolean
  maxBytes: number | null
  server: string
  version: number
  /** How many members each server's replica has, and each MTA's cache. */
  replicas: Record<string, { version: number; members: number | null }>
  caches: Record<string, { version: number; members: number; ageMs: number } | null>
}

export interface ItemView {
  id: string
  from: string
  subject: string
  receivedAt: string
  size: number
  kind: 'message' | 'report'
  /** For a report: what it says. */
  report: ReportView | null
}

export interface ReportView {
  /** RFC 3464: what has happened to the message. */
  action: 'failed' | 'delivered' | 'relayed' | 'expanded' | 'delayed'
  about: string
  /** The originally intended recipient. */
  recipient: string
  status: string
  reason: number
  diagnostic: number
  /** Recipients that failed with this one. */
  others: { recipient: string; status: string; reason: number; diagnostic: number }[]
  text: string
}

export interface ItemDetail extends ItemView {
  to: string[]
  text: string
  html: string
  headers: Record<string, string>
  attachments: AttachmentView[]
  /** Not: a part of its text was left out, since it is large; or it could not be taken apart. */
  whole: boolean
}
