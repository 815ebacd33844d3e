/**
 * A mailbox through Mailpit's API v1, as its clients use it: the calls, names and shapes are those
 * that Mailpit documents.
 */
import { expect, test } from 'vitest'
import { MAILPIT_SEND_MS } from '../../../services/api/limits.ts'
import type { Accepted } from '../../../services/runtime/views-of-mail.ts'
import { liveWorld } from './live-world.ts'

const world = liveWorld()

/** What a client of Mailpit does with its base URL. */
async function call(method: string, path: string, body?: object): Promise<Response> {
  const base = `${world.origin}${world.site}/mailboxes/dave`
  return fetch(`${base}/api/v1/${path}`, {
    method,
    ...(body && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
}

interface Listed {
  total: number
  messages_count: number
  messages: { ID: string; Subject: string }[]
}

async function subjects(path: string): Promise<string[]> {
  const answer = await call('GET', path)
  const listed = (await answer.json()) as Listed
  expect(answer.status, JSON.stringify(listed)).toBe(200)
  return listed.messages.map(({ Subject }) => Subject)
}

/** Submits by Mailpit's own call, and waits until dave has it. */
async function send(Subject: string, more: object = {}): Promise<string> {
  const From = { Email: 'ann@far.example', Name: 'Ann' }
  const site = world.site.replace('/sites/', '')
  const To = [{ Email: `dave@${site}.example`, Name: 'Dave' }]
  const answer = await call('POST', 'send', { From, To, Subject, Text: 'At noon.', ...more })
  const { ID } = (await answer.json()) as { ID: string }
  expect(answer.status).toBe(200)
  await world.settled(ID, 'dave')
  return ID
}

test('what is sent is listed, the newest first, in pages', async () => {
  for (const subject of ['one', 'two', 'three']) await send(subject)
  expect(await subjects('messages')).toEqual(['three', 'two', 'one'])
  expect(await subjects('messages?start=1&limit=1')).toEqual(['two'])
  expect(await subjects('messages?start=3')).toEqual([])
  const { messages, ...counts } = (await (await call('GET', 'messages?limit=1')).json()) as Listed
  expect(counts).toMatchObject({ total: 3, count: 1, messages_count: 3, start: 0, tags: [] })
  expect(messages[0]).toMatchObject({
    From: { Name: 'Ann', Address: 'ann@far.example' },
    To: [{ Name: 'Dave' }],
    Cc: [],
    Attachments: 0,
    Snippet: 'At noon.',
    Tags: [],
  })
  expect(await (await call('GET', 'info')).json()).toMatchObject({ Messages: 3 })
})

test('one message is shown with its header, its bytes and its parts', async () => {
  const mixed = [
    'Subject: files',
    'From: Ann <ann@far.example>',
    'X-Twice: 1',
    'X-Twice: 2',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/html',
    '',
    '<p>Hello</p>',
    '--b',
    'Content-Type: text/csv; name="a.csv"',
    'Content-Disposition: attachment; filename="a.csv"',
    'Content-Transfer-Encoding: base64',
    '',
    'MSwy',
    '--b--',
    '',
  ].join('\r\n')
  const path = `${world.origin}${world.site}/messages?from=ann@far.example&to=dave`
  const headers = { 'content-type': 'message/rfc822' }
  const { id } = (await (
    await fetch(path, { method: 'POST', headers, body: mixed })
  ).json()) as Accepted
  await world.settled(id, 'dave')
  for (const name of [id, 'latest']) {
    expect(await (await call('GET', `message/${name}`)).json()).toMatchObject({
      ID: id,
      Subject: 'files',
      ReturnPath: 'ann@far.example',
      HTML: expect.stringContaining('<p>Hello</p>'),
      Attachments: [{ PartID: '1', FileName: 'a.csv', ContentType: 'text/csv', Size: 3 }],
    })
  }
  expect(await (await call('GET', `message/${id}/headers`)).json()).toMatchObject({
    Subject: ['files'],
    'X-Twice': ['1', '2'],
  })
  const raw = await call('GET', `message/${id}/raw`)
  expect((await raw.text()).endsWith(mixed)).toBe(true)
  const part = await call('GET', `message/${id}/part/1`)
  expect(part.headers.get('content-type')).toMatch(/^text\/csv/)
  expect(await part.text()).toBe('1,2')
  expect((await call('GET', `message/${id}/part/2`)).status).toBe(404)
  expect((await call('GET', 'message/none')).status).toBe(404)
})

test.each([
  ['lunch', ['lunch for Zoë', 'Lunch again']],
  ['subject:again', ['Lunch again']],
  ['lunch -again', ['lunch for Zoë']],
  ['lunch !subject:again', ['lunch for Zoë']],
  ['"for Zoë"', ['lunch for Zoë']],
  ['from:ann@far.example lunch', ['lunch for Zoë', 'Lunch again']],
  ['to:carol', []],
  ['cc:carol', ['lunch for Zoë']],
  ['10:30', ['dinner']],
])('a search for %s', async (query, found) => {
  await send('dinner', { Text: 'At 10:30.' })
  await send('Lunch again')
  await send('lunch for Zoë', { Cc: [{ Email: 'carol@far.example' }], Bcc: ['bob@far.example'] })
  expect(await subjects(`search?query=${encodeURIComponent(query)}`)).toEqual(found)
  expect(await subjects('search?query=bob@far.example')).toEqual([])
})

test('what is sent is there when that is answered, of a paused site a second later', async () => {
  const From = { Email: 'ann@far.example' }
  const To = [{ Email: `dave@${world.site.replace('/sites/', '')}.example` }]
  const sent = async () => {
    const answer = await call('POST', 'send', { From, To, Subject: 'x' })
    return ((await answer.json()) as { ID: string }).ID
  }
  expect((await call('GET', `message/${await sent()}`)).status).toBe(200)
  await world.post(`${world.site}/pause`, {})
  const began = performance.now()
  const later = await sent()
  expect(performance.now() - began).toBeGreaterThanOrEqual(MAILPIT_SEND_MS - 1)
  expect((await call('GET', `message/${later}`)).status).toBe(404)
  await world.post(`${world.site}/resume`, {})
  await world.settled(later, 'dave')
  expect((await call('GET', `message/${later}`)).status).toBe(200)
})

test('fields are named as Go names them, and links to unsubscribe are taken apart', async () => {
  const Headers = { 'List-Unsubscribe': '<mailto:x@far.example>, <https://far.example/x>' }
  const id = await send('news', { Headers })
  const headers = (await (await call('GET', `message/${id}/headers`)).json()) as object
  expect(Object.keys(headers)).toEqual(
    expect.arrayContaining(['Message-Id', 'Mime-Version', 'List-Unsubscribe', 'X400-Received']),
  )
  expect(await (await call('GET', `message/${id}`)).json()).toMatchObject({
    ListUnsubscribe: {
      Header: Headers['List-Unsubscribe'],
      Links: ['mailto:x@far.example', 'https://far.example/x'],
      Errors: '',
    },
  })
})

test('messages are deleted by their ids, or all of them', async () => {
  const id = await send('one')
  await send('two')
  await send('three')
  const answer = await call('DELETE', 'messages', { IDs: [id] })
  expect([answer.status, await answer.text()]).toEqual([200, 'ok'])
  expect(await subjects('messages')).toEqual(['three', 'two'])
  expect((await call('DELETE', 'messages', {})).status).toBe(200)
  expect(await subjects('messages')).toEqual([])
  expect((await call('GET', 'message/latest')).status).toBe(404)
})

test('a message that cannot be taken apart is shown, and keeps no other from it', async () => {
  await send('before')
  const parts = Array.from(
    { length: 300 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  )
  const raw = `Subject: too deep\r\n${parts.join('')}\r\nfound\r\n`
  const { body } = await world.post<Accepted>(`${world.site}/messages`, {
    ...{ from: 'carol', to: ['dave'], raw },
  })
  await world.settled(body.id, 'dave')
  expect(await subjects('messages')).toEqual(['too deep', 'before'])
  expect(await subjects('search?query=noon')).toEqual(['before'])
  const item = `${world.site}/mailboxes/dave/messages`
  expect((await world.get(`${item}/${body.id}`)).body).toMatchObject({
    ...{ subject: 'too deep', whole: false, text: expect.stringContaining('found') },
  })
  expect((await world.get(`${item}?text=found`)).body).toMatchObject({ total: 1 })
})
