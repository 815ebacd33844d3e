/**
 * The trace context of whoever asked: taken where it is valid, and then in every job and every line
 * of the journal that came of it, reports and retries included; nowhere where there was none.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { MailEvent } from '../../machines/wire.ts'
import { buildApp } from '../../services/api/app.ts'
import { BUNDLE_RECIPIENTS_MAX, BUNDLE_STEPS_MAX } from '../../services/api/limits.ts'
import { conform } from '../../services/check/conform/conform.ts'
import { openClient } from '../../services/client/client.ts'
import { callerIn } from '../../services/trace-context.ts'
import { liveSites, soon } from '../support/site.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`
const OTHER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('what is valid', () => {
  test.each([
    [PARENT, undefined, { traceparent: PARENT }],
    [PARENT, 'a=1,b=2', { traceparent: PARENT, tracestate: 'a=1,b=2' }],
    [PARENT, ['a=1', 'b=2'], { traceparent: PARENT, tracestate: 'a=1,b=2' }],
    [PARENT, 'x'.repeat(513), { traceparent: PARENT }],
    [PARENT, 'a=\u0007', { traceparent: PARENT }],
    [`cc${PARENT.slice(2)}-what-comes`, undefined, { traceparent: PARENT }],
    [`ff${PARENT.slice(2)}`, undefined, undefined],
    [`${PARENT}-more`, undefined, undefined],
    [PARENT.toUpperCase(), undefined, undefined],
    [PARENT.replace(TRACE, '0'.repeat(32)), 'a=1', undefined],
    [PARENT.replace('00f067aa0ba902b7', '0'.repeat(16)), undefined, undefined],
    [[PARENT, PARENT], undefined, undefined],
    [undefined, 'a=1', undefined],
    ['', undefined, undefined],
  ])('%j with %j', (traceparent, tracestate, caller) => {
    expect(callerIn(traceparent, tracestate)).toEqual(caller)
  })
})

const sites = liveSites()

async function stepsOf(site: string) {
  const limits = { steps: BUNDLE_STEPS_MAX, recipients: BUNDLE_RECIPIENTS_MAX }
  const bundle = await sites.emulator.bundle(site, limits)
  expect(conform(bundle)).toMatchObject({ conforms: true })
  return bundle.journal.steps
}

/** The trace of each step that concerns the message. */
const tracesOf = async (site: string, id: string) => [
  ...new Set((await stepsOf(site)).filter(({ m }) => m?.startsWith(id)).map(({ x }) => x)),
]

test('over HTTP, with a retry and a report: one trace, and each move its own', async () => {
  const site = await sites.open({ profile: 'exchange-5.5-sp4' })
  const { emulator, connection } = sites
  const app = await buildApp({ emulator, connection, log: 'silent' })
  const post = (path: string, payload: object, headers = {}) =>
    app.inject({ method: 'POST', url: `/sites/${site}${path}`, payload, headers })
  await post('/clock', { stop: true })
  const begun = await post(
    '/moves',
    { mailbox: 'anna', to: 'lon', holdAt: 'locked' },
    { traceparent: OTHER },
  )
  const { id: move } = begun.json()
  await sites.moveIn(site, move, { held: true })
  const letter = { from: 'carol', to: ['anna'] }
  const traced = await post('/messages', letter, { traceparent: PARENT, tracestate: 'a=1' })
  const { id } = traced.json()
  const plain = (await post('/messages', letter, { traceparent: 'nonsense' })).json().id
  const wait = { until: 'deferred', timeoutMs: soon.timeout }
  expect((await emulator.recipient(site, id, 'anna', wait)).reached).toBe(true)
  expect((await emulator.recipient(site, plain, 'anna', wait)).reached).toBe(true)

  // The retry waits as a job of its own.
  const queue = `${site}.nyc.mta`
  const jobs = await jobsOf(queue)
  const own = (message: string) => jobs.filter(({ to }) => to.includes(message))
  expect(own(id).length).toBeGreaterThan(1)
  const caller = { traceparent: PARENT, tracestate: 'a=1' }
  expect(own(id).map((job) => job.caller)).toEqual(own(id).map(() => caller))
  expect(own(plain).filter((job) => job.caller !== undefined)).toEqual([])

  await emulator.releaseMove(site, move)
  await sites.moveIn(site, move, { state: 'completed' })
  await sites.rest(site)
  expect(await sites.subjects(site, 'carol')).toHaveLength(2)
  expect(await tracesOf(site, id)).toEqual([PARENT])
  const reported = (await stepsOf(site)).filter(({ m }) => m?.startsWith(`${id}~`))
  expect(reported.length).toBeGreaterThan(1)
  const ofMove = (await stepsOf(site)).filter(({ t }) => t === `move/${move}`)
  expect([...new Set(ofMove.filter(({ y }) => y !== 'move.released').map(({ x }) => x))]).toEqual([
    OTHER,
  ])
  expect(await tracesOf(site, plain)).not.toContain(PARENT)
  await app.close()
})

async function jobsOf(queue: string): Promise<MailEvent[]> {
  const found: MailEvent[] = []
  const { client, connection } = sites
  const pattern = `*${queue}:*`
  let cursor = '0'
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', 1_000)
    cursor = next
    for (const key of keys) {
      if (!key.includes(connection.namespace) || (await client.type(key)) !== 'hash') continue
      const data = await client.hget(key, 'data')
      if (data) found.push(JSON.parse(data) as MailEvent)
    }
  } while (cursor !== '0')
  return found
}

test('in the header of a message; and a request that comes again in another span', async () => {
  const site = await sites.open()
  const { emulator } = sites
  const accept = async (fields: string, more = {}) => {
    const pieces = [Buffer.from(`Subject: x\r\n${fields}\r\nhello\r\n`)]
    const envelope = { from: 'carol', to: ['dave'], ...more }
    return (await emulator.accept(site, envelope, undefined, { pieces, strict: true })).id
  }
  const ids = [
    await accept(`Traceparent: ${PARENT}\r\n`),
    await accept(`Traceparent: ${PARENT}\r\n`, { caller: { traceparent: OTHER } }),
    await accept(`Traceparent: ${PARENT}\r\ntraceparent: ${OTHER}\r\n`),
    await accept(''),
  ]
  const letter = { from: 'carol', to: ['dave'], subject: 'twice' }
  const first = await emulator.accept(site, { ...letter, caller: { traceparent: OTHER } }, 'key')
  const again = await emulator.accept(site, { ...letter, caller: { traceparent: PARENT } }, 'key')
  expect(again).toEqual({ ...first, replayed: true })
  await sites.rest(site)
  const traces = await Promise.all([...ids, first.id].map((id) => tracesOf(site, id)))
  expect(traces).toEqual([[PARENT], [OTHER], [undefined], [undefined], [OTHER]])
})

test('a batch, and mail that is there beforehand: each move and message', async () => {
  const site = await sites.open()
  const { emulator, connection } = sites
  const app = await buildApp({ emulator, connection, log: 'silent' })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const headers = () => ({ traceparent: PARENT })
  const client = openClient(url, { headers }).site(site)
  await client.mailboxes.prefill('dave', { messages: 2 })
  const moves = ['bob', 'carol'].map((mailbox) => ({ mailbox, to: 'lon' }))
  const { id } = await client.batches.start({ moves, concurrency: 1 })
  await client.batches.untilEnded(id)
  await sites.rest(site)
  const steps = (await stepsOf(site)).filter(({ m, t }) => m !== undefined || /^move/.test(t))
  expect([...new Set(steps.map(({ x }) => x))]).toEqual([PARENT])
  expect(new Set(steps.map(({ t }) => t).filter((t) => t.startsWith('move/'))).size).toBe(2)
  await app.close()
})

describe('what is asked for over HTTP by somebody with a trace', () => {
  /** A client whose every request bears the trace, and the steps of a kind with their traces. */
  async function asking(traceparent: string) {
    const site = await sites.open()
    const { emulator, connection } = sites
    const app = await buildApp({ emulator, connection, log: 'silent' })
    onTestFinished(async () => void (await app.close()))
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const client = openClient(url, { headers: () => ({ traceparent }) }).site(site)
    const traces = async (...types: string[]) => {
      const steps = (await stepsOf(site)).filter(({ y }) => types.includes(y))
      return Object.fromEntries(types.map((type) => [type, tracesIn(steps, type)]))
    }
    return { site, client, traces }
  }

  const tracesIn = (steps: { y: string; x?: string }[], type: string) => [
    ...new Set(steps.filter(({ y }) => y === type).map(({ x }) => x)),
  ]

  test('a mailbox made, changed, deleted; a list; an item', async () => {
    const { site, client, traces } = await asking(PARENT)
    await client.mailboxes.put('zoe', { server: 'nyc' })
    await client.mailboxes.put('zoe', {
      server: 'nyc',
      alternateRecipient: 'bob',
      storageLimit: 9_000,
    })
    // The other replica hears of it by a timer.
    await sites.emulator.advance(site, { until: 'idle' })
    await client.lists.put('team', { members: ['zoe', 'bob'] })
    await sites.emulator.accept(site, { from: 'carol', to: ['dave'], subject: 'read' })
    await sites.rest(site)
    const [item] = (await client.mailboxes.items('dave')).items
    await client.mailboxes.remove('dave', item?.id ?? '')
    await client.lists.delete('team')
    await client.mailboxes.delete('zoe')
    await sites.rest(site)
    expect(
      await traces(
        'entry.written',
        'entry.announced',
        'replication.due',
        'mailbox.created',
        'mailbox.limited',
        'mailbox.deleted',
        'trim.due',
        'item.deleted',
      ),
    ).toEqual({
      'entry.written': [PARENT],
      'entry.announced': [PARENT],
      'replication.due': [PARENT],
      'mailbox.created': [PARENT],
      'mailbox.limited': [PARENT],
      'mailbox.deleted': [PARENT],
      'trim.due': [PARENT],
      'item.deleted': [PARENT],
    })
    const ofMail = (await stepsOf(site)).filter(({ m, y }) => m && y !== 'item.deleted')
    expect([...new Set(ofMail.map(({ x }) => x))]).toEqual([undefined])
  })

  test('a move that somebody else began, released and cancelled', async () => {
    const { site, client, traces } = await asking(PARENT)
    const begun = { mailbox: 'bob', to: 'lon', holdAt: 'locked', caller: { traceparent: OTHER } }
    const { id } = await sites.emulator.startMove(site, begun)
    await sites.moveIn(site, id, { held: true })
    await client.moves.release(id, 'created')
    await sites.moveIn(site, id, { phase: 'created', held: true })
    await client.moves.cancel(id)
    await sites.moveIn(site, id, { state: 'rolledBack' })
    const types = ['move.requested', 'move.released', 'move.cancelled', 'request.granted']
    expect(await traces(...types)).toEqual({
      'move.requested': [OTHER],
      'move.released': [PARENT],
      'move.cancelled': [PARENT],
      // What the move does is still its own.
      'request.granted': [OTHER],
    })
  })

  test('a move that nobody with a trace began, released', async () => {
    const { site, client, traces } = await asking(PARENT)
    const { id } = await sites.emulator.startMove(site, {
      mailbox: 'bob',
      to: 'lon',
      holdAt: 'locked',
    })
    await sites.moveIn(site, id, { held: true })
    await client.moves.release(id)
    await sites.moveIn(site, id, { state: 'completed' })
    expect(await traces('move.requested', 'move.released', 'flush.requested')).toEqual({
      'move.requested': [undefined],
      'move.released': [PARENT],
      'flush.requested': [PARENT],
    })
  })

  test('many mailboxes at once', async () => {
    const { site, client, traces } = await asking(OTHER)
    await client.mailboxes.import([
      { alias: 'yan', server: 'nyc' },
      { alias: 'zoe', server: 'lon' },
    ])
    await sites.rest(site)
    expect(await traces('mailbox.created', 'entry.written')).toEqual({
      'mailbox.created': [OTHER],
      'entry.written': [OTHER],
    })
  })
})
