/**
 * The endings of entries whose event can never be processed, as writes for one commit.
 *
 * Everything is read anew and read with care: what cannot be parsed is what is to be ended. An
 * entry that a mailbox holds is delivered. One that has failed gets the Result stage's decision
 * from here: a report, silence that was asked for, or a dead letter for a null sender (I1, I3,
 * I4). One that is on its way to the next MTA fails there, so that MTA never takes it as well
 * (I8).
 */
import { UNPROCESSABLE } from '../../machines/codes.ts'
import type { End } from '../../machines/keep.ts'
import { entryKey, serverOf } from '../../machines/protocol.ts'
import { recipient } from '../../machines/recipient.ts'
import { reportFor, reportId } from '../../machines/reporting.ts'
import { initial } from '../../machines/transition.ts'
import { stamped } from '../../machines/versions.ts'
import type { EntryRecord, Header, MailEvent, Stored } from '../../machines/wire.ts'
import { who } from '../../machines/words.ts'
import { takenOutside } from '../smart-host/kept.ts'
import { asciiJson } from './ascii.ts'
import type { ActorWrite, Client, RedisCommand } from './commit.ts'
import { messageKey, part, shardOfMessage } from './keys.ts'
import type { AcceptRecord } from './messages.ts'
import type { Settings } from './settings.ts'
import { barred, heldAnywhere } from './strongbox.ts'

/** What is to be committed, and what it means. */
export interface Burial {
  shard: number
  actors: ActorWrite[]
  timers: [string, null][]
  commands: RedisCommand[]
  events: MailEvent[]
  words: string[]
  /** Each actor that ends, with its last state, for the journal. */
  states?: [string, string][]
}

/** A message as it lies there, and what has been decided about it so far. */
export interface Grave extends Burial {
  client: Client
  settings: Settings
  id: string
  at: number
  fields: Record<string, string>
  header: Header | null
  states: [string, string][]
  /** Of each copy that changes: how many of its entries end. */
  closed: Map<string, number>
  /** Headers of copies that are not there yet. */
  born: Map<string, Header>
}

export async function burial(
  client: Client,
  settings: Settings,
  id: string,
  at: number,
): Promise<Grave> {
  const fields = await client.hgetall(messageKey(settings, id))
  return {
    ...{ client, settings, id, at, fields },
    header: headerIn(fields),
    ...{ shard: shardOfMessage(settings, id), actors: [], timers: [], commands: [], events: [] },
    ...{ words: [], states: [], closed: new Map(), born: new Map() },
  }
}

/** Unreadable is as good as absent here: it is what shall be replaced. */
export function parsed<T>(text: string | undefined): T | null {
  try {
    return text === undefined ? null : (JSON.parse(text) as T)
  } catch {
    return null
  }
}

export const versionOf = (text: string | undefined): number =>
  Number(/^{"v":(\d+)/.exec(text ?? '')?.[1] ?? 0)

function headerIn(fields: Record<string, string>): Header | null {
  const accept = parsed<AcceptRecord>(fields.accept)
  if (accept) return accept.header
  const copies = Object.entries(fields).filter(([field]) => field.startsWith('m/'))
  for (const [, text] of copies) {
    const header = parsed<Stored>(text)?.a.header
    if (header) return header
  }
  return null
}

const ENDED = new Set<unknown>([
  ...['delivered', 'transferred', 'redirected', 'expanded', 'failed', 'expired'],
])

/** Entries of a copy. */
export async function entriesEnd(grave: Grave, copy: string, keys: string[]): Promise<Burial> {
  for (const key of keys) await entryEnds(grave, copy, key)
  return closed(grave)
}

async function entryEnds(grave: Grave, copy: string, key: string): Promise<void> {
  const text = grave.fields[`r/${copy}/${key}`]
  const stored = parsed<Stored>(text)
  if (text === undefined || (stored && ENDED.has(stored.s))) return
  const record = stored?.a.entry ?? recordIn(grave, key)
  if (!record) return void grave.words.push(`entry ${key}: nothing is known of whom it was for`)
  const { mailbox, home } = stored?.a ?? {}
  const { client, settings, id } = grave
  if (mailbox && home) await barred(client, settings, `mailbox/${home}/${mailbox}`, id)
  const outside = await takenOutside(client, settings, id, `recipient/${id}/${copy}/${key}`)
  if (outside ?? (mailbox && (await heldAnywhere(client, settings, mailbox, id)))) {
    return put(grave, copy, key, 'delivered', record, stored)
  }
  const next = stored?.a.copy
  const leaving = stored?.s === 'transferring' || stored?.c.remote === true
  if (!next || !leaving) return fail(grave, copy, key, record, stored)
  if (grave.fields[`r/${next}/${key}`] === undefined) {
    const header = parsed<Stored>(grave.fields[`m/${copy}`])?.a.header ?? grave.header
    if (header) grave.born.set(next, { ...header, trace: [...header.trace, serverOf(next)] })
    fail(grave, next, key, record, null)
  }
  put(grave, copy, key, 'transferred', record, stored)
}

/** As it was accepted; of one that was split off later nobody else knows. */
function recordIn({ fields }: Grave, key: string): EntryRecord | null {
  return addressees(fields).find((record) => entryKey(record.number, record.branch) === key) ?? null
}

const addressees = (fields: Record<string, string>): EntryRecord[] =>
  Object.entries(fields)
    .filter(([field]) => field.startsWith('to/'))
    .flatMap(([, text]) => parsed<EntryRecord[]>(text) ?? [])

/** Recipients that were never routed. */
export async function unroutedEnd(grave: Grave, copy: string): Promise<Burial> {
  if (grave.header) grave.born.set(copy, grave.header)
  grave.timers.push([`message/${grave.id}/${copy}|routing|`, null])
  grave.closed.set(copy, 0)
  for (const record of addressees(grave.fields)) failHere(grave, copy, record)
  return closed(grave)
}

/** Entries that came with a transfer: this MTA takes them, and fails them. */
export async function addresseesEnd(
  grave: Grave,
  copy: string,
  { header, entries = [], from }: MailEvent,
): Promise<Burial> {
  if (header) grave.born.set(copy, header)
  for (const record of entries) failHere(grave, copy, record)
  const ended = closed(grave)
  const keys = entries.map(({ number, branch }) => entryKey(number, branch))
  const id = `message/${grave.id}/${copy}.${versionOf(grave.fields[`m/${copy}`])}.${ENDING}`
  if (from) ended.events.push({ id, to: from, type: 'transfer.taken', at: grave.at, keys })
  return ended
}

function failHere(grave: Grave, copy: string, record: EntryRecord): void {
  const key = entryKey(record.number, record.branch)
  if (grave.fields[`r/${copy}/${key}`] === undefined) fail(grave, copy, key, record, null)
}

function fail(
  grave: Grave,
  copy: string,
  key: string,
  record: EntryRecord,
  before: Stored | null,
): void {
  const { header, id, at } = grave
  const about = { code: UNPROCESSABLE, why: 'it could not be processed' }
  put(grave, copy, key, 'failed', record, before, about)
  if (!header) return
  const kind = header.originator === '' ? 'deadLetter' : record.wanted ? 'report' : 'silenced'
  const report = kind === 'report' ? { report: reportId(id, key) } : {}
  const end: End = { entry: key, kind, at, ...report }
  const field = `e/${copy}/${key}`
  grave.commands.push(['HSET', messageKey(grave.settings, id), field, asciiJson(end)])
  grave.words.push(`${who(`recipient/${id}/${copy}/${key}`)}: ${kind}`)
  if (kind === 'report') grave.events.push(reportOn(grave, header, copy, key, record))
}

function reportOn(
  { settings, id, at, fields }: Grave,
  header: Header,
  copy: string,
  key: string,
  { original, address }: EntryRecord,
): MailEvent {
  const facts = {
    ...{ message: id, entry: key, recipient: original, address, code: UNPROCESSABLE },
    ...{ subject: header.subject, sentAt: header.submittedAt, failedAt: at },
    server: serverOf(copy),
  }
  const expiresAt = at + settings.profile.expiryMs[header.priority]
  const { local: _, ...send } = reportFor(header, facts, { at, expiresAt })
  const version = versionOf(fields[`r/${copy}/${key}`])
  return { ...send, id: `recipient/${id}/${copy}/${key}.${version}.${ENDING}`, at }
}

/**
 * The count in the id of an event that an ending sends: no step of the same version has so many.
 */
export const ENDING = 1_000_000

const TIMERS = ['retry', 'reply', 'expiry'] as const

/** The entry in its last state, without a timer. */
function put(
  grave: Grave,
  copy: string,
  key: string,
  s: 'delivered' | 'transferred' | 'failed',
  entry: EntryRecord,
  before: Stored | null,
  about: Partial<Stored['a']> = {},
): void {
  const field = `r/${copy}/${key}`
  const v = versionOf(grave.fields[field])
  const c = before?.c ?? { ...initial(recipient).context }
  const known = { ...before?.a, entry, ...about }
  const stored = stamped('recipient', { v: v + 1, s, c, a: known })
  grave.actors.push(actor(grave, field, v, stored))
  const address = `recipient/${grave.id}/${copy}/${key}`
  for (const timer of TIMERS) grave.timers.push([`${address}|${timer}|`, null])
  grave.states.push([address, s])
  if (s !== 'failed') grave.words.push(`${who(address, stored)}: ${s}`)
  const wasThere = grave.fields[field] !== undefined
  grave.closed.set(copy, (grave.closed.get(copy) ?? 0) + (wasThere ? 1 : 0))
}

export const actor = ({ settings, id }: Grave, field: string, version: number, stored: Stored) => ({
  key: messageKey(settings, id),
  field,
  version,
  value: asciiJson(stored),
})

/** The copies count their open entries: those that have none left are settled. */
function closed(grave: Grave): Burial {
  for (const [copy, count] of grave.closed) {
    const text = grave.fields[`m/${copy}`]
    const before = parsed<Stored>(text)
    const header = before?.a.header ?? grave.born.get(copy) ?? grave.header
    if (!header) continue
    const open = Math.max(0, Number(before?.c.open ?? 0) - count)
    const routing = before?.s === 'routing' && !grave.born.has(copy)
    const s = routing ? 'routing' : open > 0 ? 'open' : 'settled'
    const c = { chunks: 0, ...before?.c, open, nullSender: header.originator === '' }
    const v = versionOf(text)
    const stored = stamped('message', { v: v + 1, s, c, a: { ...before?.a, header } })
    grave.actors.push(actor(grave, `m/${copy}`, v, stored))
    grave.states.push([`message/${grave.id}/${copy}`, s])
    const pending = part(grave.settings, grave.shard, 'pending')
    grave.commands.push([s === 'settled' ? 'SREM' : 'SADD', pending, `${grave.id}/${copy}`])
  }
  return burialOf(grave)
}

export const burialOf = ({
  shard,
  actors,
  timers,
  commands,
  events,
  words,
  states,
}: Grave): Burial => ({
  ...{ shard, actors, timers, commands, events, words, states },
})
