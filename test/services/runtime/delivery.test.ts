/** Mail end to end on real queues: one message, many recipients, and what a watcher may do. */
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openEmulator } from '../../../services/runtime/live.ts'
import { queuePrefix } from '../../../services/runtime/queues.ts'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites()

function queueOf(name: string): Queue {
  const prefix = queuePrefix(sites.connection.namespace, name)
  const queue = new Queue(name, { connection: sites.client, prefix })
  onTestFinished(() => queue.close())
  return queue
}

/** Its entry, its alternates, what it waits for: some dozens, however many others there are. */
const COMMANDS_OF_ONE = 100

/** An emulator of which it is known how many commands it has sent to Redis. */
async function openCounted() {
  let sent = 0
  const client = () => {
    const one = sites.connection.client() as Redis
    const send = one.sendCommand.bind(one)
    one.sendCommand = (...command) => {
      sent++
      return send(...command)
    }
    return one
  }
  const emulator = await openEmulator({ ...sites.connection, client })
  onTestFinished(() => emulator.close())
  return { emulator, commands: () => sent }
}

const aliases = (count: number) => Array.from({ length: count }, (_, i) => `user-${i}`)
const mailboxes = (count: number) => aliases(count).map((alias) => ({ alias, server: 'nyc' }))

describe('a message', () => {
  test('is delivered, read and told of, and each job says what it changed', async () => {
    const site = await sites.open()
    const { id } = await sites.send(site, 'bob', { html: '<p>At noon.</p>' })
    const [entry] = await sites.settled(site, id)
    expect(entry).toMatchObject({ address: 'bob', state: 'delivered', attempts: 1, waitsFor: [] })
    const item = await sites.emulator.item(site, 'bob', id)
    expect(item).toMatchObject({ from: 'carol', subject: 'Lunch?', kind: 'message' })
    expect(item.text.trim()).toBe('At noon.')
    const { timeline } = await sites.emulator.message(site, id)
    expect(timeline.map(({ event }) => event)).toEqual([
      'mail.submitted',
      'mail.offered',
      'reply.accepted',
    ])
    const [job] = await queueOf(`${site}.nyc.mta`).getCompleted()
    expect(job?.name).toBe('reply.accepted')
    expect(job?.data).toMatchObject({ message: id, who: expect.stringContaining('recipient 1') })
    expect(job?.returnvalue).toContain('recipient 1 (bob): delivering → delivered')
  })

  test('to 1,500 recipients reaches each once, and one is looked at alone', async () => {
    const site = await sites.open({ mailboxes: mailboxes(1_500) })
    const { id } = await sites.send(site, aliases(1_500))
    const audit = await sites.rest(site)
    expect(audit).toMatchObject({ ...FLAWLESS, accepted: 1_500, delivered: 1_500 })
    const reader = await openCounted()
    const before = reader.commands()
    const { entries } = await reader.emulator.recipient(site, id, 'user-1499')
    expect(entries).toMatchObject([{ number: 1_500, outcome: 'delivered', attempts: 1 }])
    // Thousands, if each recipient were looked at.
    expect(reader.commands() - before).toBeGreaterThan(0)
    expect(reader.commands() - before).toBeLessThan(COMMANDS_OF_ONE)
  })
})

describe('what a watcher does in the queue', () => {
  test('pausing nyc.store stops that store and no other; resuming lets it go on', async () => {
    const site = await sites.open()
    const store = queueOf(`${site}.nyc.store`)
    await store.pause()
    const { id } = await sites.send(site, ['bob', 'dave'])
    const entries = async () => (await sites.emulator.message(site, id)).recipients
    await expect.poll(async () => (await entries())[1]?.outcome, soon).toBe('delivered')
    expect((await entries())[0]).toMatchObject({
      state: 'delivering',
      waitsFor: expect.arrayContaining([
        expect.objectContaining({ kind: 'queue', queue: `${site}.nyc.store` }),
      ]),
    })
    expect(await sites.emulator.audit(site)).toMatchObject({ pending: 1, delivered: 1 })
    await store.resume()
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2 })
  })

  test('promoting the retry retries now', async () => {
    const site = await sites.open()
    await sites.emulator.addFault(site, {
      match: { event: 'mail.offered' },
      when: { first: 1 },
      do: { defer: true },
    })
    const { id } = await sites.send(site, 'bob')
    const mta = queueOf(`${site}.nyc.mta`)
    await expect.poll(() => mta.getDelayedCount(), soon).toBe(1)
    const [retry] = await mta.getDelayed()
    expect(retry?.name).toBe('retry.due')
    await retry?.promote()
    const [entry] = await sites.settled(site, id)
    expect(entry).toMatchObject({ outcome: 'delivered', attempts: 2 })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
  })

  test('promoting the retry retries now though the clock is stopped', async () => {
    const site = await sites.open()
    await sites.emulator.setClock(site, { stop: true })
    await sites.emulator.addFault(site, {
      match: { event: 'mail.offered' },
      when: { first: 1 },
      do: { defer: true },
    })
    const { id } = await sites.send(site, 'bob')
    const mta = queueOf(`${site}.nyc.mta`)
    await expect.poll(() => mta.getDelayedCount(), soon).toBe(1)
    await (await mta.getDelayed())[0]?.promote()
    expect(await sites.settled(site, id)).toMatchObject([{ outcome: 'delivered', attempts: 2 }])
  })

  test('a retry alarm of a former clock waits without being taken up again and again', async () => {
    const site = await sites.open()
    await sites.emulator.addFault(site, {
      match: { event: 'mail.offered' },
      when: { first: 1 },
      do: { defer: true },
    })
    const { id } = await sites.send(site, 'bob')
    const mta = queueOf(`${site}.nyc.mta`)
    await expect.poll(() => mta.getDelayedCount(), soon).toBe(1)
    const [retry] = await mta.getDelayed()
    // As a flush leaves it that was overtaken by a change of the clock: ten minutes early.
    const early = { ...retry?.data, alarmAt: Date.now() }
    await mta.add('retry.due', early, { jobId: `${retry?.id}-early` })
    const started = async () => (await mta.getJob(`${retry?.id}-early`))?.attemptsStarted ?? 0
    await expect.poll(started, soon).toBeGreaterThan(0)
    await expect.poll(() => mta.getDelayedCount(), soon).toBe(2)
    await sites.send(site, 'dave')
    expect((await sites.emulator.message(site, id)).recipients[0]?.state).toBe('deferred')
    expect(await started()).toBeLessThan(5)
  })
})
