/** The debugger: a paused site does nothing but the event that is stepped. */
import { expect, test } from 'vitest'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites()
const types = (held: { type: string }[]) => held.map(({ type }) => type).sort()
const heldTypes = async (site: string) => types(await sites.emulator.held(site))

test('a paused site holds everything; a delivery can be walked, event by event', async () => {
  const site = await sites.open()
  expect(await sites.emulator.pause(site)).toEqual({ held: [] })
  expect((await sites.emulator.site(site)).paused).toBe(true)
  const { id } = await sites.send(site, ['bob', 'dave'])
  await expect.poll(() => heldTypes(site), soon).toEqual(['mail.submitted'])
  const [entry] = (await sites.emulator.message(site, id)).recipients
  expect(entry).toMatchObject({ state: 'queued', outcome: 'pending' })
  expect(entry?.waitsFor).toContainEqual(expect.objectContaining({ kind: 'hold' }))

  const steps: string[] = []
  for (;;) {
    const { stepped } = await sites.emulator.step(site)
    if (!stepped) break
    steps.push(stepped.event)
    // What the step sent is on its way to being held.
    const sent = await sites.client.hlen(sites.key(site, 'outbox'))
    await expect.poll(() => sites.emulator.held(site), soon).toHaveLength(sent)
  }
  expect(steps[0]).toBe('mail.submitted')
  expect(steps.sort()).toEqual([
    ...['copy.transferred', 'mail.offered', 'mail.offered', 'mail.submitted'],
    ...['reply.accepted', 'reply.accepted', 'transfer.taken'],
  ])
  expect((await sites.emulator.message(site, id)).state).toBe('settled')
  await sites.emulator.resume(site)
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2 })
})

test('an event is stepped by name; what is not held cannot be', async () => {
  const site = await sites.open()
  await expect(sites.emulator.step(site)).rejects.toMatchObject({ code: 'not-held' })
  await sites.emulator.pause(site)
  expect(await sites.emulator.step(site)).toEqual({ stepped: null, held: [] })
  const first = await sites.send(site, 'bob')
  const second = await sites.send(site, 'bob')
  await expect.poll(() => heldTypes(site), soon).toHaveLength(2)
  const { stepped, held } = await sites.emulator.step(site, `${second.id}.0`)
  expect(stepped?.message).toBe(second.id)
  expect(held.map(({ id }) => id)).toContain(`${first.id}.0`)
  await expect(sites.emulator.step(site, 'no-such')).rejects.toMatchObject({
    code: 'unknown-event',
  })
})

test('alarms are held too, each ringing once, and stepped', async () => {
  const site = await sites.open()
  const rule = await sites.emulator.addFault(site, {
    match: { event: 'mail.offered' },
    do: { defer: true },
  })
  const { id } = await sites.send(site, 'bob')
  await sites.emulator.recipient(site, id, 'bob', { until: 'deferred', timeoutMs: 10_000 })
  await sites.emulator.deleteFault(site, rule.id)
  await sites.emulator.pause(site)
  await sites.emulator.advance(site, { ms: 11 * 60_000 })
  await expect.poll(() => heldTypes(site), soon).toEqual(['retry.due'])
  // Another epoch of the settings, under which the due timer is rung again.
  await sites.emulator.setClock(site, { scale: 2 })
  await sites.emulator.setClock(site, { scale: 1 })
  expect(await heldTypes(site)).toEqual(['retry.due'])
  const begun = Date.now()
  const { stepped } = await sites.emulator.step(site)
  expect(stepped).toMatchObject({ event: 'retry.due', message: id })
  expect(Date.now() - begun).toBeLessThan(4_000)
  await sites.emulator.resume(site)
  expect(await sites.settled(site, id)).toMatchObject([{ outcome: 'delivered', attempts: 2 }])
})

test('a step that a fault rule keeps says so at once', async () => {
  const site = await sites.open()
  const rule = await sites.emulator.addFault(site, {
    match: { event: 'mail.submitted' },
    do: { hold: true },
  })
  await sites.emulator.pause(site)
  await sites.send(site, 'bob')
  await expect.poll(() => heldTypes(site), soon).toEqual(['mail.submitted'])
  const begun = Date.now()
  expect(await sites.emulator.step(site)).toEqual({ stepped: null, held: [] })
  expect(Date.now() - begun).toBeLessThan(4_000)
  expect((await sites.emulator.fault(site, rule.id)).holding).toHaveLength(1)
})

test('resuming lets everything go, also what was on its way to being held', async () => {
  const site = await sites.open()
  for (let round = 0; round < 3; round++) {
    const sending = Array.from({ length: 20 }, () => sites.send(site, ['anna', 'dave']))
    await sites.emulator.pause(site)
    await Promise.all(sending)
    await sites.emulator.resume(site)
  }
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 120, delivered: 180 })
})
