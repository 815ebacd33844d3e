/**
 * A mailbox as a person sees it: the directory entry, and what each store, replica and cache says.
 */
import type { Cached, DirectoryEntry } from '../../machines/cache.ts'
import type { Stored } from '../../machines/wire.ts'
import { stateName } from '../../machines/words.ts'
import { problem } from '../errors.ts'
import { moveOf } from './claims.ts'
import { siteTime } from './clock.ts'
import { newest, replicasOf } from './directory-read.ts'
import { boxKey, cacheKey } from './keys.ts'
import type { Live } from './live-parts.ts'
import type { Settings } from './settings.ts'
import type { MailboxView } from './views-of-mail.ts'

/** The entry, unless it is none of a mailbox. */
export function mailboxOf(
  { site }: Settings,
  alias: string,
  entry: DirectoryEntry | null,
): DirectoryEntry {
  if (entry && !entry.deleted && !entry.list) return entry
  const what = `The site ${site} has no mailbox "${alias}"`
  throw problem('unknown-mailbox', entry?.list ? `${what}: it is a list.` : `${what}.`)
}

export async function viewOf(live: Live, settings: Settings, alias: string): Promise<MailboxView> {
  const replicas = await replicasOf(live.client, settings, alias)
  const entry = mailboxOf(settings, alias, newest(replicas.values()))
  const now = siteTime(settings.clock, Date.now())
  const stores: MailboxView['stores'] = {}
  const caches: MailboxView['caches'] = {}
  for (const server of settings.servers) {
    const store = await storeOf(live, settings, server, entry.mailbox)
    if (store) stores[server] = store
    const text = await live.client.hget(cacheKey(settings, server), alias)
    const cached = text ? (JSON.parse(text) as Cached) : null
    caches[server] = cached && {
      home: cached.home,
      alternate: cached.alternate,
      ageMs: now - cached.readAt,
    }
  }
  return {
    alias,
    mailbox: entry.mailbox,
    addresses: [`${alias}@${settings.domain}`, ...entry.addresses],
    server: entry.home,
    alternateRecipient: entry.alternate,
    deliverToBoth: entry.both,
    storageLimit: entry.limit ?? null,
    version: entry.version,
    move: await moveOf(live, settings, entry.mailbox),
    stores,
    replicas: Object.fromEntries(
      [...replicas].map(([server, { home, version, alternate, deleted }]) => [
        server,
        { home: deleted ? null : home, version, alternate },
      ]),
    ),
    caches,
  }
}

export async function storeOf(live: Live, settings: Settings, server: string, mailbox: string) {
  const box = boxKey(settings, server, mailbox)
  const [[text, bytes], messages, inTransit, waiters] = await Promise.all([
    live.client.hmget(box, 'actor', 'bytes'),
    live.client.hlen(`${box}:items`),
    live.client.hlen(`${box}:transit`),
    live.client.hlen(`${box}:waiters`),
  ])
  if (!text) return null
  const state = stateName((JSON.parse(text) as Stored).s)
  return { state, messages, bytes: Number(bytes ?? 0), inTransit, waiters }
}
