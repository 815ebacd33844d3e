/**
 * How an armed timer is named in Redis: the member of `timers` whose score is its date.
 */
import type { Address } from '../../machines/protocol.ts'
import type { MailEvent } from '../../machines/wire.ts'

export const timerMember = (actor: Address, timer: string, key: string): string =>
  `${actor}|${timer}|${key}`

/** A replication timer is told from others of its entry by the version that waits. */
export const timerKeyOf = (event: MailEvent): string =>
  event.timer === 'replication' ? `${event.version}` : ''
