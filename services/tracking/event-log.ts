/**
 * The application event log, as Event Viewer saves it as text: date, time, source, type, category,
 * event, user, computer, description, separated by tabs.
 *
 * Published: sources, numbers, categories and texts of MSExchangeMTA's events: 141 (Q197058), 142
 * and 2245 (Q181952), 145 (Q160535), 201 (Q176127), 208 (Q169715), 270 (Q288848), 290 (Q241632),
 * 310. Object numbers, traces and dumps, which the emulator does not have, stay empty; numbers of
 * threads and procedures are those of the articles.
 *
 * Ours: which of them an end of an entry here comes with. A name that the directory does not have
 * is 2245, 142 and 290 (Q181952 has the three together); a store's or an MTA's refusal is 270 and
 * 290; an expiry 208 or, towards another MTA, 310, and 290; an alternate that is not there or leads
 * back 145, which is published for another reason. All of them stand there also when the report,
 * 290, does not follow.
 *
 * What has no event of Exchange's has the source `Undeliverable` here: a deferral, a failure that
 * no report was made of, the phases of a move. An administrator of the time had nothing there.
 */
import { type Code, namesOf, REDIRECTION_LOOP } from '../../machines/codes.ts'
import { entryOf } from '../../machines/protocol.ts'
import type { Told } from '../../machines/told.ts'
import { type Happening, intendedIn, isDiscarded, type Party, reportedOn } from './happenings.ts'
import { mtaName, oneLine, recipientName, storeName } from './names.ts'

interface Entry {
  source: 'MSExchangeMTA' | 'Undeliverable'
  type: 'Information' | 'Warning'
  category: string
  event: number
  description: string
}

/** The events of the emulator's own. */
const OWN = { deferred: 1, notReported: 2, silenced: 3, unprocessable: 4, move: 5 } as const

/** Procedures by which an entry's address was looked up, as against tried. */
const ROUTED: ReadonlySet<string> = new Set([
  ...['mail.submitted', 'routing.due', 'copy.transferred', 'report.submitted'],
  ...['retry.due', 'mailbox.settled'],
])
const TRANSFERRED: ReadonlySet<string> = new Set(['transfer.deferred', 'transfer.refused'])

const MINUTE_MS = 60_000

const exchange = (
  event: number,
  type: Entry['type'],
  description: string,
  category = 'X.400 Service',
): Entry => ({ source: 'MSExchangeMTA', type, category, event, description })

const own = (event: number, type: Entry['type'], description: string): Entry => ({
  ...{ source: 'Undeliverable', type, category: 'Emulator', event, description },
})

/** The lines for what happened, each with its end. */
export function eventLines(site: string, happening: Happening): string {
  return entriesOf(site, happening)
    .map((entry) => eventLine(happening.at, happening.server, entry))
    .join('')
}

/** What changed a move's phase, in the words of the journal. */
export function moveLines(at: number, server: string, changes: readonly string[]): string {
  return changes
    .filter((told) => told.startsWith('move ') && told.includes(' → '))
    .map((told) => eventLine(at, server, own(OWN.move, 'Information', `The ${told}.`)))
    .join('')
}

function entriesOf(site: string, happening: Happening): Entry[] {
  const { what, parties } = happening
  switch (what) {
    case 'deferred':
      return parties.map((party) => deferral(site, happening, party))
    case 'failed':
    case 'expired':
      return parties.flatMap((party) => [
        ...causes(site, happening, party),
        ...consequences(site, happening, party),
      ])
    case 'reported':
      if (happening.header?.report?.notice !== undefined) return []
      return reportedOn(happening).map((told) => reportGenerated(site, happening, told))
    default:
      return []
  }
}

/** DN:… as the events have it. */
const dn = (site: string, name: string): string => `DN:${recipientName(site, name)}`

function deferral(site: string, { id }: Happening, { name, number, why }: Party): Entry {
  const whom = `${dn(site, name)} (recipient number ${number})`
  const text = `Message ${id} is deferred for ${whom}, ${why || 'put off'}. It is tried again.`
  return own(OWN.deferred, 'Information', text)
}

/** Why it failed. */
function causes(site: string, happening: Happening, party: Party): Entry[] {
  const { what, by } = happening
  if (what === 'expired') return [expired(happening, party)]
  const { code } = party.about
  if (code && isUnprocessable(code)) return [unprocessable(site, happening, party)]
  if (!ROUTED.has(by)) return [permanentError(site, happening, party)]
  if (code?.diagnostic === 3) return [loopDetected()]
  const isLoop = code?.diagnostic === REDIRECTION_LOOP.diagnostic
  if (isLoop || party.branch > 0) return [unusableAlternate(site, happening, party, isLoop)]
  return unroutable(site, happening, party)
}

/** Given up by the service itself: machines/codes.ts, UNPROCESSABLE. */
const isUnprocessable = ({ reason, diagnostic }: Code): boolean => reason === 1 && diagnostic < 0

function unprocessable(site: string, { id }: Happening, { name }: Party): Entry {
  const text = `Message ${id} for ${dn(site, name)} could not be processed, and was given up.`
  return own(OWN.unprocessable, 'Warning', text)
}

function expired({ id, header }: Happening, { remote }: Party): Entry {
  if (remote) {
    const text =
      `The transfer-out message timer expired on message ${id}, object . ` +
      'An NDR will be generated. (10)'
    return exchange(310, 'Warning', text)
  }
  const ms = header ? header.expiresAt - header.submittedAt : null
  const after = ms === null ? '' : ` (${Math.round(ms / MINUTE_MS)} minutes after a submission)`
  const text =
    `The default latest delivery time for the message ${id} has expired${after}. ` +
    'A non-delivery report has been generated with reason code unable-to-transfer and ' +
    'diagnostic code maximum-time-expired. [MTA XFER-IN 17 358] (14)'
  return exchange(208, 'Warning', text, 'Security')
}

function permanentError(site: string, happening: Happening, { about }: Party): Entry {
  const { server, id, header, by } = happening
  const [next = ''] = about.copy?.split('.') ?? []
  const entity = TRANSFERRED.has(by) ? mtaName(site, next) : storeName(site, server)
  const priority = header ? PRIORITY_NAMES[header.priority] : ''
  const text =
    `A permanent error has occurred with Entity ${entity.toUpperCase()}. ` +
    `Entity is a Message Object is a ${priority} Priority Message. Object: . ` +
    `Message ID: ${id} Content length: ${header?.size ?? ''}, ` +
    'External Trace information (first 100 bytes) = , PDU dump reference  [MTA SUBMIT 16 74] (14)'
  return exchange(270, 'Information', text)
}

const PRIORITY_NAMES = { normal: 'Normal', urgent: 'Urgent', 'non-urgent': 'Non-Urgent' } as const

const loopDetected = (): Entry =>
  exchange(
    201,
    'Warning',
    'A loop has been detected in the message being transferred in. A non-delivery report was ' +
      'generated with reason code unable-to-transfer and diagnostic code loop-detected. ' +
      '[MTA XFER-IN 17 104] (14)',
  )

/** Of a loop, the alternate is the one that would be next; it is not kept which. */
function unusableAlternate(
  site: string,
  { id }: Happening,
  { name }: Party,
  isLoop: boolean,
): Entry {
  const alternate = isLoop ? `of ${dn(site, name)}` : dn(site, name)
  const text =
    `An error occurred while attempting to route message ${id} to alternate recipient ` +
    `${alternate}. The alternate recipient is unusable. [MTA DISP:ROUTER 24 119] (14)`
  return exchange(145, 'Warning', text)
}

function unroutable(site: string, { id }: Happening, { name, number }: Party): Entry[] {
  const whom = dn(site, name)
  return [
    exchange(
      2245,
      'Warning',
      'Directory operation (ds_read) failed with problem DS_E_NO_SUCH_OBJECT. Attribute . ' +
        `Directory Name (string): ${recipientName(site, name)}. [RD Server DISP:ROUTER 10 114] (8)`,
      'Directory Access',
    ),
    exchange(
      142,
      'Warning',
      `The MTA was unable to route to recipient ${whom}. The message (MTS-ID): ${id}, ` +
        `recipient: ${whom}, recipient number ${number}. Check the routing table for a possible ` +
        'incorrect routing configuration. [MTA DISP:ROUTER 10 119] (12)',
    ),
  ]
}

/** What became of it, where that is not a report of its own. */
function consequences(site: string, happening: Happening, party: Party): Entry[] {
  const { id, header } = happening
  if (isDiscarded(happening, party)) {
    const text =
      `The MTA is unable to route a report for message ${id}. MTA object at fault: . Check the ` +
      'routing table for a possible incorrect routing configuration. [MTA DISP:RESULT 22 136] (12)'
    return [exchange(141, 'Warning', text)]
  }
  const whom = `${dn(site, party.name)} (recipient number ${party.number})`
  if (party.end === 'silenced') {
    const text = `Message ${id} failed for ${whom}, and its originator wanted no report.`
    return [own(OWN.silenced, 'Information', text)]
  }
  if (party.end !== null || header === null) return []
  const text =
    `Message ${id} failed for ${whom}, and no report is made of it: ` +
    'none is required any more (diagnostic 253), so says its report slot.'
  return [own(OWN.notReported, 'Warning', text)]
}

function reportGenerated(site: string, { id }: Happening, facts: Told): Entry {
  const { reason, diagnostic } = namesOf(facts.code)
  const { number } = entryOf(facts.entry)
  const redirectedTo = facts.history ? dn(site, facts.address) : ''
  const text =
    `A non-delivery report (reason code ${reason} and diagnostic code ` +
    `${diagnostic ?? 'Omit any diagnostic code'}) is being generated for message ` +
    `${id.split('~')[0]}. It was originally destined for ${dn(site, intendedIn(facts))} ` +
    `(recipient number ${number}), and was to be redirected to ${redirectedTo}. ` +
    '[MTA DISP:RESULT 16 136] (12)'
  return exchange(290, 'Warning', text)
}

function eventLine(at: number, server: string, entry: Entry): string {
  const { source, type, category, event, description } = entry
  const [date, time] = moment(at)
  const cells = [date, time, source, type, category, `${event}`, 'N/A', server.toUpperCase()]
  return `${[...cells, description].map(oneLine).join('\t')}\n`
}

/** `11/23/26` and `2:52:44 PM`, in GMT. */
function moment(at: number): [string, string] {
  const when = new Date(at)
  const two = (number: number): string => `${number}`.padStart(2, '0')
  const hour = when.getUTCHours()
  const time = [hour % 12 || 12, two(when.getUTCMinutes()), two(when.getUTCSeconds())].join(':')
  const date = [when.getUTCMonth() + 1, when.getUTCDate(), two(when.getUTCFullYear() % 100)]
  return [date.join('/'), `${time} ${hour < 12 ? 'AM' : 'PM'}`]
}
