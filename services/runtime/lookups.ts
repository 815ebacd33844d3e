/**
 * What an MTA believes: its cache and its server's replica, read for the recipients of one event.
 */
import {
  atOwnStore,
  type Cached,
  type DirectoryEntry,
  type Lookup,
  lookup,
} from '../../machines/cache.ts'
import type { Beliefs } from '../../machines/reads.ts'
import { missing } from '../../machines/routing.ts'
import type { Stored } from '../../machines/wire.ts'
import { type Client, load } from './commit.ts'
import { boxKey, cacheKey, directoryKey } from './keys.ts'
import type { LoadOptions } from './port.ts'
import type { Settings } from './settings.ts'

export interface Believed {
  lookups: Record<string, Lookup>
  refreshed: Record<string, Cached>
}

/** Looks up recipients, then their alternates, until none is missing. */
export async function lookUp(
  client: Client,
  settings: Settings,
  { server, records, bypass }: Beliefs,
  { at, stale = false }: LoadOptions,
): Promise<Believed> {
  // Without a prototype: a recipient may be called `constructor`.
  const believed: Believed = { lookups: Object.create(null), refreshed: Object.create(null) }
  for (;;) {
    const aliases = missing(records, believed.lookups)
    if (aliases.length === 0) break
    const [caches = [], replicas = []] = await load(client, [
      { key: cacheKey(settings, server), fields: aliases },
      { key: directoryKey(settings, server), fields: aliases },
    ])
    aliases.forEach((alias, i) => {
      const cached = parsed<Cached>(caches[i])
      const replica = parsed<Stored>(replicas[i])?.a.record ?? null
      const asked = { alias, server, cached, replica: replica as DirectoryEntry | null, at }
      const answer = lookup({ ...asked, bypass, stale }, settings.profile)
      believed.lookups[alias] = answer.lookup
      if (answer.refreshed) believed.refreshed[alias] = answer.refreshed
    })
  }
  await askOwnStore(client, settings, server, believed.lookups)
  return believed
}

/** Of mailboxes that are believed elsewhere: does the store beside this MTA hold them? */
async function askOwnStore(
  client: Client,
  settings: Settings,
  server: string,
  lookups: Record<string, Lookup>,
): Promise<void> {
  await Promise.all(
    Object.values(lookups).map(async (found) => {
      if (found.route !== 'elsewhere' || found.mailbox === null) return
      const text = await client.hget(boxKey(settings, server, found.mailbox), 'actor')
      const state = parsed<Stored>(text)?.s
      lookups[found.alias] = atOwnStore(found, server, state)
    }),
  )
}

const parsed = <T>(text: string | null | undefined): T | null =>
  text ? (JSON.parse(text) as T) : null
