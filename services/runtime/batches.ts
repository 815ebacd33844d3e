/**
 * Batches: many moves, so many at a time.
 *
 * A batch is kept in Redis and driven by whichever worker process has the role `moves`, so nothing
 * is lost when whoever asked for it is gone, when a worker dies, or when all of them do. Each of
 * its moves is in exactly one of three places, and one script takes it from one to the next:
 * `waiting`, `running` (with the id that its move has or will have), `ended`. A process that dies
 * between taking a move and beginning it leaves it in `running` without an actor; it is begun again
 * there under the same id, and a move that hears twice that it was asked for has heard it once.
 */
import { uuidv7 } from 'uuidv7'
import type { Caller } from '../../machines/wire.ts'
import { problem } from '../errors.ts'
import { moveActor } from './claims.ts'
import { type Client, inPieces } from './commit.ts'
import { type Door, writeNow } from './inject.ts'
import { base, part } from './keys.ts'
import { iso, type Live, runnableSite, serverIn, siteOf } from './live-parts.ts'
import { startMove, viewOf as viewOfMove } from './moves.ts'
import type { Settings } from './settings.ts'
import type { BatchedMove, BatchSpec, BatchView } from './views-of-driving.ts'

/** Moves under way at a time: each copies a page, and more only wait for one another. */
export const BATCH_CONCURRENCY_MAX = 100
/** Batches of a site that are kept; each has up to some thousand lines. */
export const BATCHES_MAX = 1_000
/** Whoever took a move has begun it by then, or is dead. */
const BEGUN_WITHIN_MS = 10_000

interface Kept {
  id: string
  concurrency: number
  total: number
  startedAt: number
  cancelled?: true
  caller?: Caller
}
interface Waiting {
  i: number
  mailbox: string
  to: string
}
interface Running extends Waiting {
  id: string
  at: number
  /** Of the whole batch, and kept with it. */
  caller?: Caller
}

const keysOf = (settings: Settings, id: string) => {
  const of = `${base(settings, 0)}:batch:${id}`
  return { waiting: `${of}:waiting`, running: `${of}:running`, ended: `${of}:ended` }
}

/** KEYS waiting, running; ARGV concurrency, id, now. */
const TAKE = `
if redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[1]) then return false end
local next = redis.call('LPOP', KEYS[1])
if not next then return false end
local move = cjson.decode(next)
move.id = ARGV[2]
move.at = tonumber(ARGV[3])
local taken = cjson.encode(move)
redis.call('HSET', KEYS[2], move.i, taken)
return taken
`

/** KEYS running, ended; ARGV i, the move as it ended. */
const END = `
if redis.call('HDEL', KEYS[1], ARGV[1]) == 1 then redis.call('HSET', KEYS[2], ARGV[1], ARGV[2]) end
return 1
`

export async function startBatch(live: Live, site: string, spec: BatchSpec): Promise<BatchView> {
  const settings = await runnableSite(live, site)
  const names = new Set(spec.moves.map(({ mailbox }) => mailbox))
  if (names.size !== spec.moves.length) {
    throw problem('mailbox-moving', 'A mailbox is moved twice in this batch.')
  }
  for (const server of new Set(spec.moves.map(({ to }) => to))) serverIn(settings, server)
  const batches = part(settings, 0, 'batches')
  if ((await live.client.hlen(batches)) >= BATCHES_MAX) {
    throw problem('too-many-batches', `The site ${site} has had ${BATCHES_MAX} batches.`)
  }
  const id = uuidv7()
  const { concurrency, caller } = spec
  const traced = caller ? { caller } : {}
  const kept: Kept = { id, concurrency, total: names.size, startedAt: Date.now(), ...traced }
  const { waiting } = keysOf(settings, id)
  const lines = spec.moves.map((move, i) => JSON.stringify({ i, ...move } satisfies Waiting))
  // All in one script: a batch is there as a whole, or not at all.
  await writeNow(live.client, settings, 0, [
    ...inPieces('RPUSH', waiting, lines),
    ['HSET', batches, id, JSON.stringify(kept)],
    ['SADD', part(settings, 0, 'batching'), id],
  ])
  return viewOf(live.client, settings, kept)
}

export async function listBatches(live: Live, site: string): Promise<BatchView[]> {
  const settings = await siteOf(live, site)
  const all = await live.client.hvals(part(settings, 0, 'batches'))
  const kept = all.map((text) => JSON.parse(text) as Kept)
  kept.sort((a, b) => a.id.localeCompare(b.id))
  return Promise.all(kept.map((one) => viewOf(live.client, settings, one)))
}

async function keptOf(client: Client, settings: Settings, id: string): Promise<Kept> {
  const text = await client.hget(part(settings, 0, 'batches'), id)
  if (text === null) throw problem('unknown-batch', `The site has no batch "${id}".`)
  return JSON.parse(text) as Kept
}

export async function getBatch(live: Live, site: string, id: string): Promise<BatchView> {
  const settings = await siteOf(live, site)
  return viewOf(live.client, settings, await keptOf(live.client, settings, id))
}

/** What waits is not begun any more; what runs goes on. */
export async function cancelBatch(live: Live, site: string, id: string): Promise<BatchView> {
  const settings = await siteOf(live, site)
  const kept: Kept = { ...(await keptOf(live.client, settings, id)), cancelled: true }
  const { waiting, ended } = keysOf(settings, id)
  await live.client.hset(part(settings, 0, 'batches'), id, JSON.stringify(kept))
  for (;;) {
    const text = await live.client.eval(DROP, 2, waiting, ended)
    if (text !== 1) break
  }
  return viewOf(live.client, settings, kept)
}

/** KEYS waiting, ended: the first that waits has ended without having begun. */
const DROP = `
local next = redis.call('LPOP', KEYS[1])
if not next then return 0 end
local move = cjson.decode(next)
move.state = 'cancelled'
redis.call('HSET', KEYS[2], move.i, cjson.encode(move))
return 1
`

async function viewOf(client: Client, settings: Settings, kept: Kept): Promise<BatchView> {
  const keys = keysOf(settings, kept.id)
  const found = await client
    .multi()
    .lrange(keys.waiting, 0, -1)
    .hvals(keys.running)
    .hvals(keys.ended)
    .exec()
  const [waiting = [], running = [], ended = []] = (found ?? []).map(([, texts]) =>
    (texts as string[]).map((text) => JSON.parse(text)),
  ) as [Waiting[], Running[], (BatchedMove & Waiting)[]]
  const all = [
    ...waiting.map((one) => ({ ...one, state: 'waiting' as const })),
    ...running.map(({ at: _, id, ...one }) => ({ ...one, move: id, state: 'running' as const })),
    ...ended,
  ]
  all.sort((a, b) => a.i - b.i)
  const count = (state: BatchedMove['state']) => all.filter((one) => one.state === state).length
  const open = waiting.length + running.length > 0
  return {
    id: kept.id,
    concurrency: kept.concurrency,
    startedAt: iso(kept.startedAt),
    state: open ? 'running' : kept.cancelled ? 'cancelled' : 'ended',
    total: kept.total,
    waiting: waiting.length,
    running: running.length,
    completed: count('completed'),
    rolledBack: count('rolledBack'),
    refused: count('refused'),
    cancelled: count('cancelled'),
    moves: all.map(
      ({ mailbox, to, state, move = null, why = null }: Partial<BatchedMove> & Waiting) => ({
        mailbox,
        to,
        state: state as BatchedMove['state'],
        move,
        why,
      }),
    ),
  }
}

/** One look at each open batch of a site: what has ended, what is begun next. */
export async function driveBatches(door: Door, settings: Settings): Promise<void> {
  const batching = part(settings, 0, 'batching')
  for (const id of await door.client.smembers(batching)) {
    const keys = keysOf(settings, id)
    const kept = await door.client.hget(part(settings, 0, 'batches'), id)
    // The site went in between.
    if (kept === null) return
    const { concurrency, caller } = JSON.parse(kept) as Kept
    const of = (text: string): Running => ({
      ...JSON.parse(text),
      ...(caller ? { caller } : {}),
    })
    const running = await door.client.hvals(keys.running)
    await Promise.all(running.map((text) => look(door, settings, keys, of(text))))
    const begun: Promise<void>[] = []
    for (;;) {
      const args = [concurrency, uuidv7(), Date.now()]
      const taken = await door.client.eval(TAKE, 2, keys.waiting, keys.running, ...args)
      if (typeof taken !== 'string') break
      begun.push(begin(door, settings, keys, of(taken)))
    }
    await Promise.all(begun)
    const left = (await door.client.llen(keys.waiting)) + (await door.client.hlen(keys.running))
    if (left === 0) await door.client.srem(batching, id)
  }
}

type BatchKeys = ReturnType<typeof keysOf>

async function look(door: Door, settings: Settings, keys: BatchKeys, move: Running) {
  const actor = await moveActor(door.client, settings, move.id)
  if (!actor) {
    if (Date.now() - move.at > BEGUN_WITHIN_MS) await begin(door, settings, keys, move)
    return
  }
  const { state } = viewOfMove(move.id, actor)
  if (state !== 'running') await end(door.client, keys, move, { state, move: move.id })
}

async function begin(door: Door, settings: Settings, keys: BatchKeys, move: Running) {
  const { mailbox, to, id, caller } = move
  const spec = { mailbox, to, ...(caller ? { caller } : {}) }
  const begun = await startMove(door, settings, spec, id)
  if ('refused' in begun)
    await end(door.client, keys, move, { state: 'refused', why: begun.refused })
}

async function end(
  client: Client,
  keys: BatchKeys,
  { i, mailbox, to }: Running,
  how: Partial<BatchedMove>,
): Promise<void> {
  const ended = JSON.stringify({ i, mailbox, to, ...how })
  await client.eval(END, 2, keys.running, keys.ended, i, ended)
}
