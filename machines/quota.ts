/**
 * What a mailbox may hold, and what its store says when it holds that.
 *
 * Exchange 5.5 has three limits: at one it warns, at the next the user cannot send any more, and at
 * the last ("prohibit send and receive") new mail is returned to its originator. Only the last one
 * matters to delivery, and only it is here. Cyrus puts such mail off instead, until the user has
 * made room or the message expires.
 *
 * A store goes by what it holds already, so the message that reaches the limit is taken, however
 * large it is [ours]. What comes while the mailbox is moved here is taken too, since what it holds
 * is known only when the last page has come; it counts from then on [ours].
 */
import type { Code } from './codes.ts'
import type { Profile } from './profile.ts'
import type { About, Seen } from './wire.ts'

/**
 * The recipient cannot take delivery (Q182557: its store's limit), and RFC 3463 has a status of its
 * own for that, mailbox full; by the table of RFC 2156 alone it would be 4.2.1.
 */
export const MAILBOX_FULL: Code = { reason: 1, diagnostic: 4, status: '5.2.2' }

/** The store has a limit for the mailbox, and holds that much, in bytes. */
export const isFull = (about: About | undefined, bytes = 0): boolean =>
  about?.limit !== undefined && bytes >= about.limit

/** Whether a full mailbox refuses mail, or has it wait. */
export const putsOffWhenFull = ({ whenFull }: Pick<Profile, 'whenFull'>): boolean =>
  whenFull === 'defer'

/** The limit that an event brings to a store; it takes the place of the one before. */
export function limited(about: About, { limit, move }: Pick<Seen, 'limit' | 'move'>): void {
  const now = move ? move.record.limit : limit
  if (now === undefined) delete about.limit
  else about.limit = now
}
