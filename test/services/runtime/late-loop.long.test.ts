/**
 * Processes that get no turn for four seconds, again and again, as on a machine that has too much
 * to do: they keep the jobs that they have in hand. With BullMQ's default they lose them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { uuidv7 } from 'uuidv7'
import { expect, inject, onTestFinished, test } from 'vitest'
import { LOCKS } from '../../../services/runtime/worker.ts'
import { startProgram } from '../../support/program.ts'

const JOBS = 30
const ROUNDS = 3
/** Together longer than a lock; what is renewed at half of its time is not, in the turn. */
const WITHOUT_A_TURN_MS = 4_000
const TURN_MS = 1_150
/** Two rounds of jobs, and processes that start. */
const LONG = { timeout: 120_000 }

/** How often jobs were taken that somebody had in hand already. */
async function takenAgain(renewMs: number): Promise<number> {
  const path = new URL(inject('redisUrl')).pathname
  const client = new Redis({ path, maxRetriesPerRequest: null })
  const queue = new Queue(`late-${uuidv7()}`, { connection: client })
  onTestFinished(async () => {
    await queue.obliterate({ force: true })
    client.disconnect()
  })
  const args = ['test/support/late-worker.ts', path, queue.name, `${renewMs}`]
  const workers = [startProgram(args), startProgram(args)]
  for (const worker of workers) await worker.line(/^up$/)
  await queue.addBulk(Array.from({ length: JOBS }, () => ({ name: 'long', data: {} })))
  await expect.poll(() => queue.getActiveCount(), { interval: 20 }).toBe(JOBS)
  for (let round = 0; round < ROUNDS; round++) {
    await sleep(TURN_MS)
    for (const { child } of workers) child.kill('SIGSTOP')
    await sleep(WITHOUT_A_TURN_MS)
    for (const { child } of workers) child.kill('SIGCONT')
  }
  const again = async () => {
    const jobs = await queue.getJobs()
    return jobs.reduce((sum, { attemptsStarted }) => sum + Math.max(0, attemptsStarted - 1), 0)
  }
  const known = async () => (await again()) > 0 || (await queue.getCompletedCount()) === JOBS
  await expect.poll(known, { timeout: 60_000 }).toBe(true)
  return again()
}

test('they keep them', LONG, async () => {
  expect(await takenAgain(LOCKS.lockRenewTime)).toBe(0)
})

test('renewed at half of their time, locks are lost', LONG, async () => {
  expect(await takenAgain(LOCKS.lockDuration / 2)).toBeGreaterThan(0)
})
