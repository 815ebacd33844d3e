/**
 * What became of each entry, and which invariant a state breaks: from the cells alone, by the rule
 * of the live ledger (`services/runtime/fate.ts`).
 *
 * `always` holds in every state: I2 (a delivered key is never held by nobody), I3, I4, I8 and I9.
 * `atRest` adds what holds when nothing is under way any more: I1, I2, I6, and of I5 that nobody
 * waits for what will never come.
 */
import type { End } from '../../machines/keep.ts'
import { isFirstCopy, partsOf } from '../../machines/protocol.ts'
import type { SiteFacts, Stored } from '../../machines/wire.ts'
import { DROPPED, type Fate, fateByReport, fateOf } from '../runtime/fate.ts'
import { type Box, type Cells, removalCell } from './cells.ts'
import { newestEntry } from './edits.ts'
import { leavesOf } from './judge-leaves.ts'
import { judgeMailboxes } from './judge-mailboxes.ts'

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
  /** An offer of it went unanswered, in any copy: it may have been made again. */
  unanswered: boolean
  /** Copies in which it is open, that is, not at an end and not handed to another. */
  open: number
  /** Reports that were made of its failure, over all copies. */
  reports: string[]
  /** Of a report: keys of the entries that it tells of. */
  tells: string[]
  entry: Stored | null
  end: End | null
  /** Of a list that was expanded: the number of a member that nobody knows of. */
  missing: number | null
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
  const sorted = sortedOf(cells)
  const leaves = leavesOf(cells, sorted)
  const byMessage: ByMessage = new Map()
  for (const leaf of leaves) {
    const siblings = byMessage.get(leaf.message)
    if (siblings) siblings.push(leaf)
    else byMessage.set(leaf.message, [leaf])
  }
  const fates = new Map<Leaf, Fate>()
  for (const leaf of leaves) Object.assign(leaf, fate(leaf, byMessage, fates))
  const violations = leaves.flatMap((leaf) => [
    ...always(leaf, byMessage.get(leaf.message) as Leaf[], site),
    ...(atRest ? ended(cells, site, leaf) : []),
  ])
  return {
    leaves,
    violations: [...violations, ...(atRest ? judgeMailboxes(cells, site, sorted) : [])],
  }
}

type ByMessage = Map<string, Leaf[]>

/** The names of cells by what they are: a large site has hundreds of thousands. */
export interface Sorted {
  recipients: string[]
  /** Copies that are settled where they were submitted, by message. */
  settled: Set<string>
  accepted: string[]
  stores: string[]
  aliases: Set<string>
  /** Servers that have or had a mailbox, each with what it holds. */
  boxes: Map<string, { server: string; box: Box }[]>
}

function sortedOf(cells: Listed): Sorted {
  const sorted: Sorted = {
    recipients: [],
    settled: new Set(),
    accepted: [],
    stores: [],
    aliases: new Set(),
    boxes: new Map(),
  }
  for (const name of cells.names()) {
    if (name.startsWith('recipient/')) sorted.recipients.push(name)
    else if (name.startsWith('message/')) {
      const [id = '', copy = ''] = partsOf(name)
      const { s } = cells.get(name) as Stored
      if (isFirstCopy(copy) && s === 'settled') sorted.settled.add(id)
    } else if (name.startsWith('mailbox/')) sorted.stores.push(name)
    else if (name.startsWith('directory/')) sorted.aliases.add(partsOf(name)[1] as string)
    else if (name.startsWith('accepted ')) sorted.accepted.push(name)
    else if (name.startsWith('box ')) {
      const [server = '', mailbox = ''] = partsOf(name)
      const box = cells.get(name) as Box | undefined
      if (!box) continue
      const known = sorted.boxes.get(mailbox)
      if (known) known.push({ server, box })
      else sorted.boxes.set(mailbox, [{ server, box }])
    }
  }
  return sorted
}

/** A report's fate is its leaves'; reports cause no reports, so this ends. */
function fate(leaf: Leaf, byMessage: ByMessage, known: Map<Leaf, Fate>): Fate {
  const before = known.get(leaf)
  if (before) return before
  const found = fateOf(leaf)
  const ofReport = 'report' in found ? (byMessage.get(found.report) ?? []) : []
  const settled =
    'report' in found
      ? fateByReport(
          ofReport.map((one) => fate(one, byMessage, known).outcome),
          ofReport.some(({ tells }) => tells.includes(leaf.key)),
        )
      : found
  known.set(leaf, settled)
  return settled
}

function always(leaf: Leaf, siblings: readonly Leaf[], site: SiteFacts): Violation[] {
  const entry = labelOf(leaf)
  const found: Violation[] = []
  const add = (invariant: Violation['invariant'], why: string): void => {
    found.push({ invariant, entry, why })
  }
  if (leaf.outcome === 'lost' && leaf.state !== DROPPED) {
    add(leaf.state === 'delivered' ? 'I2' : 'I8', leaf.why)
  }
  if (leaf.open > 1) add('I8', `${leaf.open} MTAs are responsible for it`)
  if (leaf.state === 'transferred') add('I8', 'it was handed on, and nobody has it')
  if (leaf.reports.length > 1) add('I3', `${leaf.reports.length} failure reports were made`)
  if (leaf.reports.length > 0 && leaf.originator === '') {
    add('I4', 'a report, of a report or of mail from the null sender')
  }
  if (leaf.reports.length > 0 && leaf.entry?.a.entry?.wanted === false) {
    add('I3', 'a report was made that is not owed')
  }
  // The MTA that finds it has passed too many is one more.
  if (leaf.hops > site.profile.hopLimit + 1) add('I5', `it has passed ${leaf.hops} MTAs`)
  const isReported = leaf.reports.length > 0 && leaf.state === 'delivered'
  if (isReported || (leaf.outcome === 'reported' && isHeld(leaf, siblings))) {
    add('I9', `it was reported as failed, and ${[...leaf.places, ...leaf.removed]} has it`)
  }
  if (leaf.reports.length > 0 && leaf.open > 0) {
    add('I8', 'it was reported as failed, and an MTA is still responsible for it')
  }
  return found
}

/** The failed leaf's mailbox holds the message, and no other leaf put it there. */
const isHeld = (leaf: Leaf, siblings: readonly Leaf[]): boolean =>
  leaf.places.length + leaf.removed.length > 0 &&
  !siblings.some(({ mailbox, state }) => mailbox === leaf.mailbox && state === 'delivered')

function ended(cells: Listed, site: SiteFacts, leaf: Leaf): Violation[] {
  const entry = labelOf(leaf)
  if (leaf.outcome === 'pending') {
    return [{ invariant: 'I5', entry, why: `nothing is under way, and ${leaf.why}` }]
  }
  if (leaf.state === DROPPED) return [{ invariant: 'I1', entry, why: leaf.why }]
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
    // Its reader never sees it; the live ledger says so too.
    Object.assign(leaf, { outcome: 'lost', why })
    return [{ invariant: 'I2', entry, why }]
  }
  if (leaf.places.length > 1) {
    return [{ invariant: 'I2', entry, why: `it is held twice: ${leaf.places.join(', ')}` }]
  }
  return []
}
