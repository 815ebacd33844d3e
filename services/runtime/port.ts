/**
 * The commit port: what a driver of the step function needs of a store, and nothing of how it is
 * kept.
 *
 * Live it is Redis (`redis-port.ts`). A step loads what its event touches, runs pure, and commits
 * all or nothing.
 */
import type { Cached } from '../../machines/cache.ts'
import type { Ordered } from '../../machines/protocol.ts'
import type { Given, MailEvent } from '../../machines/wire.ts'
import type { Stepped } from '../../machines/working.ts'
import type { Outward } from '../smart-host/kept.ts'
import type { Settings } from './settings.ts'

/** An event as it arrived: with its site, and for an alarm when it was set to ring. */
export interface ArrivedEvent extends MailEvent {
  site: string
  alarmAt?: number
  /** Of an entry that the smart host gets: what it answered. */
  outward?: Outward
}

/** What a step was given, and what its commit will check and finish. */
export interface Loaded extends Given {
  settings: Settings
  /** Cache entries that the look-ups refreshed, by alias, and the server whose cache it is. */
  refreshed: { server: string; entries: Record<string, Cached> }
  /** Of an alarm: the timer's date as it is armed now; null when it is disarmed. */
  armedFor: number | null
}

export interface LoadOptions {
  /** Believe the cache however old it is (a fault rule). */
  stale?: boolean
  at: number
}

/** What the journal keeps of a step. */
export interface JournalRecord {
  /** The event's id, site time, the actor, the event's type, and for whom it was. */
  i: string
  a: number
  t: string
  y: string
  w: string
  /** What it changed, in words. */
  c: string[]
  /** Each changed actor with its state's name. */
  s: [string, string][]
  /** The message it concerns. */
  m?: string
  /** Of an event from outside: what its type does not say, a submission's left out. */
  e?: Asked
  /** What fault rules did to it. */
  f?: Befell
  /** The `traceparent` of whoever asked for what it belongs to. */
  x?: string
}

/** What people, or fault rules, asked for. */
export type Asked = Pick<MailEvent, 'move' | 'holdAt' | 'record' | 'now'> & {
  /** The key of an item. */
  item?: string
}

/** An order to whoever answered; a belief however old; an answer that was lost. */
export interface Befell {
  ordered?: Ordered
  stale?: true
  lost?: true
}

export type Outcome =
  | { done: true; position: string }
  /** Somebody else changed what the step had read: run it again. */
  | { done: false; why: 'epoch' | 'conflict' }

/** One step that is ready to be committed. */
export interface Taken {
  loaded: Loaded
  stepped: Stepped
  record: JournalRecord
}

export interface Port {
  load(settings: Settings, event: MailEvent, options: LoadOptions): Promise<Loaded>
  /** What several events of one queue and one shard touch; none needs a chunk or has a timer. */
  loadTogether(settings: Settings, events: MailEvent[], options: LoadOptions): Promise<Loaded[]>
  /** All of them or none; each step was given what the ones before it left. */
  commit(taken: Taken[]): Promise<Outcome>
}
