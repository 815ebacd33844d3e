/** Workers and an emulator that reach the tests' Redis by links that can be made to fail. */
import { afterAll, beforeAll, inject } from 'vitest'
import { type Link, openLink } from '../../services/chaos/link.ts'
import { connect } from '../../services/redis/connect.ts'
import { openEmulator } from '../../services/runtime/live.ts'
import { startWorkers } from '../../services/workers.ts'
import { ALL_ROLES, type Sites } from './site.ts'

export interface Linked {
  workers: Link
  api: Link
  /** As an API process has it. */
  emulator: Awaited<ReturnType<typeof openEmulator>>
}

/** Called once at the top of a file; its members are there when a test begins. */
export function linked(sites: Sites, more: { silenceMs?: number } = {}): Linked {
  const closing: (() => Promise<unknown>)[] = []
  const parts = {} as Linked
  const by = ({ url }: Link, options: { silenceMs?: number }) =>
    connect({ ...sites.connection, redisUrl: url, log: () => undefined, ...options })

  beforeAll(async () => {
    const upstream = { path: new URL(inject('redisUrl')).pathname }
    parts.workers = await openLink(upstream)
    parts.api = await openLink(upstream)
    const workers = await startWorkers(by(parts.workers, {}), { roles: [...ALL_ROLES] })
    parts.emulator = await openEmulator(by(parts.api, more), {
      lagMs: Number.POSITIVE_INFINITY,
    })
    closing.push(
      () => workers.close(),
      () => parts.emulator.close(),
      () => parts.workers.close(),
      () => parts.api.close(),
    )
  })

  afterAll(async () => {
    for (const link of [parts.workers, parts.api]) {
      link.heal()
      // A connection that hangs would be waited for.
      link.poison({ kind: 'reset' })
    }
    for (const close of closing) await close()
  })

  return parts
}
