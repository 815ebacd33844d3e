/**
 * Retention: settled messages go, the oldest first, once a site keeps too many of them, too much of
 * them, or has kept them for long.
 *
 * Only what the ledger itself finds delivered, reported, silenced, dead-lettered or handed off,
 * with all its reports, goes; what is pending or lost stays, and so does a message of which
 * something happened a moment ago. It goes with its items in mailboxes and with the keys by
 * which they know it, so that nothing grows for ever. In three strokes, each of which may be
 * repeated: it is judged, and the judgement kept beside it, which the ledger reads from then on;
 * mailboxes are cleared, unless a move is at work there; then it goes, and its judgement is
 * added to the site's counts, in one call.
 *
 * What is older than a trimmed message and is not there was trimmed too: a late event about it is
 * dropped at the gate, whose `floor` is set before anything goes.
 */
import { uuidv7 } from 'uuidv7'
import { type Candidate, clearBoxes, forgetKey, remove, type Sized } from './clearance.ts'
import type { Client } from './commit.ts'
import { judgementOf, type TrimRecord } from './judgement.ts'
import { logKey, messageKey, part, shardOfMessage, shardsOf } from './keys.ts'
import type { Keep } from './limits.ts'
import { type AcceptRecord, bytesOf, timeOf } from './messages.ts'
import type { Settings } from './settings.ts'

/** How often a site is looked at. */
export const TRIM_MS = 2_000
/**
 * Nothing has happened to a message for longer than a worker's lock and two looks for stalled jobs
 * take: nobody is still about to repeat a step of it.
 */
export const QUIET_MS = 15_000
/** Messages that one pass looks at, and how many at a time: other work gets its turn. */
const LOOKED_MAX = 4_000
const BATCH = 100
/** A process that dies in a pass keeps others from it for as long. Two at once do no harm. */
const LOCK_MS = 30_000

export interface Trimming {
  client: Client
  keep: Keep
  /** Where the next pass begins: what stands before it cannot go yet. */
  cursors: Map<string, number>
  /** Of each site: messages from before this may have been trimmed. */
  floors: Map<string, number>
  quietMs?: number
}

/** Trims what may go; says how many messages went. */
export async function trim(trimming: Trimming, settings: Settings): Promise<number> {
  const { client, floors, keep } = trimming
  const floor = await client.get(part(settings, 0, 'floor'))
  floors.set(settings.site, Number(floor ?? 0))
  const lock = part(settings, 0, 'trimming')
  const mine = uuidv7()
  if ((await client.set(lock, mine, 'PX', LOCK_MS, 'NX')) === null) return 0
  let gone = 0
  for (const shard of shardsOf(settings)) {
    await client.xtrim(part(settings, shard, 'journal'), 'MAXLEN', '~', keep.steps)
    gone += await trimShard(trimming, settings, shard)
  }
  if ((await client.get(lock)) === mine) await client.del(lock)
  return gone
}

/** What a shard has too much of. */
interface Excess {
  messages: number
  bytes: number
  /** Whatever was accepted before this is too old. */
  before: number
}

async function excessOf(
  { client, keep }: Trimming,
  settings: Settings,
  shard: number,
): Promise<Excess> {
  const [messages, bytes] = await Promise.all([
    client.zcard(part(settings, shard, 'messages')),
    client.hget(part(settings, shard, 'counts'), 'bytes'),
  ])
  return {
    messages: messages - Math.ceil(keep.messages / settings.shards),
    bytes: Number(bytes ?? 0) - Math.ceil(keep.bytes / settings.shards),
    before: Date.now() - keep.ms,
  }
}

const isTooMuch = ({ messages, bytes, before }: Excess, id: string): boolean =>
  messages > 0 || bytes > 0 || timeOf(id) < before

/** With what each takes up. */
const sized = (client: Client, settings: Settings, ids: string[]): Promise<Sized[]> =>
  Promise.all(
    ids.map(async (id) => {
      const text = await client.hget(messageKey(settings, id), 'accept')
      return { id, bytes: text === null ? 0 : bytesOf(JSON.parse(text) as AcceptRecord) }
    }),
  )

/** The first so many, without which there would not be too much any more. */
function surplus(excess: Excess, all: Sized[]): Sized[] {
  const left = { ...excess }
  const wanted: Sized[] = []
  for (const one of all) {
    if (!isTooMuch(left, one.id)) break
    wanted.push(one)
    left.messages -= 1
    left.bytes -= one.bytes
  }
  return wanted
}

async function trimShard(trimming: Trimming, settings: Settings, shard: number): Promise<number> {
  const { client, cursors } = trimming
  const excess = await excessOf(trimming, settings, shard)
  const messages = part(settings, shard, 'messages')
  let from = cursors.get(messages) ?? 0
  let gone = 0
  for (let looked = 0; looked < LOOKED_MAX; looked += BATCH) {
    const ids = await client.zrange(messages, `${from}`, `${from + BATCH - 1}`)
    const wanted = surplus(excess, await sized(client, settings, ids))
    if (wanted.length === 0) {
      from = 0
      break
    }
    const went = await trimAll(trimming, settings, wanted)
    from += wanted.length - went.length
    gone += went.length
    excess.messages -= went.length
    for (const { bytes } of went) excess.bytes -= bytes
  }
  cursors.set(messages, from)
  return gone
}

async function trimAll(
  trimming: Trimming,
  settings: Settings,
  wanted: Sized[],
): Promise<Candidate[]> {
  const { client } = trimming
  const found = await Promise.all(wanted.map((one) => candidate(trimming, settings, one)))
  const all = found.filter((one) => one !== null)
  if (all.length === 0) return []
  await raiseFloor(trimming, settings, all)
  await Promise.all(
    all.map(({ id, judged: { tally, explained, messages, entries } }) => {
      const record: TrimRecord = { tally, explained, messages, entries }
      return client.hsetnx(messageKey(settings, id), 'trim', JSON.stringify(record))
    }),
  )
  const cleared = await clearBoxes(client, settings, all)
  await Promise.all(cleared.map((one) => forgetKey(client, settings, one)))
  await Promise.all(cleared.map((one) => remove(client, settings, one)))
  return cleared
}

/** Null while anything of it is not settled, is lost, or happened a moment ago. */
async function candidate(
  { client, quietMs = QUIET_MS }: Trimming,
  settings: Settings,
  { id, bytes }: Sized,
): Promise<Candidate | null> {
  const [last] = await client.lrange(logKey(settings, shardOfMessage(settings, id), id), -1, -1)
  if (last === undefined || Date.now() - Number(last.split('-')[0]) < quietMs) return null
  const judged = await judgementOf(client, settings, id)
  if (!judged) return null
  const wrong = judged.tally.pending + judged.lost.length + judged.falseReports.length
  if (!judged.settled || wrong > 0) return null
  return { id, judged, bytes }
}

async function raiseFloor(
  { client, floors }: Trimming,
  settings: Settings,
  all: Candidate[],
): Promise<void> {
  const floor = Math.max(...all.map(({ id }) => timeOf(id) + 1), floors.get(settings.site) ?? 0)
  if (floor === floors.get(settings.site)) return
  floors.set(settings.site, floor)
  await client.set(part(settings, 0, 'floor'), floor)
}
