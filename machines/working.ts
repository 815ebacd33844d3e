/**
 * A step while it runs, and what comes of it: what its stages read, and where they write.
 */
import type { ItemWrite } from './keep.ts'
import type { Running } from './parts.ts'
import type { Address, EventType, Timer } from './protocol.ts'
import type { Routed } from './routing.ts'
import type { Caller, Given, Header, MailEvent, Seen, StateValue, Stored } from './wire.ts'

/** One actor's share of a step, in the order in which it happened. */
export interface Change {
  actor: Address
  event: string
  from: StateValue
  to: StateValue
  why?: string
  /** What it said to others. */
  says: EventType[]
}

/** A timer armed (with its date) or disarmed (null). */
export interface TimerWrite {
  actor: Address
  timer: Timer
  /** Tells several timers of one name apart; '' for the usual one. */
  key: string
  due: number | null
}

export interface Stepped {
  /** Actors as they are now; those that changed carry the next version. */
  actors: Map<Address, Stored>
  items: ItemWrite[]
  /** By name: `<actor>|<timer>|<key>`. */
  timers: Map<string, TimerWrite>
  events: MailEvent[]
  changes: Change[]
  /** The trace context that it belongs to. */
  caller?: Caller
}

/**
 * The step while it runs: what was given, what has changed so far, and what is still to be applied.
 */
export interface Working extends Stepped {
  given: Given
  running: Running
  /** The copy within which it happens: its name, `<id>/<copy>`, and its address; '' of others. */
  copy: string
  message: Address
  /** What the Router stage made of the event's recipients, by the address of each entry. */
  routed: ReadonlyMap<Address, Routed>
  /** What is applied within the step, in order. */
  local: Seen[]
}

/** The actor as this step has it so far. */
export const actorOf = ({ actors, given }: Working, address: Address): Stored | undefined =>
  actors.get(address) ?? given.actors.get(address)

/** What the copy is, for any actor of it. */
export const headerOf = (working: Working): Header | undefined =>
  working.message === '' ? undefined : actorOf(working, working.message)?.a.header
