/**
 * How a refusal leaves the API: RFC 9457 `application/problem+json`, whatever went wrong.
 *
 * Owns: the error handler, what is said to whoever does not speak HTTP, the handler for paths and
 * methods that are not there, `OPTIONS`, and the translation of Fastify's own errors into codes of
 * the one table. What is not a `Problem` is a fault of ours: its stack is logged, without what it
 * was about, and the client gets the request id and no more.
 */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PROBLEMS, Problem, type ProblemCode, problem } from '../errors.ts'

const CODES_OF_FASTIFY: Record<string, ProblemCode> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad-request',
  FST_ERR_BAD_URL: 'not-found',
  FST_ERR_MAX_PARAM_LENGTH: 'not-found',
  FST_ERR_INVALID_URL: 'not-found',
}

/** Names that ioredis and our own connection give to "there is no Redis just now". */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT'])

/** Redis is full, its disk is, or it is changing masters: nothing was written, and it may pass. */
const REFUSED_BY_REDIS = /\b(OOM|MISCONF|CLUSTERDOWN|TRYAGAIN|LOADING|READONLY|MASTERDOWN)\b/

/** Where nobody knows better: Redis is back within seconds, or it is not for long. */
const RETRY_AFTER_SECONDS = 1

/** For the log: an error of Redis holds the command that failed, and that may hold a message. */
export function loggedError({ name, message, stack = '', code }: NodeJS.ErrnoException) {
  return { type: name, message, stack, ...(code === undefined ? {} : { code }) }
}

export function handleProblems(app: FastifyInstance, publicUrl: string): void {
  const methodsOf = rememberRoutes(app)
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const refusal = asProblem(error, request)
    if (refusal.status >= 500) request.log.error({ err: error }, refusal.title)
    return sendProblem(reply, request, refusal, publicUrl)
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    const methods = methodsOf(path)
    // A wildcard's handler may have looked for it and found nothing.
    const looked = request.method !== 'OPTIONS' && methods.includes(request.method)
    if (methods.length === 0 || looked) {
      return sendProblem(reply, request, problem('not-found', `nothing is at ${path}`), publicUrl)
    }
    reply.header('allow', methods.join(', '))
    if (request.method === 'OPTIONS') return reply.code(204).send()
    const detail = `${path} takes ${methods.join(', ')}, not ${request.method}`
    return sendProblem(reply, request, problem('method-not-allowed', detail), publicUrl)
  })
}

/** For Fastify: what cannot even be routed, as a path that is not percent-encoded UTF-8. */
export function answerUnroutable(publicUrl: string) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    sendProblem(reply, request, asProblem(error, request), publicUrl)
  }
}

const CODES_OF_NODE: Record<string, ProblemCode> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-too-slow',
}

/** For Fastify: what never became a request. There is a socket and nothing else to answer on. */
export function answerNonsense(publicUrl: string) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    const code = CODES_OF_NODE[error.code ?? ''] ?? 'malformed-request'
    const { status, title, description: detail } = PROBLEMS[code]
    const type = `${publicUrl}/problems#${code}`
    const body = JSON.stringify({ type, title, status, detail, code })
    socket.end(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        'content-type: application/problem+json; charset=utf-8',
        `content-length: ${Buffer.byteLength(body)}`,
        'connection: close',
        `\r\n${body}`,
      ].join('\r\n'),
    )
  }
}

export function sendProblem(
  reply: FastifyReply,
  request: FastifyRequest,
  refusal: Problem,
  publicUrl: string,
): FastifyReply {
  const { code, status, title, detail, extra } = refusal
  const type = `${publicUrl}/problems#${code}`
  const instance = request.url.split('?')[0]
  const body = { type, title, status, detail, instance, code, requestId: request.id, ...extra }
  if (status === 503) reply.header('retry-after', String(extra.retryAfter ?? RETRY_AFTER_SECONDS))
  // Serialized here: the schema of the route that failed has no say in what a problem holds.
  return reply
    .code(status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(body)
}

function asProblem(error: FastifyError, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error
  const code = CODES_OF_FASTIFY[error.code]
  if (code === 'body-too-large' && request.routeOptions.config.tooLarge) {
    return problem(request.routeOptions.config.tooLarge, 'the body alone is over the limit')
  }
  if (code === 'unsupported-media-type') return problem(code, mediaTypeDetail(request))
  if (code) return problem(code, error.message)
  if (error.name === 'AbortError') return problem('unavailable', 'the service is stopping')
  if (isUnreachable(error)) return problem('unavailable', 'Redis cannot be reached')
  if (REFUSED_BY_REDIS.test(error.message)) {
    return problem('unavailable', `Redis takes no more just now: ${error.message}`)
  }
  if (error.statusCode && error.statusCode >= 400 && error.statusCode < 500) {
    return problem('bad-request', error.message)
  }
  return problem('internal', `${PROBLEMS.internal.title}; the log has it under ${request.id}`)
}

function mediaTypeDetail(request: FastifyRequest): string {
  const given = request.headers['content-type'] ?? 'none'
  return `the content type is ${given}; send JSON, -H 'content-type: application/json' with curl`
}

function isUnreachable(error: FastifyError): boolean {
  return UNREACHABLE.has(error.code) || error.message === 'Connection is closed.'
}

/** Notes each route as it is added, and then tells the methods of a path. */
function rememberRoutes(app: FastifyInstance): (path: string) => string[] {
  const patterns = new Map<string, { matches: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = patterns.get(url) ?? { matches: matcherOf(url), methods: new Set(['OPTIONS']) }
    for (const each of [method].flat()) pattern.methods.add(each)
    patterns.set(url, pattern)
  })
  return (path) => {
    const methods = [...patterns.values()]
      .filter(({ matches }) => matches.test(path))
      .flatMap((pattern) => [...pattern.methods])
    return [...new Set(methods)].sort()
  }
}

function matcherOf(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[A-Za-z]+/g, '[^/]+')
    .replace(/\*/g, '.*')
  return new RegExp(`^${source}$`)
}
