/** One HTTP request of the chaos run's clients, to which an answer may never come. */

export interface Answer<Body> {
  status: number
  body: Body
  /** When the answer was there, by the clock. */
  at: number
}

export interface Request {
  method?: 'GET' | 'POST'
  body?: object
  headers?: Record<string, string>
  withinMs: number
}

/** Null when no answer came in time, or the connection was closed without one. */
export async function ask<Body>(url: string, request: Request): Promise<Answer<Body> | null> {
  const { method = 'GET', body, headers = {}, withinMs } = request
  try {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(withinMs),
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Body, at: Date.now() }
  } catch {
    return null // a connection that was cut, or the time was over: to a client they are the same
  }
}

interface Problem {
  code?: string
  detail?: string
}

/** What an answer that nobody expected says. */
export function wordsOf({ status, body }: Answer<unknown>): string {
  const { code, detail } = (body ?? {}) as Problem
  return `${status} ${code ?? ''}: ${detail ?? ''}`
}
