/**
 * A worker's process whose jobs take a while, with the service's locks, but renewed as often as is
 * said: its arguments are Redis's socket, the queue, and that.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { LOCKS } from '../../services/runtime/worker.ts'

const JOB_MS = 12_000

const [path = '', queue = '', renewMs = ''] = process.argv.slice(2)
const worker = new Worker(queue, () => sleep(JOB_MS), {
  connection: new Redis({ path, maxRetriesPerRequest: null }),
  concurrency: 100,
  maxStalledCount: 1e6,
  ...LOCKS,
  lockRenewTime: Number(renewMs),
})
worker.on('error', (error) => console.error(error.message))
await worker.waitUntilReady()
console.log('up')
