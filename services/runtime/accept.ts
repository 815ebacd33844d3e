/**
 * Accepting a message: one Lua call writes what was accepted and the first event, then the event becomes a job, then the
 * caller is told. Whoever was told can rely on it; whoever was not may repeat the request with the same Idempotency-Key.
 */
import { createHash } from 'node:crypto'
import { uuidv7 } from 'uuidv7'
import { CHUNK } from '../../machines/reads.ts'
import { type EntryRecord, type Header, OUTSIDE } from '../../machines/wire.ts'
import { problem } from '../errors.ts'
import { siteTime } from './clock.ts'
import type { RedisCommand } from './commit.ts'
import { type Content, contentOf, subjectOf } from './content.ts'
import { entryOf } from './directory-read.ts'
import type { Accepted, Submission } from './emulator.ts'
import { eventFor, writeNow } from './inject.ts'
import { contentKey, messageKey, part, shardOfMessage } from './keys.ts'
import { type Live, serverIn, siteOf } from './live-parts.ts'
import type { AcceptRecord } from './messages.ts'
import { outboxText } from './redis-port.ts'
import type { Settings } from './settings.ts'

/** How long a key is remembered, in real time: a client that repeats later has given up long ago. */
const KEY_SECONDS = 24 * 3_600

export async function accept(
  live: Live,
  site: string,
  submission: Submission,
  idempotencyKey?: string,
): Promise<Accepted> {
  const settings = await siteOf(live, site)
  const digest = digestOf(submission)
  const id = idFor(settings, idempotencyKey)
  const known = idempotencyKey ? await remember(live, settings, idempotencyKey, id, digest) : null
  const mine = known?.id ?? id
  if (known) {
    const record = await recordOf(live, settings, mine)
    if (record) return answer(live, record, await originals(live, settings, mine, record), true)
  }
  const { record, entries, content } = await prepare(live, settings, mine, submission, digest)
  await write(live, settings, record, entries, content)
  return answer(
    live,
    record,
    entries.map(({ original }) => original),
    false,
  )
}

const answer = (
  { connection }: Live,
  { header }: AcceptRecord,
  recipients: string[],
  replayed: boolean,
): Accepted => ({ id: header.id, recipients, durability: connection.durability, replayed })

const digestOf = (submission: Submission): string =>
  createHash('sha256').update(JSON.stringify(submission)).digest('hex').slice(0, 32)

/** A message's last digit says its shard; one with a key goes to the key's, where the key is remembered. */
function idFor(settings: Settings, key: string | undefined): string {
  const id = uuidv7()
  if (key === undefined) return id
  const digit = createHash('sha256').update(`${settings.site}\n${key}`).digest('hex').slice(0, 1)
  return id.slice(0, -1) + digit
}

interface Remembered {
  id: string
  digest: string
}

/** The first request with this key decides; another body with the same key is refused. */
async function remember(
  { client }: Live,
  settings: Settings,
  key: string,
  id: string,
  digest: string,
): Promise<Remembered | null> {
  const hashed = createHash('sha256').update(key).digest('hex').slice(0, 32)
  const place = `${part(settings, shardOfMessage(settings, id), 'idempotency')}:${hashed}`
  const mine: Remembered = { id, digest }
  const set = await client.set(place, JSON.stringify(mine), 'EX', KEY_SECONDS, 'NX')
  if (set === 'OK') return null
  const first = JSON.parse((await client.get(place)) ?? JSON.stringify(mine)) as Remembered
  if (first.digest !== digest) {
    throw problem('idempotency-mismatch', `The key "${key}" came before with another body.`)
  }
  return first
}

async function recordOf(live: Live, settings: Settings, id: string): Promise<AcceptRecord | null> {
  const text = await live.client.hget(messageKey(settings, id), 'accept')
  return text ? (JSON.parse(text) as AcceptRecord) : null
}

async function originals(
  live: Live,
  settings: Settings,
  id: string,
  { chunks }: AcceptRecord,
): Promise<string[]> {
  const fields = Array.from({ length: chunks }, (_, k) => `to/${k}`)
  const texts = await live.client.hmget(messageKey(settings, id), ...fields)
  return texts.flatMap((text) =>
    (JSON.parse(text ?? '[]') as EntryRecord[]).map(({ original }) => original),
  )
}

interface Prepared {
  record: AcceptRecord
  entries: EntryRecord[]
  content: Content
}

async function prepare(
  live: Live,
  settings: Settings,
  id: string,
  submission: Submission,
  digest: string,
): Promise<Prepared> {
  const at = siteTime(settings.clock, Date.now())
  const [originator = '', ...to] = await resolveAll(live, settings, [
    submission.from,
    ...submission.to,
  ])
  const server = submission.server
    ? serverIn(settings, submission.server)
    : await homeOf(live, settings, originator)
  const content = contentOf(submission)
  const priority = submission.priority ?? 'normal'
  const header: Header = {
    id,
    originator,
    subject: subjectOf(content),
    size: sizeOf(content),
    priority,
    submittedAt: at,
    expiresAt: at + settings.profile.expiryMs[priority],
    trace: [server],
  }
  const entries = entriesOf(submission, to)
  const chunks = Math.max(1, Math.ceil(entries.length / CHUNK))
  const record = { header, server, recipients: entries.length, chunks, digest, acceptedAt: at }
  return { record, entries, content }
}

/** Of parts, what they come to; the composed text is a little longer. */
const sizeOf = (content: Content): number =>
  'raw' in content
    ? Buffer.byteLength(content.raw)
    : [content.parts.subject, content.parts.text, content.parts.html ?? ''].reduce(
        (sum, part) => sum + Buffer.byteLength(part),
        0,
      )

/** One entry for each address, however often it was given. */
function entriesOf({ to, notify }: Submission, resolved: string[]): EntryRecord[] {
  const wanted = notify === undefined || notify.includes('failure')
  const first = new Map<string, string>()
  resolved.forEach((address, i) => {
    if (!first.has(address)) first.set(address, to[i] as string)
  })
  return [...first].map(([address, original], i) => ({
    number: i + 1,
    branch: 0,
    address,
    original,
    history: [],
    wanted,
    split: false,
  }))
}

/** An address of the site becomes its alias; one beyond the site stays what it is. */
async function resolveAll(live: Live, settings: Settings, given: string[]): Promise<string[]> {
  const lower = given.map((address) => address.toLowerCase())
  const known = await live.client.hmget(part(settings, 0, 'addresses'), ...lower)
  return lower.map((address, i) => {
    const at = address.lastIndexOf('@')
    if (known[i]) return known[i] as string
    if (at < 0) return address
    return address.slice(at + 1) === settings.domain ? address.slice(0, at) : (given[i] as string)
  })
}

/** The originator's home takes the message; for one beyond the site, the first server does. */
async function homeOf(live: Live, settings: Settings, originator: string): Promise<string> {
  const first = settings.servers[0] as string
  if (originator === '' || originator === OUTSIDE || originator.includes('@')) return first
  const entry = await entryOf(live.client, settings, originator)
  return entry && !entry.deleted ? entry.home : first
}

async function write(
  live: Live,
  settings: Settings,
  record: AcceptRecord,
  entries: EntryRecord[],
  content: Content,
): Promise<void> {
  const { header, server } = record
  const shard = shardOfMessage(settings, header.id)
  const chunks = Array.from({ length: record.chunks }, (_, k) =>
    entries.slice(k * CHUNK, (k + 1) * CHUNK),
  )
  const key = messageKey(settings, header.id)
  const event = {
    ...eventFor(settings, `message/${header.id}/${server}`, 'mail.submitted', {
      header,
      entries: chunks[0] ?? [],
      chunk: 0,
      last: record.chunks === 1,
    }),
    // A request that is repeated while the first one is still on its way must be the same event.
    id: `${header.id}.0`,
    at: header.submittedAt,
  }
  const commands: RedisCommand[] = [
    ['HSET', key, 'accept', JSON.stringify(record)],
    ...chunks.map((chunk, k): RedisCommand => ['HSET', key, `to/${k}`, JSON.stringify(chunk)]),
    ['SET', contentKey(settings, header.id), JSON.stringify(content)],
    ['ZADD', part(settings, shard, 'messages'), header.submittedAt, header.id],
    ['SADD', part(settings, shard, 'pending'), `${header.id}/${server}`],
    ['HSET', part(settings, shard, 'outbox'), event.id, outboxText(event)],
  ]
  await writeNow(live.client, settings, shard, commands)
  await live.queues.add(settings.site, [event])
}
