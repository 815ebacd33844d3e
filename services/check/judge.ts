/**
 * What became of each entry, and which invariant a state breaks: from the cells alone, by the rule
 * of the live ledger (`services/runtime/fate.ts`).
 *
 * `always` holds in every state: I2 (a delivered key is never held by nobody), I3, I4, I8 and I9.
 * `atRest` adds what holds when nothing is under way any more: I1, I2, I6.
 */
import type { DirectoryEntry } from '../../machines/cache.ts'
import type { End } from '../../machines/keep.ts'
import { entryOf, partsOf } from '../../machines/protocol.ts'
import type { EntryRecord, SiteFacts, Stored } from '../../machines/wire.ts'
import { stateName } from '../../machines/words.ts'
import { type Fate, fateByReport, fateOf } from '../runtime/fate.ts'
import { forgetEarlierStays } from '../runtime/places.ts'
import { newestEntry } from './acts.ts'
import { type Box, type Cells, removalCell } from './cells.ts'

/** Cells that can be gone through by name. */
export interface Listed extends Pick<Cells, 'get'> {
  names(): Iterable<string>
}

export interface Leaf extends Fate {
  message: string
  key: string
  number: number
  branch: number
  address: string
  /** '' is the null sender; null while the message is not routed. */
  originator: string | null
  /** MTAs that it has passed. */
  hops: number
  state: string
  attempts: number
  mailbox: string | null
  places: string[]
  removed: string[]
  /** Copies in which it is open, that is, not at an end and not handed to another. */
  open: number
  /** Reports that were made of its failure, over all copies. */
  reports: string[]
  entry: Stored | null
  end: End | null
}

export interface Violation {
  invariant: 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I8' | 'I9'
  /** `<message> <address> <own|redirected>`, or a mailbox. */
  entry: string
  why: string
}

export interface Judged {
  leaves: Leaf[]
  violations: Violation[]
}

export const labelOf = ({ message, address, branch }: Leaf): string =>
  `${message} ${address} ${branch === 0 ? 'own' : 'redirected'}`

export function judge(cells: Listed, site: SiteFacts, atRest: boolean): Judged {
  const leaves = leavesOf(cells, site)
  const fates = new Map<string, Fate>()
  for (const leaf of leaves) Object.assign(leaf, fate(leaf, leaves, fates))
  const violations = leaves.flatMap((leaf) => [
    ...always(leaf, leaves, site),
    ...(atRest ? ended(cells, site, leaf) : []),
  ])
  return { leaves, violations: [...violations, ...(atRest ? mailboxes(cells, site) : [])] }
}

function leavesOf(cells: Listed, site: SiteFacts): Leaf[] {
  const leaves = new Map<string, Leaf>()
  const routed = new Set<string>()
  for (const name of cells.names()) {
    if (!name.startsWith('actor recipient/')) continue
    const stored = cells.get(name) as Stored
    const [id, copy, key] = partsOf(name.slice('actor '.length)) as [string, string, string]
    const header = cells.get(`actor message/${id}/${copy}`) as Stored | undefined
    const { originator = null, trace = [] } = header?.a.header ?? {}
    const hops = trace.length
    routed.add(`${id}/${key}`)
    const end = (cells.get(`end ${id}/${copy}/${key}`) ?? null) as End | null
    const known = leaves.get(`${id}/${key}`)
    const found = leafFrom(id, key, stored, end)
    const newer = !known || hops > known.hops
    leaves.set(`${id}/${key}`, {
      ...(newer ? found : known),
      originator,
      hops: Math.max(hops, known?.hops ?? 0),
      attempts: found.attempts + (known?.attempts ?? 0),
      open: found.open + (known?.open ?? 0),
      reports: [...(known?.reports ?? []), ...found.reports],
    })
  }
  for (const name of cells.names()) {
    if (name.startsWith('accepted ')) unrouted(cells, name, routed, leaves)
  }
  const all = [...leaves.values()]
  for (const leaf of all) place(cells, site, leaf)
  return all
}

const ENDS: ReadonlySet<string> = new Set([
  'delivered',
  'transferred',
  'redirected',
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
    open: ENDS.has(state) || state === 'transferring' ? 0 : 1,
    reports: end?.kind === 'report' ? [end.report as string] : [],
    entry: stored,
    end,
    outcome: 'pending',
    why: '',
  }
}

function unrouted(
  cells: Listed,
  name: string,
  routed: ReadonlySet<string>,
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
      reports: [],
      places: [],
      removed: [],
      mailbox: null,
    }
    const waits = { state: 'queued', attempts: 0, open: 1, hops: 0, why: 'it is not routed yet' }
    const { number, branch, address } = record
    const leaf = { message, key, number, branch, address, outcome: 'pending' as const }
    leaves.set(`${message}/${key}`, { ...leaf, ...none, ...waits })
  }
}

function place(cells: Listed, site: SiteFacts, leaf: Leaf): void {
  if (leaf.mailbox === null) return
  for (const server of site.servers) {
    const box = cells.get(`box mailbox/${server}/${leaf.mailbox}`) as Box | undefined
    if (!box) continue
    const held = box.items.has(leaf.message)
    if (held) leaf.places.push(server)
    if (box.transit.has(leaf.message)) leaf.places.push(`${server} (in transit)`)
    const removed = cells.get(removalCell(leaf.mailbox, leaf.message)) === true
    if (!held && removed && box.log.has(leaf.message)) leaf.removed.push(server)
  }
  forgetEarlierStays(leaf)
}

/** A report's fate is its leaves'; reports cause no reports, so this ends. */
function fate(leaf: Leaf, leaves: readonly Leaf[], known: Map<string, Fate>): Fate {
  const before = known.get(`${leaf.message}/${leaf.key}`)
  if (before) return before
  const found = fateOf(leaf)
  const settled =
    'report' in found
      ? fateByReport(
          leaves
            .filter(({ message }) => message === found.report)
            .map((one) => fate(one, leaves, known).outcome),
        )
      : found
  known.set(`${leaf.message}/${leaf.key}`, settled)
  return settled
}

function always(leaf: Leaf, leaves: readonly Leaf[], site: SiteFacts): Violation[] {
  const entry = labelOf(leaf)
  const found: Violation[] = []
  const add = (invariant: Violation['invariant'], why: string): void => {
    found.push({ invariant, entry, why })
  }
  if (leaf.outcome === 'lost') add(leaf.state === 'delivered' ? 'I2' : 'I8', leaf.why)
  if (leaf.open > 1) add('I8', `${leaf.open} MTAs are responsible for it`)
  if (leaf.state === 'transferred') add('I8', 'it was handed on, and nobody has it')
  if (new Set(leaf.reports).size > 1 || leaf.reports.length > 1) {
    add('I3', `${leaf.reports.length} failure reports were made`)
  }
  if (leaf.reports.length > 0 && leaf.originator === '') {
    add('I4', 'a report, of a report or of mail from the null sender')
  }
  if (leaf.reports.length > 0 && leaf.entry?.a.entry?.wanted === false) {
    add('I3', 'a report was made that is not owed')
  }
  // The MTA that finds it has passed too many is one more.
  if (leaf.hops > site.profile.hopLimit + 1) add('I5', `it has passed ${leaf.hops} MTAs`)
  const isReported = leaf.reports.length > 0 && leaf.state === 'delivered'
  if (isReported || (leaf.outcome === 'reported' && isHeld(leaf, leaves))) {
    add('I9', `it was reported as failed, and ${[...leaf.places, ...leaf.removed]} has it`)
  }
  return found
}

/** The failed leaf's mailbox holds the message, and no other leaf put it there. */
const isHeld = (leaf: Leaf, leaves: readonly Leaf[]): boolean =>
  leaf.places.length + leaf.removed.length > 0 &&
  !leaves.some(
    (other) =>
      other.message === leaf.message &&
      other.mailbox === leaf.mailbox &&
      other.state === 'delivered',
  )

function ended(cells: Listed, site: SiteFacts, leaf: Leaf): Violation[] {
  const entry = labelOf(leaf)
  if (leaf.outcome === 'pending') {
    return [{ invariant: 'I1', entry, why: `nothing is under way, and ${leaf.why}` }]
  }
  if (leaf.outcome !== 'delivered') return []
  if (leaf.places.length > 0 && cells.get(removalCell(leaf.mailbox ?? '', leaf.message))) {
    const why = `its reader has deleted it, and ${leaf.places.join(', ')} has it`
    return [{ invariant: 'I6', entry, why }]
  }
  const home = newestEntry(cells, site, leaf.address)
  if (!home || home.deleted || home.mailbox !== leaf.mailbox) return []
  const there = [...leaf.places, ...leaf.removed]
  if (!there.includes(home.home)) {
    const why = `${there.join(', ')} has it, and the directory names ${home.home}`
    return [{ invariant: 'I2', entry, why }]
  }
  if (leaf.places.length > 1) {
    return [{ invariant: 'I2', entry, why: `it is held twice: ${leaf.places.join(', ')}` }]
  }
  return []
}

/** States of a mailbox at a store that has it for good. */
const OPEN = 'open'
const GONE: ReadonlySet<string> = new Set(['absent', 'removing'])

/** Exactly one store has each mailbox, and the directory names it (I6). */
function mailboxes(cells: Listed, site: SiteFacts): Violation[] {
  const stores = new Map<string, { server: string; state: string }[]>()
  for (const name of cells.names()) {
    if (!name.startsWith('actor mailbox/')) continue
    const [server, mailbox] = partsOf(name.slice('actor '.length)) as [string, string]
    const state = stateName((cells.get(name) as Stored).s)
    if (GONE.has(state)) continue
    stores.set(mailbox, [...(stores.get(mailbox) ?? []), { server, state }])
  }
  const found: Violation[] = []
  for (const alias of aliases(cells)) {
    const entry = newestEntry(cells, site, alias)
    if (entry) found.push(...oldReplicas(cells, site, entry))
    if (!entry || entry.deleted) continue
    const held = stores.get(entry.mailbox) ?? []
    const right = held.length === 1 && held[0]?.server === entry.home && held[0].state === OPEN
    if (right) continue
    const where = held.map(({ server, state }) => `${server} (${state})`).join(', ') || 'nobody'
    const why = `the directory names ${entry.home}, and ${where} has it`
    found.push({ invariant: 'I6', entry: `mailbox ${alias}`, why })
  }
  return found
}

/** At rest each write has reached each replica. */
function oldReplicas(cells: Listed, site: SiteFacts, newest: DirectoryEntry): Violation[] {
  return site.servers.flatMap((server) => {
    const replica = cells.get(`actor directory/${server}/${newest.alias}`) as Stored | undefined
    const version = replica?.a.record?.version ?? 0
    if (version === newest.version) return []
    const why = `the replica at ${server} has version ${version}, the newest is ${newest.version}`
    return [{ invariant: 'I6', entry: `mailbox ${newest.alias}`, why }]
  })
}

function aliases(cells: Listed): Set<string> {
  const found = new Set<string>()
  for (const name of cells.names()) {
    if (name.startsWith('actor directory/')) found.add(partsOf(name)[1] as string)
  }
  return found
}
