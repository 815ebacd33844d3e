/** A browser signs in, sees the queues, and is out again: over real connections, as one would. */

import { describe, expect, test } from 'vitest'
import { SESSION_MS } from '../../../services/api/limits.ts'
import { nextOf } from '../../../services/api/login.ts'
import { COOKIE, sessionCookie, sessionOf } from '../../../services/api/session.ts'
import { makeSecret, parseTokens, type Token } from '../../../services/tokens.ts'
import { listeningOver } from './partial-emulator.ts'
import { ask } from './raw-client.ts'

const secret = makeSecret()
const tokens = parseTokens(
  `op.er-ator read,operate ${secret}\nreader read ${makeSecret()}`,
  'tokens',
)
const [operator, reader] = tokens as [Token, Token]
const calls = { queueNames: async () => [], sites: async () => [] }
const page = { accept: 'text/html,application/xhtml+xml' }
const ownPage = { 'sec-fetch-site': 'same-origin' }
const formType = { 'content-type': 'application/x-www-form-urlencoded' }

/** What a browser sends back of a `Set-Cookie`. */
const sentBack = (line: string): string => line.split(';')[0] as string

async function signIn(origin: string, fields: Record<string, string>) {
  const body = new URLSearchParams(fields).toString()
  const headers = { ...formType, ...ownPage, origin }
  return ask(origin, { method: 'POST', path: '/login', headers, body })
}

describe('a browser without a token', () => {
  test('is sent to the login page, and from there to where it wanted to go', async () => {
    const origin = await listeningOver(calls, { tokens })
    const first = await ask(origin, { path: '/queues?x=1', headers: page })
    expect([first.status, first.headers.location]).toEqual([303, '/login?next=%2Fqueues%3Fx%3D1'])
    const form = await ask(origin, { path: first.headers.location as string, headers: page })
    expect(form.body).toContain('name="next" value="/queues?x=1"')
    expect(form.headers['content-security-policy']).toContain("form-action 'self'")

    const done = await signIn(origin, { token: secret, next: '/queues?x=1' })
    expect([done.status, done.headers.location]).toEqual([303, '/queues?x=1'])
    const [line = ''] = done.headers['set-cookie'] ?? []
    expect(line).toMatch(/; Path=\/(;|$)/)
    expect(line).toContain('HttpOnly')
    expect(line).toContain('SameSite=Strict')
    expect(line).not.toContain(secret)

    const cookie = sentBack(line)
    expect((await ask(origin, { path: '/queues', headers: { ...page, cookie } })).status).toBe(200)
    const pause = { method: 'PUT', path: '/queues/api/queues/pause' }
    const pressed = await ask(origin, { ...pause, headers: { cookie, ...ownPage } })
    expect(pressed.status).toBe(200)
    const foreign = { cookie, 'sec-fetch-site': 'cross-site' }
    expect((await ask(origin, { ...pause, headers: foreign })).status).toBe(403)
    const mail = { method: 'POST', path: '/sites/demo/messages', headers: { cookie, ...ownPage } }
    expect((await ask(origin, mail)).status).toBe(403)
  })

  test('with a wrong token stays on the page, and gets no cookie', async () => {
    const origin = await listeningOver(calls, { tokens })
    for (const token of ['', 'wrong', `${secret}x`, secret.slice(1), '<script>']) {
      const answer = await signIn(origin, { token, next: '/queues' })
      expect(answer.status).toBe(401)
      expect(answer.headers['set-cookie']).toBeUndefined()
      expect(answer.body).toContain('No token of this service is like that.')
      expect(answer.body).not.toContain('<script>')
    }
  })

  test('a page of another site cannot sign it in', async () => {
    const origin = await listeningOver(calls, { tokens })
    const headers = { ...formType, origin: 'https://attacker.example' }
    const body = `token=${secret}`
    const answer = await ask(origin, { method: 'POST', path: '/login', headers, body })
    expect(answer.status).toBe(403)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('a script that asks for data is told so, not sent to a page', async () => {
    const origin = await listeningOver(calls, { tokens })
    for (const accept of ['application/json', 'text/event-stream', '*/*']) {
      expect((await ask(origin, { path: '/sites', headers: { accept } })).status).toBe(401)
    }
  })

  test('a form of the wrong kind or size is refused', async () => {
    const origin = await listeningOver(calls, { tokens })
    const large = await signIn(origin, { token: 'x'.repeat(10_000) })
    expect(large.status).toBe(413)
    const json = { 'content-type': 'application/json' }
    const call = { method: 'POST', path: '/login', headers: json, body: '{}' }
    expect((await ask(origin, call)).status).toBe(415)
  })
})

test('signing out takes the cookie back', async () => {
  const origin = await listeningOver(calls, { tokens })
  const cookie = sentBack(sessionCookie(operator, Date.now(), false))
  const form = await ask(origin, { path: '/login', headers: { cookie } })
  expect(form.body).toContain('Signed in as <b>op.er-ator</b> (read, operate)')
  const out = await ask(origin, { method: 'POST', path: '/logout', headers: { cookie } })
  expect(out.headers['set-cookie']?.[0]).toMatch(new RegExp(`^${COOKIE}=; Max-Age=0`))
})

test('behind TLS the cookie is for TLS only', async () => {
  const origin = await listeningOver(calls, { tokens })
  const headers = { ...formType, 'x-forwarded-proto': 'https' }
  const call = { method: 'POST', path: '/login', headers, body: `token=${secret}` }
  expect((await ask(origin, call)).headers['set-cookie']?.[0]).toContain('; Secure')
})

test('without tokens the login page says that none is needed', async () => {
  const origin = await listeningOver(calls)
  expect((await ask(origin, { path: '/login' })).body).toContain('This service has no tokens')
})

describe('a session', () => {
  const now = Date.now()
  const good = sentBack(sessionCookie(operator, now, false))
  const [, expiry = '', seal = '', ...name] = good.split(/[=.]/)

  test('is whose it says, until its time is over or the token is gone', () => {
    expect(sessionOf(good, tokens, now)).toBe(operator)
    expect(sessionOf(`a=b; ${good}; c=d`, tokens, now + SESSION_MS - 1)).toBe(operator)
    expect(sessionOf(good, tokens, now + SESSION_MS)).toBeNull()
    expect(sessionOf(good, [reader], now)).toBeNull()
    expect(sessionOf(undefined, tokens, now)).toBeNull()
  })

  test('does not survive that its token is made anew', () => {
    const renewed = parseTokens(`op.er-ator read,operate ${makeSecret()}`, 'tokens')
    expect(sessionOf(good, renewed, now)).toBeNull()
  })

  test.each([
    ['a later end', `${Number(expiry) + 1}.${seal}.${name.join('.')}`],
    ['an end beyond any number', `9e99.${seal}.${name.join('.')}`],
    ['another name', `${expiry}.${seal}.reader`],
    ['no seal', `${expiry}..${name.join('.')}`],
    ['half a seal', `${expiry}.${seal.slice(1)}.${name.join('.')}`],
    ['nothing', ''],
    ['only dots', '..'],
    ['a name of JavaScript', `${expiry}.${seal}.__proto__`],
    ['the token itself', secret],
  ])('with %s is nobody', (_what, value) => {
    expect(sessionOf(`${COOKIE}=${value}`, tokens, now)).toBeNull()
  })
})

test.each([
  ['/queues', '/queues'],
  ['/queues/queue/a.nyc.mta?status=failed', '/queues/queue/a.nyc.mta?status=failed'],
  [null, '/'],
  ['', '/'],
  ['queues', '/'],
  ['//attacker.example', '/'],
  ['/\\attacker.example', '/'],
  ['/\t/attacker.example', '/'],
  ['/.//attacker.example', '/'],
  ['https://attacker.example/', '/'],
  ['javascript:alert(1)', '/'],
  ['/a\r\nset-cookie: x=y', '/aset-cookie:%20x=y'],
])('after signing in, %j leads to %s', (asked, led) => {
  expect(nextOf(asked)).toBe(led)
})
