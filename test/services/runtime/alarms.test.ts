/**
 * Alarms of retries: none stands in the way of the next, and none stays when it is not needed.
 */
import { Queue } from 'bullmq'
import { expect, onTestFinished, test } from 'vitest'
import { queuePrefix } from '../../../services/runtime/queues.ts'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites()

test('retries at the very same instant all ring', async () => {
  const site = await sites.open({ profile: { extends: 'exchange-5.5-sp4', storeRetryMs: 0 } })
  await sites.emulator.setClock(site, { stop: true })
  const rule = await sites.emulator.addFault(site, {
    match: { event: 'mail.offered', mailbox: 'dave' },
    when: { first: 3 },
    do: { defer: true },
  })
  const { id } = await sites.send(site, 'dave')
  const [entry] = await sites.settled(site, id)
  expect(entry).toMatchObject({ outcome: 'delivered', attempts: 4 })
  expect((await sites.emulator.fault(site, rule.id)).hits).toBe(3)
  expect(await sites.rest(site)).toMatchObject(FLAWLESS)
})

/** A queue as a watcher sees it. */
function watched(name: string): Queue {
  const prefix = queuePrefix(sites.connection.namespace, name)
  const queue = new Queue(name, { connection: sites.client, prefix })
  onTestFinished(() => queue.close())
  return queue
}

/** Locks anna's mailbox, so that whatever is sent to her is deferred. */
async function lock(site: string): Promise<string> {
  const move = { mailbox: 'anna', to: 'lon', holdAt: 'locked' }
  const { id } = await sites.emulator.startMove(site, move)
  await sites.moveIn(site, id, { held: true })
  return id
}

test('with a clock that stands a retry can be promoted again and again', async () => {
  const site = await sites.open()
  const queue = watched(`${site}.nyc.mta`)
  await sites.emulator.setClock(site, { stop: true })
  await lock(site)
  await sites.send(site, 'anna')
  const rung = []
  for (let promoted = 0; promoted < 3; promoted += 1) {
    await expect.poll(() => queue.getDelayedCount(), soon).toBe(1)
    const [job] = await queue.getDelayed()
    await job?.promote()
    rung.push(job?.id)
  }
  await expect.poll(() => queue.getDelayedCount(), soon).toBe(1)
  // All for one instant, so it is one id: what has rung must not keep out what shall.
  expect(new Set(rung).size).toBe(1)
})

test('a retry that a nudge has overtaken leaves no delayed job behind', async () => {
  const site = await sites.open()
  const queue = watched(`${site}.nyc.mta`)
  const id = await lock(site)
  await sites.send(site, 'anna')
  await expect.poll(() => queue.getDelayedCount(), soon).toBe(1)
  await sites.emulator.releaseMove(site, id)
  await sites.rest(site)
  expect(await queue.getDelayedCount()).toBe(0)
})
