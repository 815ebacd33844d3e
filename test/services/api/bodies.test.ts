/** Every other body: what reaches the port, and what is refused with which words. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Api } from '../../../services/api/resource.ts'
import type { Emulator } from '../../../services/runtime/emulator.ts'
import { appOver, lastingApp } from './partial-emulator.ts'

const calls: Partial<Emulator> = {}
let app: Api

beforeAll(async () => {
  app = await lastingApp(calls)
})

afterAll(() => app.close())

/** What a call of the port was called with; its answer is not looked at. */
async function calledWith(
  name: keyof Emulator,
  request: { method: 'POST' | 'PUT' | 'PATCH'; url: string; payload: object },
) {
  const noted: unknown[][] = []
  for (const call of Object.keys(calls)) delete calls[call as keyof Emulator]
  Object.assign(calls, {
    // What quotas are counted by.
    queueNames: async () => [],
    faults: async () => [],
    [name]: async (...given: unknown[]) => {
      noted.push(given)
      throw new Error('noted')
    },
  })
  const answer = await app.inject(request)
  return { calls: noted, problem: answer.json() }
}

describe('a site', () => {
  const post = (payload: object) =>
    calledWith('createSite', { method: 'POST', url: '/sites', payload })
  const plain = { name: 'trial', servers: ['nyc'] }

  test('reaches the port with its ttl in milliseconds', async () => {
    const mailboxes = [{ alias: 'anna', server: 'nyc', alternateRecipient: null }]
    const profile = { extends: 'modern', defects: ['Q248839'] }
    const { calls } = await post({ ...plain, ttl: '1h', profile, mailboxes })
    expect(calls).toEqual([[{ ...plain, profile, mailboxes, ttlMs: 3_600_000 }]])
  })

  test.each<[object, string, string]>([
    [{ ...plain, name: 'Trial' }, 'bad-request', '/name must be 1 to 63 lower-case letters'],
    [{ ...plain, name: '' }, 'bad-request', '/name'],
    [{ ...plain, servers: [] }, 'bad-request', '/servers'],
    [{ ...plain, servers: ['nyc', 'nyc'] }, 'bad-request', '/servers'],
    [{ ...plain, ttl: 'for ever' }, 'bad-duration', '"ttl"'],
    [{ ...plain, ttl: 0 }, 'bad-duration', '"ttl"'],
    [{ ...plain, ttl: true }, 'bad-request', '/ttl must be string or must be number'],
    [{ ...plain, domain: 'no such domain' }, 'malformed-address', '"domain"'],
    [{ ...plain, size: 5 }, 'bad-request', 'body/size is not known here'],
    [
      { ...plain, mailboxes: [{ alias: 'anna', server: 'nyc', colour: 'red' }] },
      'bad-request',
      'body/mailboxes/0/colour is not known here',
    ],
    [
      { ...plain, mailboxes: [{ alias: 'anna', server: 'nyc', addresses: ['a b@x'] }] },
      'malformed-address',
      'addresses/0',
    ],
  ])('%j is refused', async (payload, code, words) => {
    const { calls, problem } = await post(payload)
    expect(problem).toMatchObject({ status: 400, code, detail: expect.stringContaining(words) })
    expect(calls).toEqual([])
  })
})

test.each([
  ['after a while', {}, undefined, false],
  ['now', { replicate: 'now' }, 'now', false],
  ['past the stores', { raw: true }, undefined, true],
])('a mailbox is put, and replicated: %s', async (_name, how, replicate, raw) => {
  const spec = { server: 'nyc', alternateRecipient: 'bob', deliverToBoth: true }
  const { calls } = await calledWith('putMailbox', {
    method: 'PUT',
    url: '/sites/demo/mailboxes/anna',
    payload: { ...spec, ...how },
  })
  expect(calls).toEqual([['demo', { alias: 'anna', ...spec }, replicate, raw]])
})

describe('a fault rule', () => {
  const post = (payload: object) =>
    calledWith('addFault', { method: 'POST', url: '/sites/demo/faults', payload })
  const move = { mailbox: 'anna', to: 'lon', holdAt: 'created' }

  test.each<[object, object]>([
    [{ hold: true }, { hold: true }],
    [{ defer: true }, { defer: true }],
    [{ delay: '10m' }, { delayMs: 600_000 }],
    [{ delayMs: 5 }, { delayMs: 5 }],
    [{ loseReply: true }, { loseReply: true }],
    [{ readStale: true }, { readStale: true }],
    [{ refuse: { reason: 1, diagnostic: 0 } }, { refuse: { reason: 1, diagnostic: 0 } }],
    [
      { move, holdUntil: 'completed' },
      { move, holdUntil: 'completed' },
    ],
  ])('may do %j', async (given, received) => {
    const { calls } = await post({ match: { event: 'mail.offered' }, when: { nth: 1 }, do: given })
    const rule = { match: { event: 'mail.offered' }, when: { nth: 1 }, do: received }
    expect(calls).toEqual([['demo', rule]])
  })

  test.each<[unknown, unknown]>([
    ['always', 'always'],
    [{ first: 3 }, { first: 3 }],
    [
      { probability: 0.5, seed: 7 },
      { probability: 0.5, seed: 7 },
    ],
    [{ probability: 0.5 }, { probability: 0.5, seed: 0 }],
    [{ rate: 2 }, { rate: 2 }],
    [{ until: 5 }, { until: 5 }],
    [
      { from: '1999-01-01T00:00:00Z', until: 5 },
      { from: '1999-01-01T00:00:00Z', until: 5 },
    ],
  ])('may do it when %j', async (given, received) => {
    const { calls } = await post({ when: given, do: { defer: true } })
    expect(calls).toEqual([['demo', { when: received, do: { defer: true } }]])
  })

  test.each<[object, string]>([
    [{}, 'body/do is missing'],
    [{ do: {} }, 'says 0 things'],
    [{ do: { defer: true, hold: true } }, 'says 2 things: defer, hold'],
    [{ do: { defer: false } }, 'body/do/defer must be true'],
    [{ do: { explode: true } }, 'body/do/explode is not known here'],
    [{ do: { move } }, 'go together'],
    [{ do: { defer: true, holdUntil: 'completed' } }, 'go together'],
    [{ do: { refuse: { reason: 1 } } }, 'body/do/refuse/diagnostic is missing'],
    [{ do: { delay: 'long' } }, '"do/delay" is "long"'],
    [{ do: { hold: true }, match: { colour: 'red' } }, 'body/match/colour is not known here'],
    [{ do: { hold: true }, when: {} }, '0 kinds'],
    [{ do: { hold: true }, when: { nth: 1, first: 2 } }, '2 kinds'],
    [{ do: { hold: true }, when: { nth: 1, seed: 2 } }, '"seed" without'],
    [{ do: { hold: true }, when: { nth: 0 } }, 'body/when'],
    [{ do: { hold: true }, when: 'sometimes' }, 'body/when must be'],
    [{ do: { hold: true }, when: { probability: 2 } }, 'body/when'],
  ])('%j is refused', async (payload, words) => {
    const { calls, problem } = await post(payload)
    expect(problem).toMatchObject({ status: 400, detail: expect.stringContaining(words) })
    expect(calls).toEqual([])
  })
})

describe('the clock', () => {
  const post = (call: 'advance' | 'setClock', payload: object) =>
    calledWith(call, { method: 'POST', url: '/sites/demo/clock', payload })

  test.each<['advance' | 'setClock', object, object]>([
    ['advance', { advance: '7d' }, { ms: 604_800_000 }],
    ['advance', { advance: 5 }, { ms: 5 }],
    ['advance', { until: 'idle' }, { until: 'idle' }],
    ['setClock', { scale: 60 }, { scale: 60 }],
    ['setClock', { stop: true }, { stop: true }],
    ['setClock', { run: true }, { run: true }],
  ])('%s %j', async (call, payload, received) => {
    const { calls } = await post(call, payload)
    expect(calls[0]?.slice(0, 2)).toEqual(['demo', received])
  })

  test.each<[object, string]>([
    [{}, 'exactly one'],
    [{ stop: true, scale: 2 }, 'exactly one'],
    [{ scale: 0 }, 'body/scale'],
    [{ scale: 1e9 }, 'body/scale'],
    [{ until: 'friday' }, 'body/until must be "idle"'],
    [{ advance: '-1s' }, '"advance"'],
  ])('%j is refused', async (payload, words) => {
    const { problem } = await post('setClock', payload)
    expect(problem).toMatchObject({ status: 400, detail: expect.stringContaining(words) })
  })
})

test('a page of a list is checked and has its defaults', async () => {
  const pages: unknown[] = []
  const app = await appOver({
    async messages(_site, query) {
      pages.push(query)
      return { total: 0, messages: [] }
    },
  })
  for (const query of ['', '?limit=5&offset=10', '?state=pending']) {
    expect((await app.inject(`/sites/demo/messages${query}`)).statusCode).toBe(200)
  }
  expect(pages).toEqual([
    { offset: 0, limit: 100 },
    { offset: 10, limit: 5 },
    { offset: 0, limit: 100, state: 'pending' },
  ])
  for (const query of ['limit=0', 'limit=1001', 'offset=-1', 'limit=x', 'state=odd', 'page=2']) {
    const answer = await app.inject(`/sites/demo/messages?${query}`)
    expect(answer.json()).toMatchObject({ status: 400, code: 'bad-request' })
  }
})
