/**
 * A whole service within this process: an embedded Redis that forgets, all workers, and the HTTP
 * API on a free port.
 *
 * For the runner and the tests. Nothing is shared with a service that runs beside it: the Redis is
 * its own.
 */
import type { AddressInfo } from 'node:net'
import { buildApp } from '../api/app.ts'
import { connect } from '../redis/connect.ts'
import { openEmbedded } from '../redis/embedded.ts'
import { openEmulator } from '../runtime/live.ts'
import { startWorkers } from '../workers.ts'

export interface OwnSystem {
  url: string
  /** Ends everything that was started, in the reverse order. */
  close(): Promise<void>
}

const NAMESPACE = 'scenarios'

/** Opens the system; what was opened is closed again when a later part cannot be. */
export async function openOwnSystem(): Promise<OwnSystem> {
  const undo: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step()
  }
  try {
    const redis = await openEmbedded({ durability: 'memory', log: () => undefined })
    undo.push(() => redis.stop())
    const redisUrl = redis.url
    const connection = connect({ redisUrl, namespace: NAMESPACE, durability: 'memory' })
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
