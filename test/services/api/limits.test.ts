/** Each limit, reached by a real client: what is under it passes, what is over it is told why. */

import { request } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  BODY_BYTES_MAX,
  HEADER_BYTES_MAX,
  JSON_DEPTH_MAX,
  MESSAGE_BODY_BYTES_MAX,
  RECIPIENTS_MAX,
} from '../../../services/api/limits.ts'
import { listeningOver, submittedIn } from './partial-emulator.ts'
import { type Answered, ask, say } from './raw-client.ts'

const json = { 'content-type': 'application/json' }
const post = (origin: string, path: string, body: string) =>
  ask(origin, { method: 'POST', path, headers: json, body })
const codeOf = ({ body }: Answered): unknown => JSON.parse(body).code
/** The problem in an answer that came without a client that understands it. */
const problemIn = (heard: string) => JSON.parse(heard.split('\r\n\r\n')[1] ?? '')

const soon = { timeout: 10_000, interval: 10 }

/** Opens a connection that stays open; resolves with the status once the headers are there. */
function open(origin: string, path: string): Promise<{ status: number; close(): void }> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, agent: false }, (answer) => {
      answer.resume().on('error', () => answer.destroy())
      resolve({ status: answer.statusCode ?? 0, close: () => sent.destroy() })
    })
    onTestFinished(() => void sent.destroy())
    sent.on('error', reject)
    sent.end()
  })
}

describe('size', () => {
  test('of headers', async () => {
    const origin = await listeningOver({ sites: async () => [] })
    const fits = { 'x-long': 'x'.repeat(HEADER_BYTES_MAX - 400) }
    expect((await ask(origin, { path: '/sites', headers: fits })).status).toBe(200)
    const long = { 'x-long': 'x'.repeat(HEADER_BYTES_MAX) }
    const answer = await ask(origin, { path: '/sites', headers: long })
    expect(answer.status).toBe(431)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(codeOf(answer)).toBe('headers-too-large')
    const path = `/sites?${'x'.repeat(HEADER_BYTES_MAX)}`
    expect(codeOf(await ask(origin, { path }))).toBe('headers-too-large')
  })

  test('of a body, of a message, and of one that has no end', async () => {
    const origin = await listeningOver({})
    const large = `"${'x'.repeat(BODY_BYTES_MAX)}"`
    expect(codeOf(await post(origin, '/sites', large))).toBe('body-too-large')
    const message = `"${'x'.repeat(MESSAGE_BODY_BYTES_MAX)}"`
    const refused = await post(origin, '/sites/demo/messages', message)
    expect(codeOf(refused)).toBe('message-too-large')
    const headers = { ...json, 'transfer-encoding': 'chunked' }
    const to = { method: 'POST', path: '/sites/demo/messages', headers }
    const chunked = await ask(origin, { ...to, body: message })
    expect(codeOf(chunked)).toBe('message-too-large')
  })

  test('of the list of recipients', async () => {
    const origin = await listeningOver({
      accept: async (...given) => {
        const { to } = await submittedIn(...given)
        return { id: 'm', recipients: to, durability: 'memory', replayed: false }
      },
    })
    const to = Array.from({ length: RECIPIENTS_MAX }, (_, index) => `r${index}`)
    const send = (all: string[]) =>
      post(origin, '/sites/demo/messages', JSON.stringify({ from: 'carol', to: all }))
    expect((await send(to)).status).toBe(202)
    expect(codeOf(await send([...to, 'one-more']))).toBe('too-many-recipients')
  })

  test('of the depth of JSON', async () => {
    const origin = await listeningOver({ pause: async () => ({ held: [] }) })
    const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
    const pause = '/sites/demo/pause'
    expect(codeOf(await post(origin, pause, nested(JSON_DEPTH_MAX)))).toBe('bad-request')
    expect(codeOf(await post(origin, pause, nested(JSON_DEPTH_MAX + 1)))).toBe('json-too-deep')
    expect(codeOf(await post(origin, pause, nested(500_000)))).toBe('json-too-deep')
    expect(codeOf(await post(origin, pause, '['.repeat(1_000_000)))).toBe('malformed-json')
    expect((await post(origin, pause, '{}')).status).toBe(200)
  })
})

describe('what stays open', () => {
  test('event streams: a place is free again when one is closed', async () => {
    const origin = await listeningOver(
      {
        site: async () => ({}) as never,
        events: async function* (_site, _after, signal) {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          yield* []
        },
      },
      { limits: { streams: 2 } },
    )
    const path = '/sites/demo/events'
    const [first, second] = [await open(origin, path), await open(origin, path)]
    expect([first.status, second.status]).toEqual([200, 200])
    const third = await ask(origin, { path })
    expect([third.status, codeOf(third)]).toEqual([503, 'too-many-streams'])
    expect(third.headers['retry-after']).toBe('1')
    first.close()
    await expect.poll(async () => (await open(origin, path)).status, soon).toBe(200)
  })

  test.each(['/sites/demo/messages/m/recipients/anna?until=settled', '/sites/demo/audit?rest=30s'])(
    'long polls: %s',
    async (path) => {
      const waiting: (() => void)[] = []
      const wait = (signal: AbortSignal | undefined) =>
        new Promise<never>((_resolve, reject) => {
          waiting.push(() => undefined)
          signal?.addEventListener('abort', () => reject(signal.reason))
        })
      const origin = await listeningOver(
        {
          recipient: (_site, _id, _address, options) => wait(options?.signal),
          audit: (_site, _restMs, signal) => wait(signal),
        },
        { limits: { waits: 2 } },
      )
      const { hostname, port } = new URL(origin)
      const polls = [1, 2].map(() => {
        const poll = request({ hostname, port, path, agent: false }).on('error', () =>
          poll.destroy(),
        )
        onTestFinished(() => void poll.destroy())
        return poll.end()
      })
      await expect.poll(() => waiting.length, soon).toBe(2)
      const third = await ask(origin, { path })
      expect([third.status, codeOf(third)]).toEqual([503, 'too-many-waits'])
      polls[0]?.destroy()
      const fourth = async () => {
        const before = waiting.length
        const poll = request({ hostname, port, path, agent: false }).on('error', () =>
          poll.destroy(),
        )
        poll.on('response', (answer) => answer.resume())
        onTestFinished(() => void poll.destroy())
        poll.end()
        await expect.poll(() => waiting.length, { timeout: 200 }).toBe(before + 1)
      }
      await expect
        .poll(
          () =>
            fourth().then(
              () => true,
              () => false,
            ),
          soon,
        )
        .toBe(true)
    },
  )

  test('connections', async () => {
    const calls = { sites: async () => [] }
    const origin = await listeningOver(calls, { limits: { connections: 2 } })
    const { hostname, port } = new URL(origin)
    const idle = await Promise.all(
      [1, 2].map(
        () =>
          new Promise<ReturnType<typeof connect>>((resolve) => {
            const socket = connect(Number(port), hostname, () => resolve(socket))
            onTestFinished(() => void socket.destroy())
          }),
      ),
    )
    await expect.poll(() => refusedAtOnce(origin), soon).toBe(true)
    idle[0]?.destroy()
    await expect.poll(() => refusedAtOnce(origin), soon).toBe(false)
  })
})

function refusedAtOnce(origin: string): Promise<boolean> {
  return ask(origin, { path: '/healthz' }).then(
    () => false,
    () => true,
  )
}

describe('number', () => {
  const names = ['a.nyc.mta', 'a.nyc.store', 'a.nyc.directory', 'a.moves']
  const newSite = JSON.stringify({ name: 'b', servers: ['nyc'] })
  const site = { name: 'b', queues: [] }

  test('of sites', async () => {
    const calls = { queueNames: async () => names, createSite: async () => site as never }
    const full = await listeningOver(calls, { limits: { sites: 1 } })
    const refused = await post(full, '/sites', newSite)
    expect([refused.status, codeOf(refused)]).toEqual([409, 'too-many-sites'])
    const roomy = await listeningOver(calls, { limits: { sites: 2 } })
    expect((await post(roomy, '/sites', newSite)).status).not.toBe(409)
  })

  test('of their queues', async () => {
    const calls = { queueNames: async () => names, createSite: async () => site as never }
    const full = await listeningOver(calls, { limits: { queues: 7 } })
    expect(codeOf(await post(full, '/sites', newSite))).toBe('too-many-sites')
    const roomy = await listeningOver(calls, { limits: { queues: 8 } })
    expect((await post(roomy, '/sites', newSite)).status).not.toBe(409)
  })

  test('of fault rules, also when many come at once', async () => {
    const rules: object[] = []
    const origin = await listeningOver(
      {
        faults: async () => rules as never,
        addFault: async (_site, rule) => {
          rules.push(rule)
          return { id: 'f', hits: 0, holding: [], ...rule }
        },
      },
      { limits: { faults: 3 } },
    )
    const rule = JSON.stringify({ do: { hold: true } })
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post(origin, '/sites/demo/faults', rule)),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
    expect(answers.filter(({ status }) => status === 409).map(codeOf)).toEqual(
      Array(5).fill('too-many-faults'),
    )
  })

  test('of requests in a second, probes not counted', async () => {
    const limits = { localRequestsPerSecond: 5 }
    const calls = { sites: async () => [], ready: async () => ({ ready: true, checks: {} }) }
    const origin = await listeningOver(calls, { limits })
    const many = (path: string) =>
      Promise.all(Array.from({ length: 30 }, () => ask(origin, { path })))
    const refused = (await many('/sites')).filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.map(codeOf)).toEqual(refused.map(() => 'too-many-requests'))
    expect(refused.map(({ headers }) => headers['retry-after'])).toEqual(refused.map(() => '1'))
    for (const path of ['/healthz', '/readyz']) {
      expect((await many(path)).map(({ status }) => status)).toEqual(Array(30).fill(200))
    }
    await expect.poll(async () => (await ask(origin, { path: '/sites' })).status, soon).toBe(200)
  })
})

describe('time', () => {
  const limits = { headersMs: 200, requestMs: 400 }

  test('for the headers: a client that drips them is cut off', async () => {
    const origin = await listeningOver({}, { limits })
    const heard = await say(origin, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    expect(heard).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
    expect(problemIn(heard)).toMatchObject({ status: 408, code: 'request-too-slow' })
  })

  test('for the body: one that drips on and on is cut off', async () => {
    const origin = await listeningOver({}, { limits })
    const { hostname, port } = new URL(origin)
    const dripped = await new Promise<string>((resolve) => {
      let heard = ''
      const socket = connect(Number(port), hostname)
      socket.write('POST /sites HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n')
      socket.write('Transfer-Encoding: chunked\r\n\r\n')
      const drip = setInterval(() => socket.write('1\r\n \r\n'), 20)
      socket.setEncoding('latin1').on('data', (part) => {
        heard += part
      })
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        clearInterval(drip)
        resolve(heard)
      })
    })
    expect(problemIn(dripped)).toMatchObject({ status: 408, code: 'request-too-slow' })
    expect((await ask(origin, { path: '/healthz' })).status).toBe(200)
  })
})
