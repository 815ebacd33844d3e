/**
 * The journal of a site as it happens: server-sent events (WHATWG HTML §9.2) as an async iterator.
 *
 * Rules: a stream that breaks is opened again behind the last event that arrived, so each event
 * comes once and in order; what cannot be had again is an event of its own, `gap`. The iterator
 * ends when whoever reads it stops, or when its signal is aborted.
 */
import type { JournalEntry } from './api-answers.ts'
import type { Caller } from './call.ts'
import { UndeliverableError } from './problem.ts'

export type SiteEvent =
  | { kind: 'entry'; position: string; entry: JournalEntry }
  /** Between these positions nothing is known; empty ones: nor is it known where it began. */
  | { kind: 'gap'; position: string; from: string; to: string }

export interface EventsOptions {
  /** Behind which position to begin; `0`: from the oldest that is kept. Default: from now on. */
  after?: string
  signal?: AbortSignal
}

/** Attempts to open a broken stream again, one after the other without an event in between. */
const ATTEMPTS_MAX = 10
/** Until the service says how long to wait before the next attempt. */
const RECONNECT_MS = 1_000

export interface ServerSent {
  id: string
  event: string
  data: string
  retryMs: number | null
}

/** What a text of the wire says, event by event, as far as it is there. */
export function openParser() {
  let rest = ''
  return (text: string): ServerSent[] => {
    const blocks = `${rest}${text}`.split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    return blocks.map(parsed).filter((one) => one !== null)
  }
}

function parsed(block: string): ServerSent | null {
  const fields = new Map<string, string[]>()
  for (const line of block.split(/\r?\n/)) {
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? []
    if (name !== '') fields.set(name, [...(fields.get(name) ?? []), value])
  }
  if (fields.size === 0) return null
  const last = (name: string): string => fields.get(name)?.at(-1) ?? ''
  const data = (fields.get('data') ?? []).join('\n')
  const retryMs = fields.has('retry') ? Number(last('retry')) : null
  return { id: last('id'), event: last('event') || 'message', data, retryMs }
}

function eventOf({ id, event, data }: ServerSent): SiteEvent | null {
  if (event === 'entry') {
    return { kind: 'entry', position: id, entry: JSON.parse(data) as JournalEntry }
  }
  if (event !== 'gap') return null
  const { from, to } = JSON.parse(data) as { from: string; to: string }
  return { kind: 'gap', position: id, from, to }
}

/** Whether asking again may help: nobody there, or somebody who has no time. */
const passes = (error: unknown): boolean =>
  error instanceof UndeliverableError && (error.status === 0 || error.status >= 500)

export async function* eventsOf(
  caller: Caller,
  site: string,
  options: EventsOptions = {},
): AsyncGenerator<SiteEvent, void, undefined> {
  const { signal } = options
  let position = options.after ?? ''
  let waitMs = RECONNECT_MS
  let attempts = 0
  let opened = false
  while (!signal?.aborted) {
    try {
      for await (const sent of streamOf(caller, site, position, signal)) {
        if (sent === 'opened') {
          // Nothing says where a stream stood that broke before its first event.
          if (opened && position === '') yield { kind: 'gap', position, from: '', to: '' }
          opened = true
          continue
        }
        waitMs = sent.retryMs ?? waitMs
        const event = eventOf(sent)
        if (event === null) continue
        attempts = 0
        position = event.position
        yield event
      }
    } catch (error) {
      if (signal?.aborted) return
      if (!opened || (error instanceof UndeliverableError && !passes(error))) throw error
      attempts += 1
      if (attempts >= ATTEMPTS_MAX) throw error
    }
    if (!signal?.aborted) await pause(waitMs, signal)
  }
}

async function* streamOf(
  caller: Caller,
  site: string,
  after: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ServerSent | 'opened', void, undefined> {
  const ended = new AbortController()
  const both = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal])
  try {
    const response = await caller.open('GET /sites/{site}/events', {
      path: { site },
      headers: { accept: 'text/event-stream', ...(after && { 'last-event-id': after }) },
      signal: both,
    })
    yield 'opened'
    if (response.body === null) return
    const parse = openParser()
    const decoder = new TextDecoder()
    for await (const piece of response.body) {
      yield* parse(decoder.decode(piece, { stream: true }))
    }
  } finally {
    ended.abort()
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}
