/**
 * A report is a message of its own: null sender, one recipient, the originator. Its id is the
 * failed message's with the key of the first entry behind it that it tells of. An entry fails once,
 * so no two reports have one name (I3).
 */
import { type Code, EXPIRED, UNAVAILABLE, UNRECOGNIZED } from './codes.ts'
import type { Send } from './compose.ts'
import { type Address, partsOf, serverOf } from './protocol.ts'
import { reportSubject } from './report.ts'
import type { Notice, ReportFacts, Told } from './told.ts'
import type { EntryRecord, Header, Stored } from './wire.ts'
import { actorOf, headerOf, type Working } from './working.ts'

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

/** Entries that one report tells of: more would be no help to a reader. [ours] */
export const REPORTED_MAX = 100

/** The failure reports about what the copy has gathered. */
export function reportsOf(working: Working, self: Address, { a }: Stored): Send[] {
  const header = headerOf(working)
  const { owed = [] } = a
  const sends: Send[] = []
  for (let from = 0; header && from < owed.length; from += REPORTED_MAX) {
    const [first, ...others] = owed.slice(from, from + REPORTED_MAX) as [Told, ...Told[]]
    const facts: ReportFacts = {
      ...first,
      ...(others.length > 0 ? { others } : {}),
      ...aboutOf(header, self),
    }
    sends.push(submission(working, header, facts))
  }
  return sends
}

/** A notice about an entry. */
export function submitNotice(working: Working, entry: Address, notice: Notice): Send[] {
  const header = headerOf(working)
  const told = toldOf(working, entry)
  if (!header || !told) return []
  const facts: ReportFacts = {
    notice,
    ...told,
    code: NOTICE_CODES[notice],
    ...aboutOf(header, entry),
    ...(notice === 'delayed' ? { retriedUntil: header.expiresAt } : {}),
  }
  return [submission(working, header, facts)]
}

function submission({ given: { at, site } }: Working, header: Header, facts: ReportFacts): Send {
  return reportFor(header, facts, { at, expiresAt: at + site.profile.expiryMs[header.priority] })
}

/** The report's submission, for whoever decides that it is owed. Times are site time. */
export function reportFor(
  header: Header,
  facts: ReportFacts,
  { at, expiresAt }: { at: number; expiresAt: number },
): Send {
  const { entry, notice, server } = facts
  const id = reportId(header.id, notice ? noticeKey(entry, notice) : entry)
  const report: Header = {
    id,
    originator: '',
    subject: reportSubject(header.subject, notice),
    size: REPORT_SIZE,
    priority: header.priority,
    submittedAt: at,
    expiresAt,
    trace: [server],
    ...(header.via ? { via: [{ server, at }] } : {}),
    report: facts,
    ...(header.caller ? { caller: header.caller } : {}),
  }
  const to = `message/${id}/${server}`
  return { type: 'report.submitted', to, header: report, entries: [addressee(header.originator)] }
}

/** Everything that a report tells of. */
export const allToldIn = (facts: ReportFacts): Told[] => [facts, ...(facts.others ?? [])]

/** What a report says of the message, whichever of its entries it is about. */
function aboutOf(header: Header, self: Address) {
  return {
    message: header.id,
    subject: header.subject,
    sentAt: header.submittedAt,
    server: serverOf(partsOf(self)[1] as string),
    ...(header.originator.includes('@') ? { originator: header.originator } : {}),
    ...(header.asked ? { asked: header.asked } : {}),
  }
}

/** What a report says of an entry; null when the step does not have it. */
export function toldOf(working: Working, address: Address): Told | null {
  const stored = actorOf(working, address)
  if (!stored?.a.entry) return null
  const { original, address: name, history, orcpt } = stored.a.entry
  return {
    entry: partsOf(address)[2] as string,
    recipient: original,
    address: name,
    code: stored.s === 'expired' ? EXPIRED : (stored.a.code ?? UNRECOGNIZED),
    failedAt: working.given.at,
    ...(history.length > 0 ? { history } : {}),
    ...(orcpt ? { orcpt } : {}),
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
