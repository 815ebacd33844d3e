/**
 * The pages of our own: `/`, which says where everything is, and `/problems`, the table of codes
 * that the `type` of every problem points into; and what every page is made with.
 */

import type { FastifyReply } from 'fastify'
import { PROBLEMS } from '../errors.ts'
import type { Api } from './resource.ts'

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color-scheme: light dark }
table { border-collapse: collapse } td, th { text-align: left; padding: .4rem .8rem .4rem 0;
  vertical-align: top; border-bottom: 1px solid #8884 }
code, pre { font: 14px/1.5 ui-monospace, monospace } pre { background: #8882; padding: 1rem;
  overflow-x: auto } tr:target { background: #fe84 }
`

const PLACES: [string, string][] = [
  ['/docs', 'The API, to read and to try'],
  ['/queues', 'The queues: every event, for whom it was, what it changed'],
  ['/sites', 'The sites of this service'],
  ['/sites/demo', 'The demo site, unless it was deleted'],
  ['/sites/demo/audit', 'Its ledger: was anybody silently lost?'],
  ['/problems', 'Every code of a refusal'],
  ['/metrics', 'Prometheus'],
  ['/readyz', 'Is it ready?'],
  ['/login', 'Sign in with a token, where the service asks for one'],
]

const FIRST_CALL = `curl -s ORIGIN/sites/demo/messages \\
  -H 'content-type: application/json' \\
  -d '{"from": "carol", "to": ["anna"], "subject": "Lunch?"}'`

const hidden = { schema: { hide: true } }

export function pages(app: Api, publicUrl: string): void {
  const problems = problemsPage()
  app.get('/', hidden, async (request, reply) => {
    const origin = publicUrl === '' ? `${request.protocol}://${request.host}` : publicUrl
    return html(reply).send(homePage(origin))
  })
  app.get('/problems', hidden, async (_request, reply) => html(reply).send(problems))
}

const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

/** For a page of a library: its own scripts and styles; what it sets inline are styles. */
export const UI_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** For whatever is no page: should a browser take it for one, it may do nothing. */
export const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"

/** For a page with a form, which may send it here and nowhere else. */
export const FORM_POLICY = `${PAGE_POLICY}; form-action 'self'`

export function html(
  reply: FastifyReply,
  policy = `${PAGE_POLICY}; form-action 'none'`,
): FastifyReply {
  return reply.type('text/html; charset=utf-8').header('content-security-policy', policy)
}

function homePage(origin: string): string {
  const rows = PLACES.map(([path, what]) => {
    return `<tr><td><a href="${path}"><code>${path}</code></a></td><td>${escaped(what)}</td></tr>`
  })
  const call = FIRST_CALL.replace('ORIGIN', () => origin)
  return page(
    'Undeliverable',
    '<p>Mail servers on which a mailbox can be moved in the middle of a delivery, and a ledger ' +
      'that says whether any recipient was silently lost.</p>' +
      `<table>${rows.join('')}</table><p>A first message:</p><pre>${escaped(call)}</pre>`,
  )
}

function problemsPage(): string {
  const rows = Object.entries(PROBLEMS).map(([code, { status, title, description }]) => {
    return (
      `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td>` +
      `<td><b>${escaped(title)}.</b> ${marked(description)}</td></tr>`
    )
  })
  return page(
    'Problems',
    '<p>Whatever this service refuses, it answers with <code>application/problem+json</code> ' +
      '(RFC 9457) and one of these as <code>code</code>.</p>' +
      `<table><tr><th>code</th><th>status</th><th>meaning</th></tr>${rows.join('')}</table>`,
  )
}

export function page(title: string, body: string): string {
  const head = `<meta charset="utf-8"><title>${title}</title><style>${STYLE}</style>`
  const main = `<h1>${title}</h1>${body}`
  return `<!doctype html><html lang="en"><head>${head}</head><body>${main}</body></html>`
}

/** For the text of a page, and for an attribute in double quotes. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Escaped, with `code` between back-ticks. */
function marked(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}
