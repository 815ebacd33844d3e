/**
 * Every leaf of a state: each entry as it is where it went last, and each recipient that is not
 * routed yet.
 */
import type { End } from '../../machines/keep.ts'
import { entryOf, partsOf } from '../../machines/protocol.ts'
import { allToldIn } from '../../machines/reporting.ts'
import type { EntryRecord, Stored } from '../../machines/wire.ts'
import { stateName } from '../../machines/words.ts'
import { DROPPED, missingMember } from '../runtime/fate.ts'
import type { Leaf, Listed, Sorted } from './judge.ts'
import { place } from './judge-places.ts'

export function leavesOf(cells: Listed, { recipients, settled, accepted, boxes }: Sorted): Leaf[] {
  const leaves = new Map<string, Leaf>()
  for (const name of recipients) {
    const stored = cells.get(name) as Stored
    const [id, copy, key] = partsOf(name) as [string, string, string]
    const header = cells.get(`message/${id}/${copy}`) as Stored | undefined
    const { originator = null, trace = [], report } = header?.a.header ?? {}
    const end = (cells.get(`end ${id}/${copy}/${key}`) ?? null) as End | null
    const known = leaves.get(`${id}/${key}`)
    const tells = report ? allToldIn(report).map(({ entry }) => entry) : []
    const found = { ...leafFrom(id, key, stored, end), originator, hops: trace.length, tells }
    leaves.set(`${id}/${key}`, known ? merged(known, found) : found)
  }
  const routed: ReadonlySet<string> = new Set(leaves.keys())
  for (const name of accepted) unrouted(cells, name, routed, settled, leaves)
  const all = [...leaves.values()]
  for (const leaf of all) {
    place(cells, boxes, leaf)
    leaf.missing = missingMember(leaf.entry, (key) => leaves.has(`${leaf.message}/${key}`))
  }
  return all
}

/** An entry in two copies: as it is in the later one, with what befell it in both. */
const merged = (known: Leaf, found: Leaf): Leaf => ({
  ...(found.hops > known.hops ? found : known),
  attempts: found.attempts + known.attempts,
  open: found.open + known.open,
  unanswered: found.unanswered || known.unanswered,
  reports: [...known.reports, ...found.reports],
})

const ENDS: ReadonlySet<string> = new Set([
  'delivered',
  'transferred',
  'redirected',
  'expanded',
  'failed',
  'expired',
])

function leafFrom(message: string, key: string, stored: Stored, end: End | null): Leaf {
  const state = stateName(stored.s)
  return {
    message,
    key,
    ...entryOf(key),
    address: stored.a.entry?.address ?? '',
    originator: null,
    hops: 0,
    state,
    attempts: (stored.c.attempts as number | undefined) ?? 0,
    mailbox: stored.a.mailbox ?? null,
    places: [],
    removed: [],
    unanswered: stored.c.unanswered === true,
    open: ENDS.has(state) || state === 'transferring' ? 0 : 1,
    reports: end?.kind === 'report' ? [end.report as string] : [],
    tells: [],
    entry: stored,
    end,
    missing: null,
    outcome: 'pending',
    why: '',
  }
}

function unrouted(
  cells: Listed,
  name: string,
  routed: ReadonlySet<string>,
  settled: ReadonlySet<string>,
  leaves: Map<string, Leaf>,
): void {
  const message = name.slice('accepted '.length)
  for (const record of (cells.get(name) as EntryRecord[][]).flat()) {
    const key = `${record.number}`
    if (routed.has(`${message}/${key}`)) continue
    const none = {
      originator: null,
      entry: null,
      end: null,
      missing: null,
      reports: [],
      tells: [],
      places: [],
      removed: [],
      mailbox: null,
      unanswered: false,
    }
    const state = settled.has(message) ? DROPPED : 'queued'
    const waits = { state, attempts: 0, open: 1, hops: 0, why: 'it is not routed yet' }
    const { number, branch, address } = record
    const leaf = { message, key, number, branch, address, outcome: 'pending' as const }
    leaves.set(`${message}/${key}`, { ...leaf, ...none, ...waits })
  }
}
