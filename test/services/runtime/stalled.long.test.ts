/**
 * A worker dies twice over one job: with the defaults of the engine the job has failed for good and
 * nobody is told; here it is taken up again.
 */
import { Queue } from 'bullmq'
import { expect, onTestFinished, test } from 'vitest'
import { queuePrefix } from '../../../services/runtime/queues.ts'
import { type Program, startProgram } from '../../support/program.ts'
import { ALL_ROLES, FLAWLESS, liveSites } from '../../support/site.ts'

const sites = liveSites({ workers: false })

/** A lock runs out after five seconds, and the queue is looked at twice. */
const patient = { timeout: 30_000, interval: 200 }

/** Two locks that run out, and three processes that start. */
const LONG = { timeout: 120_000 }

async function startWorker(): Promise<Program> {
  const { url, namespace } = sites.connection
  const redis = ['--redis-url', url, '--namespace', namespace]
  const program = startProgram(['services/main.ts', ...redis, '--role', ALL_ROLES.join()])
  await program.line(/ up \(process \d+\)/)
  return program
}

/** A message whose submission has killed two workers; a third one runs. */
async function sentAndKilledTwice(profile: string) {
  const site = await sites.open({ profile })
  const match = { event: 'mail.submitted' }
  // A rule kills once for an event.
  for (const point of ['before commit', 'before commit'] as const) {
    await sites.emulator.addFault(site, { match, when: { first: 1 }, do: { die: point } })
  }
  const sent = await sites.send(site, 'anna')
  for (let killed = 0; killed < 2; killed++) {
    expect(await (await startWorker()).ended).toEqual({ code: null, signal: 'SIGKILL' })
  }
  const faults = await sites.emulator.faults(site)
  expect(faults.map(({ hits }) => hits)).toEqual([1, 1])
  await startWorker()
  const name = `${site}.nyc.mta`
  const prefix = queuePrefix(sites.connection.namespace, name)
  const queue = new Queue(name, { connection: sites.client, prefix })
  onTestFinished(() => queue.close())
  return { site, id: sent.id, job: () => queue.getJob(`${sent.id}.0`) }
}

test('it is taken up again, and the message is delivered', LONG, async () => {
  const { site, id, job } = await sentAndKilledTwice('modern')
  const state = async () => (await sites.emulator.message(site, id)).state
  await expect.poll(state, patient).toBe('settled')
  expect((await job())?.failedReason).toBeUndefined()
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 1, delivered: 2 })
})

test('with the defect it fails, and the message waits until that is mended', LONG, async () => {
  const { site, id, job } = await sentAndKilledTwice('modern+bullmq-stalled')
  const reason = async () => (await job())?.failedReason
  await expect.poll(reason, patient).toMatch(/stalled more than allowable limit/)
  // Nothing is armed, nothing has a job: nobody will ever hear of it.
  expect(await sites.client.zcard(sites.key(site, 'timers'))).toBe(0)
  const { pending, reported, delivered } = await sites.emulator.audit(site)
  expect({ pending, reported, delivered }).toEqual({ pending: 1, reported: 0, delivered: 0 })
  expect((await sites.emulator.message(site, id)).state).toBe('pending')

  await sites.emulator.changeProfile(site, 'modern')
  const state = async () => (await sites.emulator.message(site, id)).state
  await expect.poll(state, patient).toBe('settled')
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, accepted: 1, delivered: 2 })
  expect(audit.swept).toMatchObject({ retried: 1 })
})
