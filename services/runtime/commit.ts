/**
 * The atomic commit: one Lua call that checks what the step read and then writes everything that it
 * changed.
 *
 * It refuses with `epoch` when the site's settings (profile, clock, fault rules, pause) changed
 * since the step read them, and with `conflict` when an actor's version did, or a key is there that
 * must not be; then nothing was written and the step is run again. All keys of one call lie in one
 * shard; those that every commit touches are made from the shard's prefix by the script.
 */
import type { Cluster, Redis } from 'ioredis'
import { ARGUMENTS_MAX, SCRIPTS } from './scripts.ts'

/** A cluster's client has the same commands; its own type only spells their overloads otherwise. */
export type Client = Redis
export type RedisCommand = (string | number | Buffer)[]

interface WithScripts {
  undeliverableCommit(...args: RedisCommand): Promise<string>
  undeliverableFind(...args: (string | number)[]): Promise<Known[]>
  undeliverableLoad(...args: (string | number)[]): Promise<(string | null)[][]>
}

/**
 * Lets a client run the scripts (by digest; ioredis loads one again when the server has forgotten
 * it).
 */
export function withCommit(opened: Redis | Cluster): Client {
  const client = opened as Client
  for (const [name, lua] of Object.entries(SCRIPTS)) {
    client.defineCommand(name, { numberOfKeys: 1, lua })
  }
  return client
}

const scripts = (client: Client): WithScripts => client as unknown as WithScripts

/** An actor's new value, and the version that must be there still. */
export interface ActorWrite {
  key: string
  field: string
  version: number
  value: string
}

export interface Commit {
  /** The shard's prefix. */
  base: string
  /** The settings' epoch that the step read. */
  epoch: number
  /** A key that must not be there yet. */
  absent?: string
  actors: ActorWrite[]
  /** Events that leave: id and text, for the outbox. */
  events: [string, string][]
  /** Events that were consumed and are in this shard's outbox. */
  consumed: string[]
  /** Members and dates; null disarms. Of one member the last counts. */
  timers: [string, number | null][]
  /** The steps, for the journal: the text of each, and the message that it concerns. */
  journal: { text: string; message: string | null }[]
  /** Where it is announced that the journal has grown. */
  channel: string
  commands: RedisCommand[]
}

export type Committed =
  | { done: true; position: string }
  | { done: false; why: 'epoch' | 'conflict' }

export async function commit(client: Client, one: Commit): Promise<Committed> {
  const groups = byKey(one.actors)
  const { base, absent = '' } = one
  const args: RedisCommand = [`${base}:epoch`, one.epoch, base, one.channel, absent, groups.length]
  for (const group of groups) {
    args.push((group[0] as ActorWrite).key, group.length)
    for (const { field, version, value } of group) args.push(field, version, value)
  }
  args.push(one.events.length)
  for (const [id, text] of one.events) args.push(id, text)
  args.push(one.consumed.length, ...one.consumed)
  pushTimers(args, new Map(one.timers))
  args.push(one.journal.length)
  for (const { text, message } of one.journal) args.push(text, message ?? '')
  for (const command of joined(one.commands)) {
    args.push(command.length)
    for (const value of command) args.push(value)
  }
  const answer = await scripts(client).undeliverableCommit(...args)
  if (answer.startsWith('ok:')) return { done: true, position: answer.slice(3) }
  return { done: false, why: answer as 'epoch' | 'conflict' }
}

/** Actors of one hash, in groups that Lua can unpack with their values. */
function byKey(actors: ActorWrite[]): ActorWrite[][] {
  const open = new Map<string, ActorWrite[]>()
  const groups: ActorWrite[][] = []
  for (const write of actors) {
    const group = open.get(write.key)
    if (group && group.length < ARGUMENTS_MAX / 2) group.push(write)
    else {
      const next = [write]
      open.set(write.key, next)
      groups.push(next)
    }
  }
  return groups
}

function pushTimers(args: RedisCommand, timers: ReadonlyMap<string, number | null>): void {
  const disarmed: string[] = []
  const armed: (string | number)[] = []
  for (const [member, due] of timers) {
    if (due === null) disarmed.push(member)
    else armed.push(due, member)
  }
  args.push(disarmed.length, ...disarmed, armed.length / 2, ...armed)
}

/** Fields of one hash that are written one after the other, as one command. */
function joined(commands: RedisCommand[]): RedisCommand[] {
  const all: RedisCommand[] = []
  for (const command of commands) {
    const last = all.at(-1)
    const joins = command[0] === 'HSET' && last?.[0] === 'HSET' && last[1] === command[1]
    if (joins && last.length + command.length < ARGUMENTS_MAX) last.push(...command.slice(2))
    else all.push(command[0] === 'HSET' ? [...command] : command)
  }
  return all
}

/**
 * Of one offer: the mailbox actor, and how much it holds; whether the key was delivered, is in
 * transit, is barred; the attempts that wait and that were nudged.
 */
type Known = [
  actor: string | null,
  bytes: string | number,
  logged: string | null,
  transit: number,
  barred: string | null,
  waits: string | null,
  answered: string | null,
]
export interface Offer {
  box: string
  key: string
  entry: string
}

/** What mailboxes of one shard know of keys and entries: one call for many offers. */
export const find = (client: Client, offers: Offer[]): Promise<Known[]> =>
  scripts(client).undeliverableFind(
    offers[0]?.box ?? '',
    ...offers.flatMap(({ box, key, entry }) => [box, key, entry]),
  )

/** Several hashes' fields in one call; all keys in one shard. */
export async function load(
  client: Client,
  wanted: { key: string; fields: string[] }[],
): Promise<(string | null)[][]> {
  const [first] = wanted
  if (!first) return []
  if (wanted.length === 1 || wanted.some(({ fields }) => fields.length > ARGUMENTS_MAX)) {
    return Promise.all(wanted.map(({ key, fields }) => client.hmget(key, ...fields)))
  }
  const args: (string | number)[] = [first.key]
  for (const { key, fields } of wanted) args.push(key, fields.length, ...fields)
  return scripts(client).undeliverableLoad(...args)
}

/** One command with many field-value pairs, cut so that Lua can unpack each. */
export function inPieces(
  command: string,
  key: string,
  values: (string | number)[],
): (string | number)[][] {
  const pieces: (string | number)[][] = []
  for (let i = 0; i < values.length; i += ARGUMENTS_MAX) {
    pieces.push([command, key, ...values.slice(i, i + ARGUMENTS_MAX)])
  }
  return pieces
}
