/**
 * The commit port on Redis.
 *
 * Loading is a handful of reads in one round trip (two when a look-up depends on what was read).
 * The commit is one Lua call in the actor's shard: versions checked, then actors, items, timers,
 * outbox and journal written together. An event stays in its sender's outbox until the step that
 * consumed it has committed, so that what is under way is known, and what was lost on its way to a
 * queue is sent again.
 */

import type { ItemWrite } from '../../machines/keep.ts'
import { partsOfProfile } from '../../machines/parts.ts'
import { type Address, kindOf, partsOf } from '../../machines/protocol.ts'
import { beliefs, type Reads, reads } from '../../machines/reads.ts'
import type { Stepped } from '../../machines/step.ts'
import type { FoundItems, MailEvent, Stored } from '../../machines/wire.ts'
import { asciiJson } from './ascii.ts'
import { boxCommands, readBox, readOffers } from './boxes.ts'
import {
  type ActorWrite,
  type Client,
  commit,
  inPieces,
  load as loadFields,
  type RedisCommand,
} from './commit.ts'
import {
  base,
  boxKeyOf,
  cacheKey,
  journalChannel,
  messageKey,
  part,
  placeOf,
  shardOf,
  shardOfMessage,
} from './keys.ts'
import { lookUp } from './lookups.ts'
import { readChunk } from './messages.ts'
import type { Loaded, LoadOptions, Outcome, Port, Taken } from './port.ts'
import { type Settings, siteFacts } from './settings.ts'

export const openPort = (client: Client): Port => ({
  load: (settings, event, options) => load(client, settings, event, options),
  loadTogether: (settings, events, options) => loadTogether(client, settings, events, options),
  commit: (taken) => commitSteps(client, taken),
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
  const [{ actors, items }, armedFor, soon] = await Promise.all([
    loadAll(client, settings, event, wanted),
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

/** Events of one shard that need no chunk and no timer: one call for actors, one for look-ups. */
async function loadTogether(
  client: Client,
  settings: Settings,
  events: MailEvent[],
  options: LoadOptions,
): Promise<Loaded[]> {
  const site = siteFacts(settings)
  const parts = partsOfProfile(site.profile)
  const wanted = events.map((event) => reads(event, parts))
  const offers = events.flatMap(({ to }, i) => {
    const read = wanted[i]?.box
    return read?.what === 'key' ? [{ to, box: boxKeyOf(settings, to), read }] : []
  })
  const rest = wanted.flatMap(({ box, actors }) => (box ? [] : actors))
  const [actors, known, believed] = await Promise.all([
    loadActors(client, settings, [...new Set(rest)]),
    offers.length > 0 ? readOffers(client, offers) : [],
    lookUpTogether(client, settings, events, options),
  ])
  offers.forEach(({ to }, i) => {
    const text = known[i]?.actor
    if (text) actors.set(to, JSON.parse(text) as Stored)
  })
  const shared = { settings, site, at: options.at, actors, armedFor: null, ...believed }
  let offer = 0
  return events.map((event, i) => ({
    ...shared,
    event,
    found: wanted[i]?.box ? (known[offer++]?.found ?? {}) : {},
  }))
}

/** All recipients that these events bring, looked up as one event's. */
async function lookUpTogether(
  client: Client,
  settings: Settings,
  events: MailEvent[],
  options: LoadOptions,
): Promise<Pick<Loaded, 'lookups' | 'refreshed'>> {
  const all = events.flatMap((event) => beliefs(event, new Map(), undefined) ?? [])
  const [first] = all
  if (!first) return { lookups: {}, refreshed: { server: '', entries: {} } }
  const together = { ...first, records: all.flatMap(({ records }) => records) }
  const { lookups, refreshed } = await lookUp(client, settings, together, options)
  return { lookups, refreshed: { server: first.server, entries: refreshed } }
}

async function loadAll(
  client: Client,
  settings: Settings,
  event: MailEvent,
  wanted: Reads,
): Promise<{ actors: Map<Address, Stored>; items: FoundItems }> {
  if (wanted.box?.what === 'key') {
    const box = boxKeyOf(settings, event.to)
    const [offer] = await readOffers(client, [{ box, read: wanted.box }])
    const actors = new Map<Address, Stored>()
    if (offer?.actor) actors.set(event.to, JSON.parse(offer.actor) as Stored)
    return { actors, items: offer?.found ?? {} }
  }
  const [actors, items] = await Promise.all([
    loadActors(client, settings, wanted.actors),
    loadItems(client, settings, event, wanted),
  ])
  return { actors, items }
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
  const groups = [...byKey]
  const asked = groups.map(([key, wanted]) => ({ key, fields: wanted.map(({ field }) => field) }))
  const values = await loadFields(client, asked)
  const actors = new Map<Address, Stored>()
  groups.forEach(([, wanted], k) => {
    wanted.forEach(({ address }, i) => {
      const text = values[k]?.[i]
      if (text) actors.set(address, JSON.parse(text) as Stored)
    })
  })
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

async function commitSteps(client: Client, taken: Taken[]): Promise<Outcome> {
  const [{ loaded }] = taken as [Taken]
  const { settings } = loaded
  const shard = shardOf(settings, loaded.event.to)
  const here = taken.filter(({ loaded: { event } }) => shardOfSender(settings, event) === shard)
  const committed = await commit(client, {
    base: base(settings, shard),
    epoch: settings.epoch,
    channel: journalChannel(settings.namespace, settings.site),
    actors: actorWrites(settings, taken),
    events: taken.flatMap(({ stepped }) =>
      stepped.events.map((sent): [string, string] => [sent.id, outboxText(sent)]),
    ),
    consumed: here.flatMap(({ loaded: { event } }) => (event.timer ? [] : [event.id])),
    timers: taken.flatMap(({ loaded: { event }, stepped }) => timerWrites(event, stepped)),
    journal: taken.flatMap(({ stepped, record }) =>
      stepped.changes.length === 0 ? [] : [{ text: asciiJson(record), message: record.m ?? null }],
    ),
    commands: [
      ...taken.flatMap(({ stepped }) => [
        ...pendingCommands(settings, stepped),
        ...stepped.items.flatMap((write) => itemCommands(settings, write)),
      ]),
      ...cacheCommands(loaded, shard),
    ],
  })
  if (committed.done) {
    await elsewhere(client, loaded, shard, taken)
  }
  return committed
}

/** Each actor as the last step left it, if it is still as it was loaded before the first. */
function actorWrites(settings: Settings, taken: Taken[]): ActorWrite[] {
  const last = new Map<Address, Stored>()
  for (const { stepped } of taken) {
    for (const [address, stored] of stepped.actors) last.set(address, stored)
  }
  const before = taken[0]?.loaded.actors
  return [...last].map(([address, stored]) => ({
    ...placeOf(settings, address),
    version: before?.get(address)?.v ?? 0,
    value: asciiJson(stored),
  }))
}

/** The timer that rang is disarmed, unless the step armed it again. */
function timerWrites(event: MailEvent, stepped: Stepped): [string, number | null][] {
  const writes = [...stepped.timers.values()].map(
    ({ actor, timer, key, due }): [string, number | null] => [timerMember(actor, timer, key), due],
  )
  if (!event.timer) return writes
  return [[timerMember(event.to, event.timer, timerKeyOf(event)), null], ...writes]
}

/**
 * The shard in whose outbox an event is: its sender's, which is the first part of its id. One from
 * outside was put into the outbox of whom it is for.
 */
export function shardOfSender(settings: Settings, { id, to }: MailEvent): number {
  const sender = /^(.+\/.+)\.\d+\.\d+$/.exec(id)?.[1]
  return settings.shards === 1 ? 0 : shardOf(settings, sender ?? to)
}

/**
 * An event as the outbox keeps it: with the real time, by which the sweeper knows what is overdue.
 */
export const outboxText = (event: MailEvent): string => asciiJson({ sentAt: Date.now(), event })

/**
 * Copies that are not settled are in a set of their own, so that pending messages are found without
 * a search.
 */
function pendingCommands(settings: Settings, stepped: Stepped): RedisCommand[] {
  const commands: RedisCommand[] = []
  for (const { actor, from, to } of stepped.changes) {
    if (kindOf(actor) !== 'message' || (from === to && to !== 'accepted')) continue
    const [id, copy] = partsOf(actor) as [string, string]
    const key = part(settings, shardOfMessage(settings, id), 'pending')
    commands.push([to === 'settled' ? 'SREM' : 'SADD', key, `${id}/${copy}`])
  }
  return commands
}

function itemCommands(settings: Settings, write: ItemWrite): RedisCommand[] {
  if (!('end' in write)) return boxCommands(boxKeyOf(settings, write.box), write)
  const [id, copy] = partsOf(write.of) as [string, string]
  const field = `e/${copy}/${write.end.entry}`
  return [['HSET', messageKey(settings, id), field, asciiJson(write.end)]]
}

/**
 * The cache lies in shard 0; from another shard it is written after the commit, since it is only a
 * belief.
 */
function cacheCommands({ settings, refreshed }: Loaded, shard: number): RedisCommand[] {
  const pairs = Object.entries(refreshed.entries).flatMap(([alias, cached]) => [
    alias,
    asciiJson(cached),
  ])
  if (shard !== 0 || pairs.length === 0) return []
  return inPieces('HSET', cacheKey(settings, refreshed.server), pairs)
}

/** What lies in other shards: the consumed events' outbox entries, and the cache. */
async function elsewhere(
  client: Client,
  { settings, refreshed }: Loaded,
  shard: number,
  taken: Taken[],
): Promise<void> {
  if (settings.shards === 1) return
  const pairs = Object.entries(refreshed.entries)
  await Promise.all([
    ...taken.map(({ loaded: { event } }) => {
      const from = shardOfSender(settings, event)
      return from === shard ? null : client.hdel(part(settings, from, 'outbox'), event.id)
    }),
    shard === 0 || pairs.length === 0
      ? null
      : client.hset(
          cacheKey(settings, refreshed.server),
          Object.fromEntries(pairs.map(([alias, cached]) => [alias, asciiJson(cached)])),
        ),
  ])
}
