/**
 * The journal as readers see it: a stream of steps in each shard, a timeline for each message, and
 * an end that can be followed. It is trimmed at the old end; a reader who comes from before that is
 * told of the gap.
 */
import type { Client } from './commit.ts'
import { logKey, part, shardsOf } from './keys.ts'
import { iso, type Live, siteOf } from './live-parts.ts'
import type { JournalRecord } from './port.ts'
import { JOURNAL_MAX } from './scripts.ts'
import type { Settings } from './settings.ts'
import type { JournalEntry } from './views-of-driving.ts'
import type { TimelineEntry } from './views-of-mail.ts'

/** Entries read at a time. */
const PAGE = 500

export function timelineEntry(shard: number, id: string, record: JournalRecord): TimelineEntry {
  return {
    position: `${shard}:${id}`,
    at: iso(record.a),
    actor: record.t,
    event: record.y,
    who: record.w,
    changes: record.c,
  }
}

const journalEntry = (shard: number, id: string, record: JournalRecord): JournalEntry => ({
  ...timelineEntry(shard, id, record),
  message: record.m ?? null,
  eventId: record.i,
  ...(record.x ? { traceparent: record.x } : {}),
})

interface Found {
  shard: number
  id: string
  record: JournalRecord
}

/** The steps that concern a message, in order of site time and position. */
export async function recordsOf(
  client: Client,
  settings: Settings,
  message: string,
): Promise<Found[]> {
  const found = await Promise.all(
    shardsOf(settings).map(async (shard) => {
      const ids = await client.lrange(logKey(settings, shard, message), 0, -1)
      const journal = part(settings, shard, 'journal')
      const entries = await Promise.all(ids.map((id) => client.xrange(journal, id, id)))
      return entries.flat().map(([id, fields]) => ({ shard, id, record: recordIn(fields) }))
    }),
  )
  return found.flat().sort((a, b) => a.record.a - b.record.a || compareIds(a.id, b.id))
}

/** The step in an entry of the stream. */
export const recordIn = (fields: string[]): JournalRecord =>
  JSON.parse(fields[1] as string) as JournalRecord

/** Stream ids are `<milliseconds>-<count>`. */
export function compareIds(a: string, b: string): number {
  const [aTime = 0, aCount = 0] = a.split('-').map(Number)
  const [bTime = 0, bCount = 0] = b.split('-').map(Number)
  return aTime - bTime || aCount - bCount
}

/** The newest step that consumed this event. */
export async function stepOf(
  client: Client,
  settings: Settings,
  eventId: string,
): Promise<JournalEntry | null> {
  for (const shard of shardsOf(settings)) {
    const newest = await client.xrevrange(part(settings, shard, 'journal'), '+', '-', 'COUNT', PAGE)
    for (const [id, fields] of newest) {
      const record = recordIn(fields)
      if (record.i === eventId) return journalEntry(shard, id, record)
    }
  }
  return null
}

type Told =
  | { kind: 'entry'; position: string; entry: JournalEntry }
  | { kind: 'gap'; position: string; from: string; to: string }

/** Journal entries after a vector of positions, then as they happen, until the signal. */
export async function* follow(
  live: Live,
  site: string,
  after: string,
  signal: AbortSignal,
): AsyncIterable<Told> {
  const settings = await siteOf(live, site)
  const positions = await startOf(live.client, settings, after)
  for (const gap of await gaps(live.client, settings, positions)) yield gap
  while (!signal.aborted) {
    await live.watch.listen(site)
    const soon = live.watch.next(site, signal)
    let told = 0
    for (const shard of shardsOf(settings)) {
      const key = part(settings, shard, 'journal')
      const entries = await live.client.xrange(key, `(${positions[shard]}`, '+', 'COUNT', PAGE)
      for (const [id, fields] of entries) {
        positions[shard] = id
        told += 1
        yield {
          kind: 'entry',
          position: positions.join(','),
          entry: journalEntry(shard, id, recordIn(fields)),
        }
      }
    }
    if (told === 0) {
      if ((await live.settings.get(site)) === null) return
      await soon
    }
  }
}

async function startOf(client: Client, settings: Settings, after: string): Promise<string[]> {
  const given = after === '' || after === '0' ? [] : after.split(',')
  return Promise.all(
    shardsOf(settings).map(async (shard) => {
      const position = given[shard]
      if (position) return position
      if (after !== '') return '0-0'
      const [last] = await client.xrevrange(part(settings, shard, 'journal'), '+', '-', 'COUNT', 1)
      return last?.[0] ?? '0-0'
    }),
  )
}

/**
 * A position that is older than the oldest entry kept, and is not kept itself: what came after it
 * may be missing.
 */
async function gaps(client: Client, settings: Settings, positions: string[]): Promise<Told[]> {
  const told: Told[] = []
  for (const shard of shardsOf(settings)) {
    const from = positions[shard] as string
    const [oldest] = await client.xrange(part(settings, shard, 'journal'), '-', '+', 'COUNT', 1)
    const to = oldest?.[0]
    if (from === '0-0' || to === undefined || compareIds(to, from) <= 0) continue
    told.push({ kind: 'gap', position: positions.join(','), from, to })
  }
  return told
}

/**
 * How many steps a shard's journal has, and whether it had more. Redis counts what was ever added
 * since its version 7; before, a journal that has not reached its limit was never trimmed.
 */
export async function extentOf(
  client: Client,
  key: string,
): Promise<{ length: number; trimmed: boolean }> {
  if ((await client.exists(key)) === 0) return { length: 0, trimmed: false }
  const flat = (await client.xinfo('STREAM', key)) as unknown[]
  const said = (name: string) => Number(flat[flat.indexOf(name) + 1])
  const length = said('length')
  if (!flat.includes('entries-added')) return { length, trimmed: length >= JOURNAL_MAX }
  return { length, trimmed: said('entries-added') > length }
}
