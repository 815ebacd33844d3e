/**
 * The commit port on Redis.
 *
 * The commit is one Lua call in the actor's shard: versions checked, then actors, items, timers,
 * outbox and journal written together. An event stays in its sender's outbox until the step that
 * consumed it has committed, so that what is under way is known, and what was lost on its way to a
 * queue is sent again.
 */
import type { ItemWrite } from '../../machines/keep.ts'
import { type Address, kindOf, partsOf } from '../../machines/protocol.ts'
import type { MailEvent, Stored } from '../../machines/wire.ts'
import type { Stepped } from '../../machines/working.ts'
import { asciiJson } from './ascii.ts'
import { boxCommands } from './boxes.ts'
import { type ActorWrite, type Client, commit, inPieces, type RedisCommand } from './commit.ts'
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
import { load, loadTogether } from './loading.ts'
import { chunkField } from './messages.ts'
import type { Loaded, Outcome, Port, Taken } from './port.ts'
import type { Settings } from './settings.ts'
import { timerKeyOf, timerMember } from './timer-names.ts'

export const openPort = (client: Client): Port => ({
  load: (settings, event, options) => load(client, settings, event, options),
  loadTogether: (settings, events, options) => loadTogether(client, settings, events, options),
  commit: (taken) => commitSteps(client, taken),
})

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
  if (!('of' in write)) return boxCommands(boxKeyOf(settings, write.box), write)
  const [id, copy] = partsOf(write.of) as [string, string]
  if ('recipients' in write) return recipientCommands(messageKey(settings, id), write)
  const field = `e/${copy}/${write.end.entry}`
  return [['HSET', messageKey(settings, id), field, asciiJson(write.end)]]
}

const recipientCommands = (
  key: string,
  { chunk, recipients }: Extract<ItemWrite, { recipients: unknown }>,
): RedisCommand[] =>
  recipients.map((records, k) => ['HSET', key, chunkField(chunk + k), asciiJson(records)])

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
