/**
 * The bare BullMQ chain: this process adds the first job of each message, the worker process does
 * the rest.
 *
 * It runs on the same Redis as the service and in the same minute, so that the ratio of the two is
 * worth more than either figure.
 */
import { fileURLToPath } from 'node:url'
import { type JobsOptions, Queue } from 'bullmq'
import type { Client } from '../../services/runtime/commit.ts'
import { queueName, queuePrefix } from '../../services/runtime/queues.ts'
import { type BareJob, type BareSettled, idOf, type Plan, QUEUES } from './bare-plan.ts'
import { type Done, drive, type Load } from './load.ts'
import type { Service } from './service.ts'
import { SERVER, SITE } from './site.ts'

export interface Bare {
  load(load: Load, plan: Plan): Promise<Done>
  close(): Promise<void>
}

const WORKER = fileURLToPath(new URL('./bare-worker.ts', import.meta.url))

export async function openBare(service: Service): Promise<Bare> {
  const client = service.connection.client() as Client
  const jobOptions = await optionsOfOurs(service, client)
  const prefix = queuePrefix('bare', QUEUES.mta)
  const queue = new Queue<BareJob>(QUEUES.mta, { connection: client, prefix })
  const child = await service.start(WORKER, JSON.stringify(jobOptions))
  const waiting = new Map<number, () => void>()
  child.on('message', ({ messages }: BareSettled) => {
    for (const message of messages) waiting.get(message)?.()
    for (const message of messages) waiting.delete(message)
  })
  let last = 0
  const deliver = async (plan: Plan): Promise<void> => {
    last++
    const data: BareJob = { message: last, plan, chunk: 0 }
    const settled = new Promise<void>((resolve) => waiting.set(data.message, resolve))
    await queue.add('bare', data, { ...jobOptions, jobId: idOf(data) })
    await settled
  }
  return {
    load: (load, plan) => drive(load, () => deliver(plan)),
    async close() {
      await queue.close()
      await client.quit()
    },
  }
}

/** How long finished jobs are kept, and all else that a job of the service's says of itself. */
async function optionsOfOurs({ connection }: Service, client: Client): Promise<JobsOptions> {
  const name = queueName(SITE, SERVER, 'mta')
  const queue = new Queue(name, {
    connection: client,
    prefix: queuePrefix(connection.namespace, name),
  })
  const [job] = await queue.getJobs(['completed'], 0, 0)
  await queue.close()
  if (!job) throw new Error('no message has been delivered that could be an example')
  const { jobId: _jobId, delay: _delay, ...options } = job.opts
  return options
}
