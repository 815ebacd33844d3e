/**
 * How a defect or a policy of one's own is written: `undeliverable/defect`. Types, and one function
 * for whoever wants them in a file of JavaScript.
 *
 *     import { defineDefect } from 'undeliverable/defect'
 *
 *     export default defineDefect(({ asks, state }) => ({ id: 'mine', title: 'Mine', … }))
 *
 * A file need not import anything: `export default` of the same is all that is asked for. The types
 * stand by themselves; a test holds them to those of the machines.
 */

export type Machine = 'message' | 'recipient' | 'slot' | 'mailbox' | 'move' | 'directory'

/** Where an event leads: to a state, under a guard, and what is done then. */
export interface Line {
  guard?: unknown
  target?: string
  actions?: unknown
  reenter?: boolean
}
export type Way = string | Line

/** A machine as it is written down, or a state of it. It may be changed in place. */
export interface Lines {
  initial?: string
  on?: Record<string, Way | readonly Way[]>
  states?: Record<string, Lines>
  entry?: unknown
  exit?: unknown
}

interface Reason {
  reason: number
  /** -1: none. */
  diagnostic: number
}

/** Home server, alternate recipient and version of a mailbox, as a directory has them. */
export interface Entry {
  alias: string
  mailbox: string
  home: string
  version: number
}

/** The figures of a profile; durations are milliseconds. */
export interface Figures {
  name: string
  defects: string[]
  storeRetryMs: number
  storeRetryMostMs: number
  whenUnknown: 'report' | 'resolve again'
}

/** What may be replaced beside lines. Each is pure: no clock, no chance, nothing from outside. */
export interface Parts {
  /** Which entries of a copy share one report slot of the Result stage. */
  slotKey(entry: { number: number; branch: number }): string
  /** By which key a store is offered a message, and knows it when it is offered again. */
  itemKey(
    message: string,
    offered: { attempts: number; tries: number; unanswered: boolean },
  ): string
  /** What a store that has no such mailbox says to an offer. */
  gone(state: unknown): { code: Reason; unknown: boolean }
  /** What a move has the directory say. */
  published<E extends Entry>(move: { record: E; source: string; target: string }): E
  /** An MTA reads past its cache when what it believed has been refused, or comes back to it. */
  readsPast: boolean
  /** What may not be redirected is delivered to its recipient where both are to get it. */
  deliversProhibited: boolean
  /** When the store no longer knows the mailbox, the MTA looks where it is now. */
  resolvesAgain(figures: Pick<Figures, 'whenUnknown'>): boolean
  /** Milliseconds from a deferral by a store to the next attempt; `attempts` begins with 1. */
  storeDelay(figures: Figures, attempts: number): number
}

export interface OwnDefect {
  /** Letters, digits, dots, _ and -; a profile switches it on by this name. */
  id: string
  title: string
  source?: string
  published?: string
  ours?: string
  differs?: string
  fixedIn?: string
  workaround?: string
  parts?: Partial<Parts>
  /** How often a job may be taken up again, and whether what got lost is brought back. */
  engine?: { stallsMax: number; sweeps: boolean }
  /** Lines of machines that differ. */
  lines?: Partial<Record<Machine, (lines: Lines) => void>>
  /** States that only these machines have, and what one without them takes each for. */
  states?: Partial<Record<Machine, Record<string, string>>>
}

/** What a file's function is given, so that it need not import anything. */
export interface Tools {
  /** An ask as a machine writes it down: `asks({ send: 'reply.accepted', to: 'entry' })`. */
  asks(ask: object): object
  /** The lines of a state, `flushed.working` for one within another; they have `on`. */
  state(lines: Lines, path: string): Lines & { on: NonNullable<Lines['on']> }
  /** Where an event may lead in a state, the first guard that holds first. */
  ways(lines: Lines, path: string, event: string): Way[]
  /** Whatever leads to the one state leads to the other. */
  redirected(lines: unknown, from: string, to: string): void
  and(guards: readonly string[]): unknown
  or(guards: readonly string[]): unknown
  not(guard: string): unknown
  /** The parts as they are without any defect. */
  sound: Parts
}

export type DefectFile =
  | OwnDefect
  | readonly OwnDefect[]
  | ((tools: Tools) => OwnDefect | readonly OwnDefect[])

/** Gives back what it is given, with its types. */
export const defineDefect = (file: DefectFile): DefectFile => file
