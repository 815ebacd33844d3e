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
  /** Resolves at the next announcement of the site, or after a while. */
  next(site: string, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

export async function openWatch(connection: Connection): Promise<Watch> {
  const subscriber = connection.client() as Client
  const sleepers = new Map<string, Set<() => void>>()
  const { namespace } = connection
  const prefix = journalChannel(namespace, '')
  const wake = (site: string): void => {
    for (const resolve of sleepers.get(site) ?? []) resolve()
  }
  subscriber.on('pmessage', (_pattern, channel: string) => wake(channel.slice(prefix.length)))
  subscriber.on('message', (_channel, site: string) => wake(site))
  await subscriber.psubscribe(`${prefix}*`)
  await subscriber.subscribe(settingsChannel(namespace))
  const next = (site: string, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const mine = sleepers.get(site) ?? new Set()
      sleepers.set(site, mine)
      const done = (): void => {
        clearTimeout(timer)
        mine.delete(done)
        if (mine.size === 0 && sleepers.get(site) === mine) sleepers.delete(site)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, LOOK_MS)
      mine.add(done)
      signal?.addEventListener('abort', done)
    })
  return {
    next,
    async until(site, look, { timeoutMs, signal }) {
      const deadline = Date.now() + timeoutMs
      for (;;) {
        const soon = next(site, signal)
        const found = await look()
        if (found !== null) return found
        if (signal?.aborted || Date.now() >= deadline) return null
        await soon
      }
    },
    async close() {
      for (const all of sleepers.values()) for (const resolve of all) resolve()
      await subscriber.quit()
    },
  }
}
