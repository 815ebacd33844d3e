/**
 * The leaves of a message: one obligation each, and how it ended (`fate.ts`), from what lies in
 * Redis.
 */
import type { End } from '../../machines/keep.ts'
import { entryOf, isFirstCopy } from '../../machines/protocol.ts'
import { allToldIn } from '../../machines/reporting.ts'
import type { EntryRecord, Header, Stored } from '../../machines/wire.ts'
import { stateName } from '../../machines/words.ts'
import type { Client } from './commit.ts'
import { DROPPED, fateByReport, fateOf, missingMember } from './fate.ts'
import type { TrimRecord } from './judgement.ts'
import { messageKey } from './keys.ts'
import type { AcceptRecord } from './messages.ts'
import { findMisplaced, lookUpPlaces } from './places.ts'
import type { Settings } from './settings.ts'
import type { Outcome } from './views-of-mail.ts'

/**
 * A message as it lies in Redis: the record of its acceptance (reports have none), copies, entries,
 * ends.
 */
export interface Whole {
  id: string
  accept: AcceptRecord | null
  header: Header
  copies: Map<string, Stored>
  entries: { copy: string; key: string; stored: Stored }[]
  ends: Map<string, End>
  /** What the smart host has come to with an entry, where it gets it. */
  handed: Map<string, string>
  /** Judged before, and about to go. */
  trim: TrimRecord | null
  /** Recipients that are not routed yet. */
  unrouted: EntryRecord[]
  /** Some numbers only. */
  isPart: boolean
}

export interface Leaf {
  key: string
  number: number
  branch: number
  address: string
  original: string
  lists: string[]
  state: string
  outcome: Outcome
  why: string
  attempts: number
  copies: string[]
  mailbox: string | null
  /** Servers whose store holds it, and those that say it was delivered there and removed. */
  places: string[]
  removed: string[]
  /** An offer went unanswered, in any copy; keys of items that were delivered again (RFC 1047). */
  unanswered: boolean
  repetitions: string[]
  entry: Stored | null
  copy: string | null
  /** The server that the message was submitted to, which is the name of its first copy. */
  first: string
  end: End | null
  handed: string | null
  missing: number | null
  report: { id: string; to: string; outcome: Outcome } | null
}

/** Of a message with many recipients, only those numbers that are asked for, if any are. */
export async function wholeOf(
  client: Client,
  settings: Settings,
  id: string,
  only?: ReadonlySet<number>,
): Promise<Whole | null> {
  const fields = await client.hgetall(messageKey(settings, id))
  const copies = new Map<string, Stored>()
  const ends = new Map<string, End>()
  const handed = new Map<string, string>()
  const entries: Whole['entries'] = []
  const chunks: EntryRecord[] = []
  for (const [field, text] of Object.entries(fields)) {
    const [kind, copy = '', key = ''] = field.split('/')
    if (kind === 'm') copies.set(copy, JSON.parse(text) as Stored)
    if (kind === 'r' && (!only || only.has(entryOf(key).number))) {
      entries.push({ copy, key, stored: JSON.parse(text) as Stored })
    }
    if (kind === 'e') ends.set(`${copy}/${key}`, JSON.parse(text) as End)
    if (kind === 'out') handed.set(`${copy}/${key}`, (JSON.parse(text) as { kind: string }).kind)
    if (kind === 'to') chunks.push(...(JSON.parse(text) as EntryRecord[]))
  }
  const accept = fields.accept ? (JSON.parse(fields.accept) as AcceptRecord) : null
  const header = accept?.header ?? copies.values().next().value?.a.header
  if (!header) return null
  const routed = new Set(entries.map(({ key }) => key))
  const unrouted = chunks.filter(
    ({ number }) => !routed.has(`${number}`) && (!only || only.has(number)),
  )
  const trim = fields.trim ? (JSON.parse(fields.trim) as TrimRecord) : null
  return { id, accept, header, copies, entries, ends, handed, trim, unrouted, isPart: !!only }
}

/** Every address that a recipient has had: as given, and as redirected since. */
export function addressesOf(whole: Whole): { number: number; address: string }[] {
  const routed = whole.entries.flatMap(({ stored }) => stored.a.entry ?? [])
  return [...routed, ...whole.unrouted].flatMap(({ number, address, original }) => [
    { number, address },
    { number, address: original },
  ])
}

/** Every leaf, with the places that hold it looked up. */
export async function leavesOf(client: Client, settings: Settings, whole: Whole): Promise<Leaf[]> {
  const found = byKey(whole)
  const leaves = [...found.values()]
  if (!whole.isPart) {
    for (const leaf of leaves) leaf.missing = missingMember(leaf.entry, (key) => found.has(key))
  }
  leaves.sort((a, b) => a.number - b.number || a.branch - b.branch)
  await lookUpPlaces(client, settings, whole.id, leaves)
  const reports = new Map<string, ReportSeen>()
  for (const leaf of leaves) await judge(client, settings, whole, leaf, reports)
  await findMisplaced(client, settings, whole.id, leaves)
  return leaves
}

function byKey(whole: Whole): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>()
  const inOrder = whole.entries.sort((a, b) => hops(whole, a.copy) - hops(whole, b.copy))
  for (const { copy, key, stored } of inOrder) {
    const copies = [...(leaves.get(key)?.copies ?? []), copy]
    leaves.set(key, leafOf(whole, copy, key, stored, copies, leaves.get(key)))
  }
  const isSettled = [...whole.copies].some(([copy, { s }]) => isFirstCopy(copy) && s === 'settled')
  for (const record of whole.unrouted) {
    leaves.set(`${record.number}`, unroutedLeaf(whole, record, isSettled))
  }
  return leaves
}

const hops = (whole: Whole, copy: string): number =>
  whole.copies.get(copy)?.a.header?.trace.length ?? 0

function leafOf(
  whole: Whole,
  copy: string,
  key: string,
  stored: Stored,
  copies: string[],
  before: Leaf | undefined,
): Leaf {
  return {
    key,
    ...entryOf(key),
    address: stored.a.entry?.address ?? '',
    original: stored.a.entry?.original ?? '',
    lists: stored.a.entry?.lists ?? [],
    state: stateName(stored.s),
    outcome: 'pending',
    why: '',
    attempts: (before?.attempts ?? 0) + ((stored.c.attempts as number | undefined) ?? 0),
    copies,
    mailbox: stored.a.mailbox ?? null,
    places: [],
    removed: [],
    unanswered: before?.unanswered === true || stored.c.unanswered === true,
    repetitions: [],
    entry: stored,
    copy,
    first: whole.header.trace[0] ?? '',
    end: whole.ends.get(`${copy}/${key}`) ?? null,
    handed: whole.handed.get(`${copy}/${key}`) ?? null,
    missing: null,
    report: null,
  }
}

const unroutedLeaf = ({ header }: Whole, record: EntryRecord, isSettled: boolean): Leaf => ({
  key: `${record.number}`,
  number: record.number,
  branch: 0,
  address: record.address,
  original: record.original,
  lists: record.lists ?? [],
  state: isSettled ? DROPPED : 'queued',
  outcome: 'pending',
  why: 'it is not routed yet',
  attempts: 0,
  copies: [],
  mailbox: null,
  places: [],
  removed: [],
  unanswered: false,
  repetitions: [],
  entry: null,
  copy: null,
  first: header.trace[0] ?? '',
  end: null,
  handed: null,
  missing: null,
  report: null,
})

/** A report that several leaves may be told of in. */
interface ReportSeen {
  /** It is no message yet while it is gathered, or on its way. */
  isThere: boolean
  outcomes: Outcome[]
  /** Keys of the entries that it tells of. */
  tells: string[]
}

async function judge(
  client: Client,
  settings: Settings,
  whole: Whole,
  leaf: Leaf,
  reports: Map<string, ReportSeen>,
): Promise<void> {
  const fate = fateOf(leaf)
  if (!('report' in fate)) return void Object.assign(leaf, fate)
  const seen = reports.get(fate.report) ?? (await reportSeen(client, settings, fate.report))
  reports.set(fate.report, seen)
  Object.assign(leaf, fateByReport(seen.outcomes, seen.tells.includes(leaf.key)))
  if (!seen.isThere) return
  leaf.report = { id: fate.report, to: whole.header.originator, outcome: leaf.outcome }
}

async function reportSeen(client: Client, settings: Settings, id: string): Promise<ReportSeen> {
  const report = await wholeOf(client, settings, id)
  if (!report) return { isThere: false, outcomes: [], tells: [] }
  const leaves = await leavesOf(client, settings, report)
  return {
    isThere: true,
    outcomes: leaves.map(({ outcome }) => outcome),
    tells: toldIn(report.header).map(({ entry }) => entry),
  }
}

const toldIn = ({ report }: Header) => (report ? allToldIn(report) : [])

/** The message's copies in the pending set are `<id>/<copy>`. */
export const messageOfMember = (member: string): string => member.split('/')[0] as string
