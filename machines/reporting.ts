/**
 * A report is a message of its own: null sender, one recipient, the originator. Its id is the
 * failed message's with the entry's key behind it, so a failure reported twice would be the same
 * report (I3).
 */
import { EXPIRED, UNRECOGNIZED } from './codes.ts'
import type { Send } from './compose.ts'
import { type Address, partsOf, serverOf } from './protocol.ts'
import { reportSubject } from './report.ts'
import { headerOf, type Working } from './step.ts'
import type { EntryRecord, Header, ReportFacts, Seen } from './wire.ts'

/** A report's size without the message it returns, in bytes. [ours] */
const REPORT_SIZE = 2_048

export const reportId = (message: string, entry: string): string => `${message}~${entry}`

export function reportOf(working: Working, self: Address, event: Seen): Send[] {
  const header = headerOf(working, self)
  const failed = event.entry && factsOf(working, self, event.entry)
  if (!header || !failed) return []
  const id = reportId(header.id, failed.entry)
  const { at, site } = working.given
  const report: Header = {
    id,
    originator: '',
    subject: reportSubject(header.subject),
    size: REPORT_SIZE,
    priority: header.priority,
    submittedAt: at,
    expiresAt: at + site.profile.expiryMs[header.priority],
    trace: [failed.server],
    ...(header.via ? { via: [{ server: failed.server, at }] } : {}),
    report: failed,
  }
  const to = `message/${id}/${failed.server}`
  return [{ type: 'report.submitted', to, header: report, entries: [addressee(header.originator)] }]
}

function factsOf(working: Working, self: Address, address: Address): ReportFacts | null {
  const header = headerOf(working, self)
  const entry = working.actors.get(address) ?? working.given.actors.get(address)
  if (!header || !entry?.a.entry) return null
  const { history, orcpt } = entry.a.entry
  return {
    message: header.id,
    entry: partsOf(address)[2] as string,
    recipient: entry.a.entry.original,
    address: entry.a.entry.address,
    code: entry.s === 'expired' ? EXPIRED : (entry.a.code ?? UNRECOGNIZED),
    subject: header.subject,
    sentAt: header.submittedAt,
    failedAt: working.given.at,
    server: serverOf(partsOf(self)[1] as string),
    ...(header.originator.includes('@') ? { originator: header.originator } : {}),
    ...(history.length > 0 ? { history } : {}),
    ...(orcpt ? { orcpt } : {}),
    ...(header.asked ? { asked: header.asked } : {}),
  }
}

const addressee = (originator: string): EntryRecord => ({
  number: 1,
  branch: 0,
  address: originator,
  original: originator,
  history: [],
  wanted: false,
  split: false,
})
