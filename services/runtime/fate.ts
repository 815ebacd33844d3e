/**
 * How a leaf ended, from what is there to be seen: one rule for the live ledger and for every
 * driver that runs in memory.
 *
 * What an entry says of itself is not believed: "delivered" is looked up in the mailboxes,
 * "reported" in the fate of the report, which is a message too. What failed and left neither a
 * report, nor silence that was asked for, nor a dead letter, is lost.
 */
import type { End } from '../../machines/keep.ts'
import { entryKey } from '../../machines/protocol.ts'
import { OUTSIDE, type Stored } from '../../machines/wire.ts'
import type { Outcome } from './views-of-mail.ts'

export interface Evidence {
  /** The entry's state where it went last. */
  state: string
  mailbox: string | null
  /** Servers whose store holds it, and those that say it was delivered there and removed. */
  places: readonly string[]
  removed: readonly string[]
  entry: Stored | null
  end: End | null
  /** What the smart host has come to with it, where it gets it. */
  handed?: string | null
  /** Of a list that was expanded: the number of a member that nobody knows of. */
  missing?: number | null
  /** What it waits for, where that is known. */
  why?: string
}

export interface Fate {
  outcome: Outcome
  why: string
}

/** Of a recipient that was never routed, and whose message is settled: no entry has this state. */
export const DROPPED = 'dropped'

/** How it ended; or the id of the report on whose fate that depends. */
export function fateOf(leaf: Evidence): Fate | { report: string } {
  switch (leaf.state) {
    case 'delivered':
      if (leaf.places.length + leaf.removed.length === 0) {
        return { outcome: 'lost', why: 'the store accepted it and nobody holds it' }
      }
      if ((leaf.handed ?? 'taken') !== 'taken') {
        return {
          outcome: 'lost',
          why: 'it counts as handed over, and the smart host has not taken it',
        }
      }
      return leaf.mailbox === OUTSIDE
        ? { outcome: 'handedOff', why: 'it left the site' }
        : { outcome: 'delivered', why: `held by ${[...leaf.places, ...leaf.removed].join(', ')}` }
    case 'redirected':
      return { outcome: 'redirected', why: 'its alternate recipient has it in its place' }
    case 'expanded':
      return (leaf.missing ?? null) === null
        ? { outcome: 'expanded', why: 'its members have it in its place' }
        : { outcome: 'lost', why: `it was expanded without its member ${leaf.missing}` }
    case 'failed':
    case 'expired':
      return fateOfFailure(leaf)
    case DROPPED:
      return { outcome: 'lost', why: 'its message has left the queue without it' }
    default:
      return { outcome: 'pending', why: leaf.why || `it is ${leaf.state}` }
  }
}

/** The first member of a list, by its number, that no entry is for, routed or not. */
export function missingMember(
  entry: Stored | null,
  isThere: (key: string) => boolean,
): number | null {
  const { first = 0, count = 0 } = entry?.a.members ?? {}
  for (let number = first; number < first + count; number++) {
    if (!isThere(entryKey(number, 0))) return number
  }
  return null
}

function fateOfFailure({ state, entry, end }: Evidence): Fate | { report: string } {
  if (end?.kind === 'silenced' || entry?.a.entry?.wanted === false) {
    return { outcome: 'silenced', why: 'no failure report was requested' }
  }
  if (!end) return { outcome: 'lost', why: `it ${state}, and nobody was told` }
  if (end.kind === 'deadLetter') {
    return { outcome: 'deadLettered', why: end.why ?? 'its originator is the null sender' }
  }
  return { report: end.report as string }
}

const FATES: Partial<Record<Outcome, string>> = {
  reported: 'the originator holds the report',
  pending: 'the report is under way',
  deadLettered: 'the report could not be delivered',
  lost: 'the report was lost',
}

/**
 * Of the leaf, by how the leaves of its report ended: one that reached anybody it went to has been
 * made; else it is as it is with its worst leaf. A report that is there and does not tell of it is
 * none.
 */
export function fateByReport(outcomes: readonly Outcome[], isTold: boolean): Fate {
  if (outcomes.length > 0 && !isTold) {
    return { outcome: 'lost', why: 'the report does not tell of it' }
  }
  const outcome = worst(outcomes)
  return { outcome, why: FATES[outcome] ?? '' }
}

function worst(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('delivered') || outcomes.includes('handedOff')) return 'reported'
  if (outcomes.length === 0 || outcomes.includes('pending')) return 'pending'
  return outcomes.includes('lost') ? 'lost' : 'deadLettered'
}
