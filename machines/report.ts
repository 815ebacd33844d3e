/**
 * What a report says: the data of one entry, and the text that Exchange 5.5 would show for it.
 *
 * A report names the originally intended recipient, also when the entry that failed had been
 * redirected (RFC 2156 §5.3.8, I1). The layout is that of Q181952 and Q241632. How it becomes mail
 * is not decided here: no MIME, no addresses of its own.
 *
 * Pure: times come in as milliseconds since the epoch and are shown in UTC.
 */
import { type Code, statusOf, textOf } from './codes.ts'
import type { Notice } from './told.ts'

/** A failure as the Result stage hands it on, or what else is to be told of an entry. */
export interface Failure {
  notice?: Notice
  /** The subject of the message that failed. */
  subject: string
  sentAt: number
  /** The originally intended recipient. */
  recipient: string
  failedAt: number
  code: Code
  /** The MTA that gave up, and its site. */
  server: string
  site: string
  /** The message that failed. */
  messageId: string
  /** Recipients that are told of besides. */
  others?: readonly Failed[]
}

/** One recipient that is told of. */
export interface Failed {
  recipient: string
  failedAt: number
  code: Code
}

export interface Report {
  /** What has happened, as RFC 3464 §2.3.3 names it. */
  action: Notice | 'failed'
  /** The message that it is about. */
  about: string
  recipient: string
  /** RFC 3463. */
  status: string
  /** X.400; -1 when nothing failed. */
  reason: number
  /** X.400; -1 when there is none. */
  diagnostic: number
  /** Recipients that failed with this one. */
  others: { recipient: string; status: string; reason: number; diagnostic: number }[]
  subject: string
  text: string
}

export function reportOf(failure: Failure): Report {
  const { code, notice } = failure
  return {
    action: notice ?? 'failed',
    about: failure.messageId,
    recipient: failure.recipient,
    status: notice && notice !== 'delayed' ? SUCCESSES[notice] : statusOf(code),
    reason: code.reason,
    diagnostic: code.diagnostic,
    others: (failure.others ?? []).map((other) => ({
      recipient: other.recipient,
      status: statusOf(other.code),
      ...other.code,
    })),
    subject: reportSubject(failure.subject, notice),
    text: reportText(failure),
  }
}

/** RFC 3463: the address is valid; what another system does with it is not known here. */
const SUCCESSES = { delivered: '2.1.5', expanded: '2.1.5', relayed: '2.0.0' } as const

const SUBJECTS: Record<Notice | 'failed', string> = {
  failed: 'Undeliverable',
  delivered: 'Delivered',
  relayed: 'Relayed',
  expanded: 'Expanded',
  delayed: 'Delayed',
}

export const reportSubject = (subject: string, notice?: Notice): string =>
  `${SUBJECTS[notice ?? 'failed']}: ${subject}`.trimEnd()

/** A failure in the words of Q172364 and Q241632; the others are ours, in the same layout. */
const WORDS: Record<Notice | 'failed', { opening: string; recipients: string; reason: string }> = {
  failed: {
    opening: 'Your message did not reach some or all of the intended recipients.',
    recipients: 'The following recipient(s) could not be reached:',
    reason: '',
  },
  delivered: {
    opening: 'Your message has reached a recipient.',
    recipients: 'It was delivered to the following recipient(s):',
    reason: 'The message was delivered',
  },
  relayed: {
    opening: 'Your message has left for another system, which may tell nothing of it.',
    recipients: 'It was relayed to the following recipient(s):',
    reason: 'The message was relayed',
  },
  expanded: {
    opening: 'Your message has reached a recipient, and goes on from there to others.',
    recipients: 'It has reached the following recipient(s):',
    reason: 'The message goes on to an alternate recipient as well, or to members of the list',
  },
  delayed: {
    opening: 'Your message has not yet reached some or all of the intended recipients.',
    recipients: 'The following recipient(s) could not yet be reached; there is nothing to do:',
    reason: 'Delivery is tried again until the message expires',
  },
}

export function reportText(failure: Failure): string {
  const { opening, recipients, reason } = WORDS[failure.notice ?? 'failed']
  const ofRecipient = ({ recipient, failedAt, code }: Failed): string[] => {
    const reasons = [
      failure.notice ? reason : textOf(code),
      `The MTS-ID of the original message is: ${failure.messageId}`,
      `MSEXCH:MSExchangeMTA:${failure.site}:${failure.server}`,
    ]
    return [
      `      ${recipient} on ${dateText(failedAt)}`,
      ...reasons.map((line) => `            ${line}`),
    ]
  }
  return [
    opening,
    '',
    `      Subject:  ${failure.subject}`.trimEnd(),
    `      Sent:     ${dateText(failure.sentAt)}`,
    '',
    recipients,
    '',
    ...[failure, ...(failure.others ?? [])].flatMap(ofRecipient),
    '',
  ].join('\n')
}

const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440
/** The Gregorian calendar repeats after 400 years: so many days. */
const ERA_DAYS = 146_097
/** Days from 1 March of the year 0, where an era begins, to 1 January 1970. */
const EPOCH_DAYS = 719_468

/** `9/14/99 10:07 AM`, in UTC. */
export function dateText(at: number): string {
  const minutes = Math.floor(at / MINUTE_MS)
  const days = Math.floor(minutes / DAY_MINUTES)
  const { year, month, day } = dateOf(days)
  const minuteOfDay = minutes - days * DAY_MINUTES
  const hour = Math.floor(minuteOfDay / 60)
  const time = `${hour % 12 || 12}:${twoDigits(minuteOfDay % 60)} ${hour < 12 ? 'AM' : 'PM'}`
  return `${month}/${day}/${twoDigits(year % 100)} ${time}`
}

const twoDigits = (number: number): string => `${number}`.padStart(2, '0')

/** The civil date of a day counted from 1970. Years begin in March here: a leap day comes last. */
function dateOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + EPOCH_DAYS
  const era = Math.floor(shifted / ERA_DAYS)
  const dayOfEra = shifted - era * ERA_DAYS
  const leapDays =
    Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365)
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  }
}
