/**
 * A site's end: everything under its name is cleared away, at once and again a little later.
 *
 * A worker or a request that was in the middle of something when the site went may still leave a
 * job behind; the name is kept as a grave until that has been cleared away too. Making and erasing
 * sites of one name exclude each other across processes, so nobody erases what somebody else has
 * just made.
 */
import { Cluster } from 'ioredis'
import { uuidv7 } from 'uuidv7'
import { problem } from '../errors.ts'
import type { Client } from './commit.ts'
import { part, shardsOf } from './keys.ts'
import type { Settings, SettingsStore } from './settings.ts'

/** A process that dies while it makes or erases a site keeps others from that name for as long. */
const LOCK_MS = 60_000
/** One who finds the name locked waits for so long. */
const LOCK_WAIT_MS = 10_000
const LOCK_LOOK_MS = 20
/** Whatever was under way when a site was erased has come to its end by then. */
const GRAVE_MS = 3_000

export interface Cleaning {
  settings: SettingsStore
  client: Client
}

const lockKey = (namespace: string, site: string) => `{${namespace}}:lock:${site}`
const gravesKey = (namespace: string) => `{${namespace}}:graves`

const UNLOCK = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`

/** Nobody else makes or erases a site of this name meanwhile. */
export async function withName<T>(
  { client, settings: { namespace } }: Cleaning,
  site: string,
  work: () => Promise<T>,
): Promise<T> {
  const key = lockKey(namespace, site)
  const mine = uuidv7()
  const deadline = Date.now() + LOCK_WAIT_MS
  while ((await client.set(key, mine, 'PX', LOCK_MS, 'NX')) === null) {
    if (Date.now() > deadline) {
      throw problem('unavailable', `The name "${site}" is being made or erased by somebody else.`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_LOOK_MS))
  }
  try {
    return await work()
  } finally {
    await client.eval(UNLOCK, 1, key, mine)
  }
}

/** Erases this site, unless it has gone already and perhaps another of its name is there. */
export const erase = (cleaning: Cleaning, site: Settings): Promise<void> =>
  withName(cleaning, site.site, async () => {
    const { client, settings } = cleaning
    settings.forget(site.site)
    const now = await settings.get(site.site)
    if (now?.createdAt !== site.createdAt) return
    await client.hset(gravesKey(settings.namespace), site.site, Date.now())
    // Without its epochs nothing is committed any more; then its workers are told to go.
    for (const shard of shardsOf(site)) await client.unlink(part(site, shard, 'epoch'))
    await client.unlink(part(site, 0, 'settings'))
    await settings.remove(site.site)
    await eraseKeys(client, settings.namespace, site.site)
    await settings.remove(site.site)
  })

/** Every key that bears the name: the site's shards and its queues. */
export async function eraseKeys(client: Client, namespace: string, site: string): Promise<void> {
  const masters = client instanceof Cluster ? (client as Cluster).nodes('master') : [client]
  for (const node of masters) await eraseOn(node, `{${namespace}:${site}[:.]*`)
}

async function eraseOn(client: Client, pattern: string): Promise<void> {
  let cursor = '0'
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', 1_000)
    cursor = next
    await Promise.all(keys.map((key) => client.unlink(key)))
  } while (cursor !== '0')
}

/** Cleans away the sites that have outlived their ttl, and what was left of those that went. */
export async function cleanExpired(cleaning: Cleaning): Promise<void> {
  const { client, settings } = cleaning
  for (const name of await settings.names()) {
    const site = await settings.get(name)
    if (site?.expiresAt && site.expiresAt <= Date.now()) await erase(cleaning, site)
  }
  const graves = await client.hgetall(gravesKey(settings.namespace))
  for (const [name, erasedAt] of Object.entries(graves)) {
    if (Date.now() - Number(erasedAt) > GRAVE_MS) await fillGrave(cleaning, name)
  }
}

const fillGrave = (cleaning: Cleaning, name: string): Promise<void> =>
  withName(cleaning, name, async () => {
    const { client, settings } = cleaning
    const made = (await settings.names()).includes(name)
    if (!made) await eraseKeys(client, settings.namespace, name)
    await client.hdel(gravesKey(settings.namespace), name)
  })
