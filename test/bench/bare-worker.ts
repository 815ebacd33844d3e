/**
 * The worker process of the bare chain: the jobs do nothing but add the next ones.
 *
 * Two queues with a worker each, set up as the service's are. It tells its parent which messages
 * are through.
 */
import { type Job, type JobsOptions, Queue, Worker } from 'bullmq'
import { connect } from '../../services/redis/connect.ts'
import type { Client } from '../../services/runtime/commit.ts'
import { queuePrefix } from '../../services/runtime/queues.ts'
import { LOCKS } from '../../services/runtime/worker.ts'
import { onSignals } from '../../services/shutdown.ts'
import { CONCURRENCY } from '../../services/workers.ts'
import {
  type BareJob,
  type BareReady,
  type BareSettled,
  idOf,
  jobsOf,
  offersOf,
  QUEUES,
} from './bare-plan.ts'

/** As the service's workers have them. */
const WORKER_OPTIONS = { concurrency: CONCURRENCY, ...LOCKS, maxStalledCount: 1_000_000 }

const connection = connect({
  redisUrl: process.env.REDIS_URL ?? '',
  namespace: 'bare',
  durability: 'everysec',
})
/** One to add jobs, one to take and finish them, as the service has. */
const adding = connection.client() as Client
const taking = connection.client() as Client
const at = (name: string, client: Client) => ({
  connection: client,
  prefix: queuePrefix('bare', name),
})
const mta = new Queue<BareJob>(QUEUES.mta, at(QUEUES.mta, adding))
const store = new Queue<BareJob>(QUEUES.store, at(QUEUES.store, adding))

/** The options of the service's own jobs. */
const jobOptions = JSON.parse(process.argv[2] ?? '{}') as JobsOptions

const left = new Map<number, number>()
let settled: number[] = []

function ran({ message, plan }: BareJob): void {
  const count = (left.get(message) ?? jobsOf(plan)) - 1
  if (count > 0) return void left.set(message, count)
  left.delete(message)
  settled.push(message)
  if (settled.length === 1) setImmediate(report)
}

function report(): void {
  process.send?.({ type: 'settled', messages: settled } satisfies BareSettled)
  settled = []
}

/** Jobs with ids and options of their own, as ours have. */
async function add(queue: Queue<BareJob>, jobs: BareJob[]): Promise<void> {
  const all = jobs.map((data) => ({
    name: 'bare',
    data,
    opts: { ...jobOptions, jobId: idOf(data) },
  }))
  const [only] = all
  if (only && all.length === 1) await queue.add(only.name, only.data, only.opts)
  else if (only) await queue.addBulk(all)
}

async function runMta({ data }: Job<BareJob>): Promise<void> {
  const { message, plan, chunk } = data
  if (chunk !== undefined) {
    const offers = offersOf(plan, chunk).map((offer) => ({ message, plan, offer }))
    const next = chunk + 1 < plan.chunks ? [{ message, plan, chunk: chunk + 1 }] : []
    await Promise.all([add(store, offers), add(mta, next)])
  }
  ran(data)
}

async function runStore({ data }: Job<BareJob>): Promise<void> {
  const { message, plan, offer = 0 } = data
  if (offer < plan.answers) await add(mta, [{ message, plan, offer }])
  ran(data)
}

const workers = [
  new Worker<BareJob>(QUEUES.mta, runMta, { ...at(QUEUES.mta, taking), ...WORKER_OPTIONS }),
  new Worker<BareJob>(QUEUES.store, runStore, { ...at(QUEUES.store, taking), ...WORKER_OPTIONS }),
]
for (const worker of workers) worker.on('error', (error) => console.error(error.message))

process.once('disconnect', () => process.exit(1))
onSignals({
  async orderly() {
    await Promise.all([...workers, mta, store].map((part) => part.close()))
    await Promise.all([adding.quit(), taking.quit()])
  },
  atOnce: () => undefined,
})
await Promise.all(workers.map((worker) => worker.waitUntilReady()))
process.send?.({ type: 'ready' } satisfies BareReady)
