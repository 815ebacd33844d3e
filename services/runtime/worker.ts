/**
 * One BullMQ worker: takes jobs from one queue and gives their events to the engine.
 *
 * A throw never fails a job: it is put off and comes again, for as long as Redis is in trouble,
 * and a few times if it is the event itself that throws (`poison.ts`). The commit is atomic and
 * the machines know an event that they have seen. A job whose worker died comes back when its
 * lock has run out.
 */
import { DelayedError, type Job, Worker } from 'bullmq'
import type { Client } from './commit.ts'
import { condemn } from './condemn.ts'
import { type Engine, openProcessor, type Processed, type Processor } from './engine.ts'
import { isParked, promoteJob } from './parked.ts'
import { countAttempt, isPassing, POISON_ATTEMPTS } from './poison.ts'
import type { ArrivedEvent } from './port.ts'
import { type JobData, queuePrefix } from './queues.ts'

/**
 * A killed worker's job is taken up again within about `lockDuration`. A lock is renewed when it is
 * a second old, so a process that comes late by nearly four still has its jobs: where others took
 * them, each would do the work of the other, and both be later still.
 */
export const LOCKS = { lockDuration: 5_000, lockRenewTime: 1_000, stalledInterval: 2_000 }
/** After an error: at first soon, then no more often than this. */
const FIRST_PUT_OFF_MS = 50
const LONGEST_PUT_OFF_MS = 30_000

export interface WorkerOptions {
  client: Client
  namespace: string
  name: string
  concurrency: number
  /** A job may stall so often before it fails for good. */
  stallsMax: number
}

export function openWorker(engine: Engine, options: WorkerOptions): Worker {
  const { client, namespace, name, concurrency, stallsMax } = options
  const processor = openProcessor(engine)
  const work = (job: Job<JobData>, token?: string) => run(engine, processor, job, token)
  const worker = new Worker<JobData, string[]>(name, work, {
    connection: client,
    prefix: queuePrefix(namespace, name),
    concurrency,
    ...LOCKS,
    maxStalledCount: stallsMax,
  })
  worker.on('error', (error) => console.error(`worker ${name}: ${error.message}`))
  return worker
}

async function run(
  engine: Engine,
  processor: Processor,
  job: Job<JobData>,
  token: string | undefined,
): Promise<string[]> {
  const event = job.data as ArrivedEvent
  const processed = await processor
    .process(event)
    .catch((error: Error) => afterError(engine, job, event, error))
  if ('putOff' in processed) return putOff(engine, job, token, processed)
  if (processed.progress) await job.updateProgress(processed.progress)
  return processed.done
}

/** Trouble that passes puts it off; an event that throws by itself is given up in the end. */
async function afterError(
  engine: Engine,
  job: Job<JobData>,
  event: ArrivedEvent,
  error: Error,
): Promise<Processed> {
  const trace = event.caller ? ` (trace ${event.caller.traceparent})` : ''
  console.error(`${job.queueName}: ${job.name} ${event.id}: ${error.message}${trace}`)
  await job.log(error.stack ?? error.message)
  const settings = await engine.settings.get(event.site)
  if (settings && !isPassing(error)) {
    const { client, queues } = engine.gate
    const attempts = await countAttempt(client, settings, event)
    const condemning = { client, queues, settings: engine.settings }
    if (attempts >= (engine.attemptsMax ?? POISON_ATTEMPTS)) {
      return { done: await condemn(condemning, event, error, attempts) }
    }
  }
  const wait = FIRST_PUT_OFF_MS * 2 ** Math.min(job.attemptsStarted, 16)
  return { putOff: Date.now() + Math.min(LONGEST_PUT_OFF_MS, wait), why: error.message }
}

/**
 * Back to the queue without eating a place at the worker; and at once, if it was let go in between.
 */
async function putOff(
  engine: Engine,
  job: Job<JobData>,
  token: string | undefined,
  { putOff: until, parked }: Extract<Processed, { putOff: number }>,
): Promise<never> {
  const settings = await engine.settings.get(job.data.site)
  await job.moveToDelayed(until, token)
  if (settings && parked) {
    const kept = await isParked(engine.gate.client, settings, job.data)
    if (!kept) await promoteJob(engine.queues, job.queueName, job.data.id)
  }
  throw new DelayedError()
}
