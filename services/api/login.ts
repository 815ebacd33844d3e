/**
 * `/login` and `/logout`: how a browser comes to show the queue UI and the docs, for which it
 * cannot send a header of somebody's choice.
 *
 * A form, and not HTTP Basic: a browser that once knew a password for Basic sends it with requests
 * that other sites' pages cause, cannot be told to forget it, and asks for a name that we do not
 * have. Rules: where one is sent afterwards is a path of this service; the token is never shown.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Token } from '../tokens.ts'
import { findToken } from '../tokens.ts'
import { whoIs } from './gate.ts'
import { LOGIN_BODY_BYTES_MAX } from './limits.ts'
import { escaped, FORM_POLICY, html, page } from './pages.ts'
import type { Api } from './resource.ts'
import { noSessionCookie, sessionCookie } from './session.ts'

const hidden = { hide: true }
const HOME = '/'

export function login(app: Api, tokens: readonly Token[]): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser<string>(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: LOGIN_BODY_BYTES_MAX },
      (_request, body, done) => done(null, new URLSearchParams(body)),
    )
    scope.get('/login', { schema: hidden }, async (request, reply) => {
      const query = new URLSearchParams(request.url.split('?')[1] ?? '')
      return form(reply, tokens, whoIs(request, tokens), { next: nextOf(query.get('next')) })
    })
    scope.post('/login', { schema: hidden }, async (request, reply) => {
      const sent = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      const next = nextOf(sent.get('next'))
      const token = findToken(tokens, (sent.get('token') ?? '').trim())
      if (token === null) return form(reply.code(401), tokens, null, { next, wrong: true })
      reply.header('set-cookie', sessionCookie(token, Date.now(), isTls(request)))
      return reply.redirect(next, 303)
    })
    scope.post('/logout', { schema: hidden }, async (request, reply) => {
      reply.header('set-cookie', noSessionCookie(isTls(request)))
      return reply.redirect('/login', 303)
    })
  })
}

/** TLS ends at a proxy before us. Whoever forges this makes only their own cookie stricter. */
function isTls(request: FastifyRequest): boolean {
  return request.headers['x-forwarded-proto'] === 'https'
}

/** A path of this service, whatever was asked for. */
export function nextOf(asked: string | null): string {
  const here = 'http://here.invalid'
  if (asked === null || !asked.startsWith('/') || !URL.canParse(asked, here)) return HOME
  const { origin, pathname, search } = new URL(asked, here)
  return origin === here && !pathname.startsWith('//') ? `${pathname}${search}` : HOME
}

function form(
  reply: FastifyReply,
  tokens: readonly Token[],
  token: Token | null,
  { next, wrong = false }: { next: string; wrong?: boolean },
): FastifyReply {
  return html(reply, FORM_POLICY).send(page('Sign in', bodyOf(tokens, token, next, wrong)))
}

function bodyOf(
  tokens: readonly Token[],
  token: Token | null,
  next: string,
  wrong: boolean,
): string {
  if (tokens.length === 0) {
    return '<p>This service has no tokens: whoever is on this machine may do everything.</p>'
  }
  const who = token && `<b>${escaped(token.name)}</b> (${escaped(token.scopes.join(', '))})`
  const out = `<form method="post" action="/logout"><p>Signed in as ${who}.
    <button>Sign out</button></p></form>`
  return `${wrong ? '<p role="alert">No token of this service is like that.</p>' : ''}
    ${token ? out : ''}
    <form method="post" action="/login">
    <input type="hidden" name="next" value="${escaped(next)}">
    <p><label>Token <input type="password" name="token" autocomplete="current-password" required
      autofocus></label> <button>Sign in</button></p></form>`
}
