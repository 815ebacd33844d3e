/**
 * What the emulator offers to those who drive it: the HTTP API today, other doors later.
 *
 * The API holds no rule of delivery. It checks the shape of what it is given, calls one of these,
 * and renders the answer; a refusal is a thrown `Problem` with a code of `services/errors.ts`.
 *
 * Times are milliseconds of site time since the epoch unless a name says otherwise; a duration is
 * in milliseconds and its name ends in `Ms`.
 */
import type { Caller } from '../../machines/wire.ts'
import type { File } from '../mime/attachments.ts'
import type { TrackingLogs } from '../tracking/logs.ts'
import type { Incoming, IncomingTexts } from './arrival.ts'
import type { Destination } from './destination.ts'
import type { ItemsQuery } from './items.ts'
import type { Mark, Marked } from './marks.ts'
import type { Raw } from './raw.ts'
import type { Readiness } from './readiness.ts'
import type { Bundle, BundleLimits } from './views-of-bundle.ts'
import type {
  Advanced,
  Audit,
  BatchSpec,
  BatchView,
  ClockView,
  DeadLetterView,
  FaultSpec,
  FaultView,
  HeldEvent,
  JournalEntry,
  MoveSpec,
  MoveView,
  RestSpec,
  RestView,
  Standing,
} from './views-of-driving.ts'
import type {
  Accepted,
  EntryView,
  Enveloped,
  ImportView,
  ItemDetail,
  ItemView,
  ListSpec,
  ListView,
  MailboxSpec,
  MailboxView,
  MessageSummary,
  MessageView,
  Prefilled,
  PrefillSpec,
  ProfileSpec,
  SiteSpec,
  SiteView,
} from './views-of-mail.ts'
import type { Wait } from './watch.ts'

export interface Emulator {
  /**
   * The same calls: what moves, mailboxes, lists and items are asked for by them bears this trace
   * context, in every job and line of the journal that comes of it.
   */
  onBehalfOf(caller: Caller): Emulator

  createSite(spec: SiteSpec): Promise<SiteView>
  sites(): Promise<SiteView[]>
  site(site: string): Promise<SiteView>
  changeProfile(site: string, profile: ProfileSpec): Promise<SiteView>
  deleteSite(site: string): Promise<void>

  putMailbox(
    site: string,
    spec: MailboxSpec,
    replicate?: 'now' | 'lagged',
    raw?: boolean,
  ): Promise<{ created: boolean; mailbox: MailboxView }>
  /** Mail that is there before anything happens. */
  prefill(site: string, alias: string, spec: PrefillSpec): Promise<Prefilled>
  /** Many at once: all are checked before the first is written. */
  importMailboxes(site: string, specs: MailboxSpec[]): Promise<ImportView>
  mailboxes(site: string): Promise<MailboxView[]>
  mailbox(site: string, alias: string): Promise<MailboxView>
  deleteMailbox(site: string, alias: string): Promise<void>

  putList(
    site: string,
    spec: ListSpec,
    replicate?: 'now' | 'lagged',
  ): Promise<{ created: boolean; list: ListView }>
  lists(site: string): Promise<ListView[]>
  list(site: string, alias: string): Promise<ListView>
  deleteList(site: string, alias: string): Promise<void>

  items(
    site: string,
    alias: string,
    query: ItemsQuery,
  ): Promise<{ total: number; items: ItemView[] }>
  item(site: string, alias: string, id: string): Promise<ItemDetail>
  /** As a list shows it: its content is not looked at. */
  itemView(site: string, alias: string, id: string): Promise<ItemView>
  /** As it is on the wire, its trace before it; one that is not read to its end costs nothing. */
  rawItem(site: string, alias: string, id: string): Promise<Raw>
  /** A file that came with it, decoded; numbers begin with 1. */
  attachment(site: string, alias: string, id: string, number: number): Promise<File>
  deleteItem(site: string, alias: string, id: string): Promise<void>

  /** What readers put on messages, in the order of the ids. */
  marks(site: string, ids: string[]): Promise<Mark[]>
  /** Puts it on one; a message that is not there stays so. */
  mark(site: string, id: string, change: Partial<Mark>): Promise<void>
  /** What was put on messages behind a position; without one, only where that is now. */
  marked(site: string, position?: string): Promise<Marked>
  /**
   * The site's pulse, another one after each step and each mark, as soon as it is not `before`.
   */
  pulse(site: string, before: string, wait: Wait): Promise<string | null>

  /** The site that answers for an address; null when none does. */
  destination(address: string): Promise<Destination | null>
  /** The address that `postmaster` without a domain is short for: of this site, or the oldest. */
  postmaster(site?: string): Promise<string | null>
  /**
   * The content is `incoming` when it is given: a whole message, or its long texts, as they come. A
   * submission that is known only behind it is asked for then.
   */
  accept(
    site: string,
    submission: Enveloped | (() => Enveloped),
    idempotencyKey?: string,
    incoming?: Incoming | IncomingTexts,
  ): Promise<Accepted>
  messages(
    site: string,
    query: { state?: 'pending' | 'settled'; offset: number; limit: number },
  ): Promise<{ total: number; messages: MessageSummary[] }>
  message(site: string, id: string): Promise<MessageView>
  /**
   * Every entry of one addressed recipient; waits until it is, or has been, in the state asked for.
   */
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

  startBatch(site: string, spec: BatchSpec): Promise<BatchView>
  batches(site: string): Promise<BatchView[]>
  batch(site: string, id: string): Promise<BatchView>
  /** What has not begun is not begun any more. */
  cancelBatch(site: string, id: string): Promise<BatchView>

  addFault(site: string, spec: FaultSpec): Promise<FaultView>
  faults(site: string): Promise<FaultView[]>
  fault(site: string, id: string): Promise<FaultView>
  /** Also releases what the rule holds. */
  deleteFault(site: string, id: string): Promise<void>

  restartServer(site: string, server: string, service: 'mta'): Promise<void>
  audit(site: string, restMs?: number, signal?: AbortSignal): Promise<Audit>
  /** The same, once the site is at rest; site time may run meanwhile. */
  rest(site: string, spec: RestSpec, signal: AbortSignal): Promise<RestView>
  /** Events that could never be processed, the newest first. */
  deadLetters(
    site: string,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; deadLetters: DeadLetterView[] }>
  /** The days of which there is a tracking log, the newest first; `before` is one (`20261123`). */
  trackingLogs(site: string, before?: string): Promise<TrackingLogs>
  /** The tracking log of one day, as text in pieces. */
  trackingLog(site: string, day: string): Promise<AsyncIterable<string>>
  /** The event log of all that the journal has, as text in pieces. */
  eventLog(site: string): Promise<AsyncIterable<string>>
  /** The site in one file: the newest of its journal and of what it accepted, and the audit. */
  bundle(site: string, limits: BundleLimits): Promise<Bundle>
  /**
   * Journal entries after a position, then as they happen. A position that is no longer kept yields
   * a gap first. `after` is a vector, one stream id a shard, joined by commas; '' means from now
   * on, '0' from the oldest kept.
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
  /** The same with each event whole, and how many are still on their way to being held. */
  standing(site: string): Promise<Standing>
  /** Processes one held event: the oldest, or the one named. */
  step(site: string, eventId?: string): Promise<{ stepped: JournalEntry | null; held: HeldEvent[] }>
  resume(site: string): Promise<void>

  /** Probes: is Redis there, are the workers there. */
  ready(): Promise<Readiness>
  /** For /metrics and the queue UI. */
  queueNames(): Promise<string[]>
}
