/**
 * Hostile HTTP against the real thing, over real connections: headers, framing, paths. Afterwards
 * the service delivers, and its ledgers are clean.
 */

import { describe, expect, test } from 'vitest'
import { makeSecret, parseTokens } from '../../../services/tokens.ts'
import { codeOf, hostile } from './hostile-world.ts'
import { liveWorld, lunch } from './live-world.ts'
import { listeningOver } from './partial-emulator.ts'
import { ask, say } from './raw-client.ts'

const world = liveWorld()
const { send } = hostile(world)

describe('header injection', () => {
  test.each([
    { subject: 'Lunch?\r\nBcc: eve@example.com' },
    { subject: 'Lunch?\nX: y' },
    { subject: 'Lunch?\0' },
    { from: 'carol\r\nX: y' },
    { from: 'a@example.com\n\nbody' },
    { to: ['dave\r\nRCPT TO:<eve@example.com>'] },
  ])('by a message: %j', async (members) => {
    const answer = await send(`${world.site}/messages`, { ...lunch, ...members })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'header-injection'])
  })

  test.each(['\u0085', '\u2028', '\u000b', '\ud800'])(
    'by what others take for the end of a line: %j',
    async (character) => {
      const to = [`"a${character}b"@example.com`]
      expect((await send(`${world.site}/messages`, { ...lunch, to })).status).toBe(400)
      const subject = `Lunch?${character}Bcc: eve@example.com`
      const { body, status } = await send(`${world.site}/messages`, { ...lunch, subject })
      expect(status).toBe(202)
      await world.settled(JSON.parse(body).id, 'dave')
      const folder = `${world.site}/mailboxes/dave/messages`
      const { items } = JSON.parse((await ask(world.origin, { path: folder })).body)
      const raw = await ask(world.origin, {
        path: `${folder}/${encodeURIComponent(items[0].id)}/raw`,
      })
      expect(raw.body.split(/\r\n\r\n/)[0]).not.toMatch(/^bcc:/im)
    },
  )

  test.each(['a\r\n\tset-cookie: x=y', 'a\r\n set-cookie: x=y', 'a\u0001b', `${'a'.repeat(200)}`])(
    'by an id that is sent back: %j',
    async (id) => {
      const heard = await say(
        world.origin,
        'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' +
          `X-Request-Id: ${id}\r\n\r\n`,
      )
      expect(heard).toMatch(/^HTTP\/1\.1 (200|400) /)
      expect(heard.split('\r\n\r\n')[0]).not.toMatch(/^set-cookie/im)
      expect(heard).not.toContain(`x-request-id: ${id}`)
    },
  )

  test.each(['a b', 'ä', '', 'x'.repeat(256)])('by an Idempotency-Key: %j', async (key) => {
    const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') }
    const answer = await send(`${world.site}/messages`, lunch, headers)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'bad-request'])
  })
})

describe('framing', () => {
  const start = 'POST /sites HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
  test.each([
    [`${start}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    [`${start}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`],
    [`${start}Content-Length: +5\r\n\r\nhello`],
    [`${start}Content-Length: -1\r\n\r\n`],
    [`${start}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    [`${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    [`${start}Content-Length : 5\r\n\r\nhello`],
    ['GET /sites\r\n\r\n'],
    ['GET /sites HTTP/9.9\r\nHost: localhost\r\n\r\n'],
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['EHLO mail.example\r\n'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['CONNECT attacker.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('%j is no request', async (octets) => {
    const heard = await say(world.origin, octets)
    expect(heard).toMatch(/^$|^HTTP\/1\.1 4\d\d /)
    if (heard !== '') expect(heard.match(/^HTTP\/1\.1/gm)).toHaveLength(1)
  })

  test('a request without a name for the service is refused', async () => {
    const heard = await say(world.origin, 'GET /sites HTTP/1.0\r\n\r\n')
    expect(heard).toMatch(/^HTTP\/1\.1 421 /)
  })

  test('hundreds in one write are each answered', async () => {
    const one = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const last = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    const heard = await say(world.origin, one.repeat(499) + last)
    expect(heard.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(500)
  })
})

/** In none of them is anything that is here. */
const PATHS = [
  '/sites%2fdemo',
  '/sites/..%2fsites',
  '/sites/%2e%2e/%2e%2e/package.json',
  '/sites/../package.json',
  '/docs/static/../../../package.json',
  '/docs/static/..%2f..%2f..%2fpackage.json',
  '/docs/static/%2e%2e/%2e%2e/package.json',
  '/docs/static/....//....//package.json',
  '/docs/static/%5c..%5c..%5cpackage.json',
  '/docs/static/%00',
  '/docs/static//etc/passwd',
  '/queues/static/../../package.json',
  '/queues/static/..%2f..%2fpackage.json',
  '/queues/static/%2fetc%2fpasswd',
  '/queues/static/%00.js',
  '/queues/..%2fsites',
  '/healthz/../sites',
  '/healthz%2f..%2fsites',
  '/healthz;/sites',
  '/./sites',
  '//sites',
  '/sites//demo',
  '/SITES',
  '/sites%00',
  '/sites/\u0000',
  '/%',
  '/%c0%ae%c0%ae/',
  '/\\sites',
  'sites',
]

describe('a path', () => {
  test.each(PATHS)('%j leads nowhere, with a token and without', async (path) => {
    const secret = makeSecret()
    const guarded = await listeningOver(
      { queueNames: async () => [] },
      { tokens: parseTokens(`all read,inject,operate ${secret}`, 'tokens') },
    )
    for (const [origin, token] of [[world.origin, ''] as const, [guarded, secret] as const]) {
      const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`
      const none = await say(origin, `${request}\r\n`)
      const some = await say(origin, `${request}Authorization: Bearer ${token}\r\n\r\n`)
      for (const heard of [none, some]) {
        expect(heard).toMatch(/^HTTP\/1\.1 40[0134] /)
        expect(heard).not.toMatch(/"devDependencies"|root:x:0/)
      }
    }
  })

  test('that is a whole URL is for the host in it', async () => {
    const request = (url: string) =>
      say(world.origin, `GET ${url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    expect(await request('http://attacker.example/sites')).toMatch(/^HTTP\/1\.1 421 /)
    expect(await request('http://localhost:3000/sites')).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('in a name is a name that does not exist', async () => {
    for (const name of ['..', '%2e%2e', '..%2f..', '%00', 'a%2fb', '__proto__', '%F0%9F%92%A5']) {
      const answer = await ask(world.origin, { path: `/sites/${name}/audit` })
      expect([answer.status, codeOf(answer)], name).toEqual([404, expect.anything()])
    }
  })
})
