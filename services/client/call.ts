/**
 * One call of the HTTP API, typed by its description (`api-calls.ts`).
 *
 * Needs nothing but `fetch`. A call waits for its answer at most so long as it is told, and longer
 * than the service itself ever waits; a refusal, and no answer at all, is an `UndeliverableError`.
 */
import type { Calls, None } from './api-calls.ts'
import { problemOf, UndeliverableError } from './problem.ts'

export type CallName = keyof Calls

/** What a call is given: only the parts that it has. */
export type Given<Name extends CallName> = Part<'path', { [name in Named<Name>]: string }> &
  Part<'query', Loosely<Calls[Name]['query']>> &
  Part<'headers', Loosely<Calls[Name]['headers']>> &
  (Calls[Name]['body'] extends null ? object : { body: Calls[Name]['body'] }) & {
    signal?: AbortSignal | undefined
  }

/** What may be left out may be undefined, too; a record of nothing has no member. */
type Loosely<Members> = Members extends None
  ? object
  : { [name in keyof Members]: Members[name] | undefined }

/** The names between braces. */
type Named<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Named<Rest> : never

type Part<Name extends string, Members> = keyof Members extends never
  ? object
  : object extends Members
    ? { [name in Name]?: Members }
    : { [name in Name]: Members }

export interface ClientOptions {
  /** A bearer token, where the service asks for one. */
  token?: string
  /** In the place of the global one. */
  fetch?: typeof fetch
  /** What goes along with each request: the trace context that it belongs to, for one. */
  headers?: () => Record<string, string>
  /** How long an answer is waited for, in milliseconds. */
  timeoutMs?: number
}

/** Longer than the longest wait that the service offers, so that it is the service that answers. */
const TIMEOUT_MS = 150_000

export interface Caller {
  /** Where the service is, without a slash at the end. */
  url: string
  call<Name extends CallName>(name: Name, given: Given<Name>): Promise<Calls[Name]['answer']>
  /** The same, and the answer as it comes; there is no limit to how long it takes. */
  open(name: CallName, given: Loose): Promise<Response>
}

interface Loose {
  path?: object
  query?: object
  headers?: object
  body?: unknown
  signal?: AbortSignal | undefined
}

export function openCaller(url: string, options: ClientOptions = {}): Caller {
  const base = url.replace(/\/+$/, '')
  const limit = options.timeoutMs ?? TIMEOUT_MS
  const open = (name: CallName, given: Loose) => ask(base, options, name, given)
  return {
    url: base,
    open,
    async call(name, given) {
      const { signal, ...rest } = given as Loose
      const late = AbortSignal.timeout(limit)
      const both = signal === undefined ? late : AbortSignal.any([signal, late])
      const response = await open(name, { ...rest, signal: both })
      return (await contentOf(response)) as never
    },
  }
}

async function contentOf(response: Response): Promise<unknown> {
  if (response.status === 204) return null
  const type = response.headers.get('content-type') ?? ''
  return type.startsWith('application/json') ? response.json() : response.text()
}

async function ask(base: string, options: ClientOptions, name: CallName, given: Loose) {
  const [method = '', template = ''] = name.split(' ')
  const path = `${filled(template, given.path ?? {})}${queryOf(given.query ?? {})}`
  const headers = new Headers({ ...options.headers?.(), ...given.headers })
  if (options.token !== undefined) headers.set('authorization', `Bearer ${options.token}`)
  const raw = headers.has('content-type')
  if (given.body !== undefined && !raw) headers.set('content-type', 'application/json')
  const request = {
    method,
    headers,
    ...(given.body === undefined ? {} : { body: raw ? given.body : JSON.stringify(given.body) }),
    ...(given.signal === undefined ? {} : { signal: given.signal }),
  } as RequestInit
  const response = await reach(options.fetch ?? fetch, base, path, request)
  if (!response.ok) throw await problemOf(`${method} ${path}`, response)
  return response
}

async function reach(send: typeof fetch, base: string, path: string, request: RequestInit) {
  try {
    return await send(`${base}${path}`, request)
  } catch (error) {
    const own = request.signal?.aborted && (request.signal.reason as Error)?.name !== 'TimeoutError'
    if (own) throw error
    const late = (error as Error).name === 'TimeoutError'
    const code = late ? 'unanswered' : 'unreachable'
    const detail = late ? `${base} did not answer in time` : `${base} does not answer`
    const call = `${request.method} ${path}`
    throw new UndeliverableError({ call, code, status: 0, detail }, error)
  }
}

const filled = (template: string, values: object): string =>
  template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((values as Record<string, unknown>)[name])),
  )

/** A list stands once for each of its values; what is undefined is left out. */
function queryOf(values: object): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    for (const each of [value].flat()) if (each !== undefined) query.append(name, String(each))
  }
  return query.size === 0 ? '' : `?${query}`
}
