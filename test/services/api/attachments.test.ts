/** Files that come with a message: named with it, and read by number, whatever they are called. */
import { expect, test } from 'vitest'
import type { Accepted, ItemDetail } from '../../../services/runtime/views-of-mail.ts'
import { liveWorld } from './live-world.ts'

const world = liveWorld()

const FILES = [
  ...['Content-Type: text/csv; name="Zo\u00eb\'s.csv"', 'Content-Transfer-Encoding: base64'],
  ...["Content-Disposition: attachment; filename*=UTF-8''Zo%C3%AB%27s%0D%0A.csv", '', 'MSwy'],
  ...['--b', 'Content-Type: te\u2603xt/h tml', 'Content-Disposition: attachment'],
  ...['Content-Transfer-Encoding: base64', '', 'PHNjcmlwdD4='],
]
const LETTER = [
  ...['Subject: files', 'Content-Type: multipart/mixed; boundary=b', '', '--b', ''],
  ...['Enclosed.', '--b', ...FILES, '--b--', ''],
].join('\r\n')

test('attachments are listed with their message, and each is read by its number', async () => {
  const headers = { 'content-type': 'message/rfc822' }
  const path = `${world.origin}${world.site}/messages?from=ann@far.example&to=dave`
  const body = new Uint8Array(Buffer.from(LETTER))
  const { id } = (await (await fetch(path, { method: 'POST', headers, body })).json()) as Accepted
  await world.settled(id, 'dave')
  const item = `${world.site}/mailboxes/dave/messages/${id}`
  const { body: detail } = await world.get<ItemDetail>(item)
  expect(detail.text).toContain('Enclosed.')
  expect(detail.attachments).toEqual([
    { number: 1, name: expect.stringContaining("Zoë's"), type: 'text/csv', size: 3 },
    { number: 2, name: expect.any(String), type: 'application/octet-stream', size: 8 },
  ])
  const files = await Promise.all(
    [1, 2].map((number) => fetch(`${world.origin}${item}/attachments/${number}`)),
  )
  const [first, second] = files as [Response, Response]
  expect(first.headers.get('content-type')).toMatch(/^text\/csv/)
  expect(first.headers.get('content-disposition')).toMatch(
    /^attachment; filename\*=UTF-8''Zo%C3%ABa?%27s[\w%]*\.csv$/i,
  )
  expect(await first.text()).toBe('1,2')
  expect(second.headers.get('content-type')).toBe('application/octet-stream')
  expect(second.headers.get('content-disposition')).toMatch(/^attachment/)
  expect(await second.text()).toBe('<script>')
  expect((await world.get(`${item}/attachments/3`)).body).toMatchObject({ code: 'unknown-item' })
  expect((await world.get(`${item}/attachments/0`)).status).toBe(400)
})
