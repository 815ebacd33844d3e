/**
 * The journal read as a log is written: all shards side by side, in the order in which Redis took
 * their steps, page by page, up to where it ended when the reading began.
 */
import type { Client } from '../runtime/commit.ts'
import { compareIds, extentOf, recordIn } from '../runtime/journal.ts'
import { part, shardsOf } from '../runtime/keys.ts'
import type { JournalRecord } from '../runtime/port.ts'
import type { Settings } from '../runtime/settings.ts'
import { type Range, rangeOf, type Span } from './days.ts'

/** Steps read at a time from one shard. */
const PAGE = 500

interface Placed {
  id: string
  record: JournalRecord
}

/** The steps of a span of site time, or all. */
export async function* stepsOf(
  client: Client,
  settings: Settings,
  span: Span | null,
): AsyncGenerator<JournalRecord> {
  const heads = await Promise.all(
    shardsOf(settings).map(async (shard) => {
      const key = part(settings, shard, 'journal')
      const range = span ? await rangeOf(client, settings, shard, span) : await whole(client, key)
      const rest = inShard(client, key, range)
      return { rest, next: await rest.next() }
    }),
  )
  for (;;) {
    const left = heads.filter(({ next }) => !next.done)
    if (left.length === 0) return
    const first = left.reduce((a, b) => (compareIds(idIn(a), idIn(b)) <= 0 ? a : b))
    const { record } = first.next.value as Placed
    if (!span || (record.a >= span.from && record.a < span.until)) yield record
    first.next = await first.rest.next()
  }
}

const idIn = ({ next }: { next: IteratorResult<Placed> }): string => (next.value as Placed).id

async function whole(client: Client, key: string): Promise<Range> {
  const [newest] = await client.xrevrange(key, '+', '-', 'COUNT', 1)
  return { first: '0-0', last: newest?.[0] ?? '0-0' }
}

async function* inShard(
  client: Client,
  key: string,
  { first, last }: Range,
): AsyncGenerator<Placed> {
  for (let from = first; ; ) {
    const found = await client.xrange(key, from, last, 'COUNT', PAGE)
    for (const [id, fields] of found) yield { id, record: recordIn(fields) }
    if (found.length < PAGE) return
    from = `(${found.at(-1)?.[0]}`
  }
}

/** Site time before which steps are missing, since the journal was trimmed; or null. */
export async function missingBefore(client: Client, settings: Settings): Promise<number | null> {
  const times = await Promise.all(
    shardsOf(settings).map(async (shard) => {
      const key = part(settings, shard, 'journal')
      if (!(await extentOf(client, key)).trimmed) return []
      const [oldest] = await client.xrange(key, '-', '+', 'COUNT', 1)
      return oldest ? [recordIn(oldest[1]).a] : []
    }),
  )
  const all = times.flat()
  return all.length === 0 ? null : Math.max(...all)
}
