/** The event stream over a real connection: form, resumption, heartbeat, slow readers, the end. */

import { describe, expect, test, vi } from 'vitest'
import { HEARTBEAT_MS } from '../../../services/api/limits.ts'
import { problem } from '../../../services/errors.ts'
import type { Emulator } from '../../../services/runtime/emulator.ts'
import type { JournalEntry } from '../../../services/runtime/views-of-driving.ts'
import { appOver, listen } from './partial-emulator.ts'

type Events = Emulator['events']
type Event = Events extends (...given: never[]) => AsyncIterable<infer Each> ? Each : never

const site = async () => ({}) as Awaited<ReturnType<Emulator['site']>>

function entry(number: number, text = ''): Event {
  const position = `${number}-0`
  const changes = ['recipient 1: delivering → deferred', ...(text ? [text] : [])]
  const journalEntry: JournalEntry = {
    position: `0:${position}`,
    at: '1999-01-01T00:00:00.000Z',
    actor: 'recipient/m/0/1',
    event: 'reply.deferred',
    who: 'recipient 1 (anna)',
    changes,
    message: 'm',
    eventId: `e-${number}`,
  }
  return { kind: 'entry', position, entry: journalEntry }
}

/** Resolves with an abort, as the journal's wait for more does. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
}

/** Reads the stream until so many events have arrived. */
async function readEvents(answer: Response, count: number): Promise<string[]> {
  let text = ''
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  while (text.split('\n\n').length <= count) {
    const { done, value } = await reader.read()
    if (done) break
    text += Buffer.from(value).toString()
  }
  await reader.cancel()
  return text.split('\n\n').slice(0, count)
}

describe('the event stream', () => {
  test('gives each entry its position, its kind and its data, and a gap as an event', async () => {
    const app = await appOver({
      site,
      async *events(_site, _after, signal) {
        yield { kind: 'gap', position: '4-0', from: '1-0', to: '4-0' }
        yield entry(5)
        await aborted(signal)
      },
    })
    const root = await listen(app)
    const answer = await fetch(`${root}/sites/demo/events`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const [retry, gap, first] = await readEvents(answer, 3)
    expect(retry).toBe('retry: 1000')
    expect(gap).toBe('id: 4-0\nevent: gap\ndata: {"from":"1-0","to":"4-0"}')
    const [id, kind, data] = (first as string).split('\n')
    expect([id, kind]).toEqual(['id: 5-0', 'event: entry'])
    expect(JSON.parse((data as string).slice('data: '.length))).toMatchObject({
      event: 'reply.deferred',
      changes: ['recipient 1: delivering → deferred'],
      message: 'm',
    })
  })

  test('begins where it is told to: the header before the query before now', async () => {
    const asked: string[] = []
    const app = await appOver({
      site,
      async *events(_site, after) {
        asked.push(after)
        yield* []
      },
    })
    const url = '/sites/demo/events'
    await app.inject(url)
    await app.inject(`${url}?after=0`)
    await app.inject({ url: `${url}?after=0`, headers: { 'last-event-id': '7-0,9-1' } })
    expect(asked).toEqual(['', '0', '7-0,9-1'])
    const wrong = await app.inject({ url, headers: { 'last-event-id': '$' } })
    expect(wrong.json()).toMatchObject({ status: 400, code: 'bad-request' })
  })

  test('of a site that does not exist is a problem, not a stream', async () => {
    const app = await appOver({
      async site() {
        throw problem('unknown-site', 'there is no site "x"')
      },
    })
    const answer = await app.inject('/sites/x/events')
    expect(answer.json()).toMatchObject({ status: 404, code: 'unknown-site' })
  })

  test('says that it lives when nothing happens', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const app = await appOver({
        site,
        async *events(_site, _after, signal) {
          await aborted(signal)
          yield* []
        },
      })
      const root = await listen(app)
      const answer = await fetch(`${root}/sites/demo/events`)
      const read = readEvents(answer, 3)
      await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0))
      await vi.advanceTimersByTimeAsync(2 * HEARTBEAT_MS + 1)
      expect(await read).toEqual(['retry: 1000', ': heartbeat', ': heartbeat'])
    } finally {
      vi.useRealTimers()
    }
  })

  test('reads no further than a slow client does', async () => {
    const text = 'x'.repeat(100_000)
    let read = 0
    const app = await appOver({
      site,
      async *events(_site, _after, signal) {
        while (!signal.aborted && read < 10_000) {
          read += 1
          yield entry(read, text)
        }
      },
    })
    const root = await listen(app)
    const answer = await fetch(`${root}/sites/demo/events`)
    const settled = await stable(() => read)
    expect(settled).toBeGreaterThan(0)
    expect(settled).toBeLessThan(1_000)
    await answer.body?.cancel()
  })

  test('ends with the client, and the journal is told', async () => {
    let told: (() => void) | undefined
    const heard = new Promise<void>((resolve) => {
      told = resolve
    })
    const app = await appOver({
      site,
      async *events(_site, _after, signal) {
        yield entry(1)
        await aborted(signal)
        told?.()
      },
    })
    const root = await listen(app)
    await readEvents(await fetch(`${root}/sites/demo/events`), 2)
    await heard
  })

  test('ends with the app, though the client would read on', async () => {
    const app = await appOver({
      site,
      async *events(_site, _after, signal) {
        yield entry(1)
        await aborted(signal)
        throw signal.reason
      },
    })
    const root = await listen(app)
    const answer = await fetch(`${root}/sites/demo/events`)
    const rest = answer.text().then(
      () => 'ended',
      () => 'cut off',
    )
    await app.close()
    expect(['ended', 'cut off']).toContain(await rest)
  })
})

/** The value once it has not changed over some turns of a real clock. */
async function stable(value: () => number): Promise<number> {
  let last = -1
  await vi.waitFor(
    () => {
      const now = value()
      const same = now === last && now > 0
      last = now
      expect(same).toBe(true)
    },
    { interval: 300, timeout: 10_000 },
  )
  return last
}
