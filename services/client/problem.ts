/**
 * The one error of the client: whatever was refused, and whatever could not be asked.
 *
 * `code` is stable: one of the service's table (`/problems` lists them), or one of the client's
 * own: `unreachable` when nobody answers, `unanswered` when it took too long, `no-problem` when
 * what answered does not speak RFC 9457, `not-reached` when what was waited for did not come.
 */

/** Of an answer that is not a problem: enough to see what answered. */
const ANSWER_CHARACTERS_MAX = 200

export interface ProblemFacts {
  /** What was asked, as `POST /sites`. */
  call: string
  code: string
  /** The status of HTTP; 0 without an answer. */
  status: number
  detail: string
  /** Which members were at fault, each with the path to it (RFC 6901). */
  errors?: { path: string; message: string }[]
  requestId?: string
  /** After how many seconds to ask again, where the service says so. */
  retryAfter?: number
}

export class UndeliverableError extends Error {
  readonly call: string
  readonly code: string
  readonly status: number
  readonly detail: string
  readonly errors: { path: string; message: string }[]
  readonly requestId: string | null
  readonly retryAfter: number | null

  constructor(facts: ProblemFacts, cause?: unknown) {
    const { call, code, status, detail } = facts
    const answered = status === 0 ? code : `${status} ${code}`
    super(`${call}: ${answered}: ${detail}`, cause === undefined ? undefined : { cause })
    this.name = 'UndeliverableError'
    this.call = call
    this.code = code
    this.status = status
    this.detail = detail
    this.errors = facts.errors ?? []
    this.requestId = facts.requestId ?? null
    this.retryAfter = facts.retryAfter ?? null
  }
}

/** What an answer that is no success says of itself. */
export async function problemOf(call: string, response: Response): Promise<UndeliverableError> {
  const { status } = response
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith('application/problem+json')) {
    const text = await response.text()
    const detail = text.slice(0, ANSWER_CHARACTERS_MAX)
    return new UndeliverableError({ call, status, code: 'no-problem', detail })
  }
  const said = (await response.json()) as Omit<ProblemFacts, 'call' | 'retryAfter'>
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  const retry = Number.isFinite(seconds) ? { retryAfter: seconds } : {}
  return new UndeliverableError({ ...said, ...retry, call })
}
