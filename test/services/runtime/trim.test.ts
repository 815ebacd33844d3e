/**
 * Retention: what is settled goes by age, count and bytes with all that was its own, what is not
 * stays, and the ledger's totals are as before.
 */
import { expect, onTestFinished, test } from 'vitest'
import { messageKey } from '../../../services/runtime/keys.ts'
import type { Audit } from '../../../services/runtime/views-of-driving.ts'
import { startBareWorkers } from '../../support/bare-workers.ts'
import { FLAWLESS, liveSites, soon, total } from '../../support/site.ts'

const sites = liveSites({ workers: false })
const page = { offset: 0, limit: 100 }

async function open(spec = {}) {
  const site = await sites.open(spec)
  const workers = await startBareWorkers(sites.connection, site)
  onTestFinished(() => workers.close())
  return { site, workers }
}

/** Everything that the site keeps, but for what is there once however much mail there was. */
async function keys(site: string): Promise<string[]> {
  const all = await sites.client.keys(`${sites.key(site, '').replace(/[{}]/g, '\\$&')}*`)
  return all.filter((key) => /:(message|content|log|idempotency):|:box:.*:/.test(key)).sort()
}

const TOTALS = ['obligations', 'accepted', 'delivered', 'reported', 'silenced'] as const
const totals = (audit: Audit) =>
  [...TOTALS, 'deadLettered', 'handedOff'].map((name) => audit[name as 'accepted'])

test('settled messages go with their reports and items, and every total stays', async () => {
  const { site, workers } = await open()
  const recipients = ['anna', 'dave', 'nobody', 'far@away.example']
  await sites.send(site, recipients, { notify: ['success', 'failure'] })
  await sites.send(site, 'nobody', { notify: ['never'] })
  await sites.send(site, 'nobody', { from: '' })
  const before = await sites.rest(site)
  expect(before).toMatchObject({ ...FLAWLESS, reported: 1, silenced: 1, deadLettered: 1 })
  expect((await keys(site)).length).toBeGreaterThan(10)
  expect(await workers.trim({ messages: 3 })).toBe(0)
  expect(await workers.trim({ messages: 0 })).toBe(3)
  const after = await sites.rest(site)
  expect(totals(after)).toEqual(totals(before))
  expect(after).toMatchObject({ ...FLAWLESS, trimmed: 3 })
  expect(await keys(site)).toEqual([])
  expect(await sites.emulator.messages(site, page)).toEqual({ total: 0, messages: [] })
  expect(await sites.subjects(site, 'bob')).toEqual([])
})

test('the oldest go first, by count, by bytes and by age', async () => {
  const { site, workers } = await open()
  const ids: string[] = []
  for (let i = 0; i < 6; i++) {
    const { id } = await sites.send(site, 'bob', { text: 'x'.repeat(100_000) })
    ids.push(id)
    await sites.settled(site, id)
  }
  const kept = async () =>
    (await sites.emulator.messages(site, page)).messages.map(({ id }) => id).reverse()
  await workers.trim({ messages: 5 })
  expect(await kept()).toEqual(ids.slice(1))
  await workers.trim({ bytes: 350_000 })
  expect(await kept()).toEqual(ids.slice(3))
  const [, , , , fifth = ''] = ids
  const age = Date.now() - Number.parseInt(fifth.replace('-', '').slice(0, 12), 16)
  await workers.trim({ ms: age })
  expect((await kept()).length).toBeLessThanOrEqual(2)
  expect(await kept()).toContain(ids[5])
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 6, delivered: 6 })
})

test('what is pending stays, however much of it there is, and so does what was lost', async () => {
  const { site, workers } = await open({ profile: 'exchange-5.5-sp3' })
  const rule = { match: { mailbox: 'dave' }, do: { defer: true } } as const
  await sites.emulator.addFault(site, rule)
  const pending = await sites.send(site, ['dave', 'bob'])
  const lost = await sites.send(site, 'bob')
  const settled = await sites.send(site, 'bob')
  await sites.settled(site, lost.id)
  await sites.settled(site, settled.id)
  const deferred = { until: 'deferred', timeoutMs: 10_000 }
  expect((await sites.emulator.recipient(site, pending.id, 'dave', deferred)).reached).toBe(true)
  for (const name of ['items', 'order', 'log']) {
    const box = sites.key(site, `box:nyc/bob:${name}`)
    await (name === 'items' ? sites.client.hdel(box, lost.id) : sites.client.zrem(box, lost.id))
  }
  expect(await workers.trim({ messages: 0 })).toBe(1)
  const audit = await sites.emulator.audit(site)
  expect(audit).toMatchObject({ obligations: 4, pending: 1, delivered: 2, trimmed: 1 })
  expect(audit.lost).toEqual([expect.objectContaining({ message: lost.id })])
  expect((await sites.emulator.message(site, pending.id)).state).toBe('pending')
})

test('nothing goes while a move is at work on the mailbox; afterwards it does', async () => {
  const { site, workers } = await open()
  const { id } = await sites.send(site, ['bob', 'nobody'])
  await sites.settled(site, id)
  const move = { mailbox: 'bob', to: 'lon', holdAt: 'copying' }
  const { id: moveId } = await sites.emulator.startMove(site, move)
  await sites.moveIn(site, moveId, { phase: 'copying', held: true })
  expect(await workers.trim({ messages: 0 })).toBe(0)
  expect(await sites.emulator.audit(site)).toMatchObject({
    ...{ ...FLAWLESS, delivered: 1, reported: 1, trimmed: 0 },
  })
  // Where no move was at work it is gone already: it is no longer shown, and still counted.
  expect(await sites.subjects(site, 'carol')).toEqual([])
  const unknown = { code: 'unknown-message' }
  await expect(sites.emulator.message(site, id)).rejects.toMatchObject(unknown)
  await sites.emulator.releaseMove(site, moveId)
  await sites.moveIn(site, moveId, { state: 'completed' })
  await expect.poll(() => workers.trim({ messages: 0 }), soon).toBe(1)
  expect(await sites.rest(site)).toMatchObject({
    ...{ ...FLAWLESS, delivered: 1, reported: 1, trimmed: 1 },
  })
  expect(await keys(site)).toEqual([])
})

test('a repeated request and a late event bring nothing back', async () => {
  const { site, workers } = await open()
  const mail = { from: 'carol', to: ['bob'], subject: 'once', text: '' }
  const first = await sites.emulator.accept(site, mail, 'key')
  await sites.settled(site, first.id)
  const event = JSON.stringify(await lateEvent(site, first.id))
  expect(await workers.trim({ messages: 0 })).toBe(1)
  expect(await sites.emulator.accept(site, mail, 'key')).toEqual({ ...first, replayed: true })
  const other = { ...mail, text: 'another' }
  await expect(sites.emulator.accept(site, other, 'key')).rejects.toMatchObject({
    code: 'idempotency-mismatch',
  })
  await workers.take(JSON.parse(event))
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 1, trimmed: 1 })
  expect(await sites.subjects(site, 'bob')).toEqual([])
  // By workers that do not look for what is trimmed, it is held once more, and nothing explains it.
  workers.forgetFloor()
  await workers.take(JSON.parse(event))
  expect(await sites.subjects(site, 'bob')).toEqual(['once'])
  const { unexpected } = await sites.emulator.audit(site)
  expect(unexpected).toEqual([{ message: first.id, mailbox: 'bob', place: 'nyc' }])
})

/** The offer as its job has it. */
async function lateEvent(site: string, id: string): Promise<object> {
  const queue = `{${sites.connection.namespace}:${site}.nyc.store}:${site}.nyc.store`
  const jobs = await sites.client.zrange(`${queue}:completed`, '0', '-1')
  for (const job of jobs) {
    const data = JSON.parse((await sites.client.hget(`${queue}:${job}`, 'data')) ?? '{}')
    if (data.type === 'mail.offered' && data.item.key === id) return { ...data, id: `${data.id}9` }
  }
  throw new Error('there was no offer')
}

test('what is trimmed while a bundle is made is not in it', async () => {
  const { site } = await open()
  const { id } = await sites.send(site, 'bob')
  const other = await sites.send(site, 'bob')
  await sites.rest(site)
  const keys = { namespace: sites.connection.namespace, site, shards: 1 }
  const accepted = async () => {
    const { accepted } = await sites.emulator.bundle(site, { steps: 100, recipients: 100 })
    return { ...accepted, messages: accepted.messages.map(({ header }) => header.id) }
  }
  expect(await accepted()).toEqual({ leftOut: 0, messages: [id, other.id] })
  // As it is for a moment: the list of messages was read before.
  await sites.client.hdel(messageKey(keys, id), 'to/0')
  expect(await accepted()).toEqual({ leftOut: 0, messages: [other.id] })
  await sites.client.hdel(messageKey(keys, id), 'accept')
  expect(await accepted()).toEqual({ leftOut: 0, messages: [other.id] })
})

test('the totals sum to the obligations while messages are trimmed', async () => {
  const { site, workers } = await open()
  const sending = Array.from({ length: 60 }, () => sites.send(site, ['anna', 'dave', 'nobody']))
  let going = true
  let trimmed = 0
  const trimming = (async () => {
    while (going) trimmed += await workers.trim({ messages: 5 })
  })()
  for (let look = 0; look < 6; look++) {
    const audit = await sites.emulator.audit(site)
    expect(total(audit)).toBe(audit.obligations)
    expect(audit).toMatchObject({ lost: [], unexpected: [], duplicated: [], falseReports: [] })
  }
  await Promise.all(sending)
  await expect.poll(async () => (await sites.emulator.audit(site, 1_000)).atRest, soon).toBe(true)
  going = false
  await trimming
  expect(trimmed).toBeGreaterThan(0)
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, accepted: 180, delivered: 180, reported: 60 })
})
