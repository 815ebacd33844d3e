/**
 * `/queues`: bull-board, where a watcher sees each event, for whom it was and what it changed.
 *
 * Rules: the UI may do what the emulator survives by design: pause, resume, promote, retry. What
 * would delete or change an event behind the emulator's back is refused with the reason in words,
 * and its buttons are hidden. The page asks nobody but this service.
 */

import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import type { BeforeHookResult, HookContext, QueueJobJson } from '@bull-board/api/typings/app'
import { FastifyAdapter } from '@bull-board/fastify'
import type { Queue } from 'bullmq'
import { type QueueSet, siteOf } from './queue-set.ts'
import { houseStyle } from './queues-style.ts'
import type { Api } from './resource.ts'

const BASE = '/queues'

/** What may be done, as bull-board names its routes; reading is always allowed. */
const ALLOWED = new Set([
  '/api/queues/pause',
  '/api/queues/resume',
  '/api/queues/:queueName/pause',
  '/api/queues/:queueName/resume',
  '/api/queues/:queueName/promote',
  '/api/queues/:queueName/retry/:queueStatus',
  '/api/queues/:queueName/:jobId/promote',
  '/api/queues/:queueName/:jobId/retry',
])

/** Keys that BullMQ has beside those of jobs, and what it appends to those: no job is called so. */
const NO_JOB = new RegExp(
  `^(${[
    ...['wait', 'active', 'paused', 'delayed', 'prioritized', 'completed', 'failed', 'meta', 'id'],
    ...['waiting-children', 'events', 'stalled', 'stalled-check', 'marker', 'pc', 'limiter'],
    ...['repeat', 'de'],
  ].join('|')})$|:`,
)

const REASONS: [RegExp, string][] = [
  [
    /clean|empty|obliterate|remove/,
    'A job is an event that somebody waits for: removed, mail would wait for ever. Delete the ' +
      'site.',
  ],
  [
    /add$|scheduler/,
    'An event comes from a step of an actor; made by hand it would belong to no message. Use ' +
      'the API.',
  ],
  [
    /update-data|delay|priority/,
    'An event is a fact and is not edited. To have a retry now, promote it; to move time, use ' +
      'the clock.',
  ],
  [/concurrency|rate-limit/, 'How fast a server works is set where the service is started.'],
]

/** Adds the UI; which queues there are is asked anew with every call that the page makes. */
export function queueBoard(app: Api, queues: QueueSet): void {
  const adapter = new FastifyAdapter().setBasePath(BASE)
  const adapters = new Map<Queue, BullMQAdapter>()
  const board = createBullBoard({
    queues: [],
    serverAdapter: adapter,
    options: { uiConfig: uiConfig(), handlerHooks: { before: guard } },
  })

  async function refresh(): Promise<void> {
    const present = [...(await queues.refresh()).values()]
    for (const queue of adapters.keys()) if (!present.includes(queue)) adapters.delete(queue)
    for (const queue of present) if (!adapters.has(queue)) adapters.set(queue, adapterOf(queue))
    board.replaceQueues([...adapters.values()])
  }

  app.register(
    async (scope) => {
      scope.addHook('preHandler', async (request, reply) => {
        const { jobId } = request.params as { jobId?: string }
        if (jobId !== undefined && NO_JOB.test(jobId)) return reply.callNotFound()
        if (request.url.startsWith(`${BASE}/api/`)) await refresh()
      })
      houseStyle(scope, BASE)
      await scope.register(adapter.registerPlugin())
    },
    { prefix: BASE },
  )
}

function uiConfig() {
  return {
    boardTitle: 'Undeliverable',
    hideDocsLink: true,
    sortQueues: true,
    // Each poll would otherwise list the clients of Redis once a queue.
    showWorkers: false,
    overview: { groupByDelimiter: true },
    miscLinks: [
      { text: 'Sites', url: '/sites' },
      { text: 'API', url: '/docs' },
      { text: 'Start page', url: '/' },
      { text: 'Sign in or out', url: '/login' },
    ],
  }
}

/** For bull-board: 403 with the reason for all that is not allowed. */
export function guard({ method, route }: Pick<HookContext, 'method' | 'route'>): BeforeHookResult {
  if (method === 'get' || ALLOWED.has(route)) return undefined
  const reason = REASONS.find(([pattern]) => pattern.test(route))?.[1]
  return { allow: false, status: 403, message: reason ?? 'The queue UI does not do this.' }
}

function adapterOf(queue: Queue): BullMQAdapter {
  const site = siteOf(queue.name)
  const adapter = new BullMQAdapter(queue, {
    delimiter: '.',
    description: descriptionOf(queue.name),
    // An event that was consumed is not to happen again; one that failed may be tried again.
    allowCompletedRetries: false,
    externalJobUrl: (job: QueueJobJson) => linkOf(site, job),
  } as ConstructorParameters<typeof BullMQAdapter>[1])
  adapter.setFormatter('name', nameOf)
  adapter.setFormatter('data', dataOf)
  return adapter
}

function descriptionOf(name: string): string {
  const [site, server, role] = name.split('.')
  if (role === undefined) return `Moves of mailboxes between the servers of ${site}`
  const roles: Record<string, string> = {
    mta: `The message transfer agent of ${server}: routes, delivers, retries, reports`,
    store: `The mailboxes on ${server}; pause it and the store is stopped`,
    directory: `The replica of the directory on ${server}`,
  }
  return roles[role] ?? ''
}

function linkOf(site: string, job: QueueJobJson): { href: string; displayText: string } {
  const message = job.data?.message
  const path = `/sites/${encodeURIComponent(site)}`
  if (typeof message !== 'string') return { href: path, displayText: `Site ${site}` }
  return { href: `${path}/messages/${encodeURIComponent(message)}`, displayText: 'Message' }
}

/** Of a step that changed many things, as the routing of a long list does, the title names some. */
const CHANGES_SHOWN = 3

/** `retry.due · recipient 1 (anna)`, and once it has run what it changed. */
function nameOf(job: QueueJobJson): string {
  const changes: unknown[] = Array.isArray(job.returnvalue) ? job.returnvalue : []
  const shown = changes.slice(0, CHANGES_SHOWN)
  const more = changes.length - shown.length
  const about = shown.length > 0 ? shown : [job.data?.who ?? job.data?.to]
  return [job.name, ...about, more > 0 ? `+${more}` : ''].filter(Boolean).join(' · ')
}

/** For whom it is first, then its own members; what the page shows elsewhere is left out. */
function dataOf(data: Record<string, unknown> | null): Record<string, unknown> {
  const { who, to, message, id: _id, type: _type, site: _site, ...rest } = data ?? {}
  return {
    ...(who !== undefined && { who }),
    to,
    ...(message !== undefined && { message }),
    ...rest,
  }
}
