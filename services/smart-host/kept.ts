/**
 * What is kept of each entry that a smart host gets: its last answer, with the message, and gone
 * with it; a bar, when the entry was withdrawn; and beside it, for a while, that it is being handed
 * over just now.
 *
 * Whoever hands over takes that mark and then reads; whoever withdraws bars and then looks for the
 * mark. So an entry that is barred is never begun, and one that was begun is waited for.
 */
import { randomUUID } from 'node:crypto'
import { type Address, partsOf } from '../../machines/protocol.ts'
import type { Client } from '../runtime/commit.ts'
import { messageKey } from '../runtime/keys.ts'
import type { Settings } from '../runtime/settings.ts'
import { MARK_MS, RENEW_MS } from './limits.ts'
import type { Answer } from './transaction.ts'

/** What the smart host has answered about an entry, or that it must not be asked any more. */
export type Outward = Answer | { kind: 'barred' | 'open' }

type Taken = Extract<Answer, { kind: 'taken' }>

/** As it is kept: of which attempt the answer is; `begun` has none yet. */
type Kept = (Answer | { kind: 'barred' | 'begun' }) & { attempt: number }

export interface Place {
  key: string
  field: string
}

export function placeOf(settings: Settings, message: string, entry: Address): Place {
  const [, copy, key] = partsOf(entry)
  return { key: messageKey(settings, message), field: `out/${copy}/${key}` }
}

async function read(client: Client, { key, field }: Place): Promise<Kept | null> {
  const text = await client.hget(key, field)
  return text === null ? null : (JSON.parse(text) as Kept)
}

const write = (client: Client, { key, field }: Place, kept: Kept): Promise<number> =>
  client.hset(key, field, JSON.stringify(kept))

/**
 * What needs no transaction: it was taken or barred, or this attempt has its answer. Null when one
 * is to be made, which is noted.
 */
export async function answered(
  client: Client,
  place: Place,
  attempt: number,
): Promise<Outward | null> {
  const kept = await read(client, place)
  if (!kept) await write(client, place, { kind: 'begun', attempt: 0 })
  if (!kept || kept.kind === 'begun') return null
  const final = kept.kind === 'taken' || kept.kind === 'barred'
  return final || kept.attempt >= attempt ? (kept as Outward) : null
}

/** An entry that was barred meanwhile stays so, unless the message was taken. */
export async function keep(
  client: Client,
  place: Place,
  attempt: number,
  answer: Answer,
): Promise<Outward> {
  const before = await read(client, place)
  if (before?.kind === 'barred' && answer.kind !== 'taken') return { kind: 'barred' }
  await write(client, place, { ...answer, attempt })
  return answer
}

/** The entry is not begun any more; null when it was not taken before that. */
export async function bar(client: Client, place: Place): Promise<Taken | null | 'under way'> {
  const before = await read(client, place)
  if (before?.kind === 'taken') return before
  await write(client, place, { kind: 'barred', attempt: 0 })
  if (await client.exists(markKey(place))) return 'under way'
  const after = await read(client, place)
  return after?.kind === 'taken' ? after : null
}

/**
 * For whoever gives an entry up: whether the smart host took it; barred if not. Null for one that
 * was never to be handed over.
 */
export async function takenOutside(
  client: Client,
  settings: Settings,
  message: string,
  entry: Address,
): Promise<boolean | null> {
  const place = placeOf(settings, message, entry)
  if ((await read(client, place)) === null) return null
  const taken = await bar(client, place)
  if (taken === 'under way') throw new Error(`${entry} is being handed over`)
  return taken !== null
}

const markKey = ({ key, field }: Place): string => `${key}:${field}`

/** Takes the mark away only if it is still ours. */
const UNMARK = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`

/** Null when somebody else hands the entry over. */
export async function markOf(
  client: Client,
  place: Place,
): Promise<{ remove(): Promise<void> } | null> {
  const key = markKey(place)
  const mine = randomUUID()
  if ((await client.set(key, mine, 'PX', MARK_MS, 'NX')) !== 'OK') return null
  const renewing = setInterval(() => {
    // Redis in trouble: the mark may go, and the entry be given twice.
    client
      .pexpire(key, MARK_MS)
      .catch((error: Error) => console.error(`smart host: ${error.message}`))
  }, RENEW_MS)
  return {
    async remove() {
      clearInterval(renewing)
      await client.eval(UNMARK, 1, key, mine)
    },
  }
}
