/**
 * Accepting a message: one Lua call writes what was accepted, the first event, and what an
 * Idempotency-Key stands for; then the event becomes a job, then what the mode of durability asks
 * for is waited for (`confirm.ts`), then the caller is told. Whoever was told can rely on it;
 * whoever was not may repeat the request with the same Idempotency-Key.
 */

import { createHash } from 'node:crypto'
import { uuidv7 } from 'uuidv7'
import { CHUNK } from '../../machines/reads.ts'
import type { EntryRecord, Header } from '../../machines/wire.ts'
import { problem } from '../errors.ts'
import { type Arriving, arrival, type Incoming, type IncomingTexts } from './arrival.ts'
import { asciiJson } from './ascii.ts'
import { siteTime } from './clock.ts'
import type { RedisCommand } from './commit.ts'
import { counted } from './counts.ts'
import { deferralOf } from './deferral.ts'
import { eventFor, writeNow } from './inject.ts'
import { contentKey, messageKey, part, shardOfMessage, uploadKey } from './keys.ts'
import { type Live, runnableSite, serverIn } from './live-parts.ts'
import { type AcceptRecord, bytesOf, type Remembered } from './messages.ts'
import { outboxText } from './redis-port.ts'
import { resolveAll } from './resolve.ts'
import type { Settings } from './settings.ts'
import type { Accepted, Enveloped } from './views-of-mail.ts'

/** How long a key is remembered, in real time: who repeats later has given up long ago. */
const KEY_SECONDS = 24 * 3_600

export async function accept(
  live: Live,
  site: string,
  given: Enveloped | (() => Enveloped),
  idempotencyKey?: string,
  incoming?: Incoming | IncomingTexts,
): Promise<Accepted> {
  const settings = await runnableSite(live, site)
  const said = () => (typeof given === 'function' ? given() : given)
  await live.admission.admit(settings, typeof given === 'function' ? 1 : given.to.length)
  const fresh = idFor(settings, idempotencyKey)
  const digested = idempotencyKey !== undefined
  const place = uploadKey(settings, fresh)
  const arrived = await arrival(live.client, place, incoming, { digested })
  try {
    const submission = said()
    const content = arrived.of(submission)
    return await acceptArrived(live, settings, submission, content, { fresh, idempotencyKey })
  } catch (error) {
    await arrived.drop()
    throw error
  }
}

async function acceptArrived(
  live: Live,
  settings: Settings,
  submission: Enveloped,
  content: Arriving,
  { fresh, idempotencyKey }: { fresh: string; idempotencyKey: string | undefined },
): Promise<Accepted> {
  const digest = idempotencyKey === undefined ? '' : digestOf(submission, content)
  // Refused before its key is remembered, a request may be mended and come again with it.
  const { record, entries } = await prepare(live, settings, submission, content, digest)
  live.admission.took(settings, record.header.size)
  record.header.id = fresh
  const prepared = { record, entries }
  const first = await writeOnce(live, settings, prepared, content, idempotencyKey)
  if (!first.trimmed) await live.confirmation.confirm(settings, first.id)
  if (first.written) return answer(live, record, entries, false)
  await content.drop()
  if (first.trimmed) return answer(live, record, entries, true)
  const earlier = (await firstAccepted(live, settings, first.id)) ?? prepared
  return answer(live, earlier.record, earlier.entries, true)
}

const answer = (
  { connection }: Live,
  { header }: AcceptRecord,
  entries: EntryRecord[],
  replayed: boolean,
): Accepted => ({
  id: header.id,
  recipients: entries.map(({ original }) => original),
  durability: connection.durability,
  replayed,
})

const digestOf = ({ caller: _, ...said }: Enveloped, { digest }: Arriving): string =>
  createHash('sha256')
    .update(JSON.stringify(said) + digest)
    .digest('hex')
    .slice(0, 32)

/**
 * A message's last digit says its shard; one with a key goes to the key's, where the key is
 * remembered.
 */
function idFor(settings: Settings, key: string | undefined): string {
  const id = uuidv7()
  if (key === undefined) return id
  const digit = createHash('sha256').update(`${settings.site}\n${key}`).digest('hex').slice(0, 1)
  return id.slice(0, -1) + digit
}

function placeOfKey(settings: Settings, key: string, id: string): string {
  const hashed = createHash('sha256').update(key).digest('hex').slice(0, 32)
  return `${part(settings, shardOfMessage(settings, id), 'idempotency')}:${hashed}`
}

/**
 * Writes the message, and in the same call what its key stands for: a Redis that forgets has both
 * or neither. A key that is there already says which message the request was accepted as; another
 * body with the same key is refused.
 */
async function writeOnce(
  live: Live,
  settings: Settings,
  prepared: Prepared,
  content: Arriving,
  key: string | undefined,
): Promise<Remembered & { written: boolean }> {
  const { record } = prepared
  const mine: Remembered = { id: record.header.id, digest: record.digest }
  if (key === undefined) {
    return { ...mine, written: await write(live, settings, prepared, content, []) }
  }
  const place = placeOfKey(settings, key, mine.id)
  record.key = place
  const remembered: RedisCommand = ['SET', place, JSON.stringify(mine), 'EX', KEY_SECONDS]
  for (;;) {
    if (await write(live, settings, prepared, content, [remembered], place)) {
      return { ...mine, written: true }
    }
    const text = await live.client.get(place)
    if (text === null) continue
    const first = JSON.parse(text) as Remembered
    if (first.digest !== mine.digest) {
      throw problem('idempotency-mismatch', `The key "${key}" came before with another body.`)
    }
    record.header.id = first.id
    // Earlier versions wrote the key first, and may have died before its message.
    const written = !first.trimmed && (await write(live, settings, prepared, content, []))
    return { ...first, written }
  }
}

/**
 * What was accepted when a message of this id was first written, with its recipients; null when it
 * was trimmed a moment ago.
 */
async function firstAccepted(
  { client }: Live,
  settings: Settings,
  id: string,
): Promise<Prepared | null> {
  const key = messageKey(settings, id)
  const text = await client.hget(key, 'accept')
  if (text === null) return null
  const record = JSON.parse(text) as AcceptRecord
  const texts = await client.hmget(key, ...chunkFields(record))
  if (texts.includes(null)) return null
  return { record, entries: texts.flatMap((chunk) => JSON.parse(chunk as string) as EntryRecord[]) }
}

const chunkFields = ({ chunks }: AcceptRecord): string[] =>
  Array.from({ length: chunks }, (_, k) => `to/${k}`)

interface Prepared {
  record: AcceptRecord
  entries: EntryRecord[]
}

async function prepare(
  live: Live,
  settings: Settings,
  submission: Enveloped,
  { facts, size }: Arriving,
  digest: string,
): Promise<Prepared> {
  const at = siteTime(settings.clock, Date.now())
  const { addresses, home } = await resolveAll(live, settings, [submission.from, ...submission.to])
  const [originator = '', ...to] = addresses
  const first = settings.servers[0] as string
  const server = submission.server ? serverIn(settings, submission.server) : (home ?? first)
  const priority = submission.priority ?? 'normal'
  const caller = submission.caller ?? facts.caller
  const deferral = deferralOf(submission, at)
  const header: Header = {
    id: '',
    originator,
    subject: facts.subject,
    size,
    priority,
    submittedAt: at,
    expiresAt: (deferral.deferUntil ?? at) + settings.profile.expiryMs[priority],
    ...deferral,
    trace: [server],
    via: [{ server, at }],
    ...(facts.hops > 0 ? { hopsBefore: facts.hops } : {}),
    ...(submission.asked ? { asked: submission.asked } : {}),
    ...(submission.reassignmentProhibited ? { reassignmentProhibited: true } : {}),
    ...(submission.expansionProhibited ? { expansionProhibited: true } : {}),
    ...(caller ? { caller } : {}),
  }
  const entries = entriesOf(submission, to)
  const chunks = Math.max(1, Math.ceil(entries.length / CHUNK))
  const { length: recipients } = entries
  const record = { v: 1 as const, header, server, recipients, chunks, digest, acceptedAt: at }
  return { record, entries }
}

/** One entry for each address, however often it was given. */
function entriesOf({ to, notify, each }: Enveloped, resolved: string[]): EntryRecord[] {
  const first = new Map<string, number>()
  resolved.forEach((address, i) => {
    if (!first.has(address)) first.set(address, i)
  })
  return [...first].map(([address, given], i) => {
    const { notify: mine = notify, orcpt } = each?.[given] ?? {}
    const more = mine?.filter((one) => one === 'success' || one === 'delay') ?? []
    return {
      number: i + 1,
      branch: 0,
      address,
      original: to[given] as string,
      history: [],
      wanted: mine === undefined || mine.includes('failure'),
      split: false,
      ...(more.length > 0 ? { notify: more } : {}),
      ...(orcpt === undefined ? {} : { orcpt }),
    }
  })
}

async function write(
  live: Live,
  settings: Settings,
  { record, entries }: Prepared,
  content: Arriving,
  more: RedisCommand[],
  absent?: string,
): Promise<boolean> {
  const { header, server } = record
  const shard = shardOfMessage(settings, header.id)
  const chunks = Array.from({ length: record.chunks }, (_, k) =>
    entries.slice(k * CHUNK, (k + 1) * CHUNK),
  )
  const key = messageKey(settings, header.id)
  const event = {
    ...eventFor(settings, `message/${header.id}/${server}`, 'mail.submitted', {
      header,
      ...(header.caller ? { caller: header.caller } : {}),
      entries: chunks[0] ?? [],
      chunk: 0,
      last: record.chunks === 1,
    }),
    id: `${header.id}.0`,
    at: header.submittedAt,
  }
  const commands: RedisCommand[] = [
    ...chunks.map((chunk, k): RedisCommand => ['HSET', key, `to/${k}`, asciiJson(chunk)]),
    ...content.commands(contentKey(settings, header.id)),
    ['ZADD', part(settings, shard, 'messages'), header.submittedAt, header.id],
    counted(settings, shard, 'bytes', bytesOf(record)),
    ['SADD', part(settings, shard, 'pending'), `${header.id}/${server}`],
    ['HSET', part(settings, shard, 'outbox'), event.id, outboxText(event)],
    ...more,
  ]
  const first = { key, field: 'accept', version: 0, value: JSON.stringify(record) }
  const isNew = { first, ...(absent === undefined ? {} : { absent }) }
  if (!(await writeNow(live.client, settings, shard, commands, isNew))) return false
  await live.queues.add(settings.site, [event])
  return true
}
