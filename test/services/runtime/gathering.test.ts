/**
 * Failures of one message that are reported together: at once when nothing else can fail, else
 * those within a few seconds of the first, and no more than a hundred in one report.
 */
import { expect, onTestFinished, test } from 'vitest'
import { REPORTED_MAX } from '../../../machines/reporting.ts'
import { GATHERING_MS } from '../../../machines/retry.ts'
import { conform } from '../../../services/check/conform/conform.ts'
import { homeOf } from '../../../services/check/home/home.ts'
import type { ItemView } from '../../../services/runtime/views-of-mail.ts'
import { hasTool } from '../../../services/setup/test-tools.mjs'
import { startWorkers } from '../../../services/workers.ts'
import { readByOthers } from '../../support/bounce-readers.ts'
import { ALL_ROLES, FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites()
const page = { offset: 0, limit: 1_000 }

/** Whom each report in carol's mailbox names, the first one first. */
async function reported(site: string): Promise<string[][]> {
  const { items } = await sites.emulator.items(site, 'carol', page)
  return items.flatMap(({ report }: ItemView) => {
    return report ? [[report, ...report.others].map(({ recipient }) => recipient)] : []
  })
}

/** bob's mail is put off; and, once asked, refused. */
async function bobIsBusy(site: string): Promise<{ refuse(): Promise<void> }> {
  const match = { event: 'mail.offered', mailbox: 'bob' }
  const { id } = await sites.emulator.addFault(site, { match, do: { defer: true } })
  return {
    async refuse() {
      await sites.emulator.deleteFault(site, id)
      const refuse = { reason: 1, diagnostic: 4 }
      await sites.emulator.addFault(site, { match, do: { refuse } })
    },
  }
}

async function conforms(site: string): Promise<void> {
  const bundle = await sites.emulator.bundle(site, { steps: 100_000, recipients: 100_000 })
  expect(conform(bundle).failure).toBeNull()
  expect(() => homeOf(bundle, site)).not.toThrow()
}

test('what fails together is one report, at once, in which each has its block', async () => {
  const site = await sites.open()
  await sites.emulator.setClock(site, { stop: true })
  const { id } = await sites.send(site, ['nobody', 'bob', 'noone', 'dave', 'nowhere'])
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, delivered: 2, reported: 3 })
  expect(await reported(site)).toEqual([['nobody', 'noone', 'nowhere']])
  const { items } = await sites.emulator.items(site, 'carol', page)
  expect(items[0]).toMatchObject({ id: `${id}~1`, subject: 'Undeliverable: Lunch?' })
  const entries = (await sites.emulator.message(site, id)).recipients
  const ids = entries.flatMap(({ report }) => (report ? [report.id] : []))
  expect(ids).toEqual([`${id}~1`, `${id}~1`, `${id}~1`])
  await conforms(site)
})

test.runIf(hasTool('python3-flufl.bounce'))('others read each of its recipients', async () => {
  const site = await sites.open()
  const { id } = await sites.send(site, ['nobody', 'noone', 'bob'])
  await sites.rest(site)
  const { pieces } = await sites.emulator.rawItem(site, 'carol', `${id}~1`)
  const all: Buffer[] = []
  for await (const piece of pieces()) all.push(piece)
  const read = await readByOthers(Buffer.concat(all))
  expect(read.permanent.toSorted()).toEqual(
    ['nobody', 'noone'].map((one) => `${one}@${site}.example`),
  )
  expect(read.defects).toEqual([])
})

test('while another is still open they are gathered for some seconds, and no longer', async () => {
  const site = await sites.open()
  await sites.emulator.setClock(site, { stop: true })
  const bob = await bobIsBusy(site)
  const { id } = await sites.send(site, ['nobody', 'bob', 'noone'])
  const deferred = { until: 'deferred', timeoutMs: 20_000 }
  expect((await sites.emulator.recipient(site, id, 'bob', deferred)).reached).toBe(true)
  const waiting = await sites.emulator.recipient(site, id, 'noone')
  expect(waiting.entries).toMatchObject([{ state: 'failed', outcome: 'pending' }])
  await sites.emulator.advance(site, { ms: GATHERING_MS - 1 })
  expect(await reported(site)).toEqual([])
  await sites.emulator.advance(site, { ms: 1 })
  await expect.poll(() => reported(site), soon).toEqual([['nobody', 'noone']])
  await bob.refuse()
  await sites.emulator.advance(site, { until: 'idle' })
  await sites.settled(site, id)
  expect(await reported(site)).toEqual([['nobody', 'noone'], ['bob']])
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 3 })
  await conforms(site)
})

test('the last one takes what is gathered along', async () => {
  const site = await sites.open({ profile: { extends: 'exchange-5.5-sp4', storeRetryMs: 1_000 } })
  await sites.emulator.setClock(site, { stop: true })
  const bob = await bobIsBusy(site)
  const { id } = await sites.send(site, ['nobody', 'bob'])
  const deferred = { until: 'deferred', timeoutMs: 20_000 }
  expect((await sites.emulator.recipient(site, id, 'bob', deferred)).reached).toBe(true)
  await bob.refuse()
  await sites.emulator.advance(site, { ms: GATHERING_MS / 2 })
  await sites.settled(site, id)
  expect(await reported(site)).toEqual([['nobody', 'bob']])
  await conforms(site)
})

test('no report tells of more than a hundred', async () => {
  const site = await sites.open()
  const to = Array.from({ length: 2 * REPORTED_MAX + 50 }, (_, i) => `nobody${i}`)
  await sites.send(site, [...to, 'bob'])
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, delivered: 1, reported: to.length })
  const reports = await reported(site)
  expect(reports.flat().toSorted()).toEqual(to.toSorted())
  expect(Math.max(...reports.map(({ length }) => length))).toBe(REPORTED_MAX)
  expect(reports).toHaveLength(3)
  await conforms(site)
})

test('whoever wanted no report is in none', async () => {
  const site = await sites.open()
  const each = [{}, { notify: ['never' as const] }, {}]
  await sites.emulator.accept(site, {
    ...{ from: 'carol', to: ['nobody', 'noone', 'nowhere'], subject: 'Lunch?', each },
  })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 2, silenced: 1 })
  expect(await reported(site)).toEqual([['nobody', 'nowhere']])
})

test('seen again, the timer reports nothing again', async () => {
  const site = await sites.open()
  const bob = await bobIsBusy(site)
  const again = { match: { event: 'report.due' }, do: { again: true } } as const
  const { id: rule } = await sites.emulator.addFault(site, again)
  await sites.send(site, ['nobody', 'bob', 'noone'])
  await expect.poll(() => reported(site), soon).toEqual([['nobody', 'noone']])
  await expect.poll(async () => (await sites.emulator.fault(site, rule)).hits, soon).toBe(1)
  await bob.refuse()
  await sites.emulator.advance(site, { until: 'idle' })
  expect(await reported(site)).toEqual([['nobody', 'noone'], ['bob']])
})

test('what was gathered and can never be sent is a dead letter for each', async () => {
  const site = await sites.open({ name: 'spoilt' })
  const other = await startWorkers(sites.connection, {
    ...{ roles: [...ALL_ROLES], site, attemptsMax: 2 },
  })
  onTestFinished(() => other.close())
  await bobIsBusy(site)
  const hold = { match: { event: 'report.due' }, do: { hold: true } } as const
  const { id: rule } = await sites.emulator.addFault(site, hold)
  const { id } = await sites.send(site, ['nobody', 'bob', 'noone'])
  await expect
    .poll(async () => (await sites.emulator.fault(site, rule)).holding.length, soon)
    .toBe(1)
  const key = sites.key(site, `message:${id}`)
  const stored = JSON.parse((await sites.client.hget(key, 'm/nyc')) ?? '')
  await sites.client.hset(key, 'm/nyc', JSON.stringify({ ...stored, s: 'nonsense' }))
  await sites.emulator.deleteFault(site, rule)
  const outcomeOf = async (address: string) =>
    (await sites.emulator.recipient(site, id, address)).entries[0]?.outcome
  await expect.poll(() => outcomeOf('nobody'), soon).toBe('deadLettered')
  expect(await outcomeOf('noone')).toBe('deadLettered')
})

test('the ledger believes no report that does not tell of the entry', async () => {
  const site = await sites.open()
  const { id } = await sites.send(site, ['nobody', 'noone'])
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 2 })
  const key = sites.key(site, `message:${id}~1`)
  const stored = JSON.parse((await sites.client.hget(key, 'm/nyc')) ?? '')
  delete stored.a.header.report.others
  await sites.client.hset(key, 'm/nyc', JSON.stringify(stored))
  const { lost, reported: told } = await sites.emulator.audit(site)
  expect(told).toBe(1)
  expect(lost).toMatchObject([{ address: 'noone', why: 'the report does not tell of it' }])
})
