/**
 * The client against the real service: each call does what it says, and a refusal is one kind of
 * error.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openClient, type Site, UndeliverableError } from '../../../services/client/client.ts'
import { type OwnSystem, openOwnSystem } from '../../../services/scenario/system.ts'
import { parseTokens } from '../../../services/tokens.ts'
import { listeningOver } from '../api/partial-emulator.ts'

let system: OwnSystem
let number = 0

beforeAll(async () => {
  system = await openOwnSystem()
})
afterAll(() => system.close())

const MAILBOXES = [
  { alias: 'anna', server: 'nyc', alternateRecipient: 'bob', deliverToBoth: true },
  { alias: 'bob', server: 'nyc' },
  { alias: 'carol', server: 'nyc' },
]

async function newSite(): Promise<Site> {
  number += 1
  const name = `client-${number}`
  const profile = 'exchange-5.5-sp3'
  const spec = { name, profile, servers: ['nyc', 'lon'], mailboxes: MAILBOXES }
  return openClient(`${system.url}/`).sites.create(spec)
}

test('a site is made, listed, read, changed and deleted', async () => {
  const client = openClient(system.url)
  const site = await newSite()
  expect((await client.sites.list()).map(({ name }) => name)).toContain(site.name)
  expect(await site.get()).toMatchObject({ name: site.name, defects: ['Q248839', 'Q247255'] })
  expect(await site.changeProfile('modern')).toMatchObject({ profile: 'modern', defects: [] })
  await site.delete()
  await expect(client.site(site.name).get()).rejects.toMatchObject({ code: 'unknown-site' })
  expect(await client.healthy()).toEqual({ status: 'ok' })
  expect(await client.ready()).toMatchObject({ ready: true })
})

test('mailboxes are put, read and deleted, and what they hold', async () => {
  const { mailboxes, send } = await newSite()
  await mailboxes.put('dora', { server: 'lon', addresses: ['dora@elsewhere.example'] })
  expect((await mailboxes.list()).map(({ alias }) => alias)).toContain('dora')
  await send({ from: 'carol', to: ['dora'], subject: 'first', text: 'one' })
  const found = await mailboxes.items('dora', { subject: 'first', wait: '20s' })
  expect(found).toMatchObject({ total: 1 })
  const { id } = found.items[0] ?? { id: '' }
  expect(await mailboxes.item('dora', id)).toMatchObject({ text: 'one\n' })
  expect(await mailboxes.raw('dora', id)).toMatch(/^Return-Path: /)
  await mailboxes.remove('dora', id)
  expect(await mailboxes.items('dora')).toEqual({ total: 0, items: [] })
  expect(await mailboxes.get('dora')).toMatchObject({ server: 'lon' })
  await mailboxes.delete('dora')
  await expect(mailboxes.get('dora')).rejects.toMatchObject({ status: 404 })
})

test('mail is sent once for each key, whole or in parts, and waited for by identity', async () => {
  const site = await newSite()
  const twice = { idempotencyKey: 'a-key' }
  const first = await site.send({ from: 'carol', to: ['bob'] }, twice)
  const again = await site.send({ from: 'carol', to: ['bob'] }, twice)
  expect(again.id).toBe(first.id)
  expect(first).toMatchObject({ recipients: ['bob'], durability: 'memory' })
  const raw = 'Subject: whole\r\n\r\nAs it is.\r\n'
  const whole = await site.sendRaw(raw, { from: 'carol', to: ['anna', 'carol'] })
  expect(await whole.to('anna').until('settled')).toMatchObject([
    { branch: 'own', outcome: 'delivered' },
    { branch: 'redirected', outcome: 'delivered' },
  ])
  expect(await whole.to('carol').entries()).toHaveLength(1)
  expect(await whole.message()).toMatchObject({ subject: 'whole', state: 'settled' })
  expect(await site.messages({ state: 'settled', limit: 1 })).toMatchObject({ total: 2 })
  expect(await site.message(first.id)).toMatchObject({ from: 'carol' })
})

test('a move is held, waited for, released and called off; a fault has its hits', async () => {
  const { moves, faults, send, rest, restart } = await newSite()
  const { id } = await moves.start({ mailbox: 'anna', to: 'lon', holdAt: 'locked' })
  expect(await moves.until(id, { held: true })).toMatchObject({ phase: 'locked' })
  const letter = await send({ from: 'carol', to: ['anna'] })
  await letter.to('anna').until('deferred')
  const late = letter.to('anna').until('settled', { deadlineMs: 50 })
  await expect(late).rejects.toThrow(/not settled within 50 ms.*deferred.*waits|holds there/)
  await expect(late).rejects.toMatchObject({ code: 'not-reached', status: 0 })
  const never = moves.until(id, { state: 'completed', deadlineMs: 50 })
  await expect(never).rejects.toThrow(/the move of anna.*"phase":"locked"/)
  await moves.release(id, 'created')
  expect(await moves.until(id, { phase: 'created', held: true })).toMatchObject({ to: 'lon' })
  await moves.cancel(id)
  expect(await moves.until(id, { state: 'rolledBack' })).toMatchObject({ from: 'nyc' })
  expect(await moves.get(id)).toEqual((await moves.list())[0])
  const rule = await faults.add({ match: { event: 'mail.offered' }, do: { defer: true } })
  await restart('nyc')
  await send({ from: 'carol', to: ['bob'] })
  await expect.poll(async () => (await faults.get(rule.id)).hits).toBeGreaterThan(0)
  expect(await faults.list()).toHaveLength(1)
  await faults.delete(rule.id)
  const { audit, blockedBy } = await rest()
  expect(blockedBy).toEqual([])
  expect(audit).toMatchObject({ obligations: 3, delivered: 3, lost: [] })
})

test('what no time will end is told, within the deadline', async () => {
  const { faults, send, rest } = await newSite()
  await faults.add({ match: { event: 'mail.offered' }, do: { hold: true } })
  await send({ from: 'carol', to: ['bob'] })
  const { audit, blockedBy } = await rest({ deadlineMs: 5_000 })
  expect(audit).toMatchObject({ atRest: false, pending: 1 })
  expect(blockedBy.length).toBeGreaterThan(0)
})

test('time goes on as it is told to, and one event at a time', async () => {
  const { clock, pause, held, step, resume, send, audit } = await newSite()
  expect(await clock.stop()).toMatchObject({ mode: 'stopped' })
  const before = Date.parse((await clock.get()).now)
  expect(await clock.advance('10m')).toMatchObject({ advancedMs: 600_000 })
  expect(Date.parse((await clock.get()).now) - before).toBe(600_000)
  expect(await clock.scale(60)).toMatchObject({ scale: 60 })
  expect(await clock.run()).toMatchObject({ mode: 'running', scale: 1 })
  await pause()
  await send({ from: 'carol', to: ['bob'] })
  await expect.poll(async () => (await held()).length).toBe(1)
  const [first] = await held()
  expect(await step(first?.id)).toMatchObject({ stepped: { event: 'mail.submitted' } })
  await resume()
  expect(await clock.untilIdle()).toMatchObject({ blockedBy: [] })
  expect(await audit({ rest: '10s' })).toMatchObject({ delivered: 1, atRest: true })
})

test('the ledger, dead letters and the bundle are read', async () => {
  const site = await newSite()
  await site.send({ from: 'carol', to: ['bob'] })
  await site.rest()
  expect(await site.deadLetters({ limit: 5 })).toEqual({ total: 0, deadLetters: [] })
  const bundle = await site.bundle()
  expect(bundle.audit).toMatchObject({ delivered: 1 })
})

test('the logs of the time are read', async () => {
  const { send, rest, logs } = await newSite()
  await send({ from: 'carol', to: ['bob'] })
  await rest()
  const [day = ''] = (await logs.days()).logs
  expect(await logs.tracking(day.replace('.log', ''))).toContain('bob')
  expect(await logs.events()).toBe('')
})

test('any call is made by its name', async () => {
  const { url, call } = openClient(system.url)
  const site = await newSite()
  expect(await call('GET /sites/{site}', { path: { site: site.name } })).toEqual(await site.get())
  expect(url).toBe(system.url)
})

describe('a refusal', () => {
  const refused = async (work: Promise<unknown>): Promise<UndeliverableError> => {
    const error = await work.then(
      () => null,
      (reason: unknown) => reason,
    )
    if (!(error instanceof UndeliverableError)) throw new Error('it was not refused')
    return error
  }

  test('has its code, status, detail and members', async () => {
    const { send } = await newSite()
    const error = await refused(send({ from: 'carol', to: [] }))
    expect(error).toMatchObject({ code: 'no-recipients', status: 400, detail: '"to" is empty' })
    expect(error.requestId).toBeTruthy()
    expect(error.message).toMatch(/^POST \/sites\/client-\d+\/messages: 400 no-recipients: /)
    const wrong = await refused(send({ from: 'carol', to: ['bob'], subjet: 'x' } as never))
    expect(wrong.errors).toMatchObject([{ path: expect.stringContaining('subjet') }])
  })

  test('of a service that is not there, or does not answer, is one too', async () => {
    const gone = await refused(openClient('http://127.0.0.1:9').sites.list())
    expect(gone).toMatchObject({ code: 'unreachable', status: 0 })
    const silent = await listeningOver({ sites: () => new Promise(() => undefined) })
    const late = await refused(openClient(silent, { timeoutMs: 50 }).sites.list())
    expect(late).toMatchObject({ code: 'unanswered', status: 0 })
  })

  test('of something else that answers says what it said', async () => {
    const html = new Response('<h1>a proxy</h1>', { status: 502 })
    const client = openClient('http://proxy.example', { fetch: async () => html })
    const error = await refused(client.sites.list())
    expect(error).toMatchObject({ code: 'no-problem', status: 502, detail: '<h1>a proxy</h1>' })
  })
})

test('a token is sent with each call', async () => {
  const secret = 'a'.repeat(32)
  const tokens = parseTokens(`reader read ${secret}`, 'tokens')
  const url = await listeningOver({ sites: async () => [] }, { tokens })
  const without = openClient(url).sites.list()
  await expect(without).rejects.toMatchObject({ code: 'token-needed', status: 401 })
  const client = openClient(url, { token: secret })
  expect(await client.sites.list()).toEqual([])
  const made = client.sites.create({ name: 'a', servers: ['b'] })
  await expect(made).rejects.toMatchObject({ code: 'scope-needed', status: 403 })
})
