/** Mail through the API and the real emulator: accepted, followed, read, accounted for. */

import { describe, expect, test } from 'vitest'
import type { Audit } from '../../../services/runtime/views-of-driving.ts'
import type { Accepted, MessageView } from '../../../services/runtime/views-of-mail.ts'
import { liveWorld, lunch } from './live-world.ts'

const world = liveWorld()

describe('mail', () => {
  test('that is accepted arrives, can be read, and is accounted for', async () => {
    const accepted = await world.post<Accepted>(`${world.site}/messages`, lunch)
    expect(accepted.status).toBe(202)
    expect(accepted.body.recipients).toHaveLength(1)
    const { id } = accepted.body
    expect(await world.settled(id, 'dave')).toMatchObject([{ number: 1, outcome: 'delivered' }])

    const message = await world.get<MessageView>(`${world.site}/messages/${id}`)
    expect(message.body).toMatchObject({ id, subject: 'Lunch?', state: 'settled' })
    expect(message.body.timeline.length).toBeGreaterThan(2)

    const folder = `${world.site}/mailboxes/dave/messages`
    const held = await world.get<{ total: number; items: { id: string }[] }>(folder)
    expect(held.body).toMatchObject({ total: 1, items: [{ subject: 'Lunch?', kind: 'message' }] })
    const item = `${folder}/${encodeURIComponent(held.body.items[0]?.id ?? '')}`
    expect((await world.get(item)).body).toMatchObject({
      text: expect.stringContaining('At noon.'),
    })
    const raw = await world.get<string>(`${item}/raw`)
    expect(raw.headers['content-type']).toBe('message/rfc822')
    expect(raw.body).toMatch(/^Subject: Lunch\?\r$/m)

    const audit = await world.get<Audit>(`${world.site}/audit?rest=20s`)
    expect(audit.body).toMatchObject({ atRest: true, obligations: 1, delivered: 1, lost: [] })
    expect((await world.call('DELETE', item)).status).toBe(204)
    expect((await world.get(item)).body).toMatchObject({ status: 404, code: 'unknown-item' })
  })

  test('is listed by its state', async () => {
    const { body } = await world.post<Accepted>(`${world.site}/messages`, lunch)
    await world.settled(body.id, 'dave')
    const list = await world.get(`${world.site}/messages?state=settled`)
    expect(list.body).toMatchObject({ total: 1, messages: [{ id: body.id, recipients: 1 }] })
    expect((await world.get(`${world.site}/messages?state=pending`)).body).toMatchObject({
      total: 0,
    })
  })

  test('for the same address twice is one obligation', async () => {
    const { body } = await world.post<Accepted>(`${world.site}/messages`, {
      ...lunch,
      to: ['dave', 'dave'],
    })
    expect(body.recipients).toHaveLength(1)
  })

  test('under a key that was used is the first answer again, or a refusal', async () => {
    const key = { 'idempotency-key': 'order-1' }
    const first = await world.post<Accepted>(`${world.site}/messages`, lunch, key)
    const again = await world.post<Accepted>(`${world.site}/messages`, lunch, key)
    expect(again.status).toBe(202)
    expect(again.body).toEqual(first.body)
    expect(again.headers['idempotency-replayed']).toBe('true')
    const other = await world.post(`${world.site}/messages`, { ...lunch, subject: 'Dinner?' }, key)
    expect(other.body).toMatchObject({ status: 422, code: 'idempotency-mismatch' })
    const audit = await world.get<Audit>(`${world.site}/audit?rest=20s`)
    expect(audit.body).toMatchObject({ accepted: 1, obligations: 1, delivered: 1 })
  })

  test('that is no message is refused', async () => {
    const raw = 'no header\u0000section'
    const { body } = await world.post(`${world.site}/messages`, {
      from: 'carol',
      to: ['dave'],
      raw,
    })
    expect(body).toMatchObject({ status: 400, code: 'malformed-message' })
  })
})

test('promoting the retry in the queue UI retries now', async () => {
  const rule = { match: { event: 'mail.offered', mailbox: 'carol' }, when: { nth: 1 } }
  await world.post(`${world.site}/faults`, { ...rule, do: { defer: true } })
  const mail = { from: 'bob', to: ['carol'] }
  const { body } = await world.post<Accepted>(`${world.site}/messages`, mail)
  await world.get(`${world.site}/messages/${body.id}/recipients/carol?until=deferred&timeout=20s`)
  const queue = `${world.site.replace('/sites/', '')}.nyc.mta`
  const list = `/queues/api/queues?activeQueue=${queue}&status=delayed&page=1&jobsPerPage=50`
  const board = await world.get<{
    queues: { name: string; jobs: { id: string; name: string }[] }[]
  }>(list)
  const jobs = board.body.queues.find(({ name }) => name === queue)?.jobs ?? []
  const retry = jobs.find(({ name }) => name.startsWith('retry.due'))
  expect(retry).toBeDefined()
  const id = encodeURIComponent(retry?.id ?? '')
  const promoted = await world.call('PUT', `/queues/api/queues/${queue}/${id}/promote`)
  expect(promoted.status).toBe(204)
  expect(await world.settled(body.id, 'carol')).toMatchObject([
    { outcome: 'delivered', attempts: 2 },
  ])
})

test('the event stream resumes behind the last event that arrived', async () => {
  const { body } = await world.post<Accepted>(`${world.site}/messages`, lunch)
  await world.settled(body.id, 'dave')
  const first = await streamed(`${world.site}/events?after=0`, 2)
  const lastId = /^id: (.*)$/m.exec(first[0] ?? '')?.[1] ?? ''
  const resumed = await streamed(`${world.site}/events`, 1, { 'last-event-id': lastId })
  expect(resumed[0]).toBe(first[1])
})

/** The first so many events of a stream. */
async function streamed(path: string, count: number, headers = {}): Promise<string[]> {
  const answer = await fetch(world.origin + path, { headers })
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  const events = () =>
    text
      .split('\n\n')
      .slice(0, -1)
      .filter((event) => event.startsWith('id:'))
  while (events().length < count) {
    const { done, value } = await reader.read()
    if (done) break
    text += Buffer.from(value).toString()
  }
  await reader.cancel()
  return events().slice(0, count)
}
