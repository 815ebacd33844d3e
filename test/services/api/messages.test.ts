/** Submitting mail and asking for it: what is checked at the door, and how a long poll answers. */

import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MESSAGE_BODY_BYTES_MAX, RECIPIENTS_MAX } from '../../../services/api/limits.ts'
import type { Api } from '../../../services/api/resource.ts'
import type { Emulator } from '../../../services/runtime/emulator.ts'
import type { Submission } from '../../../services/runtime/views-of-mail.ts'
import { appOver, lastingApp, listen, submittedIn } from './partial-emulator.ts'

const url = '/sites/demo/messages'
const bare = { from: 'carol', to: ['anna'] }
const lunch = { ...bare, subject: 'Lunch?' }

let accepted: { submission: Submission; key: string | undefined }[] = []
let accepting: Api

/** Accepts whatever reaches the port, and notes it. */
const accept: Emulator['accept'] = async (site, given, key, incoming) => {
  const submission = await submittedIn(site, given, key, incoming)
  accepted.push({ submission, key })
  const replayed = accepted.filter((each) => key && each.key === key).length > 1
  return { id: 'm-1', recipients: submission.to, durability: 'everysec', replayed }
}

beforeAll(async () => {
  accepting = await lastingApp({ accept })
})

beforeEach(() => {
  accepted = []
})

afterAll(() => accepting.close())

const submit = (payload: object, headers: Record<string, string> = {}) =>
  accepting.inject({ method: 'POST', url, headers, payload })

describe('a message', () => {
  test('that is accepted is answered with its id, recipients and durability', async () => {
    const answer = await submit(lunch)
    expect(answer.statusCode).toBe(202)
    expect(answer.headers.location).toBe('/sites/demo/messages/m-1')
    expect(answer.headers['idempotency-replayed']).toBeUndefined()
    expect(answer.json()).toEqual({ id: 'm-1', recipients: ['anna'], durability: 'everysec' })
    expect(accepted).toEqual([{ submission: lunch, key: undefined }])
  })

  test('from the null sender reaches the port as one, in either form', async () => {
    await submit({ ...lunch, from: '<>' })
    await submit({ ...lunch, from: '' })
    expect(accepted.map(({ submission }) => submission.from)).toEqual(['', ''])
  })

  test('with all that may be said reaches the port as it is', async () => {
    const payload = {
      ...lunch,
      server: 'lon',
      text: 'At noon.',
      html: '<p>At noon.',
      priority: 'urgent',
      notify: ['failure', 'delay'],
    }
    expect((await submit(payload)).statusCode).toBe(202)
    expect(accepted[0]?.submission).toEqual(payload)
  })

  test('with 10,000 recipients is accepted', async () => {
    const to = Array.from({ length: RECIPIENTS_MAX }, (_, index) => `user${index}@far.example`)
    const answer = await submit({ ...lunch, to })
    expect(answer.statusCode).toBe(202)
    expect(accepted[0]?.submission.to).toHaveLength(10_000)
  })

  test.each<[string, object, number, string]>([
    ['no recipient', { ...lunch, to: [] }, 400, 'no-recipients'],
    [
      '10,001 recipients',
      { ...lunch, to: Array(RECIPIENTS_MAX + 1).fill('anna') },
      400,
      'too-many-recipients',
    ],
    ['a malformed recipient', { ...lunch, to: ['anna', 'a@@b'] }, 400, 'malformed-address'],
    ['a malformed originator', { ...lunch, from: 'carol@' }, 400, 'malformed-address'],
    ['the null sender as recipient', { ...lunch, to: ['<>'] }, 400, 'malformed-address'],
    ['a line break in the subject', { ...lunch, subject: 'a\r\nBcc: b' }, 400, 'header-injection'],
    ['a bare LF in the subject', { ...lunch, subject: 'a\nb' }, 400, 'header-injection'],
    ['a line break in an address', { ...lunch, to: ['a@b\r\nc'] }, 400, 'header-injection'],
    ['a line break in the originator', { ...lunch, from: 'a\n' }, 400, 'header-injection'],
    ['raw beside a subject', { ...lunch, raw: 'Subject: x\r\n\r\n' }, 400, 'bad-request'],
    ['raw that is no text', { ...bare, raw: ['Subject: x'] }, 400, 'bad-request'],
    ['raw and an unknown member', { ...bare, raw: 'a: b', body: 'x' }, 400, 'bad-request'],
    ['raw and no recipient', { from: 'carol', raw: 'a: b', to: [] }, 400, 'no-recipients'],
    ['raw and no originator', { raw: 'a: b', to: ['anna'] }, 400, 'bad-request'],
    ['never beside failure', { ...lunch, notify: ['never', 'failure'] }, 400, 'bad-request'],
    ['the same notify twice', { ...lunch, notify: ['delay', 'delay'] }, 400, 'bad-request'],
    ['an unknown member', { ...lunch, body: 'x' }, 400, 'bad-request'],
    ['a text as recipients', { ...lunch, to: 'anna' }, 400, 'bad-request'],
    ['an unknown priority', { ...lunch, priority: 'high' }, 400, 'bad-request'],
    ['a number as subject', { ...lunch, subject: 5 }, 400, 'bad-request'],
  ])('with %s is refused', async (_what, payload, status, code) => {
    const answer = await submit(payload)
    expect(answer.json()).toMatchObject({ status, code })
    expect(answer.statusCode).toBe(status)
    expect(accepted).toEqual([])
  })

  test('that is cut off by its client is no error of the service', async () => {
    const lines: string[] = []
    const taken: Promise<unknown>[] = []
    const take: Emulator['accept'] = async (...given) => {
      const submission = submittedIn(...given)
      taken.push(submission)
      return { id: 'm', recipients: (await submission).to, durability: 'memory', replayed: false }
    }
    const log = { logTo: { write: (line: string) => void lines.push(line) } }
    const app = await appOver({ accept: take }, undefined, log)
    const { port, hostname, host } = new URL(await listen(app))
    const cut = (length: number): Socket => {
      const head = [`host: ${host}`, 'content-type: application/json', `content-length: ${length}`]
      const socket = connect(Number(port), hostname)
      socket.write(`POST ${url} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n{"raw":"Subject: x`)
      return socket
    }
    const sockets = [cut(1_000), cut(1_000_000)]
    await expect.poll(() => taken.length).toBe(1)
    for (const socket of sockets) socket.destroy()
    await expect(taken[0]).rejects.toMatchObject({ code: 'malformed-request' })
    await app.close()
    expect(lines).toEqual([])
  })

  test('over the limit is refused over a real connection, and the service lives', async () => {
    const root = await listen(accepting)
    const post = (bytes: number) =>
      fetch(root + url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...lunch, text: 'x'.repeat(bytes) }),
      })
    const large = await post(MESSAGE_BODY_BYTES_MAX)
    expect(large.status).toBe(413)
    expect(await large.json()).toMatchObject({ code: 'message-too-large' })
    expect((await post(10)).status).toBe(202)
  })

  test('whose body alone is over every limit is refused before it is read', async () => {
    const payload = `"${'x'.repeat(MESSAGE_BODY_BYTES_MAX)}"`
    const headers = { 'content-type': 'application/json' }
    const answer = await accepting.inject({ method: 'POST', url, headers, payload })
    expect(answer.json()).toMatchObject({ status: 413, code: 'message-too-large' })
  })
})

describe('an Idempotency-Key', () => {
  test('reaches the port, and a replay says so', async () => {
    const headers = { 'idempotency-key': 'order-1' }
    const first = await submit(lunch, headers)
    const second = await submit(lunch, headers)
    expect([first.statusCode, second.statusCode]).toEqual([202, 202])
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect(second.json()).toEqual(first.json())
  })

  test.each(['', ' ', 'a b', 'é', 'k'.repeat(256)])('%j is none', async (key) => {
    const headers = { 'idempotency-key': key }
    const answer = await submit(lunch, headers)
    expect(answer.json()).toMatchObject({
      code: 'bad-request',
      errors: [{ path: '/idempotency-key', message: expect.stringContaining('visible ASCII') }],
    })
    expect(accepted).toEqual([])
  })
})

describe('a recipient', () => {
  const at = '/sites/demo/messages/m-1/recipients'

  test('is asked for by the address, however long it is in the path', async () => {
    const asked: string[] = []
    const app = await appOver({
      async recipient(_site, _id, address) {
        asked.push(address)
        return { reached: true, entries: [] }
      },
    })
    const long = `"${'é'.repeat(31)}"@${'ü'.repeat(31)}.${'ü'.repeat(31)}.example`
    for (const address of ['anna', 'a/b@x.example', 'a+b@x.example', long]) {
      const answer = await app.inject(`${at}/${encodeURIComponent(address)}`)
      expect(answer.statusCode).toBe(200)
    }
    expect(asked).toEqual(['anna', 'a/b@x.example', 'a+b@x.example', long])
  })

  test('is waited for as long as is said, 30 s if nothing is', async () => {
    const waits: unknown[] = []
    const app = await appOver({
      async recipient(_site, _id, _address, wait) {
        waits.push(wait && { until: wait.until, timeoutMs: wait.timeoutMs })
        return { reached: false, entries: [] }
      },
    })
    const answer = await app.inject(`${at}/anna?until=settled&timeout=1m`)
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({ reached: false, entries: [] })
    await app.inject(`${at}/anna?until=deferred`)
    await app.inject(`${at}/anna`)
    expect(waits).toEqual([
      { until: 'settled', timeoutMs: 60_000 },
      { until: 'deferred', timeoutMs: 30_000 },
      undefined,
    ])
  })

  test.each([
    ['until=whenever', 'bad-request'],
    ['until=settled&timeout=2m', 'bad-duration'],
    ['until=settled&timeout=soon', 'bad-duration'],
    ['unitl=settled', 'bad-request'],
  ])('%s is refused', async (query, code) => {
    const app = await appOver({})
    const answer = await app.inject(`${at}/anna?${query}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ code })
  })

  test('is no longer waited for when the client hangs up', async () => {
    let aborted: (() => void) | undefined
    const heard = new Promise<void>((resolve) => {
      aborted = resolve
    })
    const client = new AbortController()
    const app = await appOver({
      recipient: (_site, _id, _address, wait) =>
        new Promise((_resolve, reject) => {
          wait?.signal?.addEventListener('abort', () => {
            aborted?.()
            reject(wait.signal?.reason)
          })
          client.abort()
        }),
    })
    const root = await listen(app)
    const answer = fetch(`${root}${at}/anna?until=settled`, { signal: client.signal })
    await expect(answer).rejects.toThrow('aborted')
    await heard
  })
})
