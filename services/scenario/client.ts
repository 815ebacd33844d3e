/**
 * The HTTP client of the scenarios: what a test in any language would do with curl, and nothing
 * else.
 *
 * A refusal of the service (`application/problem+json`, RFC 9457) becomes a `Refusal` that carries
 * its code.
 */

/** What the service refused, and with which code of its table. */
export class Refusal extends Error {
  readonly code: string
  readonly status: number
  constructor(call: string, status: number, code: string, detail: string) {
    super(`${call}: ${status} ${code}: ${detail}`)
    this.name = 'Refusal'
    this.code = code
    this.status = status
  }
}

/** There is no service where one was said to be. */
export class Unreachable extends Error {}

export interface Client {
  url: string
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: object): Promise<T>
  put<T>(path: string, body: object): Promise<T>
  patch<T>(path: string, body: object): Promise<T>
  delete(path: string): Promise<void>
}

/** Longer than the longest wait that the service offers, so that it is the service that answers. */
const REQUEST_TIMEOUT_MS = 150_000
/** Of an answer that is not a problem: enough to see what answered. */
const ANSWER_CHARACTERS_MAX = 200

async function refusalOf(call: string, response: Response): Promise<Refusal> {
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith('application/problem+json')) {
    const text = await response.text()
    return new Refusal(call, response.status, 'none', text.slice(0, ANSWER_CHARACTERS_MAX))
  }
  const { code, detail } = (await response.json()) as { code: string; detail: string }
  return new Refusal(call, response.status, code, detail)
}

/** A request that never got an answer says which service it was. */
async function reach(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, request)
  } catch (error) {
    throw new Unreachable(`${url} does not answer`, { cause: error })
  }
}

/** Talks to the service at a URL, with a bearer token if it asks for one. */
export function clientAt(url: string, token?: string): Client {
  const base = url.replace(/\/$/, '')
  const authorization = token ? { authorization: `Bearer ${token}` } : {}
  async function call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await reach(`${base}${path}`, {
      method,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...(body === undefined
        ? { headers: authorization }
        : {
            body: JSON.stringify(body),
            headers: { ...authorization, 'content-type': 'application/json' },
          }),
    })
    if (!response.ok) throw await refusalOf(`${method} ${path}`, response)
    if (response.status === 204) return undefined
    return response.json()
  }
  return {
    url: base,
    get: <T>(path: string) => call('GET', path) as Promise<T>,
    post: <T>(path: string, body: object) => call('POST', path, body) as Promise<T>,
    put: <T>(path: string, body: object) => call('PUT', path, body) as Promise<T>,
    patch: <T>(path: string, body: object) => call('PATCH', path, body) as Promise<T>,
    delete: async (path: string) => {
      await call('DELETE', path)
    },
  }
}
