/**
 * Is the Redis that somebody named there, new enough and set up so that it forgets nothing?
 *
 * Asked once at the start, with an answer in words, since the clients themselves would wait for
 * ever.
 */
import type { Cluster, Redis } from 'ioredis'
import { StartError } from '../setup/start-error.mjs'
import type { Connection } from './connect.ts'

/** Older ones lack commands that BullMQ recommends. */
const OLDEST_VERSION = [6, 2] as const

/** Long enough for a Redis across a network and for a cluster to tell its slots. */
const ANSWER_WITHIN_MS = 3_000

/** Throws a reason not to start; answers with warnings to print. */
export async function checkRedis(
  connection: Connection,
  withinMs = ANSWER_WITHIN_MS,
): Promise<string[]> {
  let lastError = 'it does not answer'
  const client = connection.client()
  client.on('error', (error: Error) => {
    lastError = error.message || lastError
  })
  const timer = { id: undefined as NodeJS.Timeout | undefined }
  try {
    const late = new Promise<never>((_, reject) => {
      timer.id = setTimeout(
        () => reject(new StartError(`No Redis at ${connection.displayUrl}: ${lastError}.`)),
        withinMs,
      )
    })
    return await Promise.race([judge(client, connection), late])
  } finally {
    clearTimeout(timer.id)
    client.disconnect()
  }
}

async function judge(client: Redis | Cluster, connection: Connection): Promise<string[]> {
  const information = await ask(client, connection)
  const version = field(information, 'redis_version').split('.').map(Number)
  const [major = 0, minor = 0] = version
  if (major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1])) {
    throw new StartError(
      `The Redis at ${connection.displayUrl} is version ${version.join('.')}; ` +
        `${OLDEST_VERSION.join('.')} or newer is needed.`,
    )
  }
  const policy = field(information, 'maxmemory_policy')
  if (policy === 'noeviction' || policy === '') return []
  return [
    `Warning: the Redis at ${connection.displayUrl} has maxmemory-policy ${policy}: ` +
      'when it is full it throws mail away. Set it to noeviction.',
  ]
}

async function ask(client: Redis | Cluster, connection: Connection): Promise<string> {
  try {
    return await client.info()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(`The Redis at ${connection.displayUrl} refuses: ${reason}.`)
  }
}

function field(information: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(information)?.[1] ?? ''
}
