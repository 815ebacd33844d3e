/**
 * What this process can do now, for `/readyz`: is Redis there, does it still keep what 202
 * promises, are the workers there.
 *
 * The server's configuration is read again each time: somebody may have changed it since the start.
 */
import {
  type Assurance,
  assure,
  type Durability,
  type Facts,
  readFacts,
} from '../redis/durability.ts'
import { rolesRunning } from './heartbeat.ts'
import type { Live } from './live-parts.ts'
import { ROLES } from './queues.ts'

export interface Readiness {
  ready: boolean
  /** Of each thing that is needed: `ok`, or what is wrong. */
  checks: Record<string, string>
  /** What 202 promises on this Redis. */
  durability?: { mode: Durability; promise: string; waitsFor: string[]; unknown: string[] }
}

export async function ready(live: Live): Promise<Readiness> {
  const checks: Record<string, string> = {}
  const facts = await readFacts(live.client).catch((error: Error) => error.message)
  checks.redis = typeof facts === 'string' ? facts : 'ok'
  const durability = typeof facts === 'string' ? undefined : promiseOf(live, facts, checks)
  const running = await rolesRunning(live.client, live.connection.namespace)
  for (const role of ROLES) checks[role] = running.has(role) ? 'ok' : 'no worker runs this role'
  const all = Object.values(checks).every((check) => check === 'ok')
  return { ready: all, checks, ...(durability && { durability }) }
}

function promiseOf(
  { connection, confirmation }: Live,
  facts: Facts,
  checks: Record<string, string>,
): Readiness['durability'] {
  const mode = connection.durability
  const { disk, replicas } = confirmation.assurance
  const now = assure(mode, facts, replicas)
  const kept = 'refused' in now ? now.refused : (laxer(disk, now) ?? evicting(facts))
  checks.durability = kept ?? 'ok'
  const { words, unknown } = 'refused' in now ? confirmation.assurance : now
  const waitsFor = [disk ? 'the disk' : '', replicas > 0 ? `replicas: ${replicas}` : '']
  return { mode, promise: words, waitsFor: waitsFor.filter((text) => text !== ''), unknown }
}

/** Made laxer since the start, it answers before it has written, and nobody waits for that. */
const laxer = (waited: boolean, now: Assurance): string | null =>
  now.disk && !waited ? 'it no longer writes before it answers: start the service again' : null

const evicting = ({ policy }: Facts): string | null =>
  policy === null || policy === 'noeviction'
    ? null
    : `its maxmemory-policy is ${policy} by now: when it is full it would throw mail away`
