/** Looking for messages in a mailbox, and waiting for the next one that matches. */
import { expect, test } from 'vitest'
import type { Accepted, ItemView } from '../../../services/runtime/views-of-mail.ts'
import { liveWorld } from './live-world.ts'

const world = liveWorld()

const GREETING = 'Größe: 42'

interface Found {
  total: number
  items: ItemView[]
}

const find = async (query: Record<string, string>): Promise<string[]> => {
  const path = `${world.site}/mailboxes/dave/messages?${new URLSearchParams(query)}`
  const { status, body } = await world.get<Found>(path)
  expect(status, JSON.stringify(body)).toBe(200)
  expect(body.total).toBe(body.items.length)
  return body.items.map(({ subject }) => subject)
}

async function sendRaw(lines: string[]): Promise<string> {
  const answer = await fetch(`${world.origin}${world.site}/messages?from=ann@far.example&to=dave`, {
    method: 'POST',
    headers: { 'content-type': 'message/rfc822' },
    body: lines.join('\r\n'),
  })
  const { id } = (await answer.json()) as Accepted
  await world.settled(id, 'dave')
  return id
}

test('each part of a message can be looked for, and all that is given counts', async () => {
  const plain = { from: 'carol', to: ['dave'], subject: 'Lunch?', text: 'At noon.' }
  const { body } = await world.post<Accepted>(`${world.site}/messages`, plain)
  await world.settled(body.id, 'dave')
  const folded = ['Subject: =?utf-8?Q?Caf=C3=A9?=', 'X-Test:', ' order', ' 7']
  const type = ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: base64']
  await sendRaw([...folded, ...type, '', Buffer.from(GREETING).toString('base64')])
  expect(await find({})).toEqual(['Lunch?', 'Café'])
  expect(await find({ subject: 'CAFÉ' })).toEqual(['Café'])
  expect(await find({ from: 'far.example' })).toEqual(['Café'])
  expect(await find({ text: 'größe' })).toEqual(['Café'])
  expect(await find({ text: 'noon' })).toEqual(['Lunch?'])
  expect(await find({ header: 'x-test' })).toEqual(['Café'])
  expect(await find({ header: 'X-Test: order 7' })).toEqual(['Café'])
  expect(await find({ header: 'X-Test: order 8' })).toEqual([])
  expect(await find({ subject: 'Café', text: 'noon' })).toEqual([])
  expect(await find({ header: 'To: dave@' })).toEqual(['Lunch?'])
  expect(await find({ header: 'Received: from lon.' })).toEqual([])
  expect(await find({ header: 'Received: from nyc.' })).toEqual(['Lunch?', 'Café'])
  expect(await find({ after: body.id })).toEqual(['Café'])
})

test('a report is found by its words and by its header', async () => {
  const lost = { from: 'dave', to: ['nobody'], subject: 'Lunch?' }
  const { body } = await world.post<Accepted>(`${world.site}/messages`, lost)
  await world.settled(body.id, 'nobody')
  expect(await find({ text: 'name is not recognized' })).toEqual(['Undeliverable: Lunch?'])
  expect(await find({ text: 'congestion' })).toEqual([])
  const found = await find({ header: 'Auto-Submitted: auto-replied', wait: '5s' })
  expect(found).toEqual(['Undeliverable: Lunch?'])
  expect(await find({ header: 'Content-Type: multipart/mixed' })).toEqual([])
})

test('one waits for the next message that matches, and no longer than was asked', async () => {
  expect(await find({ subject: 'second', wait: '50ms' })).toEqual([])
  const waiting = find({ subject: 'second', wait: '20s' })
  await sendRaw(['Subject: the first', '', 'x'])
  const id = await sendRaw(['Subject: the second', '', 'x'])
  expect(await waiting).toEqual(['the second'])
  const after = find({ after: id, wait: '20s' })
  await sendRaw(['Subject: the third', '', 'x'])
  expect(await after).toEqual(['the third'])
  await world.call('DELETE', `${world.site}/mailboxes/dave/messages/${id}`)
  expect(await find({ after: id })).toEqual(['the third'])
})

test.each(['wait=soon', 'wait=2m', 'subject=', 'colour=red'])('%s is refused', async (query) => {
  const { status } = await world.get(`${world.site}/mailboxes/dave/messages?${query}`)
  expect(status).toBe(400)
})
