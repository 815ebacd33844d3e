/**
 * Mailpit's websocket: what its clients are told of a mailbox and of a site, who is let in, and
 * what asks for another protocol.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { feed, type Notice } from '../../../services/api/mailpit/feed.ts'
import { parseTokens } from '../../../services/tokens.ts'
import { soon } from '../../support/site.ts'
import { liveWorld } from './live-world.ts'
import { listeningOver } from './partial-emulator.ts'

const world = liveWorld()

interface Listening {
  /** Everything that was told, in order. */
  told: Notice[]
  /** Waits for one of that type that has this in its data. */
  hears(Type: Notice['Type'], Data?: unknown): Promise<void>
  socket: WebSocket
}

async function listenTo(path: string): Promise<Listening> {
  const socket = new WebSocket(`${world.origin.replace('http', 'ws')}${path}/api/events`)
  onTestFinished(() => socket.terminate())
  const told: Notice[] = []
  socket.on('message', (bytes) => told.push(JSON.parse(String(bytes))))
  await once(socket, 'open')
  const hears = async (Type: Notice['Type'], Data: unknown = expect.anything()) => {
    await expect.poll(() => told, soon).toContainEqual({ Type, Data })
  }
  await hears('stats')
  return { told, hears, socket }
}

const mailpit = (method: string, path: string, body?: object) =>
  world.call<{ ID: string }>(method as 'PUT', `${world.site}/api/v1${path}`, body)

async function send(Subject: string): Promise<string> {
  const site = world.site.replace('/sites/', '')
  const message = { From: { Email: 'ann@far.example' }, To: [{ Email: `dave@${site}.example` }] }
  return (await mailpit('POST', '/send', { ...message, Subject, Text: 'At noon.' })).body.ID
}

describe.each([
  ['a mailbox', '/mailboxes/dave'],
  ['a site', ''],
])('of %s', (_, path) => {
  test('what is new, read, tagged and deleted is told, and then counted', async () => {
    const client = await listenTo(`${world.site}${path}`)
    expect(client.told).toEqual([
      { Type: 'stats', Data: { Total: 0, Unread: 0, Version: 'Undeliverable' } },
    ])
    const ID = await send('Lunch?')
    await client.hears('new', expect.objectContaining({ ID, Subject: 'Lunch?', Read: false }))
    await client.hears('stats', expect.objectContaining({ Total: 1, Unread: 1 }))
    await mailpit('PUT', '/messages', { IDs: [ID], Read: true })
    await mailpit('PUT', '/messages', { IDs: [ID], Read: false })
    await mailpit('PUT', '/tags', { IDs: [ID], Tags: ['mine'] })
    await client.hears('update', { ID, Tags: ['mine'] })
    const updates = client.told.filter(({ Type }) => Type === 'update')
    expect(updates.map(({ Data }) => Data)).toEqual([
      { ID, Read: true },
      { ID, Read: false },
      { ID, Tags: ['mine'] },
    ])
    const other = await send('Dinner?')
    await mailpit('DELETE', '/messages', { IDs: [ID] })
    await client.hears('delete', { ID })
    expect(client.told).not.toContainEqual({ Type: 'truncate', Data: null })
    await mailpit('DELETE', '/messages', {})
    await client.hears('truncate', null)
    expect(client.told.filter(({ Type }) => Type === 'delete')).toEqual([
      { Type: 'delete', Data: { ID } },
      { Type: 'delete', Data: { ID: other } },
    ])
    await expect
      .poll(() => client.told.at(-1), soon)
      .toEqual({ Type: 'stats', Data: { Total: 0, Unread: 0, Version: 'Undeliverable' } })
    expect(client.told.filter(({ Type }) => Type === 'new')).toHaveLength(2)
  })
})

test('a move brings nothing new, and takes nothing away', async () => {
  await send('Lunch?')
  const client = await listenTo(`${world.site}/mailboxes/dave`)
  await world.post(`${world.site}/moves`, { mailbox: 'dave', to: 'nyc' })
  const moved = async () => (await world.get(`${world.site}/mailboxes/dave`)).body.server
  await expect.poll(moved, soon).toBe('nyc')
  const ID = await send('Dinner?')
  await client.hears('new', expect.objectContaining({ ID }))
  const kinds = client.told.map(({ Type }) => Type).filter((Type) => Type !== 'stats')
  expect(kinds).toEqual(['new'])
})

test('it ends with the site, and with the service', async () => {
  const client = await listenTo(world.site)
  const closed = once(client.socket, 'close')
  await world.call('DELETE', world.site)
  expect((await closed)[0]).toBe(1001)
})

test.each(['/sites/nowhere', '/sites/test-1/mailboxes/nobody'])('%s is 404', async (path) => {
  const socket = new WebSocket(`${world.origin.replace('http', 'ws')}${path}/api/events`)
  const [error] = (await once(socket, 'error')) as [Error]
  expect(error.message).toContain('404')
})

test('without asking for a websocket it is 426', async () => {
  const answer = await world.get(`${world.site}/api/events`)
  expect(answer).toMatchObject({ status: 426, body: { code: 'upgrade-needed' } })
})

describe('who', () => {
  const SECRET = 'r'.repeat(24)
  const tokens = parseTokens(`reader read ${SECRET}`, 'tokens')
  const calls = {
    site: async () => ({ mailboxes: [] }) as never,
    marked: async () => ({ position: '0-0', changes: [] }),
    pulse: async () => new Promise<null>(() => {}),
    items: async () => ({ total: 0, items: [] }),
    marks: async () => [],
  }
  const opened = async (options: object, headers: Record<string, string>) => {
    const origin = await listeningOver(calls, options)
    const url = `${origin.replace('http', 'ws')}/sites/demo/api/events`
    const socket = new WebSocket(url, { headers })
    onTestFinished(() => socket.terminate())
    return new Promise<string>((resolve) => {
      socket.once('open', () => resolve('open'))
      socket.once('error', (error) => resolve(error.message))
    })
  }
  const basic = (password: string) =>
    `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`

  test.each<[string, object, Record<string, string>, RegExp]>([
    ['has no token', { tokens }, {}, /401/],
    ['has a wrong one', { tokens }, { authorization: basic('x'.repeat(24)) }, /401/],
    ['has a token', { tokens }, { authorization: `Bearer ${SECRET}` }, /^open$/],
    ['has it as a password of Basic', { tokens }, { authorization: basic(SECRET) }, /^open$/],
    ['is a page of another site', {}, { origin: 'http://evil.example' }, /403/],
    ['is one too many', { limits: { streams: 0 } }, {}, /503/],
  ])('%s', async (_, options, headers, answer) => {
    expect(await opened(options, headers)).toMatch(answer)
  })
})

test('whoever asks for another protocol is answered in HTTP, its body read', async () => {
  const { hostname, port } = new URL(world.origin)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes
  })
  const letter = JSON.stringify({ from: 'carol', to: ['dave'] })
  const asking = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n'
  const head = (method: string, length: number) =>
    `${method} ${world.site}/messages HTTP/1.1\r\nHost: localhost\r\n${asking}` +
    `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`
  socket.write(head('POST', letter.length))
  socket.write(letter)
  await expect.poll(() => text, soon).toMatch(/^HTTP\/1\.1 202 /)
  // And again by the same connection.
  socket.write(head('POST', letter.length) + letter)
  await expect.poll(() => text.match(/HTTP\/1\.1 202 /g), soon).toHaveLength(2)
})

test('of more than it looks at, only what it saw come or go is told', async () => {
  const held = (n: number) => ({
    ...{ id: `m${n}`, from: '', subject: '', size: 1, kind: 'message' as const, report: null },
    receivedAt: new Date(n).toISOString(),
  })
  // A mailbox of 1,005 messages, of which the newest is then deleted: an older one comes into view.
  let all = Array.from({ length: 1_005 }, (_, n) => held(n))
  let beat = 0
  const emulator = {
    marked: async () => ({ position: '0-0', changes: [] }),
    marks: async () => [],
    pulse: async () => {
      beat += 1
      if (beat === 2) all = all.slice(0, -1)
      if (beat < 3) return `${beat}`
      return new Promise<null>((resolve) => setTimeout(resolve, 5, null))
    },
    items: async (_site: string, _alias: string, { offset, limit }: Page) => ({
      total: all.length,
      items: all.slice(offset, offset + limit),
    }),
  }
  const told: Notice[] = []
  const ended = new AbortController()
  const where = { site: 'demo', alias: 'dave' }
  for await (const notice of feed(emulator as never, where, ended.signal)) {
    told.push(notice)
    if (told.filter(({ Type }) => Type === 'stats').length === 2) ended.abort()
  }
  expect(told.filter(({ Type }) => Type !== 'stats')).toEqual([
    { Type: 'delete', Data: { ID: 'm1004' } },
  ])
})

interface Page {
  offset: number
  limit: number
}
