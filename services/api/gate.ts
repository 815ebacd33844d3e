/**
 * Who gets in: what is asked of every request before anybody looks at what it is about.
 *
 * In this order: it names this machine (`Host`, without tokens); no page of another site made the
 * browser change something with it; its client does not ask too often; and it bears a token, or the
 * cookie of a session, with the scope that the route needs.
 *
 * Rules: without tokens everybody on loopback may do everything, and nobody else gets here
 * (config.ts). A route of which scopes.ts does not say what it needs cannot be added.
 */
import rateLimit from '@fastify/rate-limit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem, problem } from '../errors.ts'
import { isLoopback, namesLoopback } from '../loopback.ts'
import { findToken, permits, type Scope, type Token } from '../tokens.ts'
import { CLIENTS_COUNTED_MAX, type Limits } from './limits.ts'
import { sendProblem } from './problems.ts'
import { quoted } from './quoted.ts'
import type { Api } from './resource.ts'
import { needsOf } from './scopes.ts'
import { sessionOf } from './session.ts'

export interface GateOptions {
  /** None at all: no token is asked for. */
  tokens: readonly Token[]
  limits: Limits
  /** As in app.ts. */
  publicUrl: string
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i
const BASIC = /^Basic +([A-Za-z0-9+/]+=*) *$/i

/** What clients of Mailpit ask: they know Basic only. */
const MAILPITS = /\/(?:api\/v1\/|api\/events$|view\/)/

/** To be awaited before any route is added. */
export async function gate(app: Api, { tokens, limits, publicUrl }: GateOptions): Promise<void> {
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) {
      if (needsOf(each, url) === undefined) throw new Error(`${each} ${url} needs a scope`)
    }
  })
  const tooOften = await rateLimiter(app, limits)
  app.addHook('onRequest', async (request, reply) => {
    try {
      if (tokens.length === 0) checkHost(request)
      checkSite(request)
      await tooOften(request, reply)
      return tokens.length > 0 ? checkScope(request, reply, tokens) : undefined
    } catch (error) {
      // Answered here: the queue UI has an error handler of its own for what is below it.
      if (error instanceof Problem) return sendProblem(reply, request, error, publicUrl)
      throw error
    }
  })
}

/** RFC 9112 §3.2: one `Host`, and a whole URL in the request line (§3.2.2) counts instead of it. */
function checkHost({ host: header, url, raw }: FastifyRequest): void {
  const hosts = raw.rawHeaders.filter((text, index) => index % 2 === 0 && /^host$/i.test(text))
  if (hosts.length > 1) throw problem('malformed-request', 'it has more than one `Host`')
  const host = url.startsWith('/') ? header : (hostOf(url) ?? '')
  if (namesLoopback(host)) return
  throw problem('misdirected', `the request is for ${quoted(host)}`)
}

/** As browsers tell it: Fetch Metadata where they have it, the origin otherwise. */
function checkSite(request: FastifyRequest): void {
  // A websocket is asked for by GET, and then open to whoever asked.
  if (SAFE_METHODS.has(request.method) && request.headers.upgrade === undefined) return
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site === 'same-origin' || site === 'none') return
  if (site === undefined && (origin === undefined || hostOf(origin) === request.host)) return
  throw problem('cross-site', `it was sent by a page of ${origin ?? 'another site'}`)
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}

/** Probes are not counted: whoever watches must not be told that the service is ill. */
async function rateLimiter(app: Api, limits: Limits) {
  await app.register(rateLimit, { global: false, cache: CLIENTS_COUNTED_MAX })
  const count = app.createRateLimit({
    timeWindow: 1_000,
    keyGenerator: ({ ip }) => ip,
    max: ({ ip }) => (isLoopback(ip) ? limits.localRequestsPerSecond : limits.requestsPerSecond),
    allowList: ({ routeOptions }) =>
      routeOptions.url === '/healthz' || routeOptions.url === '/readyz',
  })
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const counted = await count(request)
    if (counted.isAllowed || !counted.isExceeded) return
    reply.header('retry-after', counted.ttlInSeconds)
    throw problem('too-many-requests', `${counted.max} a second may be`)
  }
}

/** Lets it pass, refuses it, or sends a person with a browser to the login page. */
function checkScope(request: FastifyRequest, reply: FastifyReply, tokens: readonly Token[]) {
  const { url } = request.routeOptions
  // No route: the answer will be that nothing is there.
  if (request.is404 || url === undefined) return
  const needs = needsOf(request.method, url)
  if (needs === 'open') return
  if (needs === undefined) throw new Error(`${request.method} ${url} needs a scope`)
  const token = whoIs(request, tokens)
  if (token === null) return noToken(request, reply, needs)
  if (permits(token, needs)) return
  const challenge = `Bearer error="insufficient_scope", scope="${needs}"`
  reply.header('www-authenticate', challenge)
  throw problem('scope-needed', `"${token.name}" lacks the scope "${needs}"`, { scope: needs })
}

/** Whose token, or whose session, the request bears. */
export function whoIs(request: FastifyRequest, tokens: readonly Token[]): Token | null {
  const { authorization, cookie } = request.headers
  if (authorization === undefined) return sessionOf(cookie, tokens, Date.now())
  const secret = BEARER.exec(authorization)?.[1] ?? passwordOf(request)
  return secret === undefined ? null : findToken(tokens, secret)
}

/** A token as the password of Basic (RFC 7617), whoever the user is. */
function passwordOf({ headers, routeOptions }: FastifyRequest): string | undefined {
  if (!MAILPITS.test(routeOptions.url ?? '')) return undefined
  const encoded = BASIC.exec(headers.authorization ?? '')?.[1]
  const [, password] = /^[^:]*:(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? []
  return password
}

function noToken(request: FastifyRequest, reply: FastifyReply, needs: Scope) {
  const { authorization, accept = '' } = request.headers
  const asked = authorization !== undefined
  if (request.method === 'GET' && !asked && accept.includes('text/html')) {
    return reply.redirect(`/login?next=${encodeURIComponent(request.url)}`, 303)
  }
  reply.header('www-authenticate', asked ? 'Bearer error="invalid_token"' : 'Bearer')
  throw problem('token-needed', asked ? 'the token is not known here' : 'none was sent', {
    scope: needs,
  })
}
