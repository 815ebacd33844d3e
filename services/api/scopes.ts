/**
 * Which call needs which scope: the one table. A path that ends in `*` stands for all below it.
 *
 * Rules: a route that is not here cannot be added (gate.ts); HEAD is GET. `open` asks for no token:
 * probes, so that whoever starts the service need not know one, and what is the same for everybody.
 */
import type { Scope } from '../tokens.ts'

export type Needs = Scope | 'open'

export const NEEDS: Record<string, Needs> = {
  'GET /': 'open',
  'GET /problems': 'open',
  'GET /login': 'open',
  'POST /login': 'open',
  'POST /logout': 'open',
  'GET /healthz': 'open',
  'GET /readyz': 'open',

  'GET /metrics': 'read',
  'GET /docs': 'read',
  'GET /docs/*': 'read',
  'GET /queues': 'read',
  'GET /queues/*': 'read',
  'GET /sites': 'read',
  'GET /sites/*': 'read',

  'POST /sites/:site/messages': 'inject',
  'POST /sites/:site/api/v1/send': 'inject',
  'POST /sites/:site/mailboxes/:alias/api/v1/send': 'inject',

  'POST /sites/:site/mailboxes/:alias/prefill': 'inject',

  'POST /sites': 'operate',
  'PATCH /sites/:site': 'operate',
  'DELETE /sites/:site': 'operate',
  'PUT /sites/:site/mailboxes/:alias': 'operate',
  'DELETE /sites/:site/mailboxes/:alias': 'operate',
  'DELETE /sites/:site/mailboxes/:alias/messages/:id': 'operate',
  'PUT /sites/:site/lists/:alias': 'operate',
  'DELETE /sites/:site/lists/:alias': 'operate',
  'DELETE /sites/:site/api/v1/messages': 'operate',
  'DELETE /sites/:site/api/v1/search': 'operate',
  'PUT /sites/:site/api/v1/messages': 'operate',
  'PUT /sites/:site/api/v1/tags': 'operate',
  'PUT /sites/:site/api/v1/tags/:tag': 'operate',
  'DELETE /sites/:site/api/v1/tags/:tag': 'operate',
  'DELETE /sites/:site/mailboxes/:alias/api/v1/messages': 'operate',
  'DELETE /sites/:site/mailboxes/:alias/api/v1/search': 'operate',
  'PUT /sites/:site/mailboxes/:alias/api/v1/messages': 'operate',
  'PUT /sites/:site/mailboxes/:alias/api/v1/tags': 'operate',
  'PUT /sites/:site/mailboxes/:alias/api/v1/tags/:tag': 'operate',
  'DELETE /sites/:site/mailboxes/:alias/api/v1/tags/:tag': 'operate',
  'POST /sites/:site/mailboxes': 'operate',
  'POST /sites/:site/batches': 'operate',
  'POST /sites/:site/batches/:id/cancel': 'operate',
  'POST /sites/:site/moves': 'operate',
  'POST /sites/:site/moves/:id/release': 'operate',
  'POST /sites/:site/moves/:id/cancel': 'operate',
  'POST /sites/:site/faults': 'operate',
  'DELETE /sites/:site/faults/:id': 'operate',
  'POST /sites/:site/servers/:server/restart': 'operate',
  'POST /sites/:site/clock': 'operate',
  'POST /sites/:site/rest': 'operate',
  'POST /sites/:site/pause': 'operate',
  'POST /sites/:site/step': 'operate',
  'POST /sites/:site/resume': 'operate',
  'PUT /queues/*': 'operate',
  'POST /queues/*': 'operate',
  'PATCH /queues/*': 'operate',
}

const BELOW = Object.entries(NEEDS).filter(([call]) => call.endsWith('/*'))

/** What a route needs, or undefined when the table does not have it. */
export function needsOf(method: string, url: string): Needs | undefined {
  const call = `${method === 'HEAD' ? 'GET' : method} ${url}`
  if (Object.hasOwn(NEEDS, call)) return NEEDS[call]
  return BELOW.find(([each]) => call.startsWith(each.slice(0, -1)))?.[1]
}
