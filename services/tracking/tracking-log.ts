/**
 * The tracking log of a day: `Exchsrvr\tracking.log\yyyymmdd.log`, tab-delimited.
 *
 * Published: the fields and their order (Q173280), the event numbers (Q173364), the form of dates
 * and names (the sample of Q153188), GMT. A recipient is a line of its own behind the message's.
 *
 * Ours, since nothing is published or the samples differ:
 *   - one log for all servers of the site, where each server had its own; the partner tells them
 *     apart
 *   - the MTS-ID is the message's id here, as it stands in reports; on a line about a report it is
 *     that of the message reported on, and field 12 is the report's
 *   - event 28 is written for each alternate recipient, beside its primary too
 *   - event 26 names the list; each member has lines of its own from then on
 *   - a report's recipients are, on event 34, those whom it tells of, with 1 for not delivered; on
 *     the others the one whom it goes to, with 0 when it has it and 1 when it was discarded
 *   - all mail goes through the MTA, so 9 is written and 1000 (local delivery) never, as with the
 *     registry's "No Local Delivery" (Q199325)
 *   - mail from beyond the site came by a connector (0, not 4), and what leaves it does so (7)
 *   - cost is 1, as Q173280 says; the sample's MTA lines have 0
 *
 * No event number exists for a deferral, or for a failure that no report is made of.
 */
import {
  type Happening,
  intendedIn,
  isDiscarded,
  isOfFailure,
  isReport,
  reportedOn,
} from './happenings.ts'
import { connectorName, mtaName, oneLine, recipientName, storeName } from './names.ts'

/** Field 15. */
const DELIVERED = '0'
const NOT_DELIVERED = '1'

const PRIORITIES = { normal: '0', urgent: '1', 'non-urgent': '-1' } as const

interface Line {
  event: number
  partner: string
  recipients: { name: string; status: string }[]
}

/** Event numbers: of a message, and of a report. */
const SUBMITTED = 4
const TRANSFER_IN = { message: 0, report: 2 }
const TRANSFER_OUT = { message: 7, report: 8 }
const DELIVERY = { message: 9, report: 10 }
const EXPANDED = 26
const REDIRECTED = 28
const REPORT_GENERATED = 34
const REPORT_DISCARDED = 43

/** The lines for what happened, each with its end; none for what no event number exists for. */
export function trackingLines(
  site: string,
  happening: Happening,
  addressees: readonly string[],
): string {
  return linesOf(site, happening, addressees)
    .map((line) => render(site, happening, line))
    .join('')
}

/** `addressees` are those whom a submitted message is for. */
function linesOf(site: string, happening: Happening, addressees: readonly string[]): Line[] {
  const { what, server, parties, other } = happening
  const kind = isReport(happening) ? 'report' : 'message'
  const here = mtaName(site, server)
  const line = (event: number, partner: string, names: readonly string[], status = ''): Line[] => {
    const recipients = names.map((name) => ({ name: recipientName(site, name), status }))
    return names.length > 0 ? [{ event, partner, recipients }] : []
  }
  const names = parties.map(({ name }) => name)
  switch (what) {
    case 'submitted':
      return isFromBeyond(happening)
        ? line(TRANSFER_IN.message, connectorName(site, server), addressees)
        : line(SUBMITTED, storeName(site, server), addressees)
    case 'transferredIn':
    case 'transferredOut': {
      const numbers = what === 'transferredIn' ? TRANSFER_IN : TRANSFER_OUT
      return line(numbers[kind], other ? mtaName(site, other) : '', names)
    }
    case 'redirected':
      return line(REDIRECTED, here, names)
    case 'expanded':
      return line(EXPANDED, here, names)
    case 'reported': {
      const kept = reportedOn(happening).map(intendedIn)
      const told = kept.length > 0 ? kept : ['']
      return line(REPORT_GENERATED, here, told, isOfFailure(happening) ? NOT_DELIVERED : DELIVERED)
    }
    case 'delivered': {
      const status = kind === 'report' ? DELIVERED : ''
      const inside = names.filter((name) => !name.includes('@'))
      const beyond = names.filter((name) => name.includes('@'))
      return [
        ...line(DELIVERY[kind], storeName(site, server), inside, status),
        ...line(TRANSFER_OUT[kind], connectorName(site, server), beyond),
      ]
    }
    case 'failed':
    case 'expired': {
      const discarded = parties.filter((party) => isDiscarded(happening, party))
      return line(
        REPORT_DISCARDED,
        here,
        discarded.map(({ name }) => name),
        NOT_DELIVERED,
      )
    }
    default:
      return []
  }
}

const isFromBeyond = ({ header }: Happening): boolean =>
  header !== null && (header.originator === '' || header.originator.includes('@'))

function render(site: string, { id, at, header }: Happening, line: Line): string {
  const [about] = id.split('~') as [string]
  const fields = [
    about,
    `${line.event}`,
    dateTime(at),
    '',
    line.partner,
    '',
    recipientName(site, header?.originator ?? ''),
    header ? PRIORITIES[header.priority] : '',
    header ? `${header.size}` : '',
    '0',
    '1',
    id === about ? '' : id,
    `${line.recipients.length}`,
  ]
  const rows = line.recipients.map(({ name, status }) => [name, status])
  return [fields, ...rows].map((cells) => `${cells.map(oneLine).join('\t')}\n`).join('')
}

/** `1996.7.1 17:30:48`, in GMT, without zeros before. */
export function dateTime(at: number): string {
  const date = new Date(at)
  const day = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()].join('.')
  return `${day} ${[date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].join(':')}`
}
