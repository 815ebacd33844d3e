/**
 * The shapes of what a person drives the emulator with, and of what it answers: moves, fault rules,
 * the clock, the debugger, the ledger, the journal.
 */
import type { Caller, MailEvent } from '../../machines/wire.ts'
import type { Outcome, TimelineEntry, WaitsFor } from './views-of-mail.ts'

export interface MoveSpec {
  mailbox: string
  to: string
  holdAt?: string
  caller?: Caller
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

export interface RestSpec {
  withinMs: number
  /** Site time jumps from timer to timer meanwhile. */
  advance: boolean
}

export interface RestView {
  audit: Audit
  /** What no time will end; empty at rest, and when it was the deadline that came first. */
  blockedBy: WaitsFor[]
}

export interface BatchSpec {
  moves: { mailbox: string; to: string }[]
  /** So many at a time. */
  concurrency: number
  caller?: Caller
}

/** One move of a batch: how it ended, as which move, and why it was refused. */
export interface BatchedMove {
  mailbox: string
  to: string
  state: 'waiting' | 'cancelled' | MoveView['state']
  move: string | null
  why: string | null
}

export interface BatchView {
  id: string
  concurrency: number
  /** Real time. */
  startedAt: string
  state: 'running' | 'ended' | 'cancelled'
  /** Of the moves; the six that follow sum to it. */
  total: number
  waiting: number
  running: number
  completed: number
  rolledBack: number
  refused: number
  cancelled: number
  moves: BatchedMove[]
}

/**
 * Where in the course of an event its worker dies: the step is made and not committed; committed,
 * and nothing that it asked for has left; some has left; all has left, and the job is not done.
 */
export const DEATH_POINTS = [
  'before commit',
  'after commit',
  'in the flush',
  'before the acknowledgement',
] as const
export type DeathPoint = (typeof DEATH_POINTS)[number]

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
    /** The worker's process is killed there, once an event. */
    | { die: DeathPoint }
    /** The step is committed and the event is taken once more, once an event. */
    | { again: true }
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
  /** Events that could never be processed and were given up. */
  deadLetters: number
  /** Events that the sweeper brought back, by what had become of their jobs. */
  swept: { resent: number; retried: number; repeated: number }
  /** Settled messages that are no longer kept; the totals count them too. */
  trimmed: number
}

/** An event that could never be processed. */
export interface DeadLetterView {
  at: string
  event: { id: string; type: string; to: string }
  /** The message that it was about, if it was about one. */
  message: string | null
  error: string
  attempts: number
  /** How those whom it was about ended. */
  endings: string[]
}

/** One committed step, as the journal keeps it. */
export interface JournalEntry extends TimelineEntry {
  message: string | null
  eventId: string
  /** The trace context of whoever asked for what it belongs to. */
  traceparent?: string
}

export interface HeldEvent {
  id: string
  queue: string
  type: string
  to: string
  text: string
}

/** A held event as it will be taken. */
export interface WholeEvent extends HeldEvent {
  event: MailEvent
  /** How often it came again because the worker that had it was gone. */
  stalls: number
}

/** What a paused site stands at. */
export interface Standing {
  held: WholeEvent[]
  /** Events that are under way and not held yet, alarms that are due among them. */
  moving: number
}
