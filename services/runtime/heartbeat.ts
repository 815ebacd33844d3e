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

/** Whose events a process takes: of which roles, and of one server or site or of each. */
export interface Taking {
  roles: string[]
  server?: string
  site?: string
}

/** What a worker process says of itself. */
interface Beat extends Taking {
  at: number
  /** It is the workers' own, so that a fault rule may kill it. */
  mayDie: boolean
}

export async function beat(
  client: Client,
  namespace: string,
  { roles, server, site }: Taking,
  mayDie: boolean,
): Promise<void> {
  const all = key(namespace)
  const said: Beat = {
    roles,
    at: Date.now(),
    mayDie,
    ...(server && { server }),
    ...(site && { site }),
  }
  await client.hset(all, ME, JSON.stringify(said))
  for (const [process, { at }] of await beats(client, namespace)) {
    if (Date.now() - at > 60 * SILENCE_MS) await client.hdel(all, process)
  }
}

async function beats(client: Client, namespace: string) {
  const all = await client.hgetall(key(namespace))
  return Object.entries(all).map(([process, text]) => [process, JSON.parse(text) as Beat] as const)
}

async function alive(client: Client, namespace: string): Promise<Beat[]> {
  const all = (await beats(client, namespace)).map(([, said]) => said)
  return all.filter(({ at }) => Date.now() - at < SILENCE_MS)
}

/** The roles that some process runs now. */
export async function rolesRunning(client: Client, namespace: string): Promise<Set<string>> {
  return new Set((await alive(client, namespace)).flatMap(({ roles }) => roles))
}

/** The queues whose events some process takes now. */
export async function queuesTaken(
  client: Client,
  namespace: string,
): Promise<(queue: string) => boolean> {
  const running = await alive(client, namespace)
  return (queue) => {
    // A server's queue is <site>.<server>.<role>; that of the moves is <site>.moves.
    const [site, server, role = server] = queue.split('.') as [string, string, string?]
    return running.some(
      (said) =>
        said.roles.includes(role) &&
        (said.site ?? site) === site &&
        (role === server || (said.server ?? server) === server),
    )
  }
}

/** May each worker process that runs now be killed? */
export const mayDie = async (client: Client, namespace: string): Promise<boolean> =>
  (await alive(client, namespace)).every((said) => said.mayDie)
