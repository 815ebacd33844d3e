/**
 * What stands behind the queues: the sweeper, the timekeeper, machines that know an event again.
 *
 * The workers here have no timekeeper, so each test first shows what is missing without it.
 */
import { Queue, UnrecoverableError, Worker } from 'bullmq'
import { describe, expect, onTestFinished, test } from 'vitest'
import { POISON_ATTEMPTS } from '../../../services/runtime/poison.ts'
import { queuePrefix } from '../../../services/runtime/queues.ts'
import { OVERDUE_MS } from '../../../services/runtime/timekeeper.ts'
import { startBareWorkers } from '../../support/bare-workers.ts'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites({ workers: false })

function queueOf(name: string): Queue {
  const prefix = queuePrefix(sites.connection.namespace, name)
  const queue = new Queue(name, { connection: sites.client, prefix })
  onTestFinished(() => queue.close())
  return queue
}

async function workersOf(site: string) {
  const workers = await startBareWorkers(sites.connection, site)
  onTestFinished(() => workers.close())
  return workers
}

/** Events in the outbox count as overdue from now on. */
async function makeOverdue(site: string): Promise<void> {
  const outbox = sites.key(site, 'outbox')
  for (const [id, text] of Object.entries(await sites.client.hgetall(outbox))) {
    const sent = JSON.parse(text) as { sentAt: number }
    const overdue = { ...sent, sentAt: Date.now() - OVERDUE_MS - 1 }
    await sites.client.hset(outbox, id, JSON.stringify(overdue))
  }
}

/** No job is waiting, delayed or running: without a timekeeper nothing will ever happen again. */
async function expectDead(site: string): Promise<void> {
  const { queues } = await sites.emulator.site(site)
  for (const name of queues) {
    expect(await queueOf(name).getJobCountByTypes('waiting', 'active', 'delayed')).toBe(0)
  }
}

describe('an accepted message whose job is gone', () => {
  test('stays where it is without the sweep, and is delivered by the sweep', async () => {
    const site = await sites.open()
    const { id } = await sites.send(site, 'bob')
    const queue = queueOf(`${site}.nyc.mta`)
    await queue.remove(`${id}.0`)
    const workers = await workersOf(site)
    await expectDead(site)
    expect((await sites.emulator.message(site, id)).state).toBe('pending')

    expect(await workers.sweep()).toBe(0)
    await makeOverdue(site)
    expect(await workers.sweep()).toBe(1)
    await sites.settled(site, id)
    const audit = await sites.rest(site)
    expect(audit).toMatchObject({ ...FLAWLESS, delivered: 1 })
    expect(audit.swept).toEqual({ resent: 1, retried: 0, repeated: 0 })
    expect(await workers.sweep()).toBe(0)
  })

  test('an event half way that is gone is sent again as well', async () => {
    const site = await sites.open()
    const store = queueOf(`${site}.nyc.store`)
    await store.pause()
    const workers = await workersOf(site)
    const { id } = await sites.send(site, 'bob')
    await expect.poll(() => store.getWaitingCount(), soon).toBe(1)
    const [offer] = await store.getWaiting()
    await offer?.remove()
    await store.resume()
    await expectDead(site)
    await makeOverdue(site)
    expect(await workers.sweep()).toBe(1)
    await sites.settled(site, id)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
  })
})

/** As BullMQ keeps a job that failed for good, or one that ended. */
async function finish(site: string, id: string, how: 'failed' | 'completed'): Promise<void> {
  const queue = queueOf(`${site}.nyc.mta`)
  const token = 'the-one-who-ends-it'
  const worker = new Worker(queue.name, null, {
    connection: sites.client,
    prefix: queue.opts.prefix as string,
  })
  const job = await worker.getNextJob(token)
  expect(job?.id).toBe(`${id}.0`)
  if (how === 'failed') await job?.moveToFailed(new UnrecoverableError('for good'), token, false)
  else await job?.moveToCompleted('nothing', token, false)
  await worker.close()
  expect(await queue.getJobState(`${id}.0`)).toBe(how)
}

describe.each([
  ['failed', 'retried'],
  ['completed', 'repeated'],
] as const)('an accepted message whose job has %s without its step', (how, counted) => {
  test('stays pending without the sweep, and is delivered by the sweep', async () => {
    const site = await sites.open()
    const { id } = await sites.send(site, 'bob')
    await finish(site, id, how)
    const workers = await workersOf(site)
    await makeOverdue(site)
    await expectDead(site)
    expect((await sites.emulator.message(site, id)).state).toBe('pending')

    expect(await workers.sweep()).toBe(1)
    await sites.settled(site, id)
    const audit = await sites.rest(site)
    expect(audit).toMatchObject({ ...FLAWLESS, delivered: 1 })
    expect(audit.swept).toEqual({ resent: 0, retried: 0, repeated: 0, [counted]: 1 })
    expect(await workers.sweep()).toBe(0)
  })
})

describe('an event that throws each time', () => {
  test('keeps its recipient pending for as long as its attempts have no end', async () => {
    const site = await sites.open()
    const nonsense = JSON.stringify({ v: 1, s: 'nonsense', c: {}, a: {} })
    await sites.client.hset(sites.key(site, 'box:nyc/bob'), 'actor', nonsense)
    const workers = await startBareWorkers(sites.connection, site, { attemptsMax: 1e9 })
    const { id } = await sites.send(site, 'bob')
    const pattern = sites.key(site, 'attempts:*').replace(/[{}]/g, '\\$&')
    const attempts = async () => {
      const [key] = await sites.client.keys(pattern)
      return key === undefined ? 0 : Number(await sites.client.get(key))
    }
    await expect.poll(attempts, soon).toBe(POISON_ATTEMPTS)
    expect((await sites.emulator.message(site, id)).state).toBe('pending')
    expect(await sites.emulator.audit(site)).toMatchObject({ pending: 1, deadLetters: 0 })

    // Given to workers for whom they do end, the very next one is the last.
    await workers.close()
    const others = await workersOf(site)
    await sites.settled(site, id)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 1, deadLetters: 1 })
    expect(await others.sweep()).toBe(0)
  })
})

describe('a retry whose job was cleaned away', () => {
  test('never comes without the timekeeper, and comes in time with it', async () => {
    const site = await sites.open({
      profile: { extends: 'exchange-5.5-sp4', storeRetryMs: 400 },
    })
    const rule = await sites.emulator.addFault(site, {
      match: { event: 'mail.offered' },
      when: { first: 1 },
      do: { defer: true },
    })
    const workers = await workersOf(site)
    const { id } = await sites.send(site, 'bob')
    const mta = queueOf(`${site}.nyc.mta`)
    await expect.poll(() => mta.getDelayedCount(), soon).toBe(1)
    const { recipients } = await sites.emulator.message(site, id)
    const due = recipients[0]?.waitsFor.find(({ text }) => text.startsWith('the next'))?.due
    const [alarm] = await mta.getDelayed()
    expect(alarm?.data).toMatchObject({ type: 'retry.due', due: Date.parse(due ?? '') })

    await mta.clean(0, 100, 'delayed')
    await expectDead(site)
    expect(await workers.ring()).toBe(0)
    await expect.poll(() => Date.now()).toBeGreaterThan(Date.parse(due ?? ''))
    await expectDead(site)
    expect((await sites.emulator.message(site, id)).state).toBe('pending')

    expect(await workers.ring()).toBe(1)
    const [entry] = await sites.settled(site, id)
    expect(entry).toMatchObject({ outcome: 'delivered', attempts: 2 })
    expect((await sites.emulator.fault(site, rule.id)).hits).toBe(1)
  })
})

describe('an event that comes again', () => {
  test('changes nothing, whichever actor it is for', async () => {
    const site = await sites.open()
    await workersOf(site)
    await sites.emulator.putMailbox(site, { alias: 'erin', server: 'nyc' }, 'now')
    await sites.send(site, ['anna', 'dave', 'erin', 'nobody'])
    await sites.rest(site)
    const move = await sites.emulator.startMove(site, { mailbox: 'bob', to: 'lon' })
    await sites.moveIn(site, move.id, { state: 'completed' })
    const { items } = await sites.emulator.items(site, 'erin', { offset: 0, limit: 10 })
    await sites.emulator.deleteItem(site, 'erin', items[0]?.id ?? '')
    const before = await sites.rest(site)
    const { queues } = await sites.emulator.site(site)
    const repeated = new Set<string>()
    for (const name of queues) {
      const queue = queueOf(name)
      for (const job of await queue.getCompleted()) {
        repeated.add(job.name)
        await job.remove()
        await queue.add(job.name, job.data, { jobId: job.id as string })
      }
    }
    expect([...repeated]).toEqual(
      expect.arrayContaining([
        ...['mail.submitted', 'copy.transferred', 'transfer.taken', 'report.submitted'],
        ...['mail.offered', 'reply.accepted', 'mailbox.created', 'item.deleted'],
        ...['move.requested', 'lock.requested', 'page.copied', 'commit.requested'],
        ...['request.granted', 'entry.written', 'entry.announced', 'removal.requested'],
      ]),
    )
    for (const name of queues) {
      const queue = queueOf(name)
      await expect
        .poll(() => queue.getJobCountByTypes('waiting', 'active', 'prioritized'), soon)
        .toBe(0)
    }
    const after = await sites.rest(site)
    expect({ ...after, at: '' }).toEqual({ ...before, at: '' })
    expect((await sites.emulator.move(site, move.id)).state).toBe('completed')
    expect((await sites.emulator.mailbox(site, 'bob')).stores).toMatchObject({
      nyc: { state: 'absent' },
      lon: { state: 'open', messages: 1 },
    })
  })
})
