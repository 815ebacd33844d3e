/**
 * Who has a mailbox: one move, or one edit of its directory entry, at a time.
 *
 * A claim is by name in one hash; that of a move that has ended, or never began, is void. An edit's
 * names the event that it sent, and stands for as long as that is under way: whoever asked for the
 * edit may have stopped waiting for it long before.
 */

import { ENDS } from '../../machines/phases.ts'
import type { Stored } from '../../machines/wire.ts'
import { phaseName } from '../../machines/words.ts'
import { problem } from '../errors.ts'
import type { Door } from './inject.ts'
import { part, placeOf, shardOf } from './keys.ts'
import type { Settings } from './settings.ts'

/**
 * A claim on a mailbox whose move was never started (its process died in between) is void after
 * this.
 */
const CLAIM_MS = 5_000

interface Claim {
  id: string
  /** Real time. */
  at: number
  /** What an edit has sent. */
  event?: { id: string; to: string }
}

/** Claims the mailbox for a move or an edit; a claim by one that has ended is taken over. */
export async function claim(
  { client }: Door,
  settings: Settings,
  mailbox: string,
  id: string,
): Promise<void> {
  const moving = part(settings, 0, 'moving')
  for (;;) {
    const mine = JSON.stringify({ id, at: Date.now() })
    if ((await client.hsetnx(moving, mailbox, mine)) === 1) return
    const text = await client.hget(moving, mailbox)
    if (!text) continue
    const other = JSON.parse(text) as Claim
    if (other.id === id) return
    if (!(await isVoid(client, settings, other))) {
      const what = other.event ? 'is being changed' : `has a move already: ${other.id}`
      throw problem('mailbox-moving', `The mailbox ${mailbox} ${what}.`)
    }
    await removeIfStill(client, moving, mailbox, text)
  }
}

async function isVoid(
  client: Door['client'],
  settings: Settings,
  { id, at, event }: Claim,
): Promise<boolean> {
  if (event && (await isUnderWay(client, settings, event))) return false
  const actor = await moveActor(client, settings, id)
  return actor ? isOver(actor) : Date.now() - at > CLAIM_MS
}

const isUnderWay = async (
  client: Door['client'],
  settings: Settings,
  { id, to }: NonNullable<Claim['event']>,
): Promise<boolean> =>
  (await client.hexists(part(settings, shardOf(settings, to), 'outbox'), id)) === 1

/** The claim stands from now on for as long as this event is under way; it is about to be sent. */
export async function claimFor(
  { client }: Door,
  settings: Settings,
  mailbox: string,
  id: string,
  { id: event, to }: { id: string; to: string },
): Promise<void> {
  const moving = part(settings, 0, 'moving')
  const text = await client.hget(moving, mailbox)
  const mine = JSON.stringify({ id, at: Date.now(), event: { id: event, to } } satisfies Claim)
  const isMine = text !== null && (JSON.parse(text) as Claim).id === id
  if (isMine && (await client.eval(REPLACE_IF_STILL, 1, moving, mailbox, text, mine)) === 1) return
  throw problem('mailbox-moving', `The mailbox ${mailbox} was claimed by another meanwhile.`)
}

/**
 * Gives a claim back, unless it was void by then and somebody else has taken it over, or what it
 * stands for is still under way.
 */
export async function unclaim(
  { client }: Door,
  settings: Settings,
  mailbox: string,
  id: string,
): Promise<void> {
  const moving = part(settings, 0, 'moving')
  const text = await client.hget(moving, mailbox)
  const claimed = text ? (JSON.parse(text) as Claim) : null
  if (!text || claimed?.id !== id) return
  if (claimed.event && (await isUnderWay(client, settings, claimed.event))) return
  await removeIfStill(client, moving, mailbox, text)
}

/**
 * Two who find the same claim void must not both remove it: the second would remove the first one's
 * own.
 */
const REMOVE_IF_STILL = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`

const REPLACE_IF_STILL = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
`

const removeIfStill = (client: Door['client'], key: string, field: string, value: string) =>
  client.eval(REMOVE_IF_STILL, 1, key, field, value)

/** The move that has the mailbox now, if any. */
export async function moveOf(
  { client }: Pick<Door, 'client'>,
  settings: Settings,
  mailbox: string,
): Promise<string | null> {
  const text = await client.hget(part(settings, 0, 'moving'), mailbox)
  if (!text) return null
  const { id } = JSON.parse(text) as { id: string }
  const actor = await moveActor(client, settings, id)
  return actor && !isOver(actor) ? id : null
}

const isOver = (actor: Stored): boolean => (ENDS as readonly string[]).includes(phaseName(actor.s))

export async function moveActor(
  client: Door['client'],
  settings: Settings,
  id: string,
): Promise<Stored | null> {
  const { key, field } = placeOf(settings, `move/${id}`)
  const text = await client.hget(key, field)
  return text ? (JSON.parse(text) as Stored) : null
}
