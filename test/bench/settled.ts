/**
 * When messages settled, as the journal says it.
 *
 * A message that stays on one server has settled when its one copy has: the step that brings the
 * last recipient's delivery says so. The journal is read with a client of its own, whose commands
 * and bytes are known, so that they can be taken off the figures.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../services/redis/connect.ts'
import type { Client } from '../../services/runtime/commit.ts'
import { part } from '../../services/runtime/keys.ts'

/** A record says of each changed actor what it is now: this is a message's copy at its end. */
const SETTLED = /\["message\/([^/"]+)\/[^"]*","settled"\]/g
const READ_AT_ONCE = 2_000
const BLOCK_MS = 500
/** Under load, steps are read some at a time: a wake-up for each would take the service's time. */
const PACE_UNDER_LOAD_MS = 5
/**
 * Longer than a full load of the largest messages takes on a slow machine: the service is stuck.
 */
const PATIENCE_MS = 180_000

export interface Settled {
  /**
   * `seen`: when it was read here, by performance.now(). `at`: when it was committed, by Redis's
   * clock.
   */
  seen: number
  at: number
}

export interface Follower {
  /** Resolves when the message has settled, even if it had already. */
  settled(id: string): Promise<Settled>
  underLoad(is: boolean): void
  /** What reading has cost Redis until now. */
  cost(): { commands: number; bytes: number }
  close(): Promise<void>
}

export async function openFollower(connection: Connection, site: string): Promise<Follower> {
  const client = connection.client() as Client
  const journal = part({ namespace: connection.namespace, site, shards: 1 }, 0, 'journal')
  const [last] = await client.xrevrange(journal, '+', '-', 'COUNT', 1)
  const early = new Map<string, Settled>()
  const waiting = new Map<string, Waiting>()
  let position = last?.[0] ?? '0-0'
  let loaded = false
  let stopped = false
  let commands = 1

  const tell = (id: string, settled: Settled): void => {
    const waiter = waiting.get(id)
    if (waiter) waiter.resolve(settled)
    else early.set(id, settled)
    waiting.delete(id)
  }
  const read = async (): Promise<void> => {
    commands++
    const count = ['COUNT', READ_AT_ONCE, 'BLOCK', BLOCK_MS] as const
    const answer = await client.xread(...count, 'STREAMS', journal, position)
    const seen = performance.now()
    for (const [id, fields] of answer?.[0]?.[1] ?? []) {
      position = id
      const at = Number(id.split('-')[0])
      for (const [, message = ''] of (fields[1] ?? '').matchAll(SETTLED))
        tell(message, { seen, at })
    }
  }
  const ended = (async () => {
    while (!stopped) {
      await read()
      giveUp(waiting)
      if (loaded) await sleep(PACE_UNDER_LOAD_MS)
    }
  })()
  return {
    settled(id) {
      const settled = early.get(id)
      early.delete(id)
      if (settled !== undefined) return Promise.resolve(settled)
      const since = performance.now()
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject, since }))
    },
    underLoad(is) {
      loaded = is
    },
    cost: () => ({ commands, bytes: client.stream.bytesWritten }),
    async close() {
      stopped = true
      await ended
      await client.quit()
    },
  }
}

interface Waiting {
  resolve(settled: Settled): void
  reject(reason: Error): void
  since: number
}

/** Whoever has waited longest is the first of the map. */
function giveUp(waiting: Map<string, Waiting>): void {
  const [first] = waiting
  if (first === undefined) return
  const [id, { reject, since }] = first
  if (performance.now() - since < PATIENCE_MS) return
  waiting.delete(id)
  reject(new Error(`The message ${id} has not settled in ${PATIENCE_MS / 1_000} s.`))
}
