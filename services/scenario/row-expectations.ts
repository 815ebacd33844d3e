/**
 * What must hold at rest when a row of the truth table was played: derived from the row's endings
 * alone.
 *
 * A report is expected in carol's mailbox for each entry that ends reported; it names the primary,
 * also where the alternate failed (RFC 2156 §5.3.8). Where a row allows two endings, only what both
 * have in common is asked.
 */
import type { Expect } from './format-expect.ts'
import type { Column, Row } from './table.ts'

type Endings = readonly string[]

const certain = (endings: Endings, ending: string): boolean =>
  endings.length === 1 && endings[0] === ending

function othersOf(row: Row, column: Column): Record<string, Endings> {
  const entries: Record<string, Endings> = {}
  if (row.factors.directToo) entries['bob own'] = ['delivered']
  if (row.factors.moreRecipients) {
    /** Row 4: moved at the same time, but without an alternate. */
    entries['erin own'] = [column === 'modern' ? 'delivered' : 'reported']
    entries['dave own'] = ['delivered']
  }
  return entries
}

function reportsOf(row: Row, entries: Record<string, Endings>): NonNullable<Expect['reports']> {
  const about = (naming: string, labels: string[]) => ({
    to: 'carol',
    naming,
    message: 'letter',
    count: labels.filter((label) => certain(entries[label] ?? [], 'reported')).length,
  })
  const named = [about('anna', ['anna own', 'bob redirected'])]
  return row.factors.moreRecipients ? [...named, about('erin', ['erin own'])] : named
}

function mailboxesOf(row: Row, own: Endings, redirected: Endings): Expect['mailboxes'] {
  const anna = { holds: { letter: certain(own, 'delivered') ? 1 : 0 } }
  const bob = { holds: { letter: certain(redirected, 'delivered') ? 1 : 0 } }
  return {
    ...(row.factors.deleted || own.length > 1 ? {} : { anna }),
    ...(row.factors.alternate && !row.factors.directToo ? { bob } : {}),
  }
}

function auditOf(entries: Record<string, Endings>): Expect['audit'] {
  const count = (ending: string): number =>
    Object.values(entries).filter((endings) => certain(endings, ending)).length
  return {
    lost: count('lost'),
    silenced: count('silenced'),
    deadLettered: count('deadLettered'),
    handedOff: 0,
    pending: 0,
  }
}

/** The expectations of one row for one profile. */
export function expectationsOf(row: Row, column: Column): Expect {
  const own = row.own[column]
  const redirected = row.redirected?.[column] ?? []
  const entries: Record<string, Endings> = {
    'anna own': own,
    ...(redirected.length > 0 ? { 'bob redirected': redirected } : {}),
    ...othersOf(row, column),
  }
  const ambiguous = Object.values(entries).some((endings) => endings.length > 1)
  return {
    for: [column],
    message: 'letter',
    entries: entries as NonNullable<Expect['entries']>,
    mailboxes: mailboxesOf(row, own, redirected) ?? {},
    audit: auditOf(entries) ?? {},
    ...(ambiguous ? {} : { reports: reportsOf(row, entries) }),
  }
}
