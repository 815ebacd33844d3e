/**
 * A report as mail: RFC 3464 `multipart/report`, in three parts.
 *
 * The first is for people, in the words and the layout of Exchange 5.5 (`machines/report.ts`). The
 * second is for programs: one message's fields and each recipient's, with X.400's codes as RFC 2156
 * §5.3.8 asks, and the originally intended recipient where the message had been redirected. The
 * third is the message itself, or its header section, as RFC 3461 RET asks; its bytes are streamed,
 * never encoded, so that what comes back is what was sent.
 *
 * What is reported, and to whom, the machines have decided.
 */
import { type Code, namesOf } from '../../machines/codes.ts'
import { reportOf } from '../../machines/report.ts'
import { allToldIn } from '../../machines/reporting.ts'
import type { ReportFacts, Told } from '../../machines/told.ts'
import type { Bytes } from './apart.ts'
import { fullAddress } from './compose.ts'
import { field, textBody, textField, typedAddress } from './encode.ts'
import { headerEnd } from './header.ts'
import { dateTime, peerOf } from './trace.ts'

export interface Site {
  name: string
  domain: string
}

/** The message that is reported about, as it is still kept. */
export interface Original {
  size: number
  first: Buffer
  pieces(): AsyncIterable<Buffer>
  broughtBy: { helo: string; address: string } | null
}

/** Without RET, messages up to this come back whole; Postfix returns as much. */
export const RETURNED_BYTES_MAX = 50_000

export function renderReport(
  id: string,
  to: string,
  facts: ReportFacts,
  original: Original | null,
  site: Site,
): Bytes {
  const boundary = `=_${id}`
  const returned = returnedOf(facts, original)
  const head = Buffer.from(
    headerOf(id, to, facts, site, boundary) +
      `--${boundary}\r\n${humanPart(facts, site)}` +
      `--${boundary}\r\n${statusPart(facts, original, site)}` +
      (returned ? `--${boundary}\r\n${returned.head}` : ''),
  )
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  return {
    size: head.length + (returned?.size ?? 0) + tail.length,
    async *pieces() {
      yield head
      if (returned) yield* returned.pieces()
      yield tail
    },
  }
}

function headerOf(
  id: string,
  to: string,
  facts: ReportFacts,
  site: Site,
  boundary: string,
): string {
  const type = `multipart/report; report-type=delivery-status; boundary="${boundary}"`
  return (
    field('From', `System Administrator <postmaster@${site.domain}>`) +
    field('To', addressee(fullAddress(to, site.domain))) +
    textField('Subject', reportOf(failureOf(facts, site)).subject) +
    field('Date', dateTime(facts.failedAt)) +
    field('Message-ID', `<${id}@${site.domain}>`) +
    field('Auto-Submitted', 'auto-replied') +
    field('MIME-Version', '1.0') +
    // As its parts may be, which are not looked through.
    field('Content-Transfer-Encoding', '8bit') +
    `Content-Type: ${type.replaceAll('; ', ';\r\n\t')}\r\n\r\n`
  )
}

const addressee = (address: string): string => (address === '' ? 'undisclosed:;' : `<${address}>`)

export const failureOf = (facts: ReportFacts, site: Site) => ({
  ...facts,
  messageId: facts.message,
  site: site.name,
})

function humanPart(facts: ReportFacts, site: Site): string {
  const { encoding, body } = textBody(reportOf(failureOf(facts, site)).text)
  return (
    field('Content-Description', 'Notification') +
    field('Content-Type', 'text/plain; charset=utf-8') +
    field('Content-Transfer-Encoding', encoding) +
    `\r\n${body}`
  )
}

function statusPart(facts: ReportFacts, original: Original | null, site: Site): string {
  const { asked, server } = facts
  const peer = original?.broughtBy
  return (
    field('Content-Description', 'Delivery report') +
    'Content-Type: message/delivery-status\r\n\r\n' +
    (asked?.envelopeId ? field('Original-Envelope-Id', asked.envelopeId) : '') +
    field('Reporting-MTA', `dns; ${server}.${site.domain}`) +
    (peer ? field('Received-From-MTA', `dns; ${peerOf(peer)}`) : '') +
    field('Arrival-Date', dateTime(facts.sentAt)) +
    allToldIn(facts)
      .map((told) => `\r\n${recipientFields(told, facts, site)}`)
      .join('') +
    '\r\n'
  )
}

function recipientFields(told: Told, facts: ReportFacts, site: Site): string {
  const { orcpt, recipient, history, address, code, failedAt } = told
  const { action, status } = reportOf(failureOf({ ...facts, ...told, others: [] }, site))
  const full = (name: string) => typedAddress(fullAddress(name, site.domain))
  return (
    (orcpt ? field('Original-Recipient', orcptOf(orcpt)) : '') +
    field('Final-Recipient', full(recipient)) +
    field('Action', action) +
    field('Status', status) +
    (code.reason < 0 ? '' : field('Diagnostic-Code', `x400; ${diagnosticOf(code)}`)) +
    field('Last-Attempt-Date', dateTime(failedAt)) +
    (action === 'delayed' ? field('Will-Retry-Until', dateTime(facts.retriedUntil ?? 0)) : '') +
    (history ?? [])
      .map((from) => field('X400-Redirection-History', redirection(full(from))))
      .join('') +
    (history ? field('X400-Redirect-Recipient', full(address)) : '')
  )
}

/** RFC 2156 names the reasons; that of an alternate recipient in the directory is this one. */
const redirection = (from: string): string => `${from}; Recipient Assigned Alternate Recipient`

/** `Reason 1 (unable-to-transfer); Diagnostic 0 (unrecognized-OR-name)`, RFC 2156 §5.3.8. */
function diagnosticOf(code: Code): string {
  const { reason, diagnostic } = namesOf(code)
  const why = `Reason ${code.reason} (${reason})`
  return diagnostic === null ? why : `${why}; Diagnostic ${code.diagnostic} (${diagnostic})`
}

/** Its type, then the address: `rfc822;Anna@demo.example` (RFC 3461 §4.2). */
function orcptOf(orcpt: string): string {
  const semicolon = orcpt.indexOf(';')
  const type = orcpt.slice(0, semicolon).toLowerCase()
  const typed = typedAddress(orcpt.slice(semicolon + 1))
  return typed.startsWith('utf-8; ') ? typed : `${type}; ${typed.slice('rfc822; '.length)}`
}

interface Returned {
  head: string
  size: number
  pieces(): AsyncIterable<Buffer>
}

function returnedOf({ asked, notice }: ReportFacts, original: Original | null): Returned | null {
  if (!original) return null
  const section = original.first.subarray(0, headerEnd(original.first))
  const failed = asked?.ret ? asked.ret === 'full' : original.size <= RETURNED_BYTES_MAX
  // RFC 3461 §4.3: RET is about failures; whoever is told of anything else has the message.
  const whole = failed && !notice
  const international = section.some((byte) => byte > 0x7f)
  const type = whole
    ? `message/${international ? 'global' : 'rfc822'}`
    : `${international ? 'message/global-headers' : 'text/rfc822-headers'}`
  return {
    head:
      field('Content-Description', whole ? 'The message' : 'Its header section') +
      field('Content-Type', type) +
      field('Content-Transfer-Encoding', '8bit') +
      '\r\n',
    size: whole ? original.size : section.length,
    async *pieces() {
      if (whole) yield* original.pieces()
      else yield section
    },
  }
}
