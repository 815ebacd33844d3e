/**
 * What the emulator offers to those who drive it: the HTTP API today, other doors later.
 *
 * The API holds no rule of delivery. It checks the shape of what it is given, calls one of these, and
 * renders the answer; a refusal is a thrown `Problem` with a code of `services/errors.ts`.
 *
 * Times are milliseconds of site time since the epoch unless a name says otherwise; a duration is in
 * milliseconds and its name ends in `Ms`.
 */

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
}

export interface SiteSpec {
  name: string
  profile?: ProfileSpec
  servers: string[]
  mailboxes?: MailboxSpec[]
  /** Defaults to `<name>.example`. */
  domain?: string
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
  paused: boolean
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
  /** A whole RFC 5322 message; then subject, text and html are not given. */
  raw?: string
  priority?: Priority
  notify?: Notify[]
}

export interface Accepted {
  id: string
  recipients: string[]
  durability: 'memory' | 'everysec' | 'always' | 'external'
  /** True when an Idempotency-Key was seen before with the same body: this is the first answer again. */
  replayed: boolean
}

export type Outcome =
  | 'delivered'
  | 'redirected'
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
  /** What it changed, in words, one a change: `recipient 1: delivering → deferred, mailbox in transit`. */
  changes: string[]
}

export interface EntryView {
  /** The recipient's address as intended by this branch. */
  address: string
  /** The originally addressed recipient's number, from 1. */
  number: number
  branch: 'own' | 'redirected'
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
  version: number
  /** The move that has it, if any. */
  move: string | null
  /** What each store says of it, each server's replica, and each MTA's cache. */
  stores: Record<string, { state: string; messages: number; inTransit: number; waiters: number }>
  replicas: Record<string, { home: string | null; version: number; alternate: string | null }>
  caches: Record<string, { home: string | null; alternate: string | null; ageMs: number } | null>
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
  about: string
  /** The originally intended recipient that could not be reached. */
  recipient: string
  status: string
  reason: number
  diagnostic: number
  text: string
}

export interface ItemDetail extends ItemView {
  to: string[]
  text: string
  html: string
  headers: Record<string, string>
}

export interface MoveSpec {
  mailbox: string
  to: string
  holdAt?: string
}

export interface MoveView {
  id: string
  mailbox: string
  from: string
  to: string
  phase: string
  held: boolean
  holdAt: string | null
  startedAt: string
  items: number
  state: 'running' | 'completed' | 'rolledBack' | 'refused'
}

export interface FaultSpec {
  match?: {
    event?: string
    kind?: string
    server?: string
    mailbox?: string
    message?: string
    recipient?: string
    phase?: string
    attempt?: number
  }
  when?:
    | 'always'
    | { nth: number }
    | { first: number }
    | { probability: number; seed: number }
    /** At most so many a second of site time. */
    | { rate: number }
    /** Site time, ISO 8601 or milliseconds since the epoch. */
    | { from?: string | number; until?: string | number }
  do:
    | { hold: true }
    | { move: { mailbox: string; to: string; holdAt?: string }; holdUntil: string }
    | { defer: true }
    | { refuse: { reason: number; diagnostic: number } }
    | { delayMs: number }
    | { loseReply: true }
    | { readStale: true }
}

export interface FaultView extends FaultSpec {
  id: string
  hits: number
  /** Events held by this rule now. */
  holding: string[]
}

export interface ClockView {
  now: string
  mode: 'running' | 'stopped'
  scale: number
  /** When the next timer is due, or null. */
  nextDue: string | null
}

export interface Advanced extends ClockView {
  advancedMs: number
  /** What keeps the site from being idle, when it was asked to run until idle; empty when it is. */
  blockedBy: WaitsFor[]
  fired: number
}

export interface LedgerEntry {
  message: string
  address: string
  number: number
  branch: 'own' | 'redirected'
  outcome: Outcome
  why: string
}

export interface Audit {
  site: string
  at: string
  atRest: boolean
  obligations: number
  accepted: number
  delivered: number
  reported: number
  silenced: number
  deadLettered: number
  handedOff: number
  pending: number
  lost: LedgerEntry[]
  duplicated: { message: string; mailbox: string; places: string[] }[]
  unexpected: { message: string; mailbox: string; place: string }[]
  falseReports: LedgerEntry[]
}

/** One committed step, as the journal keeps it. */
export interface JournalEntry extends TimelineEntry {
  message: string | null
  eventId: string
}

export interface Emulator {
  createSite(spec: SiteSpec): Promise<SiteView>
  sites(): Promise<SiteView[]>
  site(site: string): Promise<SiteView>
  changeProfile(site: string, profile: ProfileSpec): Promise<SiteView>
  deleteSite(site: string): Promise<void>

  putMailbox(
    site: string,
    spec: MailboxSpec,
    replicate?: 'now' | 'lagged',
  ): Promise<{ created: boolean; mailbox: MailboxView }>
  mailboxes(site: string): Promise<MailboxView[]>
  mailbox(site: string, alias: string): Promise<MailboxView>
  deleteMailbox(site: string, alias: string): Promise<void>
  items(
    site: string,
    alias: string,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; items: ItemView[] }>
  item(site: string, alias: string, id: string): Promise<ItemDetail>
  rawItem(site: string, alias: string, id: string): Promise<Buffer>
  deleteItem(site: string, alias: string, id: string): Promise<void>

  accept(site: string, submission: Submission, idempotencyKey?: string): Promise<Accepted>
  messages(
    site: string,
    query: { state?: 'pending' | 'settled'; offset: number; limit: number },
  ): Promise<{ total: number; messages: MessageSummary[] }>
  message(site: string, id: string): Promise<MessageView>
  /** Every entry of one addressed recipient; waits until it is, or has been, in the state asked for. */
  recipient(
    site: string,
    id: string,
    address: string,
    wait?: { until: string; timeoutMs: number; signal?: AbortSignal },
  ): Promise<{ reached: boolean; entries: EntryView[] }>

  startMove(site: string, spec: MoveSpec): Promise<MoveView>
  moves(site: string): Promise<MoveView[]>
  move(site: string, id: string): Promise<MoveView>
  /** Lets a held move go on; with `until`, to the next phase at which to hold. */
  releaseMove(site: string, id: string, holdAt?: string): Promise<MoveView>
  cancelMove(site: string, id: string): Promise<MoveView>

  addFault(site: string, spec: FaultSpec): Promise<FaultView>
  faults(site: string): Promise<FaultView[]>
  fault(site: string, id: string): Promise<FaultView>
  /** Also releases what the rule holds. */
  deleteFault(site: string, id: string): Promise<void>

  restartServer(site: string, server: string, service: 'mta'): Promise<void>
  audit(site: string, restMs?: number, signal?: AbortSignal): Promise<Audit>
  /**
   * Journal entries after a position, then as they happen. A position that is no longer kept yields a gap first.
   * `after` is a vector, one stream id a shard, joined by commas; '' means from now on, '0' from the oldest kept.
   */
  events(
    site: string,
    after: string,
    signal: AbortSignal,
  ): AsyncIterable<
    | { kind: 'entry'; position: string; entry: JournalEntry }
    | { kind: 'gap'; position: string; from: string; to: string }
  >

  clock(site: string): Promise<ClockView>
  setClock(
    site: string,
    change: { scale: number } | { stop: true } | { run: true },
  ): Promise<ClockView>
  advance(
    site: string,
    by: { ms: number } | { until: 'idle' },
    signal?: AbortSignal,
  ): Promise<Advanced>

  pause(site: string): Promise<{ held: HeldEvent[] }>
  held(site: string): Promise<HeldEvent[]>
  /** Processes one held event: the oldest, or the one named. */
  step(site: string, eventId?: string): Promise<{ stepped: JournalEntry | null; held: HeldEvent[] }>
  resume(site: string): Promise<void>

  /** Probes: is Redis there, are the workers there. */
  ready(): Promise<{ ready: boolean; checks: Record<string, string> }>
  /** For /metrics and the queue UI. */
  queueNames(): Promise<string[]>
}

export interface HeldEvent {
  id: string
  queue: string
  type: string
  to: string
  text: string
}
