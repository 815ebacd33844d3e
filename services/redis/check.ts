/**
 * Is the Redis that somebody named there, new enough and set up so that it forgets nothing?
 *
 * Asked once at the start, with an answer in words, since the clients themselves would wait for
 * ever. Whoever accepts mail is also told how the mode of durability is kept there, or that it
 * cannot be.
 */
import type { Cluster, Redis } from 'ioredis'
import { StartError } from '../setup/start-error.mjs'
import type { Connection } from './connect.ts'
import { type Assurance, assure, type Facts, readFacts } from './durability.ts'

/** Older ones lack commands that BullMQ recommends. */
const OLDEST_VERSION = [6, 2] as const

/** Long enough for a Redis across a network and for a cluster to tell its slots. */
const ANSWER_WITHIN_MS = 3_000

/** Throws a reason not to start. */
export async function checkRedis(
  connection: Connection,
  withinMs = ANSWER_WITHIN_MS,
): Promise<Facts> {
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

async function judge(client: Redis | Cluster, connection: Connection): Promise<Facts> {
  const facts = await ask(client, connection)
  const [major = 0, minor = 0] = facts.version.split('.').map(Number)
  if (major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1])) {
    throw new StartError(
      `The Redis at ${connection.displayUrl} is version ${facts.version}; ` +
        `${OLDEST_VERSION.join('.')} or newer is needed.`,
    )
  }
  const { policy } = facts
  if (policy === null || policy === 'noeviction') return facts
  throw new StartError(
    `The Redis at ${connection.displayUrl} has maxmemory-policy ${policy}: when it is full it ` +
      'would throw mail away. Set it to noeviction.',
  )
}

async function ask(client: Redis | Cluster, connection: Connection): Promise<Facts> {
  try {
    return await readFacts(client)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(`The Redis at ${connection.displayUrl} refuses: ${reason}.`)
  }
}

/** How this Redis keeps the mode that was chosen; throws when it cannot. */
export function assureOrRefuse(connection: Connection, facts: Facts): Assurance {
  const { durability, replicas, displayUrl } = connection
  const assurance = assure(durability, facts, replicas)
  if (!('refused' in assurance)) return assurance
  const refused = `${assurance.refused}.`
  throw new StartError(`The Redis at ${displayUrl} cannot keep '${durability}': ${refused}`)
}

/** In a line for whoever starts the service. */
export function assuranceText(durability: string, { words, unknown }: Assurance): string {
  const rest = unknown.length === 0 ? '' : ` (unknown: ${unknown.join('; ')})`
  return `${durability}: ${words}${rest}`
}
