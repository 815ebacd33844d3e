/**
 * Days of the journal: which there are, and where in it each lies.
 *
 * Logs are named by their day in Greenwich Mean Time, `yyyymmdd.log` (Q173280), of site time. The
 * journal is in the order of its commits; site time never runs backward, so a day is found by
 * halving. Steps that were taken side by side may be committed the other way round: a day is read
 * from a little before its beginning until a little after its end.
 */
import { problem } from '../errors.ts'
import type { Client } from '../runtime/commit.ts'
import { recordIn } from '../runtime/journal.ts'
import { part, shardsOf } from '../runtime/keys.ts'
import type { Settings } from '../runtime/settings.ts'

const DAY_MS = 86_400_000

/**
 * Between what a step read and its commit, in real time, with what the clocks of machines differ by
 * added: a worker tries for some seconds, and one that was stopped for longer lost its job. [ours]
 */
const SLACK_MS = 60_000

export interface Span {
  /** Site time; `until` is not in it. */
  from: number
  until: number
}

/** Where to read in one shard's journal, as ids of its stream. */
export interface Range {
  first: string
  last: string
}

/** `20261123` of a moment. */
export const dayOf = (at: number): string =>
  new Date(at).toISOString().slice(0, 10).replaceAll('-', '')

/** Throws a `Problem` when there is no such day in the calendar. */
export function dayBounds(day: string): Span {
  const from = Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`)
  if (!Number.isNaN(from) && dayOf(from) === day) return { from, until: from + DAY_MS }
  throw problem('bad-request', `the calendar has no day ${day}; days are written yyyymmdd`)
}

export async function rangeOf(
  client: Client,
  settings: Settings,
  shard: number,
  { from, until }: Span,
): Promise<Range> {
  const key = part(settings, shard, 'journal')
  const [first, end] = await Promise.all([from, until].map((at) => placeOf(client, key, at)))
  return {
    first: `${Math.max(0, (first as number) - SLACK_MS)}-0`,
    last: `${(end as number) + SLACK_MS}`,
  }
}

/** The days with steps, the newest first, before a day if one is given; so many at most. */
export async function daysOf(
  client: Client,
  settings: Settings,
  most: number,
  before?: Span,
): Promise<{ days: string[]; earlier: boolean }> {
  const days: string[] = []
  let at = await newestBefore(client, settings, before?.from ?? Number.POSITIVE_INFINITY)
  while (at !== null && days.length < most) {
    const day = dayOf(at)
    days.push(day)
    at = await newestBefore(client, settings, dayBounds(day).from)
  }
  return { days, earlier: at !== null }
}

async function newestBefore(
  client: Client,
  settings: Settings,
  before: number,
): Promise<number | null> {
  const found = await Promise.all(
    shardsOf(settings).map(async (shard) => {
      const key = part(settings, shard, 'journal')
      const end = before === Number.POSITIVE_INFINITY ? '+' : await placeOf(client, key, before)
      const last = end === '+' ? end : `${end - 1}`
      const [newest] = last === '-1' ? [] : await client.xrevrange(key, last, '-', 'COUNT', 1)
      return newest ? [recordIn(newest[1]).a] : []
    }),
  )
  const all = found.flat()
  return all.length === 0 ? null : Math.max(...all)
}

/** The real time of the first step that was taken at this site time or later; else past the end. */
async function placeOf(client: Client, key: string, at: number): Promise<number> {
  const ends = await Promise.all([
    client.xrange(key, '-', '+', 'COUNT', 1),
    client.xrevrange(key, '+', '-', 'COUNT', 1),
  ])
  const [oldest, newest] = ends.map(([entry]) => (entry ? timeIn(entry[0]) : 0))
  let low = oldest as number
  let high = (newest as number) + 1
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [entry] = await client.xrange(key, `${middle}`, '+', 'COUNT', 1)
    if (!entry || recordIn(entry[1]).a >= at) high = middle
    else low = timeIn(entry[0]) + 1
  }
  return low
}

/** Ids of a stream are `<milliseconds>-<count>`. */
const timeIn = (id: string): number => Number(id.split('-')[0])
