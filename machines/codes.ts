/**
 * Why a delivery failed: X.400 reason and diagnostic, the RFC 3463 status, and the words of a
 * report.
 *
 * Exchange 5.5 reports in X.400 codes (Q174175; 48 and up from X.411). The Internet's status is
 * mapped as a MIXER gateway maps it: RFC 2156 §5.3.8.2 one way, §5.1.8.4 the other, both tables
 * whole. They are not inverse: 5/Any gives 5.7.1, and 5.7.1 gives 1/29.
 *
 * A pair is never checked: 0/36 "recipient deceased" was seen for a public folder (Q251016). A pair
 * that the table does not have takes its reason's row, `Any`. That is a trap for congestion: the
 * table has 1/2 (4.3.1), Exchange says 0/2 (Q157630), and 0/2 falls back to 0/Any, 4.4.0. The RFC
 * does not say to look for the diagnostic first, so we do not. [ours]
 *
 * Pure data and look-ups.
 */

export interface Code {
  reason: number
  /** -1: none. */
  diagnostic: number
  /** Where RFC 3463 says more than the table does. */
  status?: string
}

const NONE = -1
/** What the event log shows as "Omit any diagnostic code" (Q174175): the same as none. */
const OMIT = 255

/**
 * "The recipient name is not recognized" (Q181952): the store or the directory does not know it.
 */
export const UNRECOGNIZED: Code = { reason: 1, diagnostic: 0 }
/** A connection that cannot be had, or a move's stale address (Q172364; the code Q288848). */
export const COMMUNICATIONS_FAILURE: Code = { reason: 0, diagnostic: NONE }
/** Too much for the message transfer service (Q157630). */
export const CONGESTION: Code = { reason: 0, diagnostic: 2 }
/** A message that came back too often (Q230498). */
export const LOOP_DETECTED: Code = { reason: 1, diagnostic: 3 }
/** The recipient cannot take delivery just now (Q182557). */
export const UNAVAILABLE: Code = { reason: 1, diagnostic: 4 }
/** A message is larger than its recipient takes (Q246388). */
export const CONTENT_TOO_LONG: Code = { reason: 1, diagnostic: 7 }
/** Its time ran out before it could be delivered (Q198958). */
export const EXPIRED: Code = { reason: 1, diagnostic: 5 }
/** The system itself could not go on with it; the table's `Any` of reason 1, 5.0.0. [ours] */
export const UNPROCESSABLE: Code = { reason: 1, diagnostic: NONE }
/** An alternate recipient would get what its originator wants nobody else to have (Q178161). */
export const REASSIGNMENT_PROHIBITED: Code = { reason: 1, diagnostic: 26 }
/** Alternate recipients that lead back to one another (Q174175). */
export const REDIRECTION_LOOP: Code = { reason: 1, diagnostic: 27 }
/** Its originator wants no distribution list to be expanded (Q243727). */
export const EXPANSION_PROHIBITED: Code = { reason: 1, diagnostic: 28 }
/** A distribution list that cannot be expanded (Q150095). */
export const EXPANSION_FAILURE: Code = { reason: 1, diagnostic: 30 }

/** Q174175 has 0-6, X.411 adds 7 and 8. */
export const REASONS = [
  'transfer-failure',
  'unable-to-transfer',
  'conversion-not-performed',
  'physical-rendition-not-performed',
  'physical-delivery-not-performed',
  'restricted-delivery',
  'directory-operation-unsuccessful',
  'deferred-delivery-not-performed',
  'transfer-failure-for-security-reason',
] as const

/**
 * In the order of their numbers, from 0. Q174175 has 0-47 (33, 34, 40 and 41 cut short there),
 * X.411 adds 48-78.
 */
export const DIAGNOSTICS: readonly string[] = `
  unrecognized-OR-name ambiguous-OR-name MTS-congestion loop-detected recipient-unavailable
  maximum-time-expired encoded-information-types-unsupported content-too-long
  conversion-impractical implicit-conversion-prohibited implicit-conversion-not-subscribed
  invalid-arguments content-syntax-error size-constraint-violation protocol-violation
  content-type-not-supported too-many-recipients no-bilateral-agreement
  unsupported-critical-function conversion-with-loss-prohibited line-too-long page-split
  pictorial-symbol-loss punctuation-symbol-loss alphabetic-character-loss
  multiple-information-loss recipient-reassignment-prohibited redirection-loop-detected
  DL-expansion-prohibited no-DL-submit-permission DL-expansion-failure
  physical-rendition-attributes-not-supported
  undeliverable-mail-physical-delivery-address-incorrect
  undeliverable-mail-physical-delivery-office-incorrect-or-invalid
  undeliverable-mail-physical-delivery-address-incomplete undeliverable-mail-recipient-unknown
  undeliverable-mail-recipient-deceased undeliverable-mail-organization-expired
  undeliverable-mail-recipient-refused-to-accept undeliverable-mail-recipient-did-not-claim
  undeliverable-mail-recipient-changed-address-permanently
  undeliverable-mail-recipient-changed-address-temporarily
  undeliverable-mail-recipient-changed-temporary-address undeliverable-mail-new-address-unknown
  undeliverable-mail-recipient-did-not-want-forwarding
  undeliverable-mail-originator-prohibited-forwarding secure-messaging-error unable-to-downgrade
  unable-to-complete-transfer transfer-attempts-limit-reached incorrect-notification-type
  dl-expansion-prohibited-by-security-policy forbidden-alternate-recipient
  security-policy-violation security-services-refusal unauthorised-dl-member unauthorised-dl-name
  unauthorised-originally-intended-recipient-name unauthorised-originator-name
  unauthorised-recipient-name unreliable-system authentication-failure-on-subject-message
  decryption-failed decryption-key-unobtainable double-envelope-creation-failure
  double-enveloping-message-restoring-failure failure-of-proof-of-message
  integrity-failure-on-subject-message invalid-security-label key-failure
  mandatory-parameter-absence operation-security-failure repudiation-failure-of-message
  security-context-failure token-decryption-failed token-error unknown-security-label
  unsupported-algorithm-identifier unsupported-security-policy
`
  .trim()
  .split(/\s+/)

/** Exchange's own, beyond X.411 (Q174175). */
const OWN_DIAGNOSTICS: Record<number, string> = {
  253: 'No Report required',
  254: 'Per-recip failure',
  [OMIT]: 'Omit any diagnostic code',
}

/** RFC 2156 §5.3.8.2: `reason/diagnostic status`, a range of diagnostics as `4/32-45`. */
const TO_STATUS = pairs(`
  0/Any 4.4.0   1/Any 5.0.0   2/Any 5.6.3   3/Any 5.6.0
  4/Any 5.1.0   5/Any 5.7.1   6/Any 5.4.3   7/Any 5.3.3
  1/0  5.1.1    1/1  5.1.4    1/2  4.3.1    1/3  5.4.6    1/4  4.2.1    1/5  4.4.7
  1/6  5.6.1    1/7  5.2.3    2/8  5.6.3    2/9  5.6.3    1/10 5.6.3    1/11 5.5.2
  1/12 5.5.2    1/13 5.5.2    1/14 5.5.0    1/15 5.6.1    1/16 5.5.3    1/17 5.4.4
  1/18 5.3.3    2/19 5.6.2    2/20 5.6.0    2/21 5.6.0    2/22 5.6.2    2/23 5.6.2
  2/24 5.6.2    2/25 5.6.2    1/26 5.4.0    1/27 5.4.6    1/28 5.7.2    1/29 5.7.1
  1/30 4.2.4    4/31 5.6.0    4/32-45 5.1.0 1/43 5.1.6    1/46 5.7.0    2/47 5.3.3
  0/48 5.3.4    0/49 4.4.7
`)

/** RFC 2156 §5.1.8.4: `subject.detail reason/diagnostic`; 1.5 and 6.4 are for successes only. */
const FROM_STATUS = pairs(`
  0.0 1/-   1.0 1/-   1.1 1/0   1.2 1/0   1.3 1/0   1.4 1/1   1.6 1/43  1.7 1/11  1.8 1/11
  2.0 1/-   2.1 1/4   2.2 1/4   2.3 1/7   2.4 1/30
  3.0 0/-   3.1 1/2   3.2 1/2   3.3 1/18  3.4 1/7   3.5 1/-
  4.0 0/-   4.1 0/-   4.2 0/-   4.3 6/-   4.4 0/-   4.5 1/2   4.6 1/3   4.7 1/5
  5.0 1/-   5.1 1/14  5.2 1/14  5.3 1/16  5.4 1/14  5.5 1/18
  6.0 2/-   6.1 1/6   6.2 1/9   6.3 2/8   6.5 2/47
  7.0 1/46  7.1 1/29  7.2 1/28  7.3 1/46  7.4 1/46  7.5 1/46  7.6 1/46  7.7 1/46
`)

const UNEXPLAINED = {
  text: 'Unable to deliver the message due to a recipient problem',
  source: 'Q178537',
}

/** The words that Exchange 5.5 puts in a report, and where. A whole table was never published. */
export const TEXTS: Record<string, { text: string; source: string }> = {
  '0/Any': seen('Unable to deliver the message due to a communications failure', 'Q172364'),
  '1/Any': UNEXPLAINED,
  '2/Any': seen('The message could not be converted for the recipient', 'ours'),
  '3/Any': seen('The message could not be rendered physically', 'ours'),
  '4/Any': seen('The message could not be delivered physically', 'ours'),
  '5/Any': seen('A restriction in the system prevented delivery of the message', 'Q241632'),
  '6/Any': seen('A required directory operation was unsuccessful', 'Q194504'),
  '7/Any': seen('The message could not be kept for a later delivery', 'ours'),
  '8/Any': seen('The message was not transferred for a reason of security', 'ours'),
  '1/0': seen('The recipient name is not recognized', 'Q181952'),
  '1/1': seen('The recipient name is ambiguous', 'Q251152'),
  '0/2': seen(
    'The recipient could not be processed due to congestion in the message transfer service',
    'Q157630',
  ),
  '1/3': seen('The recipient was detected looping within the message transfer service', 'Q230498'),
  '1/4': seen('The recipient was unavailable to take delivery of the message', 'Q182557'),
  '1/5': seen('The maximum time for delivering the message expired', 'Q198958'),
  '1/7': seen(
    'The content length of the message is too long for the recipient to take delivery',
    'Q246388',
  ),
  '1/11': seen('One or more arguments in the recipient was detected as being invalid', 'Q156710'),
  '1/15': seen('The message contains a content type that is not supported', 'Q160947'),
  '1/26': seen(
    'Unable to deliver the message because the originator prohibited redirection to an ' +
      'alternate recipient or the message was encrypted',
    'Q178161',
  ),
  '1/27': seen(
    'The recipient was detected looping within the message transfer service',
    'ours: the words of 1/3',
  ),
  '1/28': seen(
    'Unable to deliver the message because the originator prohibited the expansion of ' +
      'distribution lists',
    'Q243727',
  ),
  '1/30': seen('Unable to complete the expansion of a distribution list.', 'Q150095'),
  '2/47': seen(
    'The recipient could not be transferred because it could not be downgraded',
    'Q177862',
  ),
}

/** Its own, else the pair's row, its reason's, or 5.0.0 [ours] for a reason that has none. */
export function statusOf({ reason, diagnostic, status }: Code): string {
  if (status !== undefined) return status
  return TO_STATUS.get(`${reason}/${diagnostic}`) ?? TO_STATUS.get(`${reason}/Any`) ?? '5.0.0'
}

/** The X.400 code of a failure's status: the detail's row, else its subject's `.0`, else 1/none. */
export function codeOf(status: string): Code {
  const [, subject, detail] = /^[45]\.(\d{1,3})\.(\d{1,3})$/.exec(status) ?? []
  if (subject === undefined) throw new RangeError(`'${status}' is not the status of a failure`)
  const pair = FROM_STATUS.get(`${subject}.${detail}`) ?? FROM_STATUS.get(`${subject}.0`) ?? '1/-'
  const [reason, diagnostic] = pair.split('/')
  return { reason: Number(reason), diagnostic: diagnostic === '-' ? NONE : Number(diagnostic) }
}

/** The names of a pair; a number that has none is named by its kind. */
export function namesOf({ reason, diagnostic }: Code): {
  reason: string
  diagnostic: string | null
} {
  const named = DIAGNOSTICS[diagnostic] ?? OWN_DIAGNOSTICS[diagnostic]
  return {
    reason: REASONS[reason] ?? `reason ${reason}`,
    diagnostic: diagnostic === NONE ? null : (named ?? `diagnostic ${diagnostic}`),
  }
}

/** `unable-to-transfer, unrecognized-OR-name`, as event 290 writes it. */
export function describe(code: Code): string {
  const { reason, diagnostic } = namesOf(code)
  return diagnostic === null ? reason : `${reason}, ${diagnostic}`
}

/** The words of a report: the pair's, else those of its diagnostic, else its reason's. [ours] */
export function textOf({ reason, diagnostic }: Code): string {
  const pair = `${reason}/${diagnostic}`
  const sameDiagnostic = Object.keys(TEXTS).find((key) => key.endsWith(`/${diagnostic}`)) ?? ''
  const found = TEXTS[pair] ?? TEXTS[sameDiagnostic] ?? TEXTS[`${reason}/Any`] ?? UNEXPLAINED
  return found.text
}

function seen(text: string, source: string) {
  return { text, source }
}

/** Key and value by turns, as in the RFC's tables; `4/32-45` stands for each of its diagnostics. */
function pairs(table: string): Map<string, string> {
  const words = table.trim().split(/\s+/)
  const rows = new Map<string, string>()
  for (let at = 0; at + 1 < words.length; at += 2) {
    for (const key of spread(words[at] ?? '')) rows.set(key, words[at + 1] ?? '')
  }
  return rows
}

function spread(key: string): string[] {
  const [, reason, first, last] = /^(\d+)\/(\d+)-(\d+)$/.exec(key) ?? []
  if (reason === undefined) return [key]
  const count = Number(last) - Number(first) + 1
  return Array.from({ length: count }, (_, index) => `${reason}/${Number(first) + index}`)
}
