/**
 * The commit port on Redis.
 *
 * Loading is a handful of reads in one round trip (two when a look-up depends on what was read). The commit is one Lua
 * call in the actor's shard: versions checked, then actors, items, timers, outbox and journal written together. An event
 * stays in its sender's outbox until the step that consumed it has committed, so that what is under way is known, and
 * what was lost on its way to a queue is sent again.
 */
import { type Cached, type DirectoryEntry, type Lookup, lookup } from '../../machines/cache.ts'
import type { ItemWrite } from '../../machines/keep.ts'
import { partsOfProfile } from '../../machines/parts.ts'
import { type Address, kindOf, partsOf } from '../../machines/protocol.ts'
import { type Beliefs, beliefs, type Reads, reads } from '../../machines/reads.ts'
import { missing } from '../../machines/routing.ts'
import type { Stepped, TimerWrite } from '../../machines/step.ts'
import type { FoundItems, MailEvent, Stored } from '../../machines/wire.ts'
import { boxCommands, readBox } from './boxes.ts'
import { type Client, commit, inPieces, type RedisCommand } from './commit.ts'
import {
  boxKeyOf,
  cacheKey,
  directoryKey,
  journalChannel,
  logKey,
  messageKey,
  part,
  placeOf,
  shardOf,
  shardOfMessage,
} from './keys.ts'
import { readChunk } from './messages.ts'
import type { JournalRecord, Loaded, LoadOptions, Outcome, Port } from './port.ts'
import { type Settings, siteFacts } from './settings.ts'

/** Steps that the journal of one shard keeps; older ones are trimmed, and readers told of the gap. */
export const JOURNAL_MAX = 200_000
/** Steps that one message's timeline keeps a position of. */
export const LOG_MAX = 20_000

export const openPort = (client: Client): Port => ({
  load: (settings, event, options) => load(client, settings, event, options),
  commit: (loaded, stepped, record) => commitStep(client, loaded, stepped, record),
})

async function load(
  client: Client,
  settings: Settings,
  event: MailEvent,
  options: LoadOptions,
): Promise<Loaded> {
  const site = siteFacts(settings)
  const wanted = reads(event, partsOfProfile(site.profile))
  const early = event.entries ? beliefs(event, new Map(), undefined) : null
  const [actors, items, armedFor, soon] = await Promise.all([
    loadActors(client, settings, wanted.actors),
    loadItems(client, settings, event, wanted),
    event.timer ? armed(client, settings, event) : null,
    early ? lookUp(client, settings, early, options) : null,
  ])
  const found = await chunkIfUnknown(client, settings, event, wanted, actors, items)
  const late = early ? null : beliefs(event, actors, found.entries)
  const believed = soon ?? (late ? await lookUp(client, settings, late, options) : null)
  return {
    settings,
    site,
    event,
    at: options.at,
    actors,
    found,
    armedFor,
    lookups: believed?.lookups ?? {},
    refreshed: {
      server: early?.server ?? late?.server ?? '',
      entries: believed?.refreshed ?? {},
    },
  }
}

async function loadActors(
  client: Client,
  settings: Settings,
  addresses: Address[],
): Promise<Map<Address, Stored>> {
  const byKey = new Map<string, { address: Address; field: string }[]>()
  for (const address of addresses) {
    const { key, field } = placeOf(settings, address)
    const fields = byKey.get(key)
    if (fields) fields.push({ address, field })
    else byKey.set(key, [{ address, field }])
  }
  const actors = new Map<Address, Stored>()
  await Promise.all(
    [...byKey].map(async ([key, wanted]) => {
      const values = await client.hmget(key, ...wanted.map(({ field }) => field))
      wanted.forEach(({ address }, i) => {
        const text = values[i]
        if (text) actors.set(address, JSON.parse(text) as Stored)
      })
    }),
  )
  return actors
}

async function loadItems(
  client: Client,
  settings: Settings,
  event: MailEvent,
  wanted: Reads,
): Promise<FoundItems> {
  if (wanted.box) return readBox(client, boxKeyOf(settings, event.to), wanted.box)
  if (typeof wanted.chunk !== 'number') return {}
  return readChunk(client, settings, partsOf(event.to)[0] as string, wanted.chunk)
}

/** A routing timer's event does not say which chunk is next; the copy does. */
async function chunkIfUnknown(
  client: Client,
  settings: Settings,
  event: MailEvent,
  wanted: Reads,
  actors: ReadonlyMap<Address, Stored>,
  items: FoundItems,
): Promise<FoundItems> {
  if (wanted.chunk !== null) return items
  const chunk = actors.get(event.to)?.c.chunks
  if (typeof chunk !== 'number') return items
  return readChunk(client, settings, partsOf(event.to)[0] as string, chunk)
}

const armed = async (
  client: Client,
  settings: Settings,
  event: MailEvent,
): Promise<number | null> => {
  const member = timerMember(event.to, event.timer as string, timerKeyOf(event))
  const due = await client.zscore(part(settings, shardOf(settings, event.to), 'timers'), member)
  return due === null ? null : Number(due)
}

export const timerMember = (actor: Address, timer: string, key: string): string =>
  `${actor}|${timer}|${key}`

/** A replication timer is told from others of its entry by the version that waits. */
export const timerKeyOf = (event: MailEvent): string =>
  event.timer === 'replication' ? `${event.version}` : ''

interface Believed {
  lookups: Record<string, Lookup>
  refreshed: Record<string, Cached>
}

/** Looks up recipients, then their alternates, until none is missing. */
async function lookUp(
  client: Client,
  settings: Settings,
  { server, records, bypass }: Beliefs,
  { at, stale = false }: LoadOptions,
): Promise<Believed> {
  const believed: Believed = { lookups: {}, refreshed: {} }
  for (;;) {
    const aliases = missing(records, believed.lookups)
    if (aliases.length === 0) return believed
    const [caches, replicas] = await Promise.all([
      client.hmget(cacheKey(settings, server), ...aliases),
      client.hmget(directoryKey(settings, server), ...aliases),
    ])
    aliases.forEach((alias, i) => {
      const cached = parsed<Cached>(caches[i])
      const replica = parsed<Stored>(replicas[i])?.a.record ?? null
      const asked = { alias, server, cached, replica: replica as DirectoryEntry | null, at }
      const answer = lookup({ ...asked, bypass, stale }, settings.profile)
      believed.lookups[alias] = answer.lookup
      if (answer.refreshed) believed.refreshed[alias] = answer.refreshed
    })
  }
}

const parsed = <T>(text: string | null | undefined): T | null =>
  text ? (JSON.parse(text) as T) : null

async function commitStep(
  client: Client,
  loaded: Loaded,
  stepped: Stepped,
  record: JournalRecord,
): Promise<Outcome> {
  const { settings, event } = loaded
  const shard = shardOf(settings, event.to)
  const outbox = part(settings, shard, 'outbox')
  const from = shardOfSender(settings, event)
  const commands: RedisCommand[] = [
    ...actorCommands(settings, stepped),
    ...stepped.items.flatMap((write) => itemCommands(settings, write)),
    ...(event.timer ? [disarmed(settings, event)] : []),
    ...[...stepped.timers.values()].map((timer) => timerCommand(settings, timer)),
    ...cacheCommands(loaded, shard),
    ...inPieces(
      'HSET',
      outbox,
      stepped.events.flatMap((sent) => [sent.id, outboxText(sent)]),
    ),
    ...(event.timer || from !== shard ? [] : [['HDEL', outbox, event.id]]),
    ...(stepped.changes.length > 0 ? journalCommands(settings, shard, record) : []),
  ]
  const checks = [...stepped.actors].map(([address, stored]) => ({
    ...placeOf(settings, address),
    version: stored.v - 1,
  }))
  const epochKey = part(settings, shard, 'epoch')
  const committed = await commit(client, { epochKey, epoch: `${settings.epoch}`, checks, commands })
  if (committed.done) {
    await elsewhere(client, loaded, shard, from)
  }
  return committed
}

/** The shard in whose outbox an event is; injected events are sent from the shard of whom they are for. */
export const shardOfSender = (settings: Settings, event: MailEvent): number =>
  event.sender === undefined ? shardOf(settings, event.to) : shardOf(settings, event.sender)

/** An event as the outbox keeps it: with the real time, by which the sweeper knows what is overdue. */
export const outboxText = (event: MailEvent): string =>
  JSON.stringify({ sentAt: Date.now(), event })

function actorCommands(settings: Settings, stepped: Stepped): RedisCommand[] {
  const byKey = new Map<string, string[]>()
  for (const [address, stored] of stepped.actors) {
    const { key, field } = placeOf(settings, address)
    const pairs = byKey.get(key)
    if (pairs) pairs.push(field, JSON.stringify(stored))
    else byKey.set(key, [field, JSON.stringify(stored)])
  }
  return [
    ...[...byKey].flatMap(([key, pairs]) => inPieces('HSET', key, pairs)),
    ...[...stepped.actors].flatMap(([address, { s }]) => pendingCommand(settings, address, s)),
  ]
}

/** Copies that are not settled are in a set of their own, so that pending messages are found without a search. */
function pendingCommand(settings: Settings, address: Address, state: unknown): RedisCommand[] {
  if (kindOf(address) !== 'message') return []
  const [id, copy] = partsOf(address) as [string, string]
  const key = part(settings, shardOfMessage(settings, id), 'pending')
  return [[state === 'settled' ? 'SREM' : 'SADD', key, `${id}/${copy}`]]
}

function itemCommands(settings: Settings, write: ItemWrite): RedisCommand[] {
  if (!('end' in write)) return boxCommands(boxKeyOf(settings, write.box), write)
  const [id, copy] = partsOf(write.of) as [string, string]
  const field = `e/${copy}/${write.end.entry}`
  return [['HSET', messageKey(settings, id), field, JSON.stringify(write.end)]]
}

const disarmed = (settings: Settings, event: MailEvent): RedisCommand => [
  'ZREM',
  part(settings, shardOf(settings, event.to), 'timers'),
  timerMember(event.to, event.timer as string, timerKeyOf(event)),
]

function timerCommand(settings: Settings, { actor, timer, key, due }: TimerWrite): RedisCommand {
  const timers = part(settings, shardOf(settings, actor), 'timers')
  const member = timerMember(actor, timer, key)
  return due === null ? ['ZREM', timers, member] : ['ZADD', timers, due, member]
}

/** The cache lies in shard 0; from another shard it is written after the commit, since it is only a belief. */
function cacheCommands({ settings, refreshed }: Loaded, shard: number): RedisCommand[] {
  const pairs = Object.entries(refreshed.entries).flatMap(([alias, cached]) => [
    alias,
    JSON.stringify(cached),
  ])
  if (shard !== 0 || pairs.length === 0) return []
  return inPieces('HSET', cacheKey(settings, refreshed.server), pairs)
}

function journalCommands(settings: Settings, shard: number, record: JournalRecord): RedisCommand[] {
  const journal = part(settings, shard, 'journal')
  const channel = journalChannel(settings.namespace, settings.site)
  const log = record.m ? logKey(settings, shard, record.m) : null
  return [
    ['XADD', journal, 'MAXLEN', '~', JOURNAL_MAX, '*', 'e', JSON.stringify(record)],
    ...(log
      ? [
          ['LOGGED', log],
          ['LTRIM', log, -LOG_MAX, -1],
        ]
      : []),
    ['PUBLISH', channel, `${shard}`],
  ]
}

/** What lies in other shards: the consumed event's outbox entry, and the cache. */
async function elsewhere(
  client: Client,
  loaded: Loaded,
  shard: number,
  from: number,
): Promise<void> {
  const { settings, event, refreshed } = loaded
  const pairs = Object.entries(refreshed.entries)
  await Promise.all([
    from === shard ? null : client.hdel(part(settings, from, 'outbox'), event.id),
    shard === 0 || pairs.length === 0
      ? null
      : client.hset(
          cacheKey(settings, refreshed.server),
          Object.fromEntries(pairs.map(([alias, cached]) => [alias, JSON.stringify(cached)])),
        ),
  ])
}
