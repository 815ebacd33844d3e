/**
 * What the asks of one move come to, for whoever does not perform them. A machine's moves are
 * remembered (`transition.ts`), so this is found out once for each.
 */
import type { Ask, EventType, Role } from './protocol.ts'

export interface Asked {
  /** What it says to others. */
  says: EventType[]
  /** Something that the actor itself remembers may change. */
  keeps: boolean
  /** It makes the entries of a copy. */
  makesEntries: boolean
}

/** Sends to these are applied within the step, and tell their own change. */
const WITHIN: ReadonlySet<Role> = new Set(['message', 'slot', 'entries'])

export function askedOf(asks: readonly Ask[]): Asked {
  const sends = asks.filter((one) => 'send' in one)
  return {
    says: sends.filter(({ to }) => !WITHIN.has(to)).map(({ send }) => send),
    keeps: asks.some((one) => 'keep' in one || 'drop' in one),
    makesEntries: sends.some(({ send }) => send === 'route.here'),
  }
}
