/** Texts in JSON that are longer than one piece: kept as they come, encoded when they are read. */
import { request } from 'node:http'
import { expect, test } from 'vitest'
import { PIECE_BYTES } from '../../../services/runtime/content.ts'
import type { Accepted } from '../../../services/runtime/views-of-mail.ts'
import { liveWorld } from './live-world.ts'

const world = liveWorld()

const LETTER = { from: 'carol', to: ['dave'], subject: 'Größe' }
const filled = (begin: string, bytes: number): string =>
  `${begin} ${'é🍜\r\n'.repeat(bytes / 8)} the end`

async function arrived(content: object): Promise<string> {
  const { body } = await world.post<Accepted>(`${world.site}/messages`, { ...LETTER, ...content })
  await world.settled(body.id, 'dave')
  return body.id
}

interface Item {
  subject: string
  text: string
  html: string
}
const item = async (id: string): Promise<Item> =>
  (await world.get<Item>(`${world.site}/mailboxes/dave/messages/${id}`)).body

async function rawOf(id: string): Promise<Buffer> {
  const answer = await fetch(`${world.origin}${world.site}/mailboxes/dave/messages/${id}/raw`)
  const bytes = Buffer.from(await answer.arrayBuffer())
  expect(Number(answer.headers.get('content-length'))).toBe(bytes.length)
  return bytes
}

test.each([
  ['a text', { text: filled('text', PIECE_BYTES) }],
  ['a text and a short html', { text: filled('text', PIECE_BYTES), html: '<p>short' }],
  ['an html', { html: filled('<p>', PIECE_BYTES) }],
  ['both', { text: filled('text', PIECE_BYTES), html: filled('<p>', 2 * PIECE_BYTES) }],
  ['both, the html first', { html: filled('<p>', PIECE_BYTES), text: filled('text', 3_000) }],
])('%s', async (_, content: { text?: string; html?: string }) => {
  const id = await arrived(content)
  const shown = await item(id)
  expect(shown.subject).toBe(LETTER.subject)
  // Compared here: a difference of this length is not to be printed.
  for (const name of ['text', 'html'] as const) {
    if (content[name]) expect(shown[name].trimEnd() === content[name], name).toBe(true)
  }
  const raw = await rawOf(id)
  expect(raw.equals(await rawOf(id))).toBe(true)
  const lines = raw.toString('latin1').split('\r\n')
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(998)
  expect(raw.toString('latin1').replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
})

test.each(Array.from({ length: 6 }, (_, more) => 57 * 5_000 + 57 * 3 - 3 + more))(
  'of %i octets, whatever is left for the last line',
  async (length) => {
    const text = 'x'.repeat(length)
    const id = await arrived({ text })
    const raw = (await rawOf(id)).toString('latin1')
    const encoded = Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n')
    expect(raw.split('\r\n\r\n').slice(1).join('').trimEnd()).toBe(encoded.trimEnd())
  },
)

test('are searched, and are returned in part with a report', async () => {
  const text = filled('needle', PIECE_BYTES)
  const id = await arrived({ text, to: ['dave', 'nobody'] })
  const found = await world.get(`${world.site}/mailboxes/dave/messages?text=needle`)
  expect(found.body).toMatchObject({ total: 1, items: [{ id }] })
  await world.get(`${world.site}/audit?rest=20s`)
  const reports = await world.get<{ items: { id: string }[] }>(
    `${world.site}/mailboxes/carol/messages`,
  )
  const report = reports.body.items[0]?.id as string
  const path = `${world.site}/mailboxes/carol/messages/${report}/raw`
  const raw = await (await fetch(world.origin + path)).text()
  expect(raw).toContain('Subject: =?UTF-8?Q?Gr=C3=B6=C3=9Fe?=')
  expect(raw.length).toBeLessThan(10_000)
})

test('repeated under their key are the first answer again; others are not', async () => {
  const key = { 'idempotency-key': 'long' }
  const send = (text: string) =>
    world.post<Accepted>(`${world.site}/messages`, { ...LETTER, text }, key)
  const first = await send(filled('one', PIECE_BYTES))
  const again = await send(filled('one', PIECE_BYTES))
  expect(again.headers['idempotency-replayed']).toBe('true')
  expect(again.body).toEqual(first.body)
  expect((await send(filled('two', PIECE_BYTES))).body).toMatchObject({ status: 422 })
  const client = world.client()
  expect(await client.keys(`*${world.namespace}*:upload:*`)).toEqual([])
  await client.quit()
})

test('a short body without a length is the same message as one with it', async () => {
  const body = JSON.stringify({ ...LETTER, text: 'At noon.' })
  const send = (more: object) =>
    new Promise<Accepted>((resolve, reject) => {
      const { hostname, port } = new URL(world.origin)
      const headers = {
        ...{ 'content-type': 'application/json', 'idempotency-key': 'short' },
        ...more,
      }
      const path = `${world.site}/messages`
      const sent = request({ hostname, port, path, method: 'POST', headers }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk) => chunks.push(chunk))
        answer.on('end', () => resolve(JSON.parse(`${Buffer.concat(chunks)}`)))
      })
      sent.on('error', reject).end(body)
    })
  const first = await send({ 'content-length': Buffer.byteLength(body) })
  expect(first.id).toMatch(/./)
  expect(await send({ 'transfer-encoding': 'chunked' })).toEqual(first)
})
