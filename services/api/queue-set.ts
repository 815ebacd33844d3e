/**
 * The BullMQ queues of all sites, for looking at: the queue UI and the metrics share them.
 *
 * Owns: one Redis client, opened when first needed, and a `Queue` for each name that the emulator
 * has at the moment. Sites come and go: `refresh` opens what is new and closes what is gone. It
 * never writes to a queue by itself, not even its version, or a deleted site's queue would come
 * back.
 */

import { Queue } from 'bullmq'
import type { FastifyBaseLogger } from 'fastify'
import type { Connection } from '../redis/connect.ts'
import type { Emulator } from '../runtime/emulator.ts'
import { queuePrefix } from '../runtime/queues.ts'

export interface QueueSet {
  /** The queues that exist now, by name. */
  refresh(): Promise<Map<string, Queue>>
  close(): Promise<void>
}

export function openQueues(
  emulator: Emulator,
  connection: Connection,
  log: FastifyBaseLogger,
): QueueSet {
  const queues = new Map<string, Queue>()
  let client: ReturnType<Connection['client']> | undefined

  function open(name: string): Queue {
    client ??= connection.client()
    const prefix = queuePrefix(connection.namespace, name)
    const queue = new Queue(name, { connection: client, prefix, skipMetasUpdate: true })
    queue.on('error', (error) => log.warn({ err: error, queue: name }, 'a queue is out of reach'))
    return queue
  }

  async function refresh(): Promise<Map<string, Queue>> {
    const names = new Set(await emulator.queueNames())
    for (const name of names) {
      if (!queues.has(name)) queues.set(name, open(name))
    }
    const gone = [...queues].filter(([name]) => !names.has(name))
    for (const [name] of gone) queues.delete(name)
    await Promise.all(gone.map(([, queue]) => queue.close()))
    return queues
  }

  async function close(): Promise<void> {
    await Promise.all([...queues.values()].map((queue) => queue.close()))
    client?.disconnect()
  }

  return { refresh, close }
}

/** The site that a queue belongs to: queues are named `<site>.<…>`. */
export function siteOf(queueName: string): string {
  return queueName.split('.')[0] ?? queueName
}
