/** Site time: stopped, scaled, advanced, run until idle; and no timer before its date. */
import { Queue } from 'bullmq'
import { describe, expect, onTestFinished, test } from 'vitest'
import { queuePrefix } from '../../../services/runtime/queues.ts'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites()
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const alwaysDefer = { match: { event: 'mail.offered' }, do: { defer: true } } as const

async function deferred(site: string): Promise<string> {
  const { id } = await sites.send(site, 'bob')
  const wait = { until: 'deferred', timeoutMs: 10_000 }
  const { reached } = await sites.emulator.recipient(site, id, 'bob', wait)
  expect(reached).toBe(true)
  return id
}

/** For pausing it past the emulator, as the queue UI does. */
function storeOf(site: string): Queue {
  const name = `${site}.nyc.store`
  const prefix = queuePrefix(sites.connection.namespace, name)
  const queue = new Queue(name, { connection: sites.client, prefix })
  onTestFinished(() => queue.close())
  return queue
}

const attemptsOf = async (site: string, id: string) =>
  (await sites.emulator.message(site, id)).recipients[0]?.attempts

describe('a clock', () => {
  test('stands when it is stopped and goes on from there', async () => {
    const site = await sites.open()
    const stopped = await sites.emulator.setClock(site, { stop: true })
    expect(stopped).toMatchObject({ mode: 'stopped', scale: 0 })
    await expect.poll(() => Date.now()).toBeGreaterThan(Date.parse(stopped.now) + 20)
    expect((await sites.emulator.clock(site)).now).toBe(stopped.now)
    const running = await sites.emulator.setClock(site, { run: true })
    expect(running).toMatchObject({ mode: 'running', scale: 1 })
    expect(Date.parse(running.now) - Date.parse(stopped.now)).toBeLessThan(1_000)
  })

  test('goes faster when it is scaled, and timers with it', async () => {
    const site = await sites.open()
    const rule = await sites.emulator.addFault(site, alwaysDefer)
    const id = await deferred(site)
    await sites.emulator.deleteFault(site, rule.id)
    await sites.emulator.setClock(site, { scale: 2_000 })
    expect(await sites.settled(site, id)).toMatchObject([{ outcome: 'delivered', attempts: 2 }])
    for (const scale of [-1, Number.NaN, 1e9]) {
      await expect(sites.emulator.setClock(site, { scale })).rejects.toMatchObject({
        code: 'bad-request',
      })
    }
  })

  test('shows when the next retry is due; advancing to just before it does nothing', async () => {
    const site = await sites.open()
    await sites.emulator.setClock(site, { stop: true })
    await sites.emulator.addFault(site, alwaysDefer)
    const id = await deferred(site)
    const { now, nextDue } = await sites.emulator.clock(site)
    expect(Date.parse(nextDue ?? '') - Date.parse(now)).toBe(10 * MINUTE)
    const [entry] = (await sites.emulator.message(site, id)).recipients
    expect(entry?.waitsFor).toContainEqual(
      expect.objectContaining({ kind: 'timer', due: nextDue ?? '' }),
    )
    expect(entry?.waitsFor).toContainEqual(expect.objectContaining({ kind: 'clock' }))

    const early = await sites.emulator.advance(site, { ms: 10 * MINUTE - 1 })
    expect(early).toMatchObject({ advancedMs: 10 * MINUTE - 1, fired: 0, blockedBy: [] })
    expect(await attemptsOf(site, id)).toBe(1)
    const due = await sites.emulator.advance(site, { ms: 1 })
    expect(due).toMatchObject({ advancedMs: 1, fired: 1, now: nextDue })
    await expect.poll(() => attemptsOf(site, id), soon).toBe(2)
  })

  test('a step is never dated before its timer was due', async () => {
    const site = await sites.open()
    await sites.emulator.addFault(site, { ...alwaysDefer, when: { first: 5 } })
    const id = await deferred(site)
    const { acceptedAt } = await sites.emulator.message(site, id)
    await sites.emulator.advance(site, { until: 'idle' })
    const { timeline } = await sites.emulator.message(site, id)
    const retries = timeline.filter(({ event }) => event === 'retry.due').map(({ at }) => at)
    expect(retries).toHaveLength(5)
    retries.forEach((at, i) => {
      const after = Date.parse(at) - Date.parse(acceptedAt)
      expect(after).toBeGreaterThanOrEqual((i + 1) * 10 * MINUTE)
      expect(after).toBeLessThan((i + 1) * 10 * MINUTE + 5_000)
    })
  })

  test('two calls that advance it at once take turns, and it runs again', async () => {
    const site = await sites.open()
    const before = Date.parse((await sites.emulator.clock(site)).now)
    await Promise.all([1, 2, 3].map(() => sites.emulator.advance(site, { ms: DAY })))
    const after = await sites.emulator.clock(site)
    expect(after).toMatchObject({ mode: 'running', scale: 1 })
    expect(Date.parse(after.now) - before).toBeGreaterThanOrEqual(3 * DAY)
  })
})

describe('seven days', () => {
  test('of a retry every hour pass in a second or two and end in a report', async () => {
    const profile = { extends: 'exchange-5.5-sp4', storeRetryMs: 60 * MINUTE }
    const site = await sites.open({ profile })
    const match = { ...alwaysDefer.match, mailbox: 'bob' }
    await sites.emulator.addFault(site, { ...alwaysDefer, match })
    const id = await deferred(site)
    const { blockedBy, advancedMs } = await sites.emulator.advance(site, { until: 'idle' })
    expect(blockedBy).toEqual([])
    expect(advancedMs).toBeGreaterThan(6.9 * DAY)
    expect(advancedMs).toBeLessThan(7.1 * DAY)
    const [entry] = await sites.settled(site, id)
    expect(entry).toMatchObject({ state: 'expired', outcome: 'reported' })
    // 7 days hold 168 hours; the last retry falls together with the expiry.
    expect([168, 169]).toContain(entry?.attempts)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 1 })
  })
})

describe('until idle', () => {
  test('says at once that nothing is to be done', async () => {
    const site = await sites.open()
    const idle = await sites.emulator.advance(site, { until: 'idle' })
    expect(idle).toMatchObject({ fired: 0, blockedBy: [] })
    expect(idle.advancedMs).toBeLessThan(5_000)
  })

  test('is blocked by a move that holds', async () => {
    const site = await sites.open()
    const move = { mailbox: 'bob', to: 'lon', holdAt: 'locked' }
    const { id } = await sites.emulator.startMove(site, move)
    await sites.moveIn(site, id, { held: true })
    const { blockedBy } = await sites.emulator.advance(site, { until: 'idle' })
    expect(blockedBy).toEqual([{ kind: 'move', text: expect.stringContaining(id) }])
  })

  test('is blocked by an event that a rule holds', async () => {
    const site = await sites.open()
    await sites.emulator.addFault(site, { match: { mailbox: 'bob' }, do: { hold: true } })
    await sites.send(site, 'bob')
    const { blockedBy } = await sites.emulator.advance(site, { until: 'idle' })
    expect(blockedBy).toContainEqual(expect.objectContaining({ kind: 'fault' }))
  })

  /** Bob's message is delayed, and his store's queue is paused. */
  async function delayed(): Promise<{ site: string; rule: string; queue: Queue }> {
    const site = await sites.open()
    const { id } = await sites.emulator.addFault(site, {
      match: { event: 'mail.offered', mailbox: 'bob' },
      when: { nth: 1 },
      do: { delayMs: MINUTE },
    })
    await sites.emulator.setClock(site, { stop: true })
    await sites.send(site, 'bob')
    const rule = () => sites.emulator.fault(site, id)
    await expect.poll(rule, soon).toMatchObject({ hits: 1, holding: [expect.any(String)] })
    const queue = storeOf(site)
    await queue.pause()
    return { site, rule: id, queue }
  }

  test('is not blocked by a delay that is over', async () => {
    const { site, queue } = await delayed()
    const { blockedBy } = await sites.emulator.advance(site, { until: 'idle' })
    expect(new Set(blockedBy.map(({ kind }) => kind))).toEqual(new Set(['queue']))
    await queue.resume()
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, obligations: 1 })
  })

  test('is not blocked by a delay that its worker takes off between two looks', async () => {
    const { site, rule, queue } = await delayed()
    const timers = sites.key(site, 'timers')
    const members = await sites.client.zrange(timers, '0', '-1')
    const delays = members.filter((member) => member.startsWith('!'))
    expect(await sites.client.zrem(timers, ...delays)).toBe(1)
    const { blockedBy } = await sites.emulator.advance(site, { until: 'idle' })
    expect(new Set(blockedBy.map(({ kind }) => kind))).toEqual(new Set(['queue']))
    await queue.resume()
    await sites.emulator.deleteFault(site, rule)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, obligations: 1 })
  })

  test('is blocked by a paused queue', async () => {
    const site = await sites.open()
    const queue = storeOf(site)
    await queue.pause()
    await sites.send(site, 'bob')
    const { blockedBy } = await sites.emulator.advance(site, { until: 'idle' })
    expect(blockedBy).toContainEqual(expect.objectContaining({ kind: 'queue', queue: queue.name }))
    await queue.resume()
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, obligations: 1 })
  })
})
