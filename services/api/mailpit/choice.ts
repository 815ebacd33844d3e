/**
 * Which mailbox, or which site, a client of Mailpit's API means that asks at the root: `/api/v1/…`,
 * `/api/events` and `/view/…`.
 *
 * By the query: `?site=demo&mailbox=anna`, or `?site=demo` for all of its mailboxes together. By
 * the host: `anna.demo.localhost`, or `demo.localhost`; names under `localhost` lead to this
 * machine (RFC 6761 §6.3). The query counts first. Whatever names neither stays as it is, and is
 * not found.
 */
const AT_ROOT = /^\/(?:api\/v1\/|api\/events$|view\/)/
const BY_HOST = /^(?:([a-z0-9-]+)\.)?([a-z0-9-]+)\.localhost(?::\d+)?$/i

/** The path and query as the routes know them. */
export function chosen(url: string, host: string): string {
  const [path = '', text = ''] = url.split('?', 2)
  if (!AT_ROOT.test(path)) return url
  const query = new URLSearchParams(text)
  const [, alias, name] = BY_HOST.exec(host) ?? []
  const site = query.get('site') ?? name
  const mailbox = query.has('site') ? query.get('mailbox') : (query.get('mailbox') ?? alias)
  if (!site) return url
  query.delete('site')
  query.delete('mailbox')
  const rest = query.size > 0 ? `?${query}` : ''
  const within = mailbox ? `/mailboxes/${encodeURIComponent(mailbox.toLowerCase())}` : ''
  return `/sites/${encodeURIComponent(site.toLowerCase())}${within}${path}${rest}`
}
