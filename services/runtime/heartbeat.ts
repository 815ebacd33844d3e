/**
 * Workers say that they are there; probes ask who is.
 */
import { uuidv7 } from 'uuidv7'
import type { Client } from './commit.ts'

/** A worker process that was silent for longer than this counts as gone. */
export const SILENCE_MS = 5_000

/** Process numbers repeat from one machine, or container, to the next. */
const ME = uuidv7()

const key = (namespace: string): string => `{${namespace}}:workers`

export async function beat(client: Client, namespace: string, roles: string[]): Promise<void> {
  const all = key(namespace)
  await client.hset(all, ME, JSON.stringify({ roles, at: Date.now() }))
  for (const [process, { at }] of await beats(client, namespace)) {
    if (Date.now() - at > 60 * SILENCE_MS) await client.hdel(all, process)
  }
}

async function beats(client: Client, namespace: string) {
  const all = await client.hgetall(key(namespace))
  return Object.entries(all).map(
    ([process, text]) => [process, JSON.parse(text) as { roles: string[]; at: number }] as const,
  )
}

/** The roles that some process runs now. */
export async function rolesRunning(client: Client, namespace: string): Promise<Set<string>> {
  const alive = (await beats(client, namespace)).filter(
    ([, { at }]) => Date.now() - at < SILENCE_MS,
  )
  return new Set(alive.flatMap(([, { roles }]) => roles))
}
