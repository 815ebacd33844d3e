/** Who gets in, asked over real connections: tokens and scopes, names, other sites' pages. */

import Fastify from 'fastify'
import { beforeAll, describe, expect, test } from 'vitest'
import { gate } from '../../../services/api/gate.ts'
import { LIMITS } from '../../../services/api/limits.ts'
import type { Api } from '../../../services/api/resource.ts'
import { NEEDS, needsOf } from '../../../services/api/scopes.ts'
import type { Token } from '../../../services/tokens.ts'
import { parseTokens, SCOPES } from '../../../services/tokens.ts'
import { type AppRoute, everyRoute } from './every-route.ts'
import { listeningOver } from './partial-emulator.ts'
import { ask } from './raw-client.ts'

const SECRETS = {
  read: 'r'.repeat(24),
  inject: 'i'.repeat(24),
  operate: 'o'.repeat(24),
}
const tokens: Token[] = parseTokens(
  Object.entries(SECRETS)
    .map(([scope, secret]) => `${scope} ${scope} ${secret}`)
    .join('\n'),
  'tokens',
)
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })

const calls = {
  sites: async () => [],
  queueNames: async () => [],
  ready: async () => ({ ready: true, checks: {} }),
}
const guarded = () => listeningOver(calls, { tokens })
const unguarded = () => listeningOver(calls)

describe('the table of scopes', () => {
  let all: AppRoute[] = []

  beforeAll(async () => {
    all = await everyRoute()
  })

  test('has every route, and nothing but routes', () => {
    expect(all.length).toBeGreaterThan(80)
    for (const { method, url } of all)
      expect(needsOf(method, url), `${method} ${url}`).toBeDefined()
    const unused = Object.keys(NEEDS).filter((call) => {
      const [method = '', path = ''] = call.split(' ')
      const start = path.endsWith('*') ? path.slice(0, -1) : path
      return !all.some((route) => {
        const fits = path.endsWith('*') ? route.url.startsWith(start) : route.url === start
        return route.method === method && fits
      })
    })
    expect(unused).toEqual([])
  })

  test('lets nothing be changed by a token that may only read', () => {
    const reading = all.filter(({ method, url }) => needsOf(method, url) === 'read')
    expect([...new Set(reading.map(({ method }) => method))].sort()).toEqual(['GET', 'HEAD'])
  })

  test('no route can be added past it', async () => {
    const app = Fastify() as unknown as Api
    await gate(app, { tokens, limits: LIMITS, publicUrl: '' })
    app.get('/sites/:site/anything', async () => 'here')
    expect(() => app.get('/elsewhere', async () => 'here')).toThrow('GET /elsewhere needs a scope')
    await app.close()
  })

  test('each route refuses who has no token, a wrong one, or one of another scope', async () => {
    const origin = await guarded()
    for (const { method, url } of all) {
      const needs = needsOf(method, url)
      if (needs === 'open') continue
      const path = url.replace(/:[A-Za-z]+|\*/g, 'x')
      const call = (headers: Record<string, string>) => ask(origin, { method, path, headers })
      const name = `${method} ${path}`
      const none = await call({})
      expect(none.status, name).toBe(401)
      expect(none.headers['www-authenticate'], name).toBe('Bearer')
      expect((await call(bearer('x'.repeat(24)))).status, name).toBe(401)
      for (const scope of SCOPES.filter((each) => each !== needs)) {
        const answer = await call(bearer(SECRETS[scope]))
        expect(answer.status, `${name} with ${scope}`).toBe(403)
      }
    }
  })
})

describe('with tokens', () => {
  test('a refusal says in a problem what is missing', async () => {
    const origin = await guarded()
    const none = await ask(origin, { path: '/sites' })
    expect(JSON.parse(none.body)).toMatchObject({ code: 'token-needed', scope: 'read' })
    const path = '/sites/demo/messages'
    const answer = await ask(origin, { method: 'POST', path, headers: bearer(SECRETS.read) })
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'scope-needed', scope: 'inject' })
    expect(answer.headers['www-authenticate']).toContain('insufficient_scope')
  })

  test.each([`bearer   ${SECRETS.read}`, `BEARER ${SECRETS.read}`])(
    '%s is let in',
    async (authorization) => {
      const origin = await guarded()
      expect((await ask(origin, { path: '/sites', headers: { authorization } })).status).toBe(200)
    },
  )

  test.each([
    SECRETS.read,
    `Bearer ${SECRETS.read}, Bearer x`,
    `Bearer ${SECRETS.read}x`,
    `Bearer ${SECRETS.read.slice(1)}`,
    `Bearer "${SECRETS.read}"`,
    'Bearer',
    'Bearer ',
    `Basic ${Buffer.from(`x:${SECRETS.read}`).toString('base64')}`,
    `Bearer ${'r'.repeat(5_000)}`,
  ])('%s is not', async (authorization) => {
    const origin = await guarded()
    expect((await ask(origin, { path: '/sites', headers: { authorization } })).status).toBe(401)
  })

  test('a token in the address is none', async () => {
    const origin = await guarded()
    const path = `/sites?token=${SECRETS.read}&access_token=${SECRETS.read}`
    expect((await ask(origin, { path })).status).toBe(401)
  })

  test.each(['/healthz', '/readyz', '/problems', '/', '/login'])('%s is open', async (path) => {
    expect((await ask(await guarded(), { path })).status).toBe(200)
  })

  test('the service may be reached by any name', async () => {
    const headers = { ...bearer(SECRETS.read), host: 'mail.example:3000' }
    expect((await ask(await guarded(), { path: '/sites', headers })).status).toBe(200)
  })
})

describe('without tokens', () => {
  test.each([
    'localhost',
    'LOCALHOST:3000',
    '127.0.0.1:3000',
    '127.9.9.9',
    '[::1]:80',
    'a.localhost',
  ])('it answers to %s', async (host) => {
    const answer = await ask(await unguarded(), { path: '/sites', headers: { host } })
    expect(answer.status).toBe(200)
  })

  test.each([
    'attacker.example',
    '127.0.0.1.attacker.example',
    'localhost.attacker.example',
    'attackerlocalhost',
    '192.0.2.1:3000',
    '0.0.0.0',
    'localhost@attacker.example',
    'localhost:3000:80',
  ])('a page that calls it %j (DNS rebinding) is refused', async (host) => {
    const answer = await ask(await unguarded(), { path: '/sites', headers: { host } })
    expect(answer.status).toBe(421)
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'misdirected' })
  })
})

describe('a page of another site', () => {
  const pause = { method: 'PUT', path: '/queues/api/queues/pause' }

  test.each([
    { 'sec-fetch-site': 'cross-site', origin: 'https://attacker.example' },
    { 'sec-fetch-site': 'same-site', origin: 'http://localhost:8080' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'https://attacker.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { origin: '' },
    { 'sec-fetch-site': 'nonsense' },
  ])('may press no button: %j', async (headers) => {
    for (const origin of [await unguarded(), await guarded()]) {
      const answer = await ask(origin, {
        ...pause,
        headers: { ...bearer(SECRETS.operate), ...headers },
      })
      expect(answer.status).toBe(403)
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'cross-site' })
    }
  })

  test('the page itself may, and so may who has no page', async () => {
    const origin = await unguarded()
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }, {}]) {
      expect((await ask(origin, { ...pause, headers })).status).toBe(200)
    }
    const own = { origin, host: new URL(origin).host }
    expect((await ask(origin, { ...pause, headers: own })).status).toBe(200)
  })

  test('may neither frame a page here nor take anything in', async () => {
    const origin = await unguarded()
    for (const path of ['/', '/login', '/queues', '/docs', '/sites']) {
      const { headers } = await ask(origin, { path })
      expect(headers['x-frame-options'], path).toBe('DENY')
      expect(headers['cross-origin-resource-policy'], path).toBe('same-origin')
      expect(headers['access-control-allow-origin'], path).toBeUndefined()
    }
  })
})
