/**
 * Events as an async iterator: each once and in order, over a stream that breaks.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openClient } from '../../../services/client/client.ts'
import { openParser, type SiteEvent } from '../../../services/client/events.ts'
import { startLab } from '../../../services/kit/lab.ts'

async function first(count: number, events: AsyncIterable<SiteEvent>): Promise<SiteEvent[]> {
  const found: SiteEvent[] = []
  for await (const event of events) {
    found.push(event)
    if (found.length === count) break
  }
  return found
}

/** A service of one page, whose answers are given one request after the other. */
async function serve(
  answers: ((request: IncomingMessage, response: ServerResponse) => void)[],
): Promise<string> {
  let next = 0
  const server = createServer((request, response) => {
    const answer = answers[Math.min(next, answers.length - 1)]
    next += 1
    answer?.(request, response)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const entry = (id: number): string =>
  `id: ${id}-0\nevent: entry\ndata: ${JSON.stringify({ event: `number ${id}` })}\n\n`

const stream = (response: ServerResponse, text: string): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`retry: 1\n\n${text}`)
}

/** Its connection ends without a word, when what it said is out. */
const broken = (text: string) => (_: IncomingMessage, response: ServerResponse) => {
  stream(response, text)
  setTimeout(() => response.destroy(), 20)
}

test('they are the journal of a site, from its beginning or from a position', async () => {
  const lab = await startLab()
  onTestFinished(lab.close)
  await (await lab.send({ from: 'carol', to: ['bob'] })).to('bob').until('delivered')
  const all = await first(3, lab.events({ after: '0' }))
  expect(all.map((event) => event.kind === 'entry' && event.entry.event)).toContain(
    'mail.submitted',
  )
  const later = await first(2, lab.events({ after: all[0]?.position ?? '' }))
  expect(later).toEqual(all.slice(1))
})

test('a stream that breaks goes on behind the last event that arrived', async () => {
  const asked: (string | undefined)[] = []
  const url = await serve([
    broken(entry(1) + entry(2)),
    (request, response) => {
      asked.push(request.headers['last-event-id'] as string | undefined)
      stream(response, entry(3))
    },
  ])
  const events = await first(3, openClient(url).site('a').events({ after: '0' }))
  expect(events.map(({ position }) => position)).toEqual(['1-0', '2-0', '3-0'])
  expect(asked).toEqual(['2-0'])
})

test('what cannot be had again is a gap', async () => {
  const url = await serve([
    broken(''),
    (_, response) => stream(response, `id: 9-0\nevent: gap\ndata: {"from":"1-0","to":"9-0"}\n\n`),
  ])
  expect(await first(2, openClient(url).site('a').events())).toEqual([
    { kind: 'gap', position: '', from: '', to: '' },
    { kind: 'gap', position: '9-0', from: '1-0', to: '9-0' },
  ])
})

test('it ends with its signal, and the connection with it', async () => {
  let closed = false
  const url = await serve([
    (_, response) => {
      response.once('close', () => {
        closed = true
      })
      stream(response, entry(1))
    },
  ])
  const ending = new AbortController()
  for await (const { position } of openClient(url).site('a').events({ signal: ending.signal })) {
    expect(position).toBe('1-0')
    ending.abort()
  }
  await expect.poll(() => closed).toBe(true)
})

describe('it does not go on for ever', () => {
  const problem = (status: number) => (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ code: 'unknown-site', status, detail: 'gone' }))
  }

  test('when the site is not there, it says so', async () => {
    const url = await serve([problem(404)])
    const events = openClient(url).site('a').events()
    await expect(events.next()).rejects.toMatchObject({ code: 'unknown-site', status: 404 })
  })

  test('when it does not come back, it gives up', async () => {
    let attempts = 0
    const counted = (request: IncomingMessage, response: ServerResponse): void => {
      attempts += 1
      problem(503)(request, response)
    }
    const url = await serve([broken(entry(1)), counted])
    const events = first(2, openClient(url).site('a').events({ after: '0' }))
    await expect(events).rejects.toMatchObject({ status: 503 })
    expect(attempts).toBe(9)
  })
})

test('what comes in pieces is put together; comments are none of it', () => {
  const parse = openParser()
  expect(parse(': heartbeat\n\nid: 1\r\nda')).toEqual([])
  expect(parse('ta: a\r\ndata: b\r\n\r\n')).toEqual([
    { id: '1', event: 'message', data: 'a\nb', retryMs: null },
  ])
})
