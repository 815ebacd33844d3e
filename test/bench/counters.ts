/**
 * What Redis has counted: commands (those inside of scripts too), bytes that came in, and jobs by
 * queue.
 *
 * BullMQ counts the jobs that were ever added to a queue in the queue's key `id`.
 */

import type { Connection } from '../../services/redis/connect.ts'
import type { Client } from '../../services/runtime/commit.ts'
import { queueNamesOf, queuePrefix } from '../../services/runtime/queues.ts'

export interface Counted {
  commands: number
  bytes: number
  jobs: number
  /** By the queue's name. */
  byQueue: Record<string, number>
}

export interface Counters {
  read(): Promise<Counted>
  close(): Promise<void>
}

export function openCounters(connection: Connection, site: string, servers: string[]): Counters {
  const client = connection.client() as Client
  const names = queueNamesOf(site, servers)
  const ids = names.map((name) => `${queuePrefix(connection.namespace, name)}:${name}:id`)
  return {
    async read() {
      const counts = await client.mget(...ids)
      const byQueue = Object.fromEntries(names.map((name, i) => [name, Number(counts[i] ?? 0)]))
      const text = `${await client.info('commandstats')}${await client.info('stats')}`
      const calls = [...text.matchAll(/^cmdstat_[^:]+:calls=(\d+)/gm)]
      return {
        commands: calls.reduce((all, [, count]) => all + Number(count), 0),
        bytes: Number(/^total_net_input_bytes:(\d+)/m.exec(text)?.[1]),
        jobs: Object.values(byQueue).reduce((all, count) => all + count, 0),
        byQueue,
      }
    },
    close: async () => void (await client.quit()),
  }
}

/** What was added to `before`, and `more` beside it. */
export function since(before: Counted, after: Counted): Counted {
  const names = Object.keys(after.byQueue)
  return {
    commands: after.commands - before.commands,
    bytes: after.bytes - before.bytes,
    jobs: after.jobs - before.jobs,
    byQueue: Object.fromEntries(
      names.map((name) => [name, (after.byQueue[name] ?? 0) - (before.byQueue[name] ?? 0)]),
    ),
  }
}

export const noCounts: Counted = { commands: 0, bytes: 0, jobs: 0, byQueue: {} }

export function plus(one: Counted, other: Counted): Counted {
  const names = new Set([...Object.keys(one.byQueue), ...Object.keys(other.byQueue)])
  return {
    commands: one.commands + other.commands,
    bytes: one.bytes + other.bytes,
    jobs: one.jobs + other.jobs,
    byQueue: Object.fromEntries(
      [...names].map((name) => [name, (one.byQueue[name] ?? 0) + (other.byQueue[name] ?? 0)]),
    ),
  }
}
