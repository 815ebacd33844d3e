/**
 * When messages settled, without reading what the service wrote of each step: that would take of
 * the machine what the bare chain has to itself.
 *
 * A message that stays on one server has settled when its one copy is no longer pending; the last
 * step of its timeline is when. Both are asked for with a client of its own, whose commands and
 * bytes are known, so that they can be taken off the figures.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../services/redis/connect.ts'
import type { Client } from '../../services/runtime/commit.ts'
import { logKey, part } from '../../services/runtime/keys.ts'

/** How often it is asked: a message that is alone is through in a few milliseconds. */
const PACE_MS = 1
/** Under load, where messages take a hundred times as long. */
const PACE_UNDER_LOAD_MS = 10
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
  /** Resolves when the copy of this name has settled, even if it had already. */
  settled(id: string): Promise<Settled>
  underLoad(is: boolean): void
  /** What asking has cost Redis until now. */
  cost(): { commands: number; bytes: number }
  close(): Promise<void>
}

/** Of a copy that was accepted by this server. */
export async function openFollower(
  connection: Connection,
  site: string,
  server: string,
): Promise<Follower> {
  const client = connection.client() as Client
  const keys = { namespace: connection.namespace, site, shards: 1 }
  const pending = part(keys, 0, 'pending')
  const waiting = new Map<string, Waiting>()
  let pace = PACE_MS
  let stopped = false
  let commands = 1

  const look = async (): Promise<void> => {
    const ids = [...waiting.keys()]
    if (ids.length === 0) return
    const still = await client.smismember(pending, ...ids.map((id) => `${id}/${server}`))
    const through = ids.filter((_, i) => still[i] === 0)
    commands += 1 + through.length
    const seen = performance.now()
    await Promise.all(through.map((id) => tell(id, seen)))
  }
  const tell = async (id: string, seen: number): Promise<void> => {
    const last = await client.lindex(logKey(keys, 0, id), -1)
    waiting.get(id)?.resolve({ seen, at: Number(last?.split('-')[0]) })
    waiting.delete(id)
  }
  const ended = (async () => {
    while (!stopped) {
      await look()
      giveUp(waiting)
      await sleep(pace)
    }
  })()
  return {
    settled: (id) =>
      new Promise((resolve, reject) =>
        waiting.set(id, { resolve, reject, since: performance.now() }),
      ),
    underLoad(is) {
      pace = is ? PACE_UNDER_LOAD_MS : PACE_MS
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
