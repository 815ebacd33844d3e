/**
 * Every option of the service, in one table: its name, environment variable, default, description
 * and parser.
 *
 * `--help` is made from it and the command line is read with it (config.ts), so an option that is
 * not here does not exist. A parser throws `BadValue` with what it expects; the name of the option
 * is put before that.
 */
import { resolve } from 'node:path'
import { parseRedisUrl } from './redis/url.ts'

export const WORKER_ROLES = ['mta', 'store', 'moves', 'directory'] as const
export const ROLES = ['api', ...WORKER_ROLES] as const
export type ServiceRole = (typeof ROLES)[number]

const DURABILITIES = ['memory', 'everysec', 'always'] as const
const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const

export interface Config {
  host: string
  port: number
  /** Null: that door is closed. */
  smtpPort: number | null
  lmtpPort: number | null
  pop3Port: number | null
  /** `off`, `generated`, or the path of a PEM file. */
  smtpTls: string
  /** Absolute: the file of tokens; null: none is asked for. */
  tokens: string | null
  /** The user's own Redis, or null for the embedded one. */
  redisUrl: string | null
  namespace: string
  /** Absolute. */
  data: string
  durability: (typeof DURABILITIES)[number]
  /** `all` is the supervisor with everything; a list is just these, in this process. */
  roles: 'all' | ServiceRole[]
  server: string | null
  site: string | null
  concurrency: number
  workerProcesses: number
  demo: boolean
  logLevel: (typeof LOG_LEVELS)[number]
}

export interface Option<Value> {
  name: string
  /** What stands for the value in the help; none for a switch. */
  value?: string
  env?: string
  /** As one would type it; none means that it is not set. */
  default?: string
  /** In the help, when the default is not a value to type. */
  defaultText?: string
  description: string
  /** Throws a `BadValue` for what it cannot read. The empty text means "not given". */
  parse(text: string): Value
}

/** What is expected of a value: the rest of a sentence that begins with the option's name. */
export class BadValue extends Error {}

function oneOf<Value extends string>(values: readonly Value[]) {
  return (text: string): Value => {
    const found = values.find((value) => value === text)
    if (found === undefined) throw new BadValue(`is one of ${values.join(', ')}`)
    return found
  }
}

function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < least || number > most) {
      throw new BadValue(`is a whole number from ${least} to ${most}`)
    }
    return number
  }
}

/** A port, or null for `off`. */
const portOrOff = (text: string): number | null =>
  text === 'off' ? null : wholeNumber(0, 65_535)(text)

function matching(pattern: RegExp, words: string) {
  return (text: string): string => {
    if (!pattern.test(text)) throw new BadValue(words)
    return text
  }
}

const siteName = matching(
  /^[a-z0-9][a-z0-9-]{0,62}$/,
  'consists of a-z, 0-9 and -, 63 characters at most',
)
const optional =
  <Value>(parse: (text: string) => Value) =>
  (text: string): Value | null =>
    text === '' ? null : parse(text)

/** More only make a worker's event loop late. */
const MOST_CONCURRENCY = 10_000
/** Far more than any one machine has use for. */
const MOST_WORKER_PROCESSES = 64

/** Braces and colons have a meaning in the keys of Redis and of BullMQ. */
const namespace = matching(
  /^[A-Za-z0-9._-]{1,64}$/,
  'consists of letters, digits, dots, - and _, 64 characters at most',
)

function parseRoles(text: string): 'all' | ServiceRole[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('all')) return 'all'
  return [...new Set(names.map(oneOf(ROLES)))]
}

export const OPTIONS = {
  host: {
    name: 'host',
    value: 'ADDRESS',
    env: 'HOST',
    default: '127.0.0.1',
    description: 'where to listen; beyond loopback with --tokens only (in HOST an address counts)',
    parse: matching(/^\S+$/, 'is an address or a name'),
  },
  port: {
    name: 'port',
    value: 'NUMBER',
    env: 'PORT',
    default: '3000',
    description: 'the HTTP port; 0 takes any free one',
    parse: wholeNumber(0, 65_535),
  },
  smtpPort: {
    name: 'smtp-port',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_SMTP_PORT',
    default: '1025',
    description: 'the SMTP port; 0 takes any free one, off opens none',
    parse: portOrOff,
  },
  lmtpPort: {
    name: 'lmtp-port',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_LMTP_PORT',
    default: 'off',
    description: 'the LMTP port, in the same way',
    parse: portOrOff,
  },
  pop3Port: {
    name: 'pop3-port',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_POP3_PORT',
    default: '1110',
    description: 'the POP3 port, in the same way',
    parse: portOrOff,
  },
  smtpTls: {
    name: 'smtp-tls',
    value: 'HOW',
    env: 'UNDELIVERABLE_SMTP_TLS',
    default: 'off',
    description: 'STARTTLS, STLS: off, generated, or a PEM file with private key and certificate',
    parse: (text) => (['off', 'generated'].includes(text) ? text : resolve(text)),
  },
  tokens: {
    name: 'tokens',
    value: 'FILE',
    env: 'UNDELIVERABLE_TOKENS',
    defaultText: 'none is asked for',
    description: 'ask for a bearer token of this file (npm run -s token makes one)',
    parse: optional((text) => resolve(text)),
  },
  redisUrl: {
    name: 'redis-url',
    value: 'URL',
    env: 'REDIS_URL',
    defaultText: 'an embedded Redis',
    description: 'your own Redis: redis://, rediss://, unix://, or a comma list for a cluster',
    parse: optional((text) => {
      parseRedisUrl(text)
      return text
    }),
  },
  namespace: {
    name: 'namespace',
    value: 'NAME',
    env: 'UNDELIVERABLE_NAMESPACE',
    default: 'undeliverable',
    description: 'before each key, so that several services can share one Redis',
    parse: namespace,
  },
  data: {
    name: 'data',
    value: 'FOLDER',
    env: 'UNDELIVERABLE_DATA',
    default: '.data',
    description: 'where the embedded Redis keeps its data',
    parse: (text) => resolve(matching(/./, 'is the path of a folder')(text)),
  },
  durability: {
    name: 'durability',
    value: 'HOW',
    env: 'UNDELIVERABLE_DURABILITY',
    default: 'everysec',
    description: `of the embedded Redis: ${DURABILITIES.join(', ')}`,
    parse: oneOf(DURABILITIES),
  },
  roles: {
    name: 'role',
    value: 'ROLE',
    env: 'UNDELIVERABLE_ROLE',
    default: 'all',
    description: `all, or some of ${ROLES.join(', ')} in this process`,
    parse: parseRoles,
  },
  server: {
    name: 'server',
    value: 'NAME',
    env: 'UNDELIVERABLE_SERVER',
    defaultText: 'each server',
    description: 'only the queues of this emulated server, for a role that runs alone',
    parse: optional(siteName),
  },
  site: {
    name: 'site',
    value: 'NAME',
    env: 'UNDELIVERABLE_SITE',
    defaultText: 'each site',
    description: 'only the queues of this site, for a role that runs alone',
    parse: optional(siteName),
  },
  concurrency: {
    name: 'concurrency',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_CONCURRENCY',
    default: '200',
    description: 'how many events of one queue a worker process takes at a time',
    parse: wholeNumber(1, MOST_CONCURRENCY),
  },
  workerProcesses: {
    name: 'worker-processes',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_WORKER_PROCESSES',
    default: '1',
    description: 'how many worker processes the supervisor keeps',
    parse: wholeNumber(1, MOST_WORKER_PROCESSES),
  },
  demo: {
    name: 'no-demo',
    env: 'UNDELIVERABLE_NO_DEMO',
    defaultText: 'it is made at the first start',
    description: 'do not make the site `demo`',
    parse: (text) => text === '' || text === '0',
  },
  logLevel: {
    name: 'log-level',
    value: 'LEVEL',
    env: 'UNDELIVERABLE_LOG_LEVEL',
    default: 'warn',
    description: LOG_LEVELS.join(', '),
    parse: oneOf(LOG_LEVELS),
  },
} satisfies { [Key in keyof Config]: Option<Config[Key]> }
