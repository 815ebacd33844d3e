/**
 * The commit port in memory: what a step is given, and what its commit writes, on cells.
 *
 * It says nothing of its own about mail: what is loaded is what `reads` names, what is written is
 * what the step asked for. `redis-port.ts` is the same on Redis; one contract is tested on both.
 */

import type { Cached, Lookup } from '../../machines/cache.ts'
import { addresseesOf } from '../../machines/expansion.ts'
import type { FoundItems } from '../../machines/found-items.ts'
import type { End, ItemWrite } from '../../machines/keep.ts'
import { partsOfProfile } from '../../machines/parts.ts'
import { type Address, partsOf } from '../../machines/protocol.ts'
import { type Beliefs, type BoxRead, beliefs, expands, PAGE, reads } from '../../machines/reads.ts'
import type {
  EntryRecord,
  Given,
  Item,
  MailEvent,
  PageItem,
  SiteFacts,
  Stored,
} from '../../machines/wire.ts'
import type { Stepped } from '../../machines/working.ts'
import { type Answer, believing, type Question } from '../runtime/believing.ts'
import { type Box, type Cells, emptyBox, removalCell } from './cells.ts'

export interface Loading {
  at: number
  /** Believe the cache however old it is (a fault rule). */
  stale?: boolean
}

/** What a step is given, and the cache entries that its look-ups refreshed, by cell. */
export interface MemoryLoaded extends Given {
  refreshed: ReadonlyMap<string, Cached>
}

export function load(
  cells: Cells,
  site: SiteFacts,
  event: MailEvent,
  loading: Loading,
): MemoryLoaded {
  const wanted = reads(event, partsOfProfile(site.profile))
  const actors = new Map<Address, Stored>()
  for (const address of wanted.actors) {
    const stored = storedAt(cells, address)
    if (stored) actors.set(address, stored)
  }
  const found = itemsFor(cells, event, wanted.box, chunkOf(event, wanted.chunk, actors))
  const asked =
    (event.entries && beliefs(event, NOBODY, undefined)) ?? beliefs(event, actors, found.entries)
  const refreshed = asked ? new Map<string, Cached>() : NOTHING
  const lookups = asked ? lookUp(cells, site, asked, loading, refreshed) : {}
  const addressees = expands(event, lookups) ? addresseesOf(chunksOf(cells, event)) : undefined
  if (addressees) found.addressees = addressees
  return { at: loading.at, site, event, actors, found, lookups, refreshed }
}

const storedAt = (cells: Cells, address: Address): Stored | undefined =>
  cells.get(address) as Stored | undefined

const NOTHING = new Map<string, Cached>()

/** The message's recipients as they are kept; a report has only its own. */
const chunksOf = (cells: Cells, { to, entries = [] }: MailEvent): EntryRecord[][] =>
  (cells.get(`accepted ${partsOf(to)[0]}`) as EntryRecord[][] | undefined) ?? [entries]

const NOBODY: ReadonlyMap<Address, Stored> = new Map()

/** Which chunk of its recipients the event needs; a routing timer's event leaves it to the copy. */
function chunkOf(
  event: MailEvent,
  chunk: number | null | undefined,
  actors: ReadonlyMap<Address, Stored>,
): number | undefined {
  if (chunk !== null) return chunk
  const next = actors.get(event.to)?.c.chunks
  return typeof next === 'number' ? next : undefined
}

function itemsFor(
  cells: Cells,
  event: MailEvent,
  box: BoxRead | undefined,
  chunk: number | undefined,
): FoundItems {
  if (box) return readBox(cells.get(`box ${event.to}`) as Box | undefined, box)
  if (chunk === undefined) return {}
  const chunks = (cells.get(`accepted ${partsOf(event.to)[0]}`) ?? []) as EntryRecord[][]
  return { entries: chunks[chunk] ?? [], last: chunks[chunk + 1] === undefined }
}

function readBox(known: Box | undefined, read: BoxRead): FoundItems {
  const box = known ?? EMPTY
  switch (read.what) {
    case 'key':
      return { key: standing(box, read), bytes: box.bytes }
    case 'page':
      return readPage(box, read.page)
    case 'inTransit':
      return readTransit(box, read.page)
    case 'waiters': {
      const all = [...box.waiters].map(([entry, attempt]) => ({ entry, attempt }))
      return { waiters: all.slice(0, PAGE), more: all.length > PAGE }
    }
    default:
      return { census: { log: box.log.size, items: box.items.size } }
  }
}

const EMPTY: Box = emptyBox()

function standing(
  box: Box,
  { key, entry, attempt }: Extract<BoxRead, { what: 'key' }>,
): NonNullable<FoundItems['key']> {
  if (box.log.has(key) || box.transit.has(key)) return 'held'
  if (box.bars.has(key)) return 'barred'
  const deferred = Math.max(box.waiters.get(entry ?? '') ?? 0, box.answered.get(entry ?? '') ?? 0)
  return deferred > 0 && deferred >= attempt ? 'answered' : 'new'
}

function readPage(box: Box, page: number): FoundItems {
  const from = page * PAGE
  const keys = byDate(box.log).slice(from, from + PAGE)
  const more = from + PAGE < box.log.size
  return {
    page: keys.map(([key, receivedAt]) => ({ key, item: box.items.get(key) ?? null, receivedAt })),
    more,
    bars: more ? [] : byDate(box.bars).map(([key]) => key),
  }
}

/** As a sorted set has them: by date, and of one instant by name. */
const byDate = (dates: ReadonlyMap<string, number>): [string, number][] =>
  [...dates].sort(([a, atA], [b, atB]) => atA - atB || (a < b ? -1 : 1))

function readTransit(box: Box, page: number): FoundItems {
  const keys = [...box.transit.keys()].sort()
  const items = keys.slice(page * PAGE, (page + 1) * PAGE).flatMap((key): PageItem[] => {
    const item = box.transit.get(key)
    return item ? [{ key, item, receivedAt: item.receivedAt }] : []
  })
  const bars = byDate(box.bars).map(([key]) => key)
  return { page: items, more: (page + 1) * PAGE < keys.length, bars }
}

/** The beliefs that the event needs; what was read anew goes into `refreshed`, by cell. */
function lookUp(
  cells: Cells,
  site: SiteFacts,
  beliefs: Beliefs,
  loading: Loading,
  refreshed: Map<string, Cached>,
): Record<string, Lookup> {
  const { server } = beliefs
  const asking = believing(beliefs, loading, site.profile)
  let next = asking.next()
  while (!next.done) next = asking.next(answer(cells, server, next.value))
  for (const [alias, cached] of Object.entries(next.value.refreshed)) {
    refreshed.set(`cache ${server}/${alias}`, cached)
  }
  return next.value.lookups
}

function answer(cells: Cells, server: string, question: Question): Answer {
  if ('mailboxes' in question) {
    const { mailboxes } = question
    return {
      states: mailboxes.map((mailbox) => storedAt(cells, `mailbox/${server}/${mailbox}`)?.s),
    }
  }
  return {
    known: question.aliases.map((alias) => ({
      cached: (cells.get(`cache ${server}/${alias}`) ?? null) as Cached | null,
      replica: storedAt(cells, `directory/${server}/${alias}`)?.a.record ?? null,
    })),
  }
}

/** Writes actors, items and beliefs; events and timers are the driver's. */
export function commit(cells: Cells, { refreshed }: MemoryLoaded, stepped: Stepped): void {
  for (const [address, stored] of stepped.actors) cells.set(address, stored)
  for (const write of stepped.items) {
    if ('trim' in write && stepped.actors.get(write.box)?.a.deleted) goWithMailbox(cells, write.box)
    writeItem(cells, write)
  }
  for (const [cell, cached] of refreshed) cells.set(cell, cached)
}

/** What a mailbox has when it is deleted is deleted with it. */
function goWithMailbox(cells: Cells, address: Address): void {
  const mailbox = partsOf(address)[1] as string
  const { log } = cells.edit(`box ${address}`)
  for (const key of log.keys()) cells.set(removalCell(mailbox, key), true)
}

function writeItem(cells: Cells, write: ItemWrite): void {
  if ('of' in write) {
    const [id, copy] = partsOf(write.of)
    if ('recipients' in write) addRecipients(cells, `accepted ${id}`, write)
    else cells.set(`end ${id}/${copy}/${write.end.entry}`, write.end satisfies End)
    return
  }
  const box = cells.edit(`box ${write.box}`)
  if ('put' in write) {
    for (const item of write.items) {
      if (write.put === 'inTransit') box.transit.set(item.key, item)
      else {
        hold(box, item)
        box.log.set(item.key, item.receivedAt)
      }
    }
  } else if ('remove' in write) {
    cells.set(removalCell(partsOf(write.box)[1] as string, write.remove), true)
    box.bytes -= box.items.get(write.remove)?.size ?? 0
    box.items.delete(write.remove)
    box.transit.delete(write.remove)
    if (!box.log.has(write.remove)) box.log.set(write.remove, write.at)
  } else if ('bar' in write) for (const key of write.bar) box.bars.set(key, write.at)
  else if ('wait' in write) box.waiters.set(write.wait.entry, write.wait.attempt)
  else if ('nudged' in write) {
    for (const { entry, attempt } of write.nudged) {
      box.waiters.delete(entry)
      box.answered.set(entry, attempt)
    }
  } else if ('copy' in write) {
    for (const one of write.copy) copyItem(box, one)
    for (const key of write.bars) if (!box.bars.has(key)) box.bars.set(key, write.at)
  } else if ('merge' in write) {
    for (const one of write.merge) {
      copyItem(box, one)
      box.transit.delete(one.key)
    }
  } else if (write.trim) {
    box.items.clear()
    box.bytes = 0
    box.transit.clear()
    if (write.log) box.log.clear()
  }
}

function addRecipients(
  cells: Cells,
  name: string,
  { chunk, recipients }: Extract<ItemWrite, { recipients: unknown }>,
): void {
  const kept = (cells.get(name) as EntryRecord[][] | undefined) ?? []
  // A report's own recipient is in no chunk.
  const before = Array.from({ length: chunk }, (_, at) => kept[at] ?? [])
  cells.set(name, [...before, ...recipients, ...kept.slice(chunk + recipients.length)])
}

/** A key that is there already stays as it is. */
function copyItem(box: Box, { key, item, receivedAt }: PageItem): void {
  if (box.log.has(key)) return
  box.log.set(key, receivedAt)
  if (item) hold(box, item)
}

function hold(box: Box, item: Item): void {
  box.bytes += item.size - (box.items.get(item.key)?.size ?? 0)
  box.items.set(item.key, item)
}
