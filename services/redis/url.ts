/**
 * What may stand in REDIS_URL, and how it is shown.
 *
 * `redis://` and `rediss://` (TLS), a unix socket (`unix:///run/redis.sock`, `redis+unix:///...` or
 * just the path, with `?db=1` for another database), a comma list, which means a cluster, or
 * `redis+sentinel://` with a list of sentinels and, as its path, the name by which they know the
 * master. A user and a password stand before the host, or before the path of a socket,
 * percent-encoded; before sentinels they are the master's.
 *
 * Rule: a password is never printed. Whatever shows a URL, an error of this file included, shows
 * `redact(url)`.
 */
import { EXIT, StartError } from '../setup/start-error.mjs'

export interface RedisNode {
  host: string
  port: number
}

interface Common {
  username?: string
  password?: string
  db: number
}
/** Where a Redis is, in one of four kinds. */
export type RedisTarget =
  | (Common & { kind: 'tcp'; tls: boolean } & RedisNode)
  | (Common & { kind: 'unix'; path: string })
  | (Common & { kind: 'cluster'; tls: boolean; nodes: RedisNode[] })
  | (Common & { kind: 'sentinel'; tls: boolean; nodes: RedisNode[]; master: string })

const DEFAULT_PORT = 6379
const DEFAULT_SENTINEL_PORT = 26_379

/** User, password, path, query. */
const SOCKET_URL =
  /^(?:(?:redis\+)?unix:(?:\/\/(?:([^:@/]*):([^/]*)@)?)?)?(\/[^/?][^?]*)(?:\?(.*))?$/

const FORMS = `Give one of
  redis://[user:password@]host[:port][/database]
  rediss://...                    the same over TLS
  unix:///path/to/redis.sock      or the path alone; another database with ?db=1
  redis://host:port,host:port     a comma list: the nodes of a cluster
  redis+sentinel://[user:password@]host[:port],host[:port]/master[/database]
                                  sentinels (rediss+sentinel:// with TLS), and the master's name`

/**
 * The same text with each password replaced. Takes any text, since a URL that is shown may well be
 * a wrong one; in doubt it hides too much: all from the colon after the user to the last @ of the
 * word.
 */
export function redact(url: string): string {
  return url
    .replace(/([^\s:@]*:\/\/)?([^\s:@]*):(?!\/\/)\S*@/g, '$1$2:***@')
    .replace(/([?&]password=)[^&,\s]*/gi, '$1***')
}

function refuse(url: string, why: string): never {
  throw new StartError(
    `'${redact(url)}' is no Redis that can be used: ${why}.\n${FORMS}`,
    EXIT.usage,
  )
}

export function parseRedisUrl(url: string): RedisTarget {
  if (url.trim() === '') refuse(url, 'it is empty')
  if (/^(redis\+unix:|unix:|\/)/.test(url)) return parseSocket(url)
  if (/^rediss?\+sentinel:/.test(url)) return parseSentinels(url)
  const parts = url.split(',').map((part) => part.trim())
  const first = parseHost(url, parts[0] ?? '')
  if (parts.length === 1) return first
  if (first.db !== 0) refuse(url, 'a cluster has no database but 0')
  const nodes = parts.map((part) => parseHost(url, part.includes('://') ? part : `redis://${part}`))
  const { host: _host, port: _port, ...shared } = first
  return { ...shared, kind: 'cluster', nodes: nodes.map(({ host, port }) => ({ host, port })) }
}

function parseHost(whole: string, part: string): RedisTarget & { kind: 'tcp' } {
  if (!/^rediss?:\/\//.test(part)) refuse(whole, 'it begins with neither redis:// nor rediss://')
  if (!URL.canParse(part)) refuse(whole, 'it is not a URL')
  const { protocol, hostname, port, pathname, username, password } = new URL(part)
  if (hostname === '') refuse(whole, 'it names no host')
  return {
    kind: 'tcp',
    tls: protocol === 'rediss:',
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? DEFAULT_PORT : Number(port),
    db: parseDatabase(whole, pathname.slice(1)),
    ...credentials(whole, username, password),
  }
}

/** Scheme, user and password, hosts, master, database. */
const SENTINEL_URL = /^(rediss?)\+sentinel:\/\/([^@/]*@)?([^/]*)(?:\/([^/]*)(?:\/(.*))?)?$/

function parseSentinels(url: string): RedisTarget {
  const [, scheme, login = '', hosts = '', name = '', database = ''] = SENTINEL_URL.exec(url) ?? []
  if (name === '') refuse(url, "it does not name the sentinels' master")
  const [first = '', ...more] = hosts.split(',').map((part) => part.trim())
  const { host, port, tls, db: _, ...shared } = sentinel(url, `${scheme}://${login}${first}`)
  const others = more.map((part) => sentinel(url, `${scheme}://${part}`))
  const nodes = [{ host, port }, ...others].map((node) => ({ host: node.host, port: node.port }))
  const place = { kind: 'sentinel', tls, nodes, master: decode(url, name) } as const
  return { ...shared, ...place, db: parseDatabase(url, database) }
}

function sentinel(whole: string, part: string) {
  const { kind: _, ...node } = parseHost(whole, part)
  const hasPort = new URL(part).port !== ''
  return { ...node, port: hasPort ? node.port : DEFAULT_SENTINEL_PORT }
}

function parseSocket(url: string): RedisTarget {
  const match = SOCKET_URL.exec(url)
  const [, username = '', password = '', path = '', query = ''] = match ?? []
  if (path === '') refuse(url, 'it names no path of a socket')
  if (path.includes(',')) refuse(url, 'a cluster is reached by hosts, not by sockets')
  const options = new URLSearchParams(query)
  return {
    kind: 'unix',
    path: decode(url, path),
    db: parseDatabase(url, options.get('db') ?? ''),
    ...credentials(url, username, password),
  }
}

function parseDatabase(url: string, text: string): number {
  if (!/^\d*$/.test(text)) refuse(url, `'${text}' is not the number of a database`)
  return Number(text)
}

function credentials(url: string, username: string, password: string) {
  return {
    ...(username === '' ? {} : { username: decode(url, username) }),
    ...(password === '' ? {} : { password: decode(url, password) }),
  }
}

function decode(url: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse(url, 'it holds a % that is not followed by two hexadecimal digits')
  }
}
