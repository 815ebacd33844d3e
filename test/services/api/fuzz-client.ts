/**
 * Sends the requests of a fuzz over kept connections, so many at a time, and remembers what is
 * worth asking for next: ids that answers named.
 */
import { Agent, request as open } from 'node:http'
import { WAIT_MS_DEFAULT } from '../../../services/api/limits.ts'
import type { Request } from './fuzz-requests.ts'

export interface Outcome {
  request: Request
  status: number
  body: string
  ms: number
}

/**
 * No answer for so long is a hang. The waits that are asked for take 20 ms; who leaves out for how
 * long has the usual one.
 */
export const HANG_MS = WAIT_MS_DEFAULT + 15_000
const AT_A_TIME = 16
const REMEMBERED = 40
/** Of a stream one hears the beginning, and hangs up. */
const HEARD_OF_A_STREAM = 200
const STREAM_MS = 50

const listed = (value: unknown): { id?: unknown; jobs?: unknown }[] =>
  Array.isArray(value) ? value : []

/** Ids that answers named, the newest first. */
function openMemory() {
  const seen = new Map<string, string[]>()

  function remember(kind: string, id: unknown): void {
    if (typeof id !== 'string') return
    seen.set(kind, [id, ...(seen.get(kind) ?? [])].slice(0, REMEMBERED))
  }

  return {
    /** `@message:3` is the fourth newest message that an answer named, or stays as it is. */
    resolved: (text: string): string =>
      text.replace(/(?:@|%40)(\w+)(?::|%3A)(\d+)/g, (all, kind: string, index: string) => {
        return seen.get(kind)?.[Number(index)] ?? all
      }),

    learn({ method, route }: Request, body: string): void {
      if (!body.startsWith('{')) return
      const answer = JSON.parse(body)
      if (method === 'POST' && route.endsWith('/messages')) remember('message', answer.id)
      if (method === 'POST' && route.endsWith('/moves')) remember('move', answer.id)
      if (method === 'POST' && route.endsWith('/faults')) remember('fault', answer.id)
      // Of a move `items` is a number, and of a site `queues` are names.
      for (const item of listed(answer.items)) remember('item', item.id)
      for (const held of listed(answer.held)) remember('held', held.id)
      for (const queue of listed(answer.queues)) {
        for (const job of listed(queue.jobs)) remember('job', job.id)
      }
    },
  }
}

export function fuzzClient(origin: string) {
  const { hostname, port } = new URL(origin)
  const agent = new Agent({ keepAlive: true, maxFreeSockets: AT_A_TIME })
  const { resolved, learn } = openMemory()

  function send(asked: Request): Promise<Outcome> {
    const request = { ...asked, path: resolved(asked.path) }
    if (asked.body !== undefined) request.body = resolved(asked.body)
    const { method, path, headers, body } = request
    const started = performance.now()
    return new Promise((resolve, reject) => {
      const done = (status: number, text: string) => {
        clearTimeout(late)
        resolve({ request, status, body: text, ms: performance.now() - started })
      }
      const late = setTimeout(() => sent.destroy(new Error('no answer')), HANG_MS)
      const sent = open({ hostname, port, agent, method, path, headers }, (answer) => {
        let text = ''
        const stream = answer.headers['content-type']?.startsWith('text/event-stream')
        answer.setEncoding('utf8').on('data', (part) => {
          text += part
          if (!stream || text.length < HEARD_OF_A_STREAM) return
          done(answer.statusCode ?? 0, text)
          sent.destroy()
        })
        // A stream may have nothing to say, or end: then its connection may be another's already.
        const enough = stream ? setTimeout(() => sent.destroy(), STREAM_MS) : undefined
        answer.on('close', () => {
          clearTimeout(enough)
          if (answer.statusCode && answer.statusCode < 400 && !stream) learn(request, text)
          done(answer.statusCode ?? 0, text)
        })
      })
      sent.on('error', (error) => {
        clearTimeout(late)
        reject(new Error(`${error.message}: ${JSON.stringify(request).slice(0, 2_000)}`))
      })
      sent.end(body)
    })
  }

  return {
    send,
    /** All of them, in this order, so many at a time. */
    async sendAll(requests: Request[]): Promise<Outcome[]> {
      const outcomes: Outcome[] = []
      let next = 0
      const worker = async (): Promise<void> => {
        for (let at = next++; at < requests.length; at = next++) {
          outcomes.push(await send(requests[at] as Request))
        }
      }
      await Promise.all(Array.from({ length: AT_A_TIME }, worker))
      agent.destroy()
      return outcomes
    },
  }
}
