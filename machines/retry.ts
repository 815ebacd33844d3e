/**
 * How long a timer runs, by the rule that the machine named. Milliseconds.
 *
 * No jitter here: chance belongs to whoever sets the alarm.
 */
import type { Profile } from './profile.ts'
import type { Rule } from './protocol.ts'

/** An unanswered request is repeated after this, then after twice as long each time. [ours] */
export const REPLY_MS = 30_000
/** ...and never less often than this. [ours] */
export const REPLY_MAX_MS = 3_600_000
/** A chunk's event is expected long before this; the timer only guards it. [ours] */
export const ROUTING_MS = 60_000

/**
 * Failures of one copy are reported together when they come within this time of the first of them,
 * while others of its entries are still open. [ours; a reader should not have to wait for it]
 */
export const GATHERING_MS = 3_000

export const replyDelay = (tries: number): number =>
  Math.min(REPLY_MAX_MS, REPLY_MS * 2 ** Math.min(tries, 16))

/**
 * Transfers are retried over the open connection, then the connection is opened again (Q157630).
 */
export function transferDelay(profile: Profile, attempts: number): number {
  const within = attempts % (profile.transferRetries + 1)
  return within === 0 && attempts > 0 ? profile.openRetryMs : profile.transferRetryMs
}

/** Twice as long each time where the profile has it grow. */
export function storeDelay(profile: Profile, attempts: number): number {
  const { storeRetryMs, storeRetryMostMs = 0 } = profile
  const grown = storeRetryMs * 2 ** Math.min(Math.max(0, attempts - 1), 16)
  return Math.max(storeRetryMs, Math.min(grown, storeRetryMostMs))
}

/** Rules by which a timer has a date of its message. */
export type Dated = Extract<Rule, { by: 'expiry' | 'deferral' }>

export const isDated = (rule: Rule): rule is Dated => rule.by === 'expiry' || rule.by === 'deferral'

/** A delay from now; a date, and a store's, which is a part, are not asked here. */
export function delayOf(rule: Exclude<Rule, Dated>, profile: Profile, peer = 0): number {
  switch (rule.by) {
    case 'reply':
      return replyDelay(rule.tries)
    case 'routing':
      return ROUTING_MS
    case 'gathering':
      return GATHERING_MS
    case 'replication':
      return profile.replicationMs + peer * profile.replicationStepMs
    default:
      return rule.towards === 'now' ? 0 : transferDelay(profile, rule.attempts)
  }
}

/** Attempts over open connections until the openings have run out. */
export const transfersMax = (profile: Profile): number =>
  profile.openRetries * (profile.transferRetries + 1)
