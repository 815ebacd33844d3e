/** Whole messages over HTTP: kept once, in pieces, and the same bytes when they are read. */

import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { MESSAGE_BYTES_MAX } from '../../../services/api/limits.ts'
import { HEADER_BYTES_MAX } from '../../../services/runtime/arrival.ts'
import type { Client } from '../../../services/runtime/commit.ts'
import { PIECE_BYTES } from '../../../services/runtime/content.ts'
import type { Accepted } from '../../../services/runtime/views-of-mail.ts'
import { bytesOf } from '../../support/bytes.ts'
import { liveWorld } from './live-world.ts'

const world = liveWorld()

const HEADER = 'From: a@far.example\r\nSubject: =?utf-8?Q?Caf=C3=A9?=\r\n\r\n'

const letter = { from: 'carol', to: ['dave'] }

const submit = (bytes: Buffer | string, query: string, headers: Record<string, string> = {}) =>
  fetch(`${world.origin}${world.site}/messages?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'message/rfc822', ...headers },
    body: new Uint8Array(Buffer.from(bytes as string, 'latin1')),
  })

async function accepted(bytes: Buffer | string, query: string): Promise<string> {
  const answer = await submit(bytes, query)
  const body = (await answer.json()) as Accepted
  expect(answer.status, JSON.stringify(body)).toBe(202)
  return body.id
}

async function rawIn(alias: string, id: string): Promise<Buffer> {
  const path = `${world.site}/mailboxes/${alias}/messages/${id}/raw`
  const answer = await fetch(world.origin + path)
  const bytes = Buffer.from(await answer.arrayBuffer())
  expect(Number(answer.headers.get('content-length'))).toBe(bytes.length)
  return bytes
}

/** Any but NUL. */
const anyBytes = (length: number): Buffer =>
  Buffer.from(randomBytes(length).map((byte) => byte || 1))

const sent: [string, Buffer][] = [
  ['one line', bytesOf('Subject: x')],
  ['bare line feeds', bytesOf('Subject: x\n\n.\n..\nend')],
  ['bytes that are no UTF-8', Buffer.from(`${HEADER}\xff\xfe\r\n.\r\n`, 'latin1')],
  ['8-bit headers', bytesOf('Subject: caf\xe9\r\n\r\nx')],
  [
    'exactly one piece',
    Buffer.concat([Buffer.from(HEADER), anyBytes(PIECE_BYTES)]).subarray(0, PIECE_BYTES),
  ],
  [
    'three pieces',
    Buffer.concat([Buffer.from(HEADER), anyBytes(3 * PIECE_BYTES)]).subarray(0, 3 * PIECE_BYTES),
  ],
  ['a little more', Buffer.concat([Buffer.from(HEADER), anyBytes(3 * PIECE_BYTES)])],
]

test.each(sent)('a message of %s is read as it was sent, behind its trace', async (_, bytes) => {
  const id = await accepted(bytes, 'from=ann@far.example&to=dave&to=carol')
  await world.settled(id, 'dave')
  await world.settled(id, 'carol')
  for (const alias of ['dave', 'carol']) {
    const raw = await rawIn(alias, id)
    expect(raw.subarray(-bytes.length).equals(bytes)).toBe(true)
    const trace = raw.subarray(0, -bytes.length).toString('latin1')
    expect(trace).toMatch(/^Return-Path: <ann@far\.example>\r\nReceived:/)
    expect(trace.match(/^Received:/gm)).toHaveLength(alias === 'dave' ? 2 : 1)
    expect(trace.endsWith('+0000\r\n')).toBe(true)
  }
})

test.each([
  ['short, its envelope behind it', (raw: string) => ({ raw, from: 'carol', to: ['dave'] })],
  ['its envelope before it', (raw: string) => ({ from: 'carol', to: ['dave'], raw })],
])('a whole message in JSON, %s, is the same bytes', async (_, bodyOf) => {
  for (const length of [1, PIECE_BYTES, 2 * PIECE_BYTES + 1]) {
    const text = `Subject: x\r\n\r\n"\\/\t${'🍜é\n'.repeat(length)}`
    const { body } = await world.post<Accepted>(`${world.site}/messages`, bodyOf(text))
    await world.settled(body.id, 'dave')
    const bytes = Buffer.from(text)
    expect((await rawIn('dave', body.id)).subarray(-bytes.length).equals(bytes)).toBe(true)
  }
})

test('what is wrong behind a large one in JSON leaves nothing of it', async () => {
  const raw = JSON.stringify(`Subject: x\r\n\r\n${'x'.repeat(2 * PIECE_BYTES)}`)
  const whole = (rest: string) => `{"raw":${raw},"from":"carol","to":["dave"]${rest}`
  const client = world.client() as Client
  for (const [body, code] of [
    [whole(',"subject":"x"}'), 'bad-request'],
    [whole(',"deferFor":"long"}'), 'bad-duration'],
    [whole(',"to":["a@@b"]}'), 'malformed-address'],
    [whole(''), 'malformed-json'],
    [whole(`,"raw":${raw}}`), 'malformed-json'],
    [whole(',"__proto__":1}'), 'malformed-json'],
    [`{"raw":${raw.slice(0, -1)}`, 'malformed-json'],
    [`{"raw":${raw.slice(0, -1)}\\x"}`, 'malformed-json'],
    [`{"raw":${raw.slice(0, -1)}\u0000"}`, 'malformed-json'],
    [`{"raw":${raw.slice(0, -1)}\\u0000"}`, 'malformed-message'],
  ]) {
    const headers = { 'content-type': 'application/json' }
    const to = `${world.origin}${world.site}/messages`
    const answer = await fetch(to, { method: 'POST', headers, body: body as string })
    expect(await answer.json(), body?.slice(-50)).toMatchObject({ status: 400, code })
    expect(await client.keys(`*${world.namespace}*:upload:*`)).toEqual([])
  }
  await client.quit()
})

test('its subject is decoded once, when it is accepted', async () => {
  const id = await accepted(HEADER, 'from=carol&to=dave')
  expect((await world.get(`${world.site}/messages/${id}`)).body).toMatchObject({ subject: 'Café' })
})

test('it is kept once, whoever gets it, and nothing is left where it was written', async () => {
  const bytes = Buffer.concat([Buffer.from(HEADER), anyBytes(2 * PIECE_BYTES)])
  const id = await accepted(bytes, 'from=carol&to=anna&to=dave&to=bob')
  for (const alias of ['anna', 'dave', 'bob']) await world.settled(id, alias)
  const client = world.client() as Client
  const site = world.site.replace('/sites/', '')
  const keys = await client.keys(`{${world.namespace}:${site}:*`)
  const sizes = await Promise.all(keys.map((key) => client.memory('USAGE', key, 'SAMPLES', 0)))
  expect(sizes.filter((size) => (size ?? 0) > PIECE_BYTES)).toHaveLength(1)
  expect(keys.filter((key) => key.includes(':upload:'))).toEqual([])
  const content = keys.find((key) => key.endsWith(`content:${id}`)) as string
  expect(await client.ttl(content)).toBe(-1)
  await client.quit()
})

test.each([
  ['no header section', 'Hello there.', 400, 'malformed-message'],
  ['nothing', '', 400, 'malformed-message'],
  ['NUL in a field', 'a: \0\r\n\r\n', 400, 'malformed-message'],
  ['NUL in the body', 'a: b\r\n\r\n\0\r\n', 400, 'malformed-message'],
  ['NUL far behind', `a: b\r\n\r\n${'x'.repeat(PIECE_BYTES)}\0`, 400, 'malformed-message'],
  ['a header without end', `a: ${'b'.repeat(HEADER_BYTES_MAX)}`, 400, 'malformed-message'],
  ['what begins folded', ' a: b\n\n', 400, 'malformed-message'],
])('%s is refused', async (_, bytes, status, code) => {
  const answer = await submit(bytes, 'from=carol&to=dave')
  expect(await answer.json()).toMatchObject({ status, code })
  const { body } = await world.post(`${world.site}/messages`, { ...letter, raw: bytes })
  expect(body).toMatchObject({ status, code })
})

test.each(['Subject: x\r\n\r\nHello', 'A: b\n c\nD: e\n\nf', 'A:b', 'A: b\r\n', 'X-y : z\n\n'])(
  '%j is accepted as a whole',
  async (raw) => {
    await accepted(raw, 'from=carol&to=dave')
    expect((await world.post(`${world.site}/messages`, { ...letter, raw })).status).toBe(202)
  },
)

test.each([
  ['to=dave', 'bad-request'],
  ['from=carol', 'no-recipients'],
  ['from=carol&to=a@@b', 'malformed-address'],
  ['from=carol&to=dave&notify=never&notify=delay', 'bad-request'],
  ['from=carol&to=dave&ret=half', 'bad-request'],
  ['from=carol&to=dave&subject=x', 'bad-request'],
])('the envelope %s is refused', async (query, code) => {
  expect(await (await submit(HEADER, query)).json()).toMatchObject({ code })
})

test('an envelope beside a JSON body is refused, and other bodies elsewhere', async () => {
  const both = await world.post(`${world.site}/messages?from=carol`, {
    from: 'carol',
    to: ['dave'],
  })
  expect(both.body).toMatchObject({ code: 'bad-request' })
  const elsewhere = await fetch(`${world.origin}/sites`, {
    method: 'POST',
    headers: { 'content-type': 'message/rfc822' },
    body: HEADER,
  })
  expect(await elsewhere.json()).toMatchObject({ code: 'unsupported-media-type' })
})

test.each([
  ['message/rfc822', '?from=carol&to=dave', HEADER + 'x'.repeat(MESSAGE_BYTES_MAX)],
  ['application/json', '', JSON.stringify({ raw: HEADER + 'x'.repeat(MESSAGE_BYTES_MAX) })],
  ['application/json', '', JSON.stringify({ html: 'x', text: 'x'.repeat(MESSAGE_BYTES_MAX) })],
])('more than 25 MB as %s is refused, and nothing of it is left', async (type, query, body) => {
  const headers = { 'content-type': type }
  const to = `${world.origin}${world.site}/messages${query}`
  const answer = await fetch(to, { method: 'POST', headers, body })
  expect(await answer.json()).toMatchObject({ status: 413, code: 'message-too-large' })
  const client = world.client() as Client
  expect(await client.keys(`*${world.namespace}*:upload:*`)).toEqual([])
  await client.quit()
})

test.each([
  ['message/rfc822', '?from=carol&to=dave', HEADER],
  ['application/json', '', '{"from":"carol","to":["dave"],"raw":"Subject: x\\n\\n'],
])(
  'a client that hangs up in %s leaves nothing, and its key may be used again',
  async (...half) => {
    const [type, query, begin] = half
    const socket = connect(Number(new URL(world.origin).port), '127.0.0.1')
    const head = [
      `POST ${world.site}/messages${query} HTTP/1.1`,
      'host: 127.0.0.1',
      `content-type: ${type}`,
      'idempotency-key: half',
      `content-length: ${10 * PIECE_BYTES}`,
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n${begin}`)
    socket.write(Buffer.alloc(3 * PIECE_BYTES, 0x61))
    const client = world.client() as Client
    const uploads = () => client.keys(`*${world.namespace}*:upload:*`)
    await expect.poll(uploads, { timeout: 10_000 }).toHaveLength(1)
    expect(await client.ttl((await uploads())[0] as string)).toBeGreaterThan(0)
    socket.destroy()
    await expect.poll(uploads, { timeout: 10_000 }).toEqual([])
    await client.quit()
    const key = { 'idempotency-key': 'half' }
    expect((await submit(HEADER, 'from=carol&to=dave', key)).status).toBe(202)
  },
)

test('repeated under its key it is the first answer again, also when it is large', async () => {
  const bytes = Buffer.concat([Buffer.from(HEADER), anyBytes(2 * PIECE_BYTES)])
  const key = { 'idempotency-key': createHash('md5').update(bytes).digest('hex') }
  const first = (await (await submit(bytes, 'from=carol&to=dave', key)).json()) as Accepted
  const again = await submit(bytes, 'from=carol&to=dave', key)
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(await again.json()).toEqual(first)
  const other = await submit(Buffer.concat([bytes, bytes]), 'from=carol&to=dave', key)
  expect(await other.json()).toMatchObject({ code: 'idempotency-mismatch' })
  await world.settled(first.id, 'dave')
  const raw = await rawIn('dave', first.id)
  expect(raw.subarray(-bytes.length).equals(bytes)).toBe(true)
})
