/**
 * What the HTTP API answers about moves, and what the ledger says.
 *
 * Written by test/services/client/api.test.ts from the description of the API: run it
 * with -u, and never edit this.
 */

import type { Outcome, WaitsFor } from './api-mail.ts'

export type Move = {
  id: string
  mailbox: string
  from: string
  to: string
  phase: string
  held: boolean
  holdAt: string | null
  /** Site time, ISO 8601. */
  startedAt: string
  /** Copied so far. */
  items: number
  state: 'running' | 'completed' | 'rolledBack' | 'refused'
}

export type Batch = {
  id: string
  concurrency: number
  /** Real time, ISO 8601. */
  startedAt: string
  state: 'running' | 'ended' | 'cancelled'
  /** Moves; the six that follow sum to it. */
  total: number
  waiting: number
  running: number
  completed: number
  rolledBack: number
  refused: number
  /** They were never begun. */
  cancelled: number
  moves: Array<{
    mailbox: string
    to: string
    state: 'waiting' | 'running' | 'completed' | 'rolledBack' | 'refused' | 'cancelled'
    move: string | null
    why: string | null
  }>
}

export type LedgerEntry = {
  message: string
  address: string
  number: number
  branch: 'own' | 'redirected'
  outcome: Outcome
  why: string
}

export type Audit = {
  site: string
  /** Site time, ISO 8601. */
  at: string
  /** Nothing is on its way, and no timer is armed. */
  atRest: boolean
  /** The totals below and `lost` sum to it. */
  obligations: number
  /** Recipients, as the originators named them. */
  accepted: number
  delivered: number
  reported: number
  /** Failed, and no report was wanted. */
  silenced: number
  /** Failed, of mail without an originator, a report for one: nobody can be told. */
  deadLettered: number
  /** Beyond the site. */
  handedOff: number
  pending: number
  lost: Array<LedgerEntry>
  duplicated: Array<{ message: string; mailbox: string; places: Array<string> }>
  unexpected: Array<{ message: string; mailbox: string; place: string }>
  falseReports: Array<LedgerEntry>
  /** Events that could never be processed and were given up. */
  deadLetters: number
  /**
   * Events that the sweeper brought back: whose job was missing, had failed, or had
   * ended without what it did being there.
   */
  swept: { resent: number; retried: number; repeated: number }
  /** Settled messages that are no longer kept. The totals count them too. */
  trimmed: number
}

export type Rest = {
  audit: Audit
  /** What no time will end. Empty when `atRest`, and when the deadline came before it. */
  blockedBy: Array<WaitsFor>
}

export type DeadLetter = {
  /** Site time, ISO 8601. */
  at: string
  event: { id: string; type: string; to: string }
  message: string | null
  /** What was thrown the last time. */
  error: string
  attempts: number
  /** How those it was about ended. */
  endings: Array<string>
}
