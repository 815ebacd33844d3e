/** What is the same for every resource: problems, methods, bodies, headers, closing. */

import { describe, expect, test } from 'vitest'
import { BODY_BYTES_MAX } from '../../../services/api/limits.ts'
import { problem } from '../../../services/errors.ts'
import { bytesOf } from '../../support/bytes.ts'
import { appOver, listen } from './partial-emulator.ts'

const json = { 'content-type': 'application/json' }

describe('a problem', () => {
  test('has every member of RFC 9457, its code, the request id, and its own members', async () => {
    const app = await appOver({
      async site() {
        throw problem('unknown-site', 'there is no site "x"', { site: 'x', more: { deep: [1] } })
      },
    })
    const answer = await app.inject({ url: '/sites/x?y', headers: { 'x-request-id': 'trace-1' } })
    expect(answer.statusCode).toBe(404)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(answer.json()).toEqual({
      type: 'http://undeliverable.example/problems#unknown-site',
      title: 'No such site',
      status: 404,
      detail: 'there is no site "x"',
      instance: '/sites/x',
      code: 'unknown-site',
      requestId: 'trace-1',
      site: 'x',
      more: { deep: [1] },
    })
  })

  test('of our own making tells nothing of the inside', async () => {
    const app = await appOver({
      async sites() {
        throw new TypeError('secret')
      },
    })
    const answer = await app.inject('/sites')
    expect(answer.statusCode).toBe(500)
    expect(answer.json()).toMatchObject({ code: 'internal' })
    expect(answer.body).not.toContain('secret')
  })

  test.each([
    Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
    new Error('Connection is closed.'),
    new DOMException('aborted', 'AbortError'),
  ])('says when the service cannot do its work: %s', async (error) => {
    const app = await appOver({
      async sites() {
        throw error
      },
    })
    const answer = await app.inject('/sites')
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toMatchObject({ code: 'unavailable' })
  })
})

describe('a path or method that is not there', () => {
  test.each([
    '/nothing',
    '/sites/demo/nothing',
    '/queues/nothing/there',
    '/queues/static/nothing.js',
    '//',
    '/%zz',
  ])('%s is a problem', async (url) => {
    const app = await appOver({ queueNames: async () => [] })
    const answer = await app.inject(url)
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toMatchObject({ code: 'not-found' })
  })

  test('a wrong method says which there are', async () => {
    const app = await appOver({})
    const answer = await app.inject({ method: 'PUT', url: '/sites/demo?x=1' })
    expect(answer.statusCode).toBe(405)
    expect(answer.headers.allow).toBe('DELETE, GET, HEAD, OPTIONS, PATCH')
    expect(answer.json()).toMatchObject({ code: 'method-not-allowed', instance: '/sites/demo' })
  })

  test('OPTIONS says so without a problem, and nothing of other origins', async () => {
    const app = await appOver({})
    const answer = await app.inject({ method: 'OPTIONS', url: '/sites' })
    expect(answer.statusCode).toBe(204)
    expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS, POST')
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect((await app.inject({ method: 'OPTIONS', url: '/nothing' })).statusCode).toBe(404)
  })

  test('HEAD is GET without its body', async () => {
    const app = await appOver({ sites: async () => [] })
    const answer = await app.inject({ method: 'HEAD', url: '/sites' })
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toBe('')
    expect(answer.headers['content-length']).toBe('12')
  })

  test('the event stream has no HEAD', async () => {
    const app = await appOver({})
    const answer = await app.inject({ method: 'HEAD', url: '/sites/demo/events' })
    expect(answer.statusCode).toBe(405)
  })

  test('a name that cannot exist is unknown, not malformed', async () => {
    const app = await appOver({})
    for (const [url, code] of [
      ['/sites/No:Such', 'unknown-site'],
      ['/sites/demo/mailboxes/a%7Db', 'unknown-mailbox'],
    ]) {
      const answer = await app.inject(url as string)
      expect(answer.statusCode).toBe(404)
      expect(answer.json()).toMatchObject({ code })
    }
  })
})

describe('a body', () => {
  test('that is not JSON says where', async () => {
    const app = await appOver({})
    const answer = await app.inject({ method: 'POST', url: '/sites', headers: json, body: '{"a":' })
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({
      code: 'malformed-json',
      detail: expect.stringContaining('JSON'),
    })
  })

  test.each(['/sites', '/sites/demo/messages'])(
    'for %s that is not UTF-8 is refused',
    async (url) => {
      const app = await appOver({})
      const body = bytesOf('{"name":"caf\xe9"}')
      const answer = await app.inject({ method: 'POST', url, headers: json, body })
      expect(answer.json()).toMatchObject({
        code: 'malformed-json',
        detail: expect.stringContaining('UTF-8'),
      })
    },
  )

  test('that would change a prototype is refused', async () => {
    const app = await appOver({})
    const body = '{"__proto__": {"admin": true}}'
    const answer = await app.inject({ method: 'POST', url: '/sites', headers: json, body })
    expect(answer.json()).toMatchObject({ code: 'malformed-json' })
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense'])(
    'of type %s is refused with the type to send',
    async (type) => {
      const app = await appOver({})
      const headers = { 'content-type': type }
      const answer = await app.inject({ method: 'POST', url: '/sites', headers, body: 'name=x' })
      expect(answer.statusCode).toBe(415)
      expect(answer.json()).toMatchObject({
        code: 'unsupported-media-type',
        detail: expect.stringContaining('application/json'),
      })
    },
  )

  test('over the limit of the resource is refused', async () => {
    const app = await appOver({})
    const body = `"${'x'.repeat(BODY_BYTES_MAX)}"`
    const answer = await app.inject({ method: 'POST', url: '/sites', headers: json, body })
    expect(answer.statusCode).toBe(413)
    expect(answer.json()).toMatchObject({ code: 'body-too-large' })
  })

  test('that is missing is an empty one', async () => {
    const app = await appOver({ pause: async () => ({ held: [] }) })
    const bare = await app.inject({ method: 'POST', url: '/sites/demo/pause' })
    expect(bare.json()).toEqual({ held: [] })
    const empty = await app.inject({ method: 'POST', url: '/sites/demo/pause', headers: json })
    expect(empty.statusCode).toBe(200)
    const lacking = await app.inject({ method: 'POST', url: '/sites' })
    expect(lacking.json()).toMatchObject({
      code: 'bad-request',
      errors: [
        { path: '/name', message: 'is missing' },
        { path: '/servers', message: 'is missing' },
      ],
    })
  })
})

describe('an answer', () => {
  test('has an id of its own, or the one that it was given when that is one', async () => {
    const app = await appOver({ sites: async () => [] })
    const own = await app.inject('/sites')
    expect(own.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}-\d+$/)
    const next = await app.inject('/sites')
    expect(next.headers['x-request-id']).not.toBe(own.headers['x-request-id'])
    const given = await app.inject({ url: '/sites', headers: { 'x-request-id': 'abc.1' } })
    expect(given.headers['x-request-id']).toBe('abc.1')
    const forged = await app.inject({ url: '/sites', headers: { 'x-request-id': 'a b"c' } })
    expect(forged.headers['x-request-id']).not.toBe('a b"c')
  })

  test('is not cached and not guessed at', async () => {
    const app = await appOver({ sites: async () => [] })
    const { headers } = await app.inject('/sites')
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['x-content-type-options']).toBe('nosniff')
  })
})

test('the start page says where everything is', async () => {
  const app = await appOver({})
  const page = await app.inject('/')
  for (const path of ['/docs', '/queues', '/sites', '/metrics']) {
    expect(page.body).toContain(`href="${path}"`)
  }
})

describe('the probes', () => {
  test('tell healthy from ready', async () => {
    const app = await appOver({ ready: async () => ({ ready: false, checks: { redis: 'away' } }) })
    expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok' })
    const ready = await app.inject('/readyz')
    expect(ready.statusCode).toBe(503)
    expect(ready.json()).toEqual({ ready: false, checks: { redis: 'away' } })
  })

  test('do not wait for a Redis that does not answer', async () => {
    const app = await appOver({ ready: () => new Promise(() => undefined) })
    const ready = await app.inject('/readyz')
    expect(ready.statusCode).toBe(503)
    expect(ready.json()).toEqual({ ready: false, checks: { redis: 'no answer within 2000 ms' } })
  })
})

test('closing ends a wait that is under way', async () => {
  let waiting: (() => void) | undefined
  const begun = new Promise<void>((resolve) => {
    waiting = resolve
  })
  let ended = false
  const app = await appOver({
    audit: (_site, _restMs, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          ended = true
          reject(signal.reason)
        })
        waiting?.()
      }),
  })
  const url = await listen(app)
  const answer = fetch(`${url}/sites/demo/audit?rest=60s`).then(
    (response) => response.status,
    () => 'cut off',
  )
  await begun
  await app.close()
  expect(ended).toBe(true)
  expect([503, 'cut off']).toContain(await answer)
})
