/**
 * The ledger's judgement of one message: what each obligation came to, and which items of which
 * mailboxes it explains. A message that is being trimmed was judged before; it is not asked again.
 */
import { noticeKey, reportId } from '../../machines/reporting.ts'
import type { Notice } from '../../machines/told.ts'
import type { Client } from './commit.ts'
import { type Leaf, leavesOf, type Whole, wholeOf } from './leaves.ts'
import type { Settings } from './settings.ts'
import type { LedgerEntry } from './views-of-driving.ts'

/** How many obligations ended in each way; `accepted` counts recipients as they were given. */
export interface Tally {
  obligations: number
  accepted: number
  delivered: number
  reported: number
  silenced: number
  deadLettered: number
  handedOff: number
  pending: number
}

export interface Judgement {
  tally: Tally
  lost: LedgerEntry[]
  falseReports: LedgerEntry[]
  /** `<item>|<mailbox>`, the reports' among them; an item has its message's id. */
  explained: string[]
  /** The message and its reports, by id, and the addresses of all their entries. */
  messages: string[]
  entries: string[]
  /** Each copy of each of them has come to its end. */
  settled: boolean
}

/** What is kept of a message while it is being trimmed (`trim.ts`). */
export interface TrimRecord {
  tally: Tally
  explained: string[]
  messages: string[]
  entries: string[]
}

export async function judgementOf(
  client: Client,
  settings: Settings,
  id: string,
): Promise<Judgement | null> {
  const whole = await wholeOf(client, settings, id)
  if (!whole) return null
  const judged: Judgement = {
    tally: emptyTally(whole),
    ...{ lost: [], falseReports: [], explained: [], messages: [], entries: [], settled: true },
  }
  if (whole.trim) return { ...judged, ...whole.trim }
  const leaves = await leavesOf(client, settings, whole)
  for (const leaf of leaves) count(judged, whole, leaf, leaves)
  explain(judged, whole, leaves)
  for (const one of new Set(leaves.flatMap((leaf) => reportsOn(id, leaf)))) {
    const report = await wholeOf(client, settings, one)
    if (report) explain(judged, report, await leavesOf(client, settings, report))
  }
  return judged
}

/**
 * The failure report, and the notices that the originator asked for (RFC 3461): of these none is
 * owed, and each is explained.
 */
function reportsOn(id: string, { key, entry, end }: Leaf): string[] {
  const asked = entry?.a.entry?.notify ?? []
  const kinds = asked.flatMap((one): Notice[] =>
    one === 'delay' ? ['delayed'] : ['delivered', 'relayed', 'expanded'],
  )
  const notices = kinds.map((kind) => reportId(id, noticeKey(key, kind)))
  return end?.report ? [end.report, ...notices] : notices
}

const emptyTally = ({ accept }: Whole): Tally => ({
  ...{ obligations: 0, accepted: accept?.recipients ?? 0, delivered: 0, reported: 0 },
  ...{ silenced: 0, deadLettered: 0, handedOff: 0, pending: 0 },
})

function count(judged: Judgement, whole: Whole, leaf: Leaf, leaves: Leaf[]): void {
  if (leaf.outcome === 'redirected' || leaf.outcome === 'expanded') return
  judged.tally.obligations += 1
  const entry = ledgerEntry(whole, leaf)
  if (leaf.outcome === 'lost') judged.lost.push(entry)
  else judged.tally[leaf.outcome] += 1
  if (leaf.outcome === 'reported' && isHeld(leaf, leaves)) judged.falseReports.push(entry)
}

/** The failed leaf's mailbox holds the message, and no other leaf put it there. */
const isHeld = (leaf: Leaf, leaves: Leaf[]): boolean =>
  leaf.places.length + leaf.removed.length > 0 &&
  !leaves.some((other) => other.mailbox === leaf.mailbox && other.state === 'delivered')

const ledgerEntry = ({ id }: Whole, leaf: Leaf): LedgerEntry => ({
  message: id,
  address: leaf.address,
  number: leaf.number,
  branch: leaf.branch === 0 ? 'own' : 'redirected',
  outcome: leaf.outcome,
  why: leaf.why,
})

function explain(judged: Judgement, whole: Whole, leaves: Leaf[]): void {
  judged.messages.push(whole.id)
  for (const { copy, key } of whole.entries) {
    judged.entries.push(`recipient/${whole.id}/${copy}/${key}`)
  }
  judged.settled &&= [...whole.copies.values()].every(({ s }) => s === 'settled')
  for (const { mailbox, outcome, repetitions } of leaves) {
    if (mailbox === null || outcome === 'redirected') continue
    for (const key of [whole.id, ...repetitions]) judged.explained.push(`${key}|${mailbox}`)
  }
}
