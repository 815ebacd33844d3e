/**
 * Handing over: an offer to the mailbox `outside` is made to the smart host instead, and the answer
 * goes the way of a store's: accepted, deferred, refused.
 *
 * To the machines the smart host is a store. This is what it lacks of one: it does not know a key
 * that it was given before. So the last answer about each entry is kept with the message, as soon
 * as it is known: an offer that comes again is answered from there, and one that was put off is
 * made again only as the next attempt. An entry that is withdrawn is barred first, and the
 * withdrawal then waits for a transaction that is under way, so that nothing is reported that was
 * taken (I9).
 *
 * What remains is the moment between the smart host's reply and its being kept, and a connection
 * lost behind the end of the message: then it is given again, and arrives twice (RFC 1047). It is
 * never lost, since only its reply lets the entry go.
 */
import { randomUUID } from 'node:crypto'
import { kindOf, partsOf } from '../../machines/protocol.ts'
import { type Item, type MailEvent, OUTSIDE } from '../../machines/wire.ts'
import { fullAddress } from '../mime/compose.ts'
import type { Client } from '../runtime/commit.ts'
import { messageKey } from '../runtime/keys.ts'
import { onwardOf } from '../runtime/raw.ts'
import type { Settings } from '../runtime/settings.ts'
import { BUSY_MS, MARK_MS, RENEW_MS, TRANSACTIONS_MAX } from './limits.ts'
import { type SmartHost, smartHostIn } from './name.ts'
import { type Answer, begin, type Transaction } from './transaction.ts'

/** What the smart host has answered about an entry, or that it must not be asked any more. */
export type Outward = Answer | { kind: 'barred' | 'open' }

export type Asked = Outward | { putOff: number; why: string }

export interface HandOver {
  /** The event is about an entry beyond its site. */
  concerns(event: MailEvent): boolean
  /** The site has a smart host: nobody else may be asked. */
  serves(settings: Settings): boolean
  /** What is known when the event may be answered; or when to look again. */
  ask(settings: Settings, event: MailEvent): Promise<Asked>
  close(): void
}

/** As it is kept: of which attempt the answer is. */
type Kept = Outward & { attempt: number }

/** `host` is for the sites that have none of their own; null: theirs stays in `outside`. */
export function openHandOver(client: Client, host: SmartHost | null): HandOver {
  const running = new Set<Transaction>()
  const transact = async (
    host: SmartHost,
    settings: Settings,
    event: MailEvent,
  ): Promise<Answer> => {
    const item = event.item as Item
    const raw = await onwardOf({ client }, settings, item)
    const from = item.from === '' ? '' : fullAddress(item.from, settings.domain)
    const name = `${partsOf(event.to)[0]}.${settings.domain}`
    const transaction = begin(host, name, { from, to: event.alias as string, raw })
    running.add(transaction)
    try {
      return await transaction.answer
    } finally {
      running.delete(transaction)
    }
  }
  return {
    concerns: ({ to, type, alias }) =>
      (type === 'mail.offered' || type === 'offer.withdrawn') &&
      alias?.includes('@') === true &&
      kindOf(to) === 'mailbox' &&
      partsOf(to)[1] === OUTSIDE,
    serves: (settings) => hostOf(settings, host) !== null,
    async ask(settings, event) {
      const mine = hostOf(settings, host)
      if (mine === null) throw new Error(`${settings.site} has no smart host`)
      const place = placeOf(settings, event)
      if (event.type === 'offer.withdrawn') return withdraw(client, place)
      if (running.size >= TRANSACTIONS_MAX) return later('the smart host has enough to do')
      const mark = await markOf(client, place)
      if (!mark) return later('it is being handed over')
      try {
        const known = await answered(client, place, event.attempt ?? 0)
        return known ?? (await keep(client, place, event, await transact(mine, settings, event)))
      } finally {
        await mark.remove()
      }
    },
    close() {
      for (const transaction of running) transaction.abort()
    },
  }
}

const hostOf = ({ smartHost }: Settings, otherwise: SmartHost | null): SmartHost | null =>
  smartHost === undefined ? otherwise : smartHostIn(smartHost)

const later = (why: string) => ({ putOff: Date.now() + BUSY_MS, why })

/** With the message, and gone with it. */
interface Place {
  key: string
  field: string
}

function placeOf(settings: Settings, { item, entry }: MailEvent): Place {
  const [, copy, key] = partsOf(entry ?? '')
  return { key: messageKey(settings, item?.key ?? ''), field: `out/${copy}/${key}` }
}

async function read(client: Client, { key, field }: Place): Promise<Kept | null> {
  const text = await client.hget(key, field)
  return text === null ? null : (JSON.parse(text) as Kept)
}

/** What needs no further transaction: it was taken or barred, or this attempt has its answer. */
async function answered(client: Client, place: Place, attempt: number): Promise<Outward | null> {
  const kept = await read(client, place)
  if (!kept) return null
  const final = kept.kind === 'taken' || kept.kind === 'barred'
  return final || kept.attempt >= attempt ? kept : null
}

/** An entry that was barred meanwhile stays so, unless the message was taken. */
async function keep(
  client: Client,
  place: Place,
  { attempt = 0 }: MailEvent,
  answer: Answer,
): Promise<Outward> {
  const before = await read(client, place)
  if (before?.kind === 'barred' && answer.kind !== 'taken') return before
  await client.hset(place.key, place.field, JSON.stringify({ ...answer, attempt }))
  return answer
}

async function withdraw(client: Client, place: Place): Promise<Asked> {
  const before = await read(client, place)
  if (before?.kind === 'taken') return before
  await client.hset(place.key, place.field, JSON.stringify({ kind: 'barred', attempt: 0 }))
  if (await client.exists(markKey(place))) return later('it is being handed over')
  const after = await read(client, place)
  return after?.kind === 'taken' ? after : { kind: 'open' }
}

const markKey = ({ key, field }: Place): string => `${key}:${field}`

/** Takes the mark away only if it is still ours. */
const UNMARK = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`

/** Null when somebody else hands the entry over. */
async function markOf(client: Client, place: Place): Promise<{ remove(): Promise<void> } | null> {
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

/** How the answer is told to the machine, as a fault rule's order is. */
export function orderOf(outward: Outward) {
  switch (outward.kind) {
    case 'deferred':
      return { defer: true } as const
    case 'refused':
      return { refuse: outward.code }
    default:
      return null
  }
}
