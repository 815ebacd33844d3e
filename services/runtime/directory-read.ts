/**
 * The directory as the stores of the site's servers have it: each replica, and the newest of them,
 * which is right.
 */
import type { DirectoryEntry } from '../../machines/cache.ts'
import type { Stored } from '../../machines/wire.ts'
import type { Client } from './commit.ts'
import { directoryKey } from './keys.ts'
import type { Settings } from './settings.ts'

export async function replicasOf(
  client: Client,
  settings: Settings,
  alias: string,
): Promise<Map<string, DirectoryEntry>> {
  const texts = await Promise.all(
    settings.servers.map((server) => client.hget(directoryKey(settings, server), alias)),
  )
  const replicas = new Map<string, DirectoryEntry>()
  settings.servers.forEach((server, i) => {
    const record = texts[i] ? (JSON.parse(texts[i] as string) as Stored).a.record : undefined
    if (record) replicas.set(server, record)
  })
  return replicas
}

export const newest = (replicas: Iterable<DirectoryEntry>): DirectoryEntry | null => {
  let found: DirectoryEntry | null = null
  for (const record of replicas) if (!found || record.version > found.version) found = record
  return found
}

/** The entry that is right, deleted ones included; null when the alias was never there. */
export const entryOf = async (
  client: Client,
  settings: Settings,
  alias: string,
): Promise<DirectoryEntry | null> => newest((await replicasOf(client, settings, alias)).values())

/** Every alias with its newest entry, the deleted ones included. */
export async function allEntries(
  client: Client,
  settings: Settings,
): Promise<Map<string, DirectoryEntry>> {
  const entries = new Map<string, DirectoryEntry>()
  for (const server of settings.servers) {
    const replica = await client.hgetall(directoryKey(settings, server))
    for (const [alias, text] of Object.entries(replica)) {
      const record = (JSON.parse(text) as Stored).a.record
      const known = entries.get(alias)
      if (record && (!known || record.version > known.version)) entries.set(alias, record)
    }
  }
  return entries
}
