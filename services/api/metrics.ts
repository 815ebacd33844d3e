/**
 * `/metrics`: Prometheus. Jobs by queue and state, sites, requests, and the process itself.
 *
 * Rules: a registry of its own for each app, so that two of them can live in one process; the
 * queues are counted when somebody asks. A site that is gone leaves no series behind.
 */

import type { Queue } from 'bullmq'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Emulator } from '../runtime/emulator.ts'
import { type QueueSet, siteOf } from './queue-set.ts'
import type { Api } from './resource.ts'

const STATES = ['waiting', 'active', 'delayed', 'failed', 'prioritized', 'completed'] as const

/** From an answer out of memory to a long poll. */
const BUCKETS_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60]

export function metrics(app: Api, emulator: Emulator, queues: QueueSet): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  countQueues(registry, queues)
  countSites(registry, emulator)
  countRequests(app, registry)
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}

function countQueues(registry: Registry, queues: QueueSet): void {
  new Gauge({
    name: 'undeliverable_queue_jobs',
    help: 'Events in a queue, by state',
    labelNames: ['site', 'queue', 'state'],
    registers: [registry],
    async collect() {
      this.reset()
      await ofEach(queues, async (queue, labels) => {
        const counts = await queue.getJobCounts(...STATES)
        for (const state of STATES) this.set({ ...labels, state }, counts[state] ?? 0)
      })
    },
  })
  new Gauge({
    name: 'undeliverable_queue_paused',
    help: '1 if the queue is paused',
    labelNames: ['site', 'queue'],
    registers: [registry],
    async collect() {
      this.reset()
      await ofEach(queues, async (queue, labels) => {
        this.set(labels, (await queue.isPaused()) ? 1 : 0)
      })
    },
  })
}

type Measure = (queue: Queue, labels: { site: string; queue: string }) => Promise<void>

async function ofEach(queues: QueueSet, measure: Measure): Promise<void> {
  const present = [...(await queues.refresh()).values()]
  await Promise.all(
    present.map((queue) => measure(queue, { site: siteOf(queue.name), queue: queue.name })),
  )
}

function countSites(registry: Registry, emulator: Emulator): void {
  new Gauge({
    name: 'undeliverable_sites',
    help: 'Sites',
    registers: [registry],
    async collect() {
      this.set((await emulator.sites()).length)
    },
  })
}

function countRequests(app: Api, registry: Registry): void {
  const problems = new Counter({
    name: 'undeliverable_http_refusals_total',
    help: 'Requests that were answered with a problem, by status',
    labelNames: ['status'],
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'undeliverable_http_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['method', 'route'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    seconds.observe({ method: request.method, route }, reply.elapsedTime / 1_000)
    if (reply.statusCode >= 400) problems.inc({ status: String(reply.statusCode) })
  })
}
