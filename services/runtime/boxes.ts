/**
 * A mailbox's keyed items in Redis, read and written in the words of the store.
 *
 *   <box>            hash    `actor`: the mailbox actor; `bytes`: how much the items are
 *   <box>:items      hash    key -> item held
 *   <box>:order      zset    keys held, by arrival
 *   <box>:log        zset    keys ever delivered, by arrival: what makes a delivery happen once,
 *     and the log of removals
 *   <box>:transit    hash    the in-transit folder: key -> item
 *   <box>:bars       zset    keys that were withdrawn
 *   <box>:waiters    hash    entry -> attempt that was deferred and waits to be nudged
 *   <box>:answered   hash    entry -> attempt that was deferred and has been nudged
 */

import type { FoundItems } from '../../machines/found-items.ts'
import type { ItemWrite } from '../../machines/keep.ts'
import { type BoxRead, PAGE } from '../../machines/reads.ts'
import type { Item, PageItem } from '../../machines/wire.ts'
import { asciiJson } from './ascii.ts'
import { type Client, find, inPieces, type RedisCommand } from './commit.ts'

export async function readBox(client: Client, box: string, read: BoxRead): Promise<FoundItems> {
  switch (read.what) {
    case 'key':
      return (await readOffers(client, [{ box, read }]))[0]?.found ?? {}
    case 'page':
      return readPage(client, box, read.page)
    case 'inTransit':
      return readTransit(client, box, read.page)
    case 'waiters':
      return readWaiters(client, box)
    default:
      return {
        census: { log: await client.zcard(`${box}:log`), items: await client.hlen(`${box}:items`) },
      }
  }
}

type KeyRead = Extract<BoxRead, { what: 'key' }>

/** Keys' standing at their mailboxes, and these: offers come by the thousand, so in one call. */
export async function readOffers(
  client: Client,
  offers: { box: string; read: KeyRead }[],
): Promise<{ actor: string | null; found: FoundItems }[]> {
  const asked = offers.map(({ box, read }) => ({ box, key: read.key, entry: read.entry ?? '' }))
  const all = await find(client, asked)
  return all.map(([actor, bytes, logged, transit, barred, waits, answered], i) => {
    const deferred = Math.max(Number(waits ?? 0), Number(answered ?? 0))
    const again = deferred > 0 && deferred >= (offers[i]?.read.attempt ?? 0)
    const held = logged !== null || transit === 1
    const key = held ? 'held' : barred !== null ? 'barred' : again ? 'answered' : 'new'
    return { actor, found: { key, bytes: Number(bytes) } }
  })
}

/** A page of delivered keys with their items; the barred keys go along with the last one. */
async function readPage(client: Client, box: string, page: number): Promise<FoundItems> {
  const from = page * PAGE
  const [scored, total, bars] = await Promise.all([
    client.zrange(`${box}:log`, `${from}`, `${from + PAGE - 1}`, 'WITHSCORES'),
    client.zcard(`${box}:log`),
    client.zrange(`${box}:bars`, '0', '-1'),
  ])
  const more = from + PAGE < total
  return { page: await withItems(client, box, scored), more, bars: more ? [] : bars }
}

async function withItems(client: Client, box: string, scored: string[]): Promise<PageItem[]> {
  const keys = scored.filter((_, i) => i % 2 === 0)
  if (keys.length === 0) return []
  const items = await client.hmget(`${box}:items`, ...keys)
  return keys.map((key, i) => ({
    key,
    item: items[i] ? (JSON.parse(items[i]) as Item) : null,
    receivedAt: Number(scored[2 * i + 1]),
  }))
}

/**
 * The in-transit folder grows by deliveries and shrinks by merging: its keys are read whole, its
 * items by page.
 */
async function readTransit(client: Client, box: string, page: number): Promise<FoundItems> {
  const keys = (await client.hkeys(`${box}:transit`)).sort()
  const mine = keys.slice(page * PAGE, (page + 1) * PAGE)
  const items = mine.length > 0 ? await client.hmget(`${box}:transit`, ...mine) : []
  const parsed = items.map((text) => JSON.parse(text as string) as Item)
  return {
    page: parsed.map((item) => ({ key: item.key, item, receivedAt: item.receivedAt })),
    more: (page + 1) * PAGE < keys.length,
    bars: await client.zrange(`${box}:bars`, '0', '-1'),
  }
}

async function readWaiters(client: Client, box: string): Promise<FoundItems> {
  const [, flat] = await client.hscan(`${box}:waiters`, 0, 'COUNT', PAGE)
  const all = flat.flatMap((value, i) =>
    i % 2 === 0 ? [{ entry: value, attempt: Number(flat[i + 1]) }] : [],
  )
  const waiters = all.slice(0, PAGE)
  return { waiters, more: (await client.hlen(`${box}:waiters`)) > waiters.length }
}

export function boxCommands(box: string, write: ItemWrite): RedisCommand[] {
  if ('put' in write) return write.items.flatMap((item) => put(box, write.put, item))
  if ('remove' in write) {
    return [
      ['TAKEITEM', box, write.remove],
      ['ZREM', `${box}:order`, write.remove],
      ['HDEL', `${box}:transit`, write.remove],
      ['ZADD', `${box}:log`, 'NX', write.at, write.remove],
    ]
  }
  if ('bar' in write) return write.bar.map((key) => ['ZADD', `${box}:bars`, write.at, key])
  if ('wait' in write) return [['HSET', `${box}:waiters`, write.wait.entry, write.wait.attempt]]
  if ('nudged' in write) return nudged(box, write.nudged)
  if ('box' in write && 'copy' in write) return copied(box, write.copy, write.bars, write.at)
  if ('merge' in write) {
    return write.merge.flatMap((one) => [
      copyItem(box, one),
      ['HDEL', `${box}:transit`, one.key] as RedisCommand,
    ])
  }
  if ('trim' in write) return trimmed(box, write.log)
  return []
}

const put = (box: string, where: 'inbox' | 'inTransit', item: Item): RedisCommand[] =>
  where === 'inTransit'
    ? [['HSET', `${box}:transit`, item.key, asciiJson(item)]]
    : [['PUTITEM', box, item.key, asciiJson(item), item.receivedAt, item.size]]

const copyItem = (box: string, { key, item, receivedAt }: PageItem): RedisCommand => [
  'COPYITEM',
  box,
  key,
  item ? asciiJson(item) : '',
  receivedAt,
  item?.size ?? 0,
]

const copied = (box: string, page: PageItem[], bars: string[], at: number): RedisCommand[] => [
  ...page.map((one) => copyItem(box, one)),
  ...bars.map((key): RedisCommand => ['ZADD', `${box}:bars`, 'NX', at, key]),
]

function nudged(box: string, waiters: { entry: string; attempt: number }[]): RedisCommand[] {
  if (waiters.length === 0) return []
  return [
    ['HDEL', `${box}:waiters`, ...waiters.map(({ entry }) => entry)],
    ...inPieces(
      'HSET',
      `${box}:answered`,
      waiters.flatMap(({ entry, attempt }) => [entry, attempt]),
    ),
  ]
}

/** Redis frees what is unlinked in the background, however much it was. */
const trimmed = (box: string, log: boolean): RedisCommand[] => [
  ['HSET', box, 'bytes', 0],
  ['UNLINK', `${box}:items`, `${box}:order`, `${box}:transit`, ...(log ? [`${box}:log`] : [])],
]
