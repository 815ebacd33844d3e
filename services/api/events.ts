/**
 * `/sites/:site/events`: the journal as server-sent events (WHATWG HTML §9.2).
 *
 * Rules: `id` is the position, so `Last-Event-ID` (or `?after=`) resumes behind the last event that
 * arrived; a part of the journal that is no longer kept is an event of its own, `gap`. The stream
 * is pulled by the socket: a slow client slows the reading of the journal, and no event is buffered
 * here beyond one. It ends with the connection or the service.
 */

import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Emulator } from '../runtime/emulator.ts'
import type { JournalEntry } from '../runtime/views-of-driving.ts'
import { HEARTBEAT_MS, RECONNECT_MS } from './limits.ts'
import { type Resource, signalOf } from './resource.ts'
import { Refusals, SiteParams, strict } from './schema.ts'

const Position = Type.String({
  pattern: '^[0-9,:-]*$',
  description: 'a position that an event had, or `0` for the oldest that is kept',
})

type JournalEvent =
  | { kind: 'entry'; position: string; entry: JournalEntry }
  | { kind: 'gap'; position: string; from: string; to: string }

const stream: Resource = (app, { emulator, quotas, closing }) => {
  app.get(
    '/sites/:site/events',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'Every transition, as it happens',
        description:
          'Server-sent events: `id` is the position, `event` is `entry` or `gap`, `data` is JSON ' +
          '(JournalEntry). Without a position it begins now.',
        tags: ['events'],
        params: SiteParams,
        querystring: strict({ after: Type.Optional(Position) }),
        headers: Type.Object({ 'last-event-id': Type.Optional(Position) }),
        response: {
          200: {
            description: 'A stream without end.',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
          ...Refusals,
        },
      },
    },
    async (request, reply) => {
      const { site } = request.params
      await emulator.site(site)
      quotas.stream(reply)
      const after = request.headers['last-event-id'] ?? request.query.after ?? ''
      const signal = signalOf(reply, closing)
      const lines = Readable.from(streamOf(emulator, site, after, signal), { highWaterMark: 1 })
      return reply
        .type('text/event-stream')
        .header('x-accel-buffering', 'no')
        .send(lines as never)
    },
  )
}

export const events: Resource[] = [stream]

async function* streamOf(emulator: Emulator, site: string, after: string, signal: AbortSignal) {
  yield `retry: ${RECONNECT_MS}\n\n`
  const journal = emulator.events(site, after, signal)
  for await (const event of withHeartbeats(journal, signal)) {
    yield event === 'heartbeat' ? ': heartbeat\n\n' : render(event)
  }
}

/** What the journal says, and a word in between when it says nothing for long. */
async function* withHeartbeats(journal: AsyncIterable<JournalEvent>, signal: AbortSignal) {
  const iterator = journal[Symbol.asyncIterator]()
  const stopped = new Promise<'stopped'>((resolve) => {
    if (signal.aborted) resolve('stopped')
    signal.addEventListener('abort', () => resolve('stopped'), { once: true })
  })
  let next = iterator.next()
  try {
    while (true) {
      const beat = timer(HEARTBEAT_MS)
      const first = await Promise.race([next, stopped, beat.done]).finally(beat.cancel)
      if (first === 'stopped') return
      if (first === 'heartbeat') {
        yield first
      } else if (first.done) {
        return
      } else {
        yield first.value
        next = iterator.next()
      }
    }
  } finally {
    // The journal hears the signal, too: a read that is still under way may then be refused.
    void Promise.allSettled([next, iterator.return?.()])
  }
}

function timer(ms: number) {
  let handle: NodeJS.Timeout | undefined
  const done = new Promise<'heartbeat'>((resolve) => {
    handle = setTimeout(() => resolve('heartbeat'), ms)
  })
  return { done, cancel: () => clearTimeout(handle) }
}

function render(event: JournalEvent): string {
  const { kind, position } = event
  const data = event.kind === 'entry' ? event.entry : { from: event.from, to: event.to }
  return `id: ${position}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`
}
