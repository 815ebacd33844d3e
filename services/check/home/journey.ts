/**
 * What it takes to take a bundle's journal again: the site as it began, the messages that are still
 * to be sent, names for its ids. What the bundle does not have is said, or ends the journal early.
 */
import type { Profile } from '../../../machines/profile.ts'
import { firstActors, type MailboxFacts } from '../../../machines/site.ts'
import type { SiteFacts } from '../../../machines/wire.ts'
import { DataError } from '../../data-error.ts'
import type { SiteChange } from '../../runtime/history.ts'
import type { AcceptedMessage, Bundle, BundleStep } from '../../runtime/views-of-bundle.ts'
import { isAfter } from '../profiles.ts'
import { Rehearsal } from '../rehearsal.ts'
import { namingOf } from './naming.ts'
import { inOrder } from './order.ts'

export interface Journey {
  bundle: Bundle
  rehearsal: Rehearsal
  profile: Profile
  mailboxes: MailboxFacts[]
  steps: readonly BundleStep[]
  notes: string[]
  /** Site time at which the schedule begins. */
  madeAt: number
  told(text: string): string
  /** Sends the messages that were accepted until this site time, and not yet here. */
  sendBefore(at: number): void
  /** The same event was taken once more later. */
  seenLater(step: BundleStep): boolean
  /** The alias of a mailbox's id. */
  aliases: Map<string, string>
}

/** The steps that are to be taken, in order, and under which profile. */
export interface Journal {
  steps: readonly BundleStep[]
  profile: Profile
  notes: string[]
}

export function journalOf(bundle: Bundle, file: string): Journal {
  const reasons = missingIn(bundle)
  if (reasons.length > 0) throw new DataError(file, reasons)
  const { history, journal } = bundle
  const profile = profileAtFirst(bundle)
  const first = firstActors(siteOf(bundle, profile), history.mailboxes as MailboxFacts[])
  const ordered = inOrder(journal.steps, journal.shards, first)
  return { profile, ...upTo(ordered, history.changes[0]) }
}

const siteOf = ({ site: name, domain, topology }: Bundle, profile: Profile): SiteFacts => ({
  name,
  domain,
  servers: topology.servers,
  profile,
})

export function journeyOf(bundle: Bundle, { steps, profile, notes }: Journal): Journey {
  const mailboxes = bundle.history.mailboxes as MailboxFacts[]
  const rehearsal = new Rehearsal(siteOf(bundle, profile), mailboxes)
  const { told } = namingOf(bundle)
  const last = new Map(steps.map((step, i) => [step.i, i]))
  const place = new Map(steps.map((step, i) => [step, i]))
  const isCut = bundle.history.changes.length > 0
  return {
    ...{ bundle, rehearsal, profile, mailboxes, steps, notes, told },
    madeAt: bundle.history.madeAt,
    sendBefore: sendingOf(bundle, rehearsal, told, isCut, steps),
    seenLater: (step) => (last.get(step.i) as number) > (place.get(step) as number),
    aliases: new Map(mailboxes.map(({ alias }) => [alias, alias])),
  }
}

function missingIn({ journal, accepted, history }: Bundle): string[] {
  const reasons: string[] = []
  if (journal.trimmed) {
    const from = journal.from.join(', ') || 'its end'
    reasons.push(`its journal was trimmed and begins at ${from}: what was before is not known`)
  }
  if (accepted.leftOut > 0) {
    reasons.push(`${accepted.leftOut} accepted messages are not in it, only the newest are`)
  }
  if (history.mailboxes === null) {
    reasons.push('it does not say with which mailboxes its site began')
  }
  return reasons
}

/** Of several changes the first profile that was replaced is the one that the site began with. */
function profileAtFirst({ history, profile }: Bundle): Profile {
  const first = history.changes.find(({ what }) => what === 'profile')
  return first?.what === 'profile' ? first.before : profile
}

/** A schedule has one profile and no restarts: the journal is taken up to the first such change. */
function upTo(all: readonly BundleStep[], change: SiteChange | undefined) {
  if (!change) return { steps: all, notes: [] }
  const steps = all.filter((step) => !isAfter(change, step))
  const left = all.length - steps.length
  if (left === 0) return { steps, notes: [] }
  const what =
    change.what === 'profile' ? 'its profile was changed' : `the MTA of ${change.server} restarted`
  return { steps, notes: [`after step ${steps.length} ${what}: ${left} later steps are left out`] }
}

function sendingOf(
  { accepted, history }: Bundle,
  rehearsal: Rehearsal,
  told: (text: string) => string,
  isCut: boolean,
  steps: readonly BundleStep[],
): Journey['sendBefore'] {
  // How large a message is makes a difference only where a mailbox has a limit.
  const mailboxes = history.mailboxes as MailboxFacts[]
  const isCounted =
    mailboxes.some(({ storageLimit }) => storageLimit) ||
    steps.some(({ e }) => e?.record?.limit !== undefined)
  const taken = new Set(steps.map(({ m }) => m))
  const messages = accepted.messages
    .filter(({ header }) => !isCut || taken.has(header.id))
    .toSorted((a, b) => a.acceptedAt - b.acceptedAt)
  return (at) => {
    for (let next = messages[0]; next && next.acceptedAt <= at; next = messages[0]) {
      messages.shift()
      rehearsal.at = Math.max(rehearsal.at, next.acceptedAt - history.madeAt)
      send(rehearsal, next, told, isCounted)
    }
  }
}

function send(
  rehearsal: Rehearsal,
  { header, server, recipients }: AcceptedMessage,
  told: (text: string) => string,
  isCounted: boolean,
): void {
  rehearsal.act({
    do: 'send',
    as: told(header.id),
    from: header.originator,
    to: recipients.map(({ address }) => address),
    server,
    priority: header.priority,
    wanted: recipients.every(({ wanted }) => wanted),
    ...(header.reassignmentProhibited ? { reassignmentProhibited: true } : {}),
    ...(header.expansionProhibited ? { expansionProhibited: true } : {}),
    ...(isCounted ? { size: header.size } : {}),
    ...(header.deferUntil === undefined
      ? {}
      : { deferForMs: header.deferUntil - header.submittedAt }),
  })
}
