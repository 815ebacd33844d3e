/**
 * A whole service within this process: an embedded Redis that forgets, all workers, and the HTTP
 * API on a free port.
 *
 * For the runner, the lab and the tests. Nothing is shared with a service that runs beside it: the
 * Redis is its own, or the namespace in a Redis that is given.
 */
import type { AddressInfo } from 'node:net'
import { Cluster } from 'ioredis'
import { buildApp } from '../api/app.ts'
import { checkRedis } from '../redis/check.ts'
import { type Connection, connect } from '../redis/connect.ts'
import { openEmbedded } from '../redis/embedded.ts'
import { openEmulator } from '../runtime/live.ts'
import { startWorkers } from '../workers.ts'

export interface OwnSystem {
  url: string
  /** Ends everything that was started, in the reverse order. */
  close(): Promise<void>
}

export interface OwnSystemOptions {
  /** A Redis that runs; the keys of the namespace are cleared away in the end. */
  redisUrl?: string
  namespace?: string
}

const NAMESPACE = 'scenarios'

/** Opens the system; what was opened is closed again when a later part cannot be. */
export async function openOwnSystem(options: OwnSystemOptions = {}): Promise<OwnSystem> {
  const undo: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step()
  }
  try {
    const connection = await connectionFor(options, undo)
    const workers = await startWorkers(connection, {
      roles: ['mta', 'store', 'moves', 'directory'],
    })
    undo.push(() => workers.close())
    // The only client is this process itself: late or not, there is nobody to come back later.
    const emulator = await openEmulator(connection, { lagMs: Number.POSITIVE_INFINITY })
    undo.push(() => emulator.close())
    const app = await buildApp({ emulator, connection, log: 'warn' })
    undo.push(() => app.close())
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    return { url: `http://127.0.0.1:${port}`, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function connectionFor(
  { redisUrl, namespace = NAMESPACE }: OwnSystemOptions,
  undo: (() => Promise<unknown>)[],
): Promise<Connection> {
  const own = { namespace, durability: 'memory' } as const
  if (redisUrl !== undefined) {
    const connection = connect({ ...own, redisUrl })
    await checkRedis(connection)
    undo.push(() => forget(connection))
    return connection
  }
  const redis = await openEmbedded({ durability: 'memory', log: () => undefined })
  undo.push(() => redis.stop())
  return connect({ ...own, redisUrl: redis.url })
}

/** Keys that are looked at, and taken away, at a time. */
const SCAN_COUNT = 500

/** Every key of the namespace, on every master; each begins with it, in the braces of its slot. */
async function forget({ client: open, namespace }: Connection): Promise<void> {
  const client = open()
  try {
    const masters = client instanceof Cluster ? client.nodes('master') : [client]
    for (const master of masters) {
      for (const end of [':', '}']) {
        const found = master.scanStream({ match: `{${namespace}${end}*`, count: SCAN_COUNT })
        // One at a time: on a cluster they lie in different slots.
        for await (const keys of found as AsyncIterable<string[]>) {
          for (const key of keys) await client.unlink(key)
        }
      }
    }
  } finally {
    client.disconnect()
  }
}
