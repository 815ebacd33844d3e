/**
 * A report is a message of its own: null sender, one recipient, the originator. Its id is the
 * failed message's with the entry's key behind it, so a failure reported twice would be the same
 * report (I3).
 */
import { type Code, EXPIRED, UNAVAILABLE, UNRECOGNIZED } from './codes.ts'
import type { Send } from './compose.ts'
import { type Address, partsOf, serverOf } from './protocol.ts'
import { reportSubject } from './report.ts'
import { headerOf, type Working } from './step.ts'
import type { EntryRecord, Header, Notice, ReportFacts, Seen } from './wire.ts'

/** A report's size without the message it returns, in bytes. [ours] */
const REPORT_SIZE = 2_048

/** What was delivered has no code of a failure; a delay has that of its deferral. */
const NOTICE_CODES: Record<Notice, Code> = {
  delivered: { reason: -1, diagnostic: -1 },
  relayed: { reason: -1, diagnostic: -1 },
  expanded: { reason: -1, diagnostic: -1 },
  delayed: UNAVAILABLE,
}

export const reportId = (message: string, entry: string): string => `${message}~${entry}`

/** A notice's own name: one of a kind for each entry. */
export const noticeKey = (entry: string, notice: Notice): string => `${entry}.${notice}`

/** The failure report about the entry that the event names. */
export const reportOf = (working: Working, self: Address, event: Seen): Send[] =>
  event.entry ? submitReport(working, self, event.entry) : []

/** A report about an entry, of a failure unless it is a notice. */
export function submitReport(
  working: Working,
  self: Address,
  entry: Address,
  notice?: Notice,
): Send[] {
  const header = headerOf(working, self)
  const facts = factsOf(working, self, entry, notice)
  if (!header || !facts) return []
  const { at, site } = working.given
  return [reportFor(header, facts, at + site.profile.expiryMs[header.priority])]
}

/** The report's submission, for whoever decides that it is owed; `expiresAt` is site time. */
export function reportFor(header: Header, facts: ReportFacts, expiresAt: number): Send {
  const { entry, notice, server, failedAt } = facts
  const id = reportId(header.id, notice ? noticeKey(entry, notice) : entry)
  const report: Header = {
    id,
    originator: '',
    subject: reportSubject(header.subject, notice),
    size: REPORT_SIZE,
    priority: header.priority,
    submittedAt: failedAt,
    expiresAt,
    trace: [server],
    ...(header.via ? { via: [{ server, at: failedAt }] } : {}),
    report: facts,
  }
  const to = `message/${id}/${server}`
  return { type: 'report.submitted', to, header: report, entries: [addressee(header.originator)] }
}

function factsOf(
  working: Working,
  self: Address,
  address: Address,
  notice?: Notice,
): ReportFacts | null {
  const header = headerOf(working, self)
  const entry = working.actors.get(address) ?? working.given.actors.get(address)
  if (!header || !entry?.a.entry) return null
  const { history, orcpt } = entry.a.entry
  const code = entry.s === 'expired' ? EXPIRED : (entry.a.code ?? UNRECOGNIZED)
  return {
    ...(notice ? { notice } : {}),
    message: header.id,
    entry: partsOf(address)[2] as string,
    recipient: entry.a.entry.original,
    address: entry.a.entry.address,
    code: notice ? NOTICE_CODES[notice] : code,
    subject: header.subject,
    sentAt: header.submittedAt,
    failedAt: working.given.at,
    server: serverOf(partsOf(self)[1] as string),
    ...(notice === 'delayed' ? { retriedUntil: header.expiresAt } : {}),
    ...(header.originator.includes('@') ? { originator: header.originator } : {}),
    ...(history.length > 0 ? { history } : {}),
    ...(orcpt ? { orcpt } : {}),
    ...(header.asked ? { asked: header.asked } : {}),
  }
}

/** That its failure may not be reported is the null sender's doing: it leaves a dead letter. */
const addressee = (originator: string): EntryRecord => ({
  number: 1,
  branch: 0,
  address: originator,
  original: originator,
  history: [],
  wanted: true,
  split: false,
})
