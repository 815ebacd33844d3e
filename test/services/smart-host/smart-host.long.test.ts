/**
 * Recipients beyond the site at a smart host that takes, defers, refuses, is slow, and drops the
 * connection behind the message; each as the ledger tells it.
 */
import { expect, test } from 'vitest'
import { conform } from '../../../services/check/conform/conform.ts'
import { FLAWLESS, soon } from '../../support/site.ts'
import { smartHosted } from '../../support/smart-host.ts'

const hosted = smartHosted()

const SECOND_MS = 1_000
/** Soon again, so that no test waits. */
const PROFILE = { extends: 'modern', storeRetryMs: 20 }
const inbox = async (site: string, alias: string) =>
  (await hosted.emulator.items(site, alias, { offset: 0, limit: 10 })).items
const timeline = async (site: string, id: string) =>
  JSON.stringify((await hosted.emulator.message(site, id)).timeline)
const kinds = (to: string) => hosted.at(to).map(({ type }) => type)

test('what is taken is handed off, in its own words', async () => {
  const site = await hosted.open({ profile: PROFILE })
  const text = 'At noon.\n.\n..and a dot at the beginning.'
  const { id } = await hosted.send(site, 'ann@far.example', { text })
  expect(await hosted.settled(site, id)).toMatchObject([
    { address: 'ann@far.example', state: 'delivered', outcome: 'handedOff', attempts: 1 },
  ])
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, handedOff: 1, obligations: 1 })
  const [taken, ...more] = hosted.at('ann@far.example')
  expect(more).toEqual([])
  expect(taken).toMatchObject({ type: 'taken', from: `carol@${site}.example` })
  expect(taken?.text).toContain('\r\n.\r\n..and a dot at the beginning.')
  expect(taken?.text).toMatch(/^Received: by nyc\./)
  expect(taken?.text).not.toContain('Return-Path')
})

test('a reply that defers is tried again on the schedule of the profile', async () => {
  const site = await hosted.open({ profile: PROFILE })
  const { id } = await hosted.send(site, 'busy@far.example')
  expect(await hosted.settled(site, id)).toMatchObject([{ outcome: 'handedOff', attempts: 3 }])
  expect(kinds('busy@far.example')).toEqual(['deferred', 'deferred', 'taken'])
  expect(await timeline(site, id)).toContain('greylisted, come back later')
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, handedOff: 1 })
})

test('one that defers until the expiry is reported, once', async () => {
  const expiryMs = { normal: 2 * SECOND_MS }
  const site = await hosted.open({ profile: { ...PROFILE, storeRetryMs: 200, expiryMs } })
  const { id } = await hosted.send(site, 'never@far.example')
  expect(await hosted.settled(site, id)).toMatchObject([{ state: 'expired', outcome: 'reported' }])
  expect(kinds('never@far.example').length).toBeGreaterThan(1)
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, reported: 1, obligations: 1 })
  const [report, ...more] = await inbox(site, 'carol')
  expect(more).toEqual([])
  expect(report).toMatchObject({ subject: 'Undeliverable: Lunch?' })
  expect(await inbox(site, 'outside')).toEqual([])
})

test.each([
  ['nobody@far.example', '5.1.1', 'nobody of that name here'],
  ['unwanted@far.example', '5.0.0', 'we do not want this'],
])('%s is refused, and reported with %s', async (to, status, words) => {
  const site = await hosted.open({ profile: PROFILE })
  const { id } = await hosted.send(site, to)
  expect(await hosted.settled(site, id)).toMatchObject([
    { state: 'failed', outcome: 'reported', attempts: 1, report: { to: 'carol', status } },
  ])
  expect(kinds(to)).toEqual(['refused'])
  expect(await timeline(site, id)).toContain(words)
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, reported: 1, obligations: 1 })
})

test('cut off behind the message: it may arrive twice, and is not lost', async () => {
  const site = await hosted.open({ profile: PROFILE })
  const { id } = await hosted.send(site, 'dropped@far.example')
  expect(await hosted.settled(site, id)).toMatchObject([{ outcome: 'handedOff', attempts: 2 }])
  expect(kinds('dropped@far.example')).toEqual(['dropped', 'taken'])
  const [first, second] = hosted.at('dropped@far.example')
  expect(first?.text).toBe(second?.text)
  expect(await timeline(site, id)).toContain('which may have been taken')
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, handedOff: 1 })
})

test('recipients of one message each have their own answer', async () => {
  const site = await hosted.open({ profile: PROFILE })
  const to = ['taken-1', 'nobody-1', 'taken-2', 'busy-1'].map((name) => `${name}@far.example`)
  const { id } = await hosted.send(site, [...to, 'dave'])
  const entries = await hosted.settled(site, id)
  expect(entries.map(({ address, outcome }) => [address, outcome])).toEqual([
    ['taken-1@far.example', 'handedOff'],
    ['nobody-1@far.example', 'reported'],
    ['taken-2@far.example', 'handedOff'],
    ['busy-1@far.example', 'handedOff'],
    ['dave', 'delivered'],
  ])
  expect(to.flatMap(kinds)).toEqual(
    [['taken'], ['refused'], ['taken'], ['deferred', 'deferred', 'taken']].flat(),
  )
  expect(await hosted.rest(site)).toMatchObject({
    ...FLAWLESS,
    ...{ delivered: 1, handedOff: 3, reported: 1, obligations: 5 },
  })
  const bundle = await hosted.emulator.bundle(site, { steps: 1_000, recipients: 10 })
  expect(conform(bundle)).toMatchObject({ conforms: true, failure: null })
})

test('a report reaches an originator beyond the site, and has a null sender', async () => {
  const site = await hosted.open({ profile: PROFILE })
  const { id } = await hosted.send(site, 'nosuch', { from: 'real@far.example' })
  expect(await hosted.settled(site, id)).toMatchObject([{ outcome: 'reported' }])
  const [report, ...more] = hosted.at('real@far.example')
  expect(more).toEqual([])
  expect(report).toMatchObject({ type: 'taken', from: '' })
  expect(report?.text).toContain('Content-Type: message/delivery-status')
  expect(report?.text).toContain('Action: failed')
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, reported: 1 })
})

test('a report that is refused out there is a dead letter, and causes no other', async () => {
  const site = await hosted.open({ profile: PROFILE })
  const { id } = await hosted.send(site, 'nosuch', { from: 'nobody@far.example' })
  const before = kinds('nobody@far.example').length
  expect(await hosted.settled(site, id)).toMatchObject([{ outcome: 'deadLettered' }])
  expect(kinds('nobody@far.example').length).toBeGreaterThanOrEqual(before)
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, deadLettered: 1 })
})

test('a paused site hands nothing over; a fault rule answers in place of the host', async () => {
  const site = await hosted.open({ profile: PROFILE })
  await hosted.emulator.pause(site)
  const { id } = await hosted.send(site, 'paused@far.example')
  const rule = {
    match: { event: 'mail.offered', mailbox: 'outside' },
    do: { refuse: { reason: 5, diagnostic: 29 } },
  }
  const { id: fault } = await hosted.emulator.addFault(site, rule)
  await hosted.emulator.resume(site)
  expect(await hosted.settled(site, id)).toMatchObject([{ outcome: 'reported' }])
  expect(kinds('paused@far.example')).toEqual([])
  await expect
    .poll(
      async () => (await hosted.emulator.faults(site)).find(({ id }) => id === fault)?.hits,
      soon,
    )
    .toBe(1)
})

test('a slow host is asked once, however often the entry asks for an answer', async () => {
  const site = await hosted.open({ profile: PROFILE })
  // An answer is asked for again after 30 s of the site: after half a second.
  await hosted.emulator.setClock(site, { scale: 60 })
  const { id } = await hosted.send(site, 'slow@far.example')
  expect(await hosted.settled(site, id)).toMatchObject([{ outcome: 'handedOff', attempts: 1 }])
  expect(kinds('slow@far.example')).toEqual(['read', 'taken'])
  const { timeline } = await hosted.emulator.message(site, id)
  expect(timeline.filter(({ event }) => event === 'reply.due').length).toBeGreaterThan(0)
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, handedOff: 1 })
})

test('what expires while it is handed over and taken is not reported', async () => {
  const expiryMs = { normal: 30 * SECOND_MS }
  const site = await hosted.open({ profile: { ...PROFILE, expiryMs } })
  await hosted.emulator.setClock(site, { scale: 60 })
  const to = 'slow-expiring@far.example'
  const rule = { match: { event: 'mail.offered', mailbox: 'outside' }, when: { first: 1 } } as const
  await hosted.emulator.addFault(site, { ...rule, do: { defer: true } })
  const { id } = await hosted.send(site, to)
  expect(await hosted.settled(site, id)).toMatchObject([{ outcome: 'handedOff' }])
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, handedOff: 1, reported: 0 })
  const { timeline } = await hosted.emulator.message(site, id)
  const events = timeline.map(({ event }) => event)
  expect(events).toContain('expiry.due')
  expect(events).toContain('offer.withdrawn')
  expect(kinds(to)).toEqual(['read', 'taken'])
  expect(await inbox(site, 'carol')).toEqual([])
})

test('an offer that can never be made is given up, whatever came of others', async () => {
  const site = await hosted.open({ profile: { ...PROFILE, storeRetryMs: 400 } })
  const to = ['taken-3@far.example', 'busy-3@far.example']
  const { id } = await hosted.send(site, to)
  await expect.poll(() => to.flatMap(kinds).sort(), soon).toEqual(['deferred', 'taken'])
  await hosted.client.del(hosted.key(site, `content:${id}`))
  const entries = await hosted.settled(site, id)
  expect(entries.map(({ outcome }) => outcome)).toEqual(['handedOff', 'reported'])
  expect(await hosted.emulator.deadLetters(site, { offset: 0, limit: 1 })).toMatchObject({
    total: 1,
  })
  expect(kinds('busy-3@far.example')).toEqual(['deferred'])
  expect(await hosted.rest(site)).toMatchObject({ ...FLAWLESS, handedOff: 1, reported: 1 })
})

test('a site has a smart host of its own, or none while others have', async () => {
  await hosted.workersWith(null)
  const mine = await hosted.open({ profile: PROFILE, smartHost: `127.0.0.1:${hosted.port}` })
  expect(await hosted.emulator.site(mine)).toMatchObject({ smartHost: `127.0.0.1:${hosted.port}` })
  const other = await hosted.open({ profile: PROFILE })
  const first = await hosted.send(mine, 'own@far.example')
  const second = await hosted.send(other, 'own@far.example')
  expect(await hosted.settled(mine, first.id)).toMatchObject([{ outcome: 'handedOff' }])
  expect(await hosted.settled(other, second.id)).toMatchObject([{ outcome: 'handedOff' }])
  expect(hosted.at('own@far.example')).toMatchObject([{ from: `carol@${mine}.example` }])
  await hosted.workersWith({ host: '127.0.0.1', port: hosted.port })
})

test('a host that is not there: pending, with the reason, and handed over when it is', async () => {
  const site = await hosted.open({ profile: PROFILE })
  await hosted.workersWith({ host: '127.0.0.1', port: 1 })
  const { id } = await hosted.send(site, 'later@far.example')
  await expect
    .poll(async () => (await hosted.emulator.message(site, id)).recipients[0]?.attempts, soon)
    .toBeGreaterThan(1)
  const { recipients } = await hosted.emulator.message(site, id)
  expect(recipients).toMatchObject([{ outcome: 'pending' }])
  expect(await timeline(site, id)).toContain('ECONNREFUSED')
  await hosted.workersWith({ host: '127.0.0.1', port: hosted.port })
  expect(await hosted.settled(site, id)).toMatchObject([{ outcome: 'handedOff' }])
  expect(kinds('later@far.example')).toEqual(['taken'])
})
