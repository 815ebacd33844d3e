/**
 * A site's settings: topology, profile, clock, fault rules, pause. Everything about a site that is
 * not an actor.
 *
 * They are one JSON value in shard 0 with an epoch. Each step reads them from a copy in its process
 * and commits only if the epoch is still the same, so a change takes effect between two steps and
 * never within one. Changes are announced, so the copies are seldom out of date, and never for
 * long; an out-of-date copy costs a second run of one step.
 */
import type { Profile } from '../../machines/profile.ts'
import type { SiteFacts } from '../../machines/wire.ts'
import type { Connection } from '../redis/connect.ts'
import type { Clock } from './clock.ts'
import { type Client, withCommit } from './commit.ts'
import { type Keys, part, settingsChannel, shardsOf, sitesKey } from './keys.ts'
import type { FaultSpec } from './views-of-driving.ts'

export interface FaultRule extends FaultSpec {
  id: string
}

export interface Settings extends Keys {
  epoch: number
  domain: string
  servers: string[]
  profile: Profile
  clock: Clock
  paused: boolean
  /** The site's own, as it was typed. */
  smartHost?: string
  faults: FaultRule[]
  createdAt: number
  /** Real time after which the site is cleaned away. */
  expiresAt: number | null
}

/**
 * Compares the epoch and sets the settings: KEYS settings, epoch; ARGV epoch expected, epoch new,
 * settings.
 */
const REPLACE = `
if (redis.call('GET', KEYS[2]) or '0') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[2])
return 1
`

export interface SettingsStore {
  client: Client
  namespace: string
  names(): Promise<string[]>
  /** The settings, perhaps out of date; null when there is no such site. */
  get(site: string): Promise<Settings | null>
  /** Forgets the copy: what a step does whose epoch was refused. */
  forget(site: string): void
  create(settings: Settings): Promise<boolean>
  /** Applies a change to the newest settings; null when there is no such site (any more). */
  change(site: string, edit: (settings: Settings) => Settings): Promise<Settings | null>
  remove(site: string): Promise<void>
  /** Told of every site whose settings changed, came or went. */
  onChange(listener: (site: string) => void): void
  close(): Promise<void>
}

/**
 * An announcement can be missed, by a connection that is dead and does not know it: no copy is
 * older than this.
 */
const COPY_MS = 5_000
type Copies = Map<string, { settings: Settings; readAt: number }>

export async function openSettings(connection: Connection): Promise<SettingsStore> {
  const client = withCommit(connection.client())
  client.defineCommand('undeliverableSettings', { numberOfKeys: 2, lua: REPLACE })
  const listeners = new Set<(site: string) => void>()
  const copies: Copies = new Map()
  const subscriber = connection.client() as Client
  subscriber.on('message', (_channel, site: string) => {
    copies.delete(site)
    for (const listener of listeners) listener(site)
  })
  subscriber.on('ready', () => copies.clear())
  await subscriber.subscribe(settingsChannel(connection.namespace))
  const { namespace } = connection
  const store: SettingsStore = {
    client,
    namespace,
    names: () => client.smembers(sitesKey(namespace)),
    forget: (site) => void copies.delete(site),
    onChange: (listener) => void listeners.add(listener),
    get: (site) => read(client, connection, copies, site),
    async create(settings) {
      const made = await client.sadd(sitesKey(namespace), settings.site)
      if (made === 0) return false
      await replace(client, settings, 0)
      await announce(client, settings)
      return true
    },
    change: (site, edit) => change(client, connection, copies, site, edit),
    async remove(site) {
      await client.srem(sitesKey(namespace), site)
      copies.delete(site)
      await client.publish(settingsChannel(namespace), site)
    },
    async close() {
      await Promise.all([client.quit(), subscriber.quit()])
    },
  }
  return store
}

async function read(
  client: Client,
  connection: Connection,
  copies: Copies,
  site: string,
): Promise<Settings | null> {
  const known = copies.get(site)
  if (known && performance.now() - known.readAt < COPY_MS) return known.settings
  const keys: Keys = { namespace: connection.namespace, site, shards: connection.shards }
  const text = await client.get(part(keys, 0, 'settings'))
  if (text === null) return null
  const settings = JSON.parse(text) as Settings
  keep(copies, settings)
  return settings
}

const keep = (copies: Copies, settings: Settings): void =>
  void copies.set(settings.site, { settings, readAt: performance.now() })

interface WithSettings {
  undeliverableSettings(...args: (string | number)[]): Promise<number>
}

async function replace(client: Client, settings: Settings, expected: number): Promise<boolean> {
  const done = await (client as unknown as WithSettings).undeliverableSettings(
    part(settings, 0, 'settings'),
    part(settings, 0, 'epoch'),
    expected,
    settings.epoch,
    JSON.stringify(settings),
  )
  return done === 1
}

/** The other shards' epochs follow, then everybody is told. */
async function announce(client: Client, settings: Settings): Promise<void> {
  const others = shardsOf(settings).slice(1)
  await Promise.all(others.map((k) => client.set(part(settings, k, 'epoch'), settings.epoch)))
  await client.publish(settingsChannel(settings.namespace), settings.site)
}

async function change(
  client: Client,
  connection: Connection,
  copies: Copies,
  site: string,
  edit: (settings: Settings) => Settings,
): Promise<Settings | null> {
  for (;;) {
    copies.delete(site)
    const old = await read(client, connection, copies, site)
    if (!old) return null
    const next = { ...edit(old), epoch: old.epoch + 1 }
    if (await replace(client, next, old.epoch)) {
      keep(copies, next)
      await announce(client, next)
      return next
    }
  }
}

const facts = new WeakMap<Settings, SiteFacts>()

/** What the machines may know of a site. */
export function siteFacts(settings: Settings): SiteFacts {
  const known = facts.get(settings)
  if (known) return known
  const { site: name, domain, servers, profile } = settings
  const made = { name, domain, servers, profile }
  facts.set(settings, made)
  return made
}
