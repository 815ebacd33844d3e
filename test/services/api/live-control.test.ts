/** Moves, faults, the clock, the debugger and sites through the API and the real emulator. */

import { describe, expect, test } from 'vitest'
import type { Audit, MoveView } from '../../../services/runtime/views-of-driving.ts'
import type { Accepted, MessageView } from '../../../services/runtime/views-of-mail.ts'
import { liveWorld, lunch } from './live-world.ts'

const world = liveWorld()

describe('a move', () => {
  async function startedMove(holdAt: string): Promise<MoveView> {
    const { body, status, headers } = await world.post<MoveView>(`${world.site}/moves`, {
      mailbox: 'anna',
      to: 'lon',
      holdAt,
    })
    expect(status).toBe(201)
    expect(headers.location).toBe(`${world.site}/moves/${encodeURIComponent(body.id)}`)
    await expect
      .poll(async () => (await world.get<MoveView>(`${world.site}/moves/${body.id}`)).body, {
        timeout: 15_000,
      })
      .toMatchObject({ phase: holdAt, held: true })
    return body
  }

  async function ended(id: string, state: MoveView['state']) {
    await expect
      .poll(async () => (await world.get<MoveView>(`${world.site}/moves/${id}`)).body.state, {
        timeout: 15_000,
      })
      .toBe(state)
  }

  test('holds where it is told to, goes on when released, and has then ended', async () => {
    const { id } = await startedMove('created')
    const second = await world.post(`${world.site}/moves`, { mailbox: 'anna', to: 'lon' })
    expect(second.body).toMatchObject({ status: 409, code: 'mailbox-moving' })
    const removal = await world.call('DELETE', `${world.site}/mailboxes/anna`)
    expect(removal.body).toMatchObject({ status: 409, code: 'mailbox-in-transit' })
    expect((await world.post(`${world.site}/moves/${id}/release`, {})).status).toBe(200)
    await ended(id, 'completed')
    const again = await world.post(`${world.site}/moves/${id}/release`, {})
    expect(again.body).toMatchObject({ status: 409, code: 'move-finished' })
    expect((await world.get(`${world.site}/mailboxes/anna`)).body).toMatchObject({ server: 'lon' })
  })

  test('is cancelled before its commit', async () => {
    const { id } = await startedMove('verified')
    expect((await world.post(`${world.site}/moves/${id}/cancel`, {})).status).toBe(200)
    await ended(id, 'rolledBack')
    expect((await world.get(`${world.site}/mailboxes/anna`)).body).toMatchObject({ server: 'nyc' })
  })

  test('is not cancelled after it', async () => {
    const { id } = await startedMove('published')
    const answer = await world.post(`${world.site}/moves/${id}/cancel`, {})
    expect(answer.body).toMatchObject({ status: 409, code: 'move-committed' })
    await world.post(`${world.site}/moves/${id}/release`, {})
    await ended(id, 'completed')
  })
})

describe('the clock', () => {
  test('stops, advances and runs until idle', async () => {
    const stopped = await world.post<{ now: string; mode: string }>(`${world.site}/clock`, {
      stop: true,
    })
    expect(stopped.body).toMatchObject({ mode: 'stopped' })
    const advanced = await world.post<{ now: string }>(`${world.site}/clock`, { advance: '10m' })
    expect(advanced.body).toMatchObject({ advancedMs: 600_000, blockedBy: [] })
    const passed = Date.parse(advanced.body.now) - Date.parse(stopped.body.now)
    expect(passed).toBe(600_000)
    const idle = await world.post(`${world.site}/clock`, { until: 'idle' })
    expect(idle.body).toMatchObject({ blockedBy: [] })
    expect((await world.post(`${world.site}/clock`, { run: true })).body).toMatchObject({
      mode: 'running',
    })
    expect((await world.post(`${world.site}/clock`, { scale: 60 })).body).toMatchObject({
      scale: 60,
    })
  })
})

describe('a fault', () => {
  test('is counted, and gone when removed', async () => {
    const rule = { match: { event: 'mail.offered', mailbox: 'dave' }, do: { defer: true } }
    const added = await world.post<{ id: string }>(`${world.site}/faults`, {
      ...rule,
      when: { nth: 1 },
    })
    expect(added.status).toBe(201)
    const { body } = await world.post<Accepted>(`${world.site}/messages`, lunch)
    const path = `${world.site}/messages/${body.id}/recipients/dave?until=deferred&timeout=20s`
    expect((await world.get(path)).body).toMatchObject({ reached: true })
    expect((await world.get(`${world.site}/faults/${added.body.id}`)).body).toMatchObject({
      hits: 1,
    })
    const message = await world.get<MessageView>(`${world.site}/messages/${body.id}`)
    const waiting = message.body.recipients.flatMap(({ waitsFor }) => waitsFor)
    expect(waiting).toContainEqual(expect.objectContaining({ kind: 'timer' }))
    expect((await world.call('DELETE', `${world.site}/faults/${added.body.id}`)).status).toBe(204)
    expect((await world.get(`${world.site}/faults`)).body).toEqual({ faults: [] })
  })
})

test('the debugger lets one event happen at a time', async () => {
  await world.post(`${world.site}/pause`, {})
  await world.post(`${world.site}/messages`, lunch)
  const held = () => world.get<{ held: { id: string }[] }>(`${world.site}/held`)
  await expect.poll(async () => (await held()).body.held.length, { timeout: 15_000 }).toBe(1)
  const unknown = await world.post(`${world.site}/step`, { event: 'none' })
  expect(unknown.body).toMatchObject({ status: 404, code: 'unknown-event' })
  const stepped = await world.post<{ stepped: { event: string } | null }>(`${world.site}/step`, {})
  expect(stepped.body.stepped).not.toBeNull()
  expect((await world.post(`${world.site}/resume`, {})).body).toEqual({ held: [] })
  const audit = await world.get<Audit>(`${world.site}/audit?rest=20s`)
  expect(audit.body).toMatchObject({ atRest: true, delivered: 1 })
})

describe('a site', () => {
  test('is listed, changes its profile, and can be deleted', async () => {
    const { body } = await world.get<{ sites: { name: string }[] }>('/sites')
    expect(body.sites.map(({ name }) => `/sites/${name}`)).toContain(world.site)
    const changed = await world.call('PATCH', world.site, { profile: 'exchange-5.5-sp3' })
    expect(changed.body).toMatchObject({ defects: ['Q248839', 'Q247255'] })
    const { queues } = (await world.get<{ queues: string[] }>(world.site)).body
    const board = await world.get<{ queues: { name: string }[] }>('/queues/api/queues')
    expect(board.body.queues.map(({ name }) => name)).toEqual(expect.arrayContaining(queues))
    expect((await world.call('DELETE', world.site)).status).toBe(204)
    expect((await world.get(world.site)).body).toMatchObject({ code: 'unknown-site' })
    const after = await world.get<{ queues: { name: string }[] }>('/queues/api/queues')
    for (const queue of queues) {
      expect(after.body.queues.map(({ name }) => name)).not.toContain(queue)
    }
  })

  test('says what each store, replica and cache believes of a mailbox', async () => {
    const { body } = await world.get(`${world.site}/mailboxes/anna`)
    expect(body).toMatchObject({
      alias: 'anna',
      server: 'nyc',
      alternateRecipient: 'bob',
      deliverToBoth: true,
      move: null,
      stores: { nyc: { messages: 0 } },
      replicas: { nyc: { home: 'nyc' }, lon: { home: 'nyc' } },
    })
    expect(
      (await world.call('PUT', `${world.site}/mailboxes/erin`, { server: 'lon' })).status,
    ).toBe(201)
    expect(
      (await world.call('PUT', `${world.site}/mailboxes/erin`, { server: 'lon' })).status,
    ).toBe(200)
    expect((await world.call('DELETE', `${world.site}/mailboxes/erin`)).status).toBe(204)
  })
})
