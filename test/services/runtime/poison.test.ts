/**
 * Events that can never be processed, made by spoiling what is stored: each ends as a report (or as
 * what the stores say) and a dead letter, and those behind it go on.
 */
import { Queue } from 'bullmq'
import { expect, onTestFinished, test } from 'vitest'
import { isPassing, POISON_ATTEMPTS } from '../../../services/runtime/poison.ts'
import { queuePrefix } from '../../../services/runtime/queues.ts'
import type { SiteSpec } from '../../../services/runtime/views-of-mail.ts'
import { startWorkers } from '../../../services/workers.ts'
import { ALL_ROLES, FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites({ workers: false })
const NONSENSE = JSON.stringify({ v: 1, s: 'nonsense', c: {}, a: {} })
const page = { offset: 0, limit: 100 }

/** A site whose workers give up soon, but for the one test that takes them as they are. */
async function open(spec: Partial<SiteSpec> = {}, attemptsMax = 2): Promise<string> {
  const site = await sites.open(spec)
  const roles = [...ALL_ROLES]
  const workers = await startWorkers(sites.connection, { roles, site, attemptsMax })
  onTestFinished(() => workers.close())
  return site
}

const spoilBox = (site: string, server: string, mailbox: string) =>
  sites.client.hset(sites.key(site, `box:${server}/${mailbox}`), 'actor', NONSENSE)

/** Keeps the state of an entry, or of a copy, from being any that its machine knows. */
async function spoil(site: string, id: string, field: string): Promise<void> {
  const key = sites.key(site, `message:${id}`)
  const text = await sites.client.hget(key, field)
  const stored = text ? JSON.parse(text) : JSON.parse(NONSENSE)
  await sites.client.hset(key, field, JSON.stringify({ ...stored, s: 'nonsense' }))
}

async function held(site: string, rule: string): Promise<void> {
  const holding = async () => (await sites.emulator.fault(site, rule)).holding.length
  await expect.poll(holding, soon).toBe(1)
}

async function letters(site: string) {
  return (await sites.emulator.deadLetters(site, page)).deadLetters
}

const outcomes = async (site: string, id: string) =>
  Object.fromEntries(
    (await sites.settled(site, id)).map(({ address, outcome }) => [address, outcome]),
  )

/** The copies that events under way are for. */
async function copiesUnderWay(site: string): Promise<string[]> {
  const outbox = await sites.client.hvals(sites.key(site, 'outbox'))
  return outbox.map((text) => (JSON.parse(text) as { event: { to: string } }).event.to)
}

test('an offer: its recipient is reported, the others and those behind it go on', async () => {
  const site = await open({}, POISON_ATTEMPTS)
  await spoilBox(site, 'nyc', 'bob')
  const poisoned = await sites.send(site, ['bob', 'dave'], { from: 'carol' })
  const behind = await sites.send(site, 'carol', { from: 'dave', subject: 'behind' })
  await sites.settled(site, behind.id)
  expect((await sites.emulator.message(site, poisoned.id)).state).toBe('pending')
  expect(await outcomes(site, poisoned.id)).toEqual({ bob: 'reported', dave: 'delivered' })
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, delivered: 2, reported: 1, deadLetters: 1 })
  expect(await letters(site)).toEqual([
    expect.objectContaining({
      event: expect.objectContaining({ type: 'mail.offered', to: 'mailbox/nyc/bob' }),
      message: poisoned.id,
      error: expect.stringContaining('nonsense'),
      attempts: POISON_ATTEMPTS,
      endings: ['recipient 1: reply.refused'],
    }),
  ])
  const { items } = await sites.emulator.items(site, 'carol', page)
  const report = items.find(({ report }) => report !== null)?.report
  expect(report).toMatchObject({ recipient: 'bob', status: '5.0.0' })
})

test('an answer: what the mailbox holds is delivered, and nobody is told otherwise', async () => {
  const site = await open()
  const rule = { match: { event: 'mail.offered' }, do: { hold: true } } as const
  const { id: ruleId } = await sites.emulator.addFault(site, rule)
  const { id } = await sites.send(site, 'bob')
  await held(site, ruleId)
  await spoil(site, id, 'r/nyc/1')
  await sites.emulator.deleteFault(site, ruleId)
  expect(await outcomes(site, id)).toEqual({ bob: 'delivered' })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1, deadLetters: 1 })
  expect(await sites.subjects(site, 'carol')).toEqual([])
})

test.each([
  ['of a state that there is not', JSON.stringify({ v: 9, s: 'nonsense', c: {}, a: {} })],
  ['that is no JSON', '{"v":9,"s":"def'],
])('a retry of an entry %s: reported, barred at the store, its timers gone', async (_, text) => {
  const site = await open({ profile: { extends: 'exchange-5.5-sp4', storeRetryMs: 500 } })
  const rule = {
    match: { event: 'mail.offered' },
    when: { first: 1 },
    do: { defer: true },
  } as const
  await sites.emulator.addFault(site, rule)
  const { id } = await sites.send(site, 'bob')
  const deferred = { until: 'deferred', timeoutMs: 10_000 }
  expect((await sites.emulator.recipient(site, id, 'bob', deferred)).reached).toBe(true)
  await sites.client.hset(sites.key(site, `message:${id}`), 'r/nyc/1', text)
  expect(await outcomes(site, id)).toEqual({ bob: 'reported' })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 1, deadLetters: 1 })
  expect(await sites.client.zrange(sites.key(site, 'timers'), '0', '-1')).toEqual([])
  expect(await sites.client.scard(sites.key(site, 'pending'))).toBe(0)
})

test('a submission: each recipient is reported, or ended as it was asked for', async () => {
  const site = await open()
  const queue = mtaOf(site)
  await queue.pause()
  const one = await sites.send(site, ['bob', 'dave', 'anna'])
  const silent = await sites.send(site, 'bob', { notify: ['never'] })
  const nobody = await sites.send(site, 'bob', { from: '' })
  for (const { id } of [one, silent, nobody]) await spoil(site, id, 'm/nyc')
  await queue.resume()
  expect(await outcomes(site, one.id)).toEqual({
    anna: 'reported',
    bob: 'reported',
    dave: 'reported',
  })
  expect(await outcomes(site, silent.id)).toEqual({ bob: 'silenced' })
  expect(await outcomes(site, nobody.id)).toEqual({ bob: 'deadLettered' })
  const ended = { reported: 3, silenced: 1, deadLettered: 1, deadLetters: 3 }
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, ...ended })
})

test('a transfer: the next MTA takes it and fails it, so it is never in two places', async () => {
  const site = await open()
  const rule = { match: { event: 'copy.transferred' }, do: { hold: true } } as const
  const { id: ruleId } = await sites.emulator.addFault(site, rule)
  const { id } = await sites.send(site, 'dave')
  await held(site, ruleId)
  const [event] = await copiesUnderWay(site)
  await spoil(site, id, `m/${event?.split('/')[2]}`)
  await sites.emulator.deleteFault(site, ruleId)
  const [entry] = await sites.settled(site, id)
  expect(entry).toMatchObject({
    outcome: 'reported',
    copies: ['nyc', expect.stringMatching(/^lon/)],
  })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 1, deadLetters: 1 })
})

test('a report that cannot be made leaves a dead letter in its place', async () => {
  const site = await open()
  const rule = { match: { event: 'report.submitted' }, do: { hold: true } } as const
  const { id: ruleId } = await sites.emulator.addFault(site, rule)
  const { id } = await sites.send(site, 'nobody')
  await held(site, ruleId)
  await spoil(site, `${id}~1`, 'm/nyc')
  await sites.emulator.deleteFault(site, ruleId)
  expect(await outcomes(site, id)).toEqual({ nobody: 'deadLettered' })
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, deadLettered: 1, deadLetters: 1 })
})

test('a request of a move is only put aside; mended, the move comes to its end', async () => {
  const site = await open()
  const box = sites.key(site, 'box:nyc/bob')
  const sound = (await sites.client.hget(box, 'actor')) ?? ''
  await spoilBox(site, 'nyc', 'bob')
  const move = await sites.emulator.startMove(site, { mailbox: 'bob', to: 'lon' })
  await expect.poll(() => letters(site), soon).toHaveLength(1)
  expect((await sites.emulator.move(site, move.id)).state).toBe('running')
  await sites.client.hset(box, 'actor', sound)
  await sites.emulator.advance(site, { ms: 3_600_000 })
  await sites.moveIn(site, move.id, { state: 'completed' })
})

test('a snapshot of a newer service is left to one: no attempt is counted', async () => {
  const site = await open({ profile: { extends: 'exchange-5.5-sp4', storeRetryMs: 300 } })
  const rule = {
    match: { event: 'mail.offered' },
    when: { first: 1 },
    do: { defer: true },
  } as const
  await sites.emulator.addFault(site, rule)
  const { id } = await sites.send(site, 'bob')
  const deferred = { until: 'deferred', timeoutMs: 10_000 }
  expect((await sites.emulator.recipient(site, id, 'bob', deferred)).reached).toBe(true)
  const key = sites.key(site, `message:${id}`)
  const stored = JSON.parse((await sites.client.hget(key, 'r/nyc/1')) ?? '')
  await sites.client.hset(key, 'r/nyc/1', JSON.stringify({ ...stored, m: 99 }))
  const mta = mtaOf(site)
  const tries = async () => {
    const [retry] = (await mta.getDelayed()).filter(({ name }) => name === 'retry.due')
    return (await mta.getJobLogs(retry?.id ?? '')).logs
  }
  await expect.poll(async () => (await tries()).length, soon).toBeGreaterThan(2)
  expect((await tries())[0]).toContain('a recipient is stored in version 99')
  expect(await letters(site)).toEqual([])
  await sites.client.hset(key, 'r/nyc/1', JSON.stringify(stored))
  expect(await outcomes(site, id)).toEqual({ bob: 'delivered' })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1, deadLetters: 0 })
})

test.each([
  'OOM command not allowed when used memory > maxmemory',
  'MISCONF Errors writing to the AOF file: No space left on device',
  'LOADING Redis is loading the dataset in memory',
  'Connection is closed.',
])('%s passes, and counts against no event', (message) => {
  expect(isPassing(new Error(message))).toBe(true)
})

test.each(['WRONGTYPE Operation against a key', "Child state 'x' does not exist"])(
  '%s is the fault of the event',
  (message) => expect(isPassing(new Error(message))).toBe(false),
)

function mtaOf(site: string): Queue {
  const name = `${site}.nyc.mta`
  const prefix = queuePrefix(sites.connection.namespace, name)
  const queue = new Queue(name, { connection: sites.client, prefix })
  onTestFinished(() => queue.close())
  return queue
}
