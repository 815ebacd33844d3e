/**
 * Waiting for something to become true in a site: looked at again at each step that is journalled
 * there, and now and then besides, since an announcement can be missed.
 */
import type { Connection } from '../redis/connect.ts'
import type { Client } from './commit.ts'
import { journalChannel, settingsChannel } from './keys.ts'

/** How often one looks even if nothing was announced. */
const LOOK_MS = 200

export interface Wait {
  timeoutMs: number
  signal?: AbortSignal | undefined
}

export interface Watch {
  /** The first answer that is not null; null when the time ran out or the caller went away. */
  until<T>(site: string, look: () => Promise<T | null>, wait: Wait): Promise<T | null>
  /** Announcements of the site are heard from now on, while somebody waits for them. */
  listen(site: string): Promise<void>
  /** Resolves at the next announcement of the site, or after a while. */
  next(site: string, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Nobody having waited in a site for this long, its steps are no longer listened for. */
const LINGER_MS = 2_000

export async function openWatch(connection: Connection): Promise<Watch> {
  const subscriber = connection.client() as Client
  const { namespace } = connection
  const sites = openSites(subscriber, namespace)
  subscriber.on('message', (channel: string, site: string) => {
    sites.wake(channel === settingsChannel(namespace) ? site : sites.siteOf(channel))
  })
  await subscriber.subscribe(settingsChannel(namespace))
  return {
    listen: sites.listen,
    next: sites.next,
    async until(site, look, { timeoutMs, signal }) {
      const deadline = Date.now() + timeoutMs
      await sites.listen(site)
      for (;;) {
        const soon = sites.next(site, signal)
        const found = await look()
        if (found !== null) return found
        if (signal?.aborted || Date.now() >= deadline) return null
        await soon
      }
    },
    async close() {
      sites.end()
      await subscriber.quit()
    },
  }
}

/**
 * Who waits in which site. A site is listened to only while somebody does: steps come by the
 * thousand.
 */
function openSites(subscriber: Client, namespace: string) {
  const sleepers = new Map<string, Set<() => void>>()
  const listening = new Map<string, Promise<unknown>>()
  const lingering = new Map<string, NodeJS.Timeout>()
  let ended = false
  const prefix = journalChannel(namespace, '')
  const listen = async (site: string): Promise<void> => {
    const known = listening.get(site)
    if (known) return void (await known)
    const subscribed = subscriber.subscribe(journalChannel(namespace, site))
    listening.set(site, subscribed)
    await subscribed
  }
  const leave = (site: string): void => {
    lingering.delete(site)
    if ((sleepers.get(site)?.size ?? 0) > 0 || !listening.delete(site)) return
    sleepers.delete(site)
    subscriber.unsubscribe(journalChannel(namespace, site)).catch((error: Error) => {
      console.error(`watch: ${error.message}`)
    })
  }
  const linger = (site: string): void => {
    clearTimeout(lingering.get(site))
    if (!ended) lingering.set(site, setTimeout(leave, LINGER_MS, site).unref())
  }
  const next = (site: string, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const mine = sleepers.get(site) ?? new Set()
      sleepers.set(site, mine)
      const done = (): void => {
        clearTimeout(timer)
        mine.delete(done)
        if (mine.size === 0) linger(site)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, LOOK_MS)
      mine.add(done)
      signal?.addEventListener('abort', done)
    })
  const wake = (site: string): void => {
    for (const resolve of sleepers.get(site) ?? []) resolve()
  }
  return {
    next,
    listen,
    wake,
    siteOf: (channel: string) => channel.slice(prefix.length),
    end() {
      ended = true
      for (const timer of lingering.values()) clearTimeout(timer)
      for (const site of sleepers.keys()) wake(site)
    },
  }
}
