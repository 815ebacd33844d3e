/**
 * Mailboxes as a person drives them: directory entries are made, changed and deleted, and the
 * stores are told of it.
 */

import { uuidv7 } from 'uuidv7'
import type { DirectoryEntry } from '../../machines/cache.ts'
import type { EventType } from '../../machines/protocol.ts'
import { directoryEntry } from '../../machines/site.ts'
import { type MailEvent, OUTSIDE } from '../../machines/wire.ts'
import { problem } from '../errors.ts'
import { checkMailbox } from './checked.ts'
import { claim, claimFor, unclaim } from './claims.ts'
import { allEntries, entryOf, replicasOf } from './directory-read.ts'
import { eventFor, inject } from './inject.ts'
import { part, shardOf } from './keys.ts'
import { type Live, OWN_EVENT_MS, runnableSite, siteOf } from './live-parts.ts'
import { mailboxOf, storeOf, viewOf } from './mailbox-view.ts'
import type { Settings } from './settings.ts'
import type { MailboxSpec, MailboxView } from './views-of-mail.ts'

/** The entry, or a problem; deleted ones count as none. */
export async function entryOrProblem(
  live: Live,
  settings: Settings,
  alias: string,
): Promise<DirectoryEntry> {
  const entry = await entryOf(live.client, settings, alias)
  return mailboxOf(settings, alias, entry)
}

export async function putMailbox(
  live: Live,
  site: string,
  spec: MailboxSpec,
  replicate?: 'now' | 'lagged',
  raw = false,
): Promise<{ created: boolean; mailbox: MailboxView }> {
  const settings = await runnableSite(live, site)
  const entries = await allEntries(live.client, settings)
  const known = (alias: string) => entries.has(alias) && !entries.get(alias)?.deleted
  checkMailbox(settings, spec, known)
  await checkAddresses(live, settings, spec, known)
  const created = await writeEntry(live, settings, spec, entries.get(spec.alias), replicate, raw)
  return { created, mailbox: await viewOf(live, settings, spec.alias) }
}

/** What was checked is written; whether it was there before. */
export async function writeEntry(
  live: Live,
  settings: Settings,
  spec: MailboxSpec,
  old: DirectoryEntry | undefined,
  replicate?: 'now' | 'lagged',
  raw = false,
): Promise<boolean> {
  const isNew = (entry: DirectoryEntry | null | undefined) => !entry || entry.deleted === true
  let created = false
  /** The server that a raw change takes the mailbox from. */
  let left: string | null = null
  const edit: Edit = async (newestEntry, send) => {
    const version = (newestEntry?.version ?? 0) + 1
    created = isNew(newestEntry)
    if (newestEntry?.list && !created) {
      throw problem('list-exists', `"${spec.alias}" is the alias of a distribution list.`)
    }
    if (newestEntry && !created && newestEntry.home !== spec.server) {
      await checkHome(live, settings, newestEntry, raw ? spec.server : null)
      left = newestEntry.home
    }
    const kept = created && raw ? await leftAt(live, settings, newestEntry, spec.server) : null
    const same = created ? kept : (newestEntry?.mailbox ?? spec.alias)
    const id = same ?? freshId(spec.alias, version)
    await tellStore(send, { spec, id, created: same === null, limit: newestEntry?.limit })
    const before = newestEntry?.addresses ?? []
    await rememberAddresses(live, settings, spec.alias, before, spec.addresses ?? [])
    return directoryEntry(spec, id, version)
  }
  const how = replicate ?? (isNew(old) ? 'now' : 'lagged')
  const { mailbox } = await changeEntry(live, settings, spec.alias, old ?? null, edit, how)
  if (left !== null) await letGo(live, settings, left, mailbox)
  return created
}

/**
 * The server of an entry is changed by a move; as with an administrator's raw mode (Q252869) it is
 * written as it stands, where a store has the mailbox.
 */
async function checkHome(
  live: Live,
  settings: Settings,
  { alias, home, mailbox }: DirectoryEntry,
  raw: string | null,
): Promise<void> {
  const where = `The mailbox ${alias} is on ${home}`
  if (raw === null) {
    throw problem('mailbox-exists', `${where}. Move it: POST /sites/:site/moves.`)
  }
  const store = await storeOf(live, settings, raw, mailbox)
  if (store?.state === 'open') return
  throw problem('mailbox-exists', `${where}, and the store of ${raw} has none that is open.`)
}

/**
 * What a store has of a deleted mailbox that was another server's, by the directory: under its old
 * name, as with the same Distinguished Name (Q252869), it is that mailbox again. What its own
 * server had was deleted with the entry.
 */
async function leftAt(
  live: Live,
  settings: Settings,
  entry: DirectoryEntry | null,
  server: string,
): Promise<string | null> {
  if (!entry || entry.list || entry.home === server) return null
  const store = await storeOf(live, settings, server, entry.mailbox)
  return store?.state === 'open' ? entry.mailbox : null
}

interface Told {
  spec: MailboxSpec
  id: string
  created: boolean
  limit: number | undefined
}

/** The store is told of a mailbox that is made, and of a limit that changes: it goes by its own. */
async function tellStore(send: Send, { spec, id, created, limit }: Told): Promise<void> {
  const wanted = spec.storageLimit ?? undefined
  const payload = wanted === undefined ? {} : { limit: wanted }
  const to = `mailbox/${spec.server}/${id}`
  if (created) await send(to, 'mailbox.created', payload)
  else if (limit !== wanted) await send(to, 'mailbox.limited', payload)
}

/** An address leads to one mailbox. */
export async function checkAddresses(
  live: Live,
  settings: Settings,
  { alias, addresses = [] }: Pick<MailboxSpec, 'alias' | 'addresses'>,
  known: (alias: string) => boolean,
): Promise<void> {
  if (addresses.length === 0) return
  const lower = addresses.map((address) => address.toLowerCase())
  const owners = await live.client.hmget(part(settings, 0, 'addresses'), ...lower)
  const own = `@${settings.domain}`
  lower.forEach((address, i) => {
    const local = address.endsWith(own) ? address.slice(0, -own.length) : null
    const owner = owners[i] ?? (local !== null && known(local) ? local : null)
    if (owner === null || owner === alias) return
    throw problem('mailbox-exists', `${address} is an address of ${owner}.`)
  })
}

/** A mailbox made again under an alias is another mailbox, where it is not made in raw mode. */
export const freshId = (alias: string, version: number): string =>
  version === 1 ? alias : `${alias}-${version}`

/** Further addresses lead to the alias; those that it had before and has no more lead nowhere. */
export async function rememberAddresses(
  live: Live,
  settings: Settings,
  alias: string,
  before: string[],
  after: string[],
): Promise<void> {
  const key = part(settings, 0, 'addresses')
  const lower = (addresses: string[]) => addresses.map((address) => address.toLowerCase())
  const kept = new Set(lower(after))
  const dropped = lower(before).filter((address) => !kept.has(address))
  const owners = dropped.length > 0 ? await live.client.hmget(key, ...dropped) : []
  const mine = dropped.filter((_, i) => owners[i] === alias)
  if (mine.length > 0) await live.client.hdel(key, ...mine)
  if (kept.size > 0) await live.client.hset(key, ...[...kept].flatMap((one) => [one, alias]))
}

/** Sends an event under the claim, and waits until its step has committed. */
type Send = (to: string, type: EventType, payload?: Partial<MailEvent>) => Promise<void>

/** What the entry becomes; it may have something sent before. */
type Edit = (newest: DirectoryEntry | null, send: Send) => Promise<DirectoryEntry>

/**
 * Writes the entry at its home, under the same claim that a move takes: an edit and a move exclude
 * each other, also when the edit takes longer than its caller waits.
 */
export async function changeEntry(
  live: Live,
  settings: Settings,
  alias: string,
  old: DirectoryEntry | null,
  edit: Edit,
  replicate: 'now' | 'lagged',
): Promise<DirectoryEntry> {
  const claimed = old?.mailbox ?? alias
  const id = uuidv7()
  await claim(live, settings, claimed, id).catch((error: Error) => {
    throw problem('mailbox-in-transit', `${error.message} Its entry cannot be changed now.`)
  })
  const send: Send = async (to, type, payload = {}) => {
    const event = eventFor(settings, to, type, payload)
    await claimFor(live, settings, claimed, id, event)
    await sendAndWait(live, settings, event)
  }
  try {
    const record = await edit(await entryOf(live.client, settings, alias), send)
    const payload = { record, now: replicate === 'now' }
    await send(`directory/${record.home}/${alias}`, 'entry.written', payload)
    if (replicate === 'now') await everywhere(live, settings, alias, record.version)
    return record
  } finally {
    await unclaim(live, settings, claimed, id)
  }
}

/** Until each replica has the version; a paused directory queue ends the wait, not the write. */
async function everywhere(live: Live, settings: Settings, alias: string, version: number) {
  const look = async () => {
    const replicas = await replicasOf(live.client, settings, alias)
    const all = settings.servers.every((server) => (replicas.get(server)?.version ?? 0) >= version)
    return all ? true : null
  }
  await live.watch.until(settings.site, look, { timeoutMs: OWN_EVENT_MS })
}

/** Injects an event and waits until its step has committed; 503 when nobody takes it. */
export async function injectAndWait(
  live: Live,
  settings: Settings,
  to: string,
  type: Parameters<typeof eventFor>[2],
  payload: Parameters<typeof eventFor>[3] = {},
): Promise<void> {
  await sendAndWait(live, settings, eventFor(settings, to, type, payload))
}

async function sendAndWait(live: Live, settings: Settings, event: MailEvent): Promise<void> {
  const { to, type } = event
  await inject(live, settings, event)
  const outbox = part(settings, shardOf(settings, to), 'outbox')
  const look = async () => ((await live.client.hexists(outbox, event.id)) === 0 ? true : null)
  const done = await live.watch.until(settings.site, look, { timeoutMs: OWN_EVENT_MS })
  if (!done)
    throw problem('timeout', `${type} for ${to} is kept and waits: its queue does not move.`)
}

export async function deleteMailbox(live: Live, site: string, alias: string): Promise<void> {
  const settings = await siteOf(live, site)
  if (alias === OUTSIDE) {
    throw problem('reserved-mailbox', `"${OUTSIDE}" stands for what lies beyond the site.`)
  }
  const entry = await entryOrProblem(live, settings, alias)
  const gone: Edit = async (now) => {
    const newestEntry = now ?? entry
    await rememberAddresses(live, settings, alias, newestEntry.addresses, [])
    return { ...newestEntry, version: newestEntry.version + 1, deleted: true, addresses: [] }
  }
  const { home, mailbox } = await changeEntry(live, settings, alias, entry, gone, 'now')
  await letGo(live, settings, home, mailbox)
}

/** No entry names what this store has: it is nobody's mailbox any more. */
const letGo = (live: Live, settings: Settings, server: string, mailbox: string): Promise<void> =>
  injectAndWait(live, settings, `mailbox/${server}/${mailbox}`, 'mailbox.deleted')

export async function listMailboxes(live: Live, site: string): Promise<MailboxView[]> {
  const settings = await siteOf(live, site)
  const entries = [...(await allEntries(live.client, settings)).values()]
  const there = entries.filter(({ deleted, list }) => !deleted && !list)
  const aliases = there.map(({ alias }) => alias)
  return Promise.all(aliases.sort().map((alias) => viewOf(live, settings, alias)))
}
