/**
 * Every option of the service, in one table: its name, environment variable, default, description
 * and parser.
 *
 * `--help` is made from it and the command line is read with it (config.ts), so an option that is
 * not here does not exist. A parser throws `BadValue` with what it expects; the name of the option
 * is put before that.
 */
import { resolve } from 'node:path'
import { MAIL_OPTIONS } from './mail-options.ts'
import { matching, oneOf, optional, wholeNumber } from './option-values.ts'
import { OWN_OPTIONS } from './own/options.ts'
import {
  DURABILITIES,
  type Durability,
  REPLICAS_MAX,
  type ReplicasWanted,
} from './redis/durability.ts'
import { parseRedisUrl } from './redis/url.ts'
import {
  KEEP_DAYS,
  KEEP_MEGABYTES,
  KEEP_MESSAGES,
  KEEP_STEPS,
  QUEUE_LIMIT,
} from './runtime/limits.ts'
import type { SmartHost } from './smart-host/name.ts'

export const WORKER_ROLES = ['mta', 'store', 'moves', 'directory'] as const
export const ROLES = ['api', ...WORKER_ROLES] as const
export type ServiceRole = (typeof ROLES)[number]

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
  /** Who gets what is for addresses beyond the sites; null: the mailbox `outside` of each. */
  smartHost: SmartHost | null
  /** Absolute: the file of tokens; null: none is asked for. */
  tokens: string | null
  /** The user's own Redis, or null for the embedded one. */
  redisUrl: string | null
  namespace: string
  /** Absolute. */
  data: string
  durability: Durability
  replicas: ReplicasWanted
  /** Of the embedded Redis; null is half of the machine's. */
  redisMemory: number | null
  queueLimit: number
  keepDays: number
  keepMessages: number
  keepMegabytes: number
  keepSteps: number
  /** `all` is the supervisor with everything; a list is just these, in this process. */
  roles: 'all' | ServiceRole[]
  server: string | null
  site: string | null
  concurrency: number
  workerProcesses: number
  /** Absolute: modules with defects, and profiles, of the user's own. */
  defects: string[]
  profiles: string[]
  demo: boolean
  /** What is printed when all is up is for a program. */
  json: boolean
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

const siteName = matching(
  /^[a-z0-9][a-z0-9-]{0,62}$/,
  'consists of a-z, 0-9 and -, 63 characters at most',
)
/** More only make a worker's event loop late. */
const MOST_CONCURRENCY = 10_000
/** An empty Redis takes up a megabyte or two; a site with some mail, a few. */
const LEAST_REDIS_MEGABYTES = 16
const MOST_REDIS_MEGABYTES = 1_048_576
/** Redis would have been full long before. */
const MOST_EVENTS = 100_000_000
/** Ten years. */
const MOST_DAYS = 3_650
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
  ...MAIL_OPTIONS,
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
    description: 'your own: redis://, rediss://, unix://, redis+sentinel://; a list for a cluster',
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
    description: `what 202 promises: ${DURABILITIES.join(', ')}; your own Redis must keep it`,
    parse: oneOf(DURABILITIES),
  },
  replicas: {
    name: 'replicas',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_REPLICAS',
    default: 'auto',
    description: 'replicas that must have it before 202; auto: 1 with always and a replica',
    parse: (text) => (text === 'auto' ? text : wholeNumber(0, REPLICAS_MAX)(text)),
  },
  redisMemory: {
    name: 'redis-memory',
    value: 'MEGABYTES',
    env: 'UNDELIVERABLE_REDIS_MEMORY',
    defaultText: "half of the machine's",
    description: 'what the embedded Redis may use; new mail is refused at 80% of it',
    parse: optional(wholeNumber(LEAST_REDIS_MEGABYTES, MOST_REDIS_MEGABYTES)),
  },
  queueLimit: {
    name: 'queue-limit',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_QUEUE_LIMIT',
    default: String(QUEUE_LIMIT),
    description: 'events of a site that may be under way before new mail is refused',
    parse: wholeNumber(1, MOST_EVENTS),
  },
  keepDays: {
    name: 'keep-days',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_KEEP_DAYS',
    default: String(KEEP_DAYS),
    description: 'for how long a site keeps settled mail, at most; unsettled mail always stays',
    parse: wholeNumber(1, MOST_DAYS),
  },
  keepMessages: {
    name: 'keep-messages',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_KEEP_MESSAGES',
    default: String(KEEP_MESSAGES),
    description: 'how many messages a site keeps before settled ones go',
    parse: wholeNumber(1, MOST_EVENTS),
  },
  keepMegabytes: {
    name: 'keep-megabytes',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_KEEP_MEGABYTES',
    default: String(KEEP_MEGABYTES),
    description: 'how much of them, content included',
    parse: wholeNumber(1, MOST_REDIS_MEGABYTES),
  },
  keepSteps: {
    name: 'keep-steps',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_KEEP_STEPS',
    default: String(KEEP_STEPS),
    description: "how many steps the site's journal keeps",
    parse: wholeNumber(1, KEEP_STEPS),
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
  ...OWN_OPTIONS,
  demo: {
    name: 'no-demo',
    env: 'UNDELIVERABLE_NO_DEMO',
    defaultText: 'it is made at the first start',
    description: 'do not make the site `demo`',
    parse: (text) => text === '' || text === '0',
  },
  json: {
    name: 'json',
    env: 'UNDELIVERABLE_JSON',
    defaultText: 'lines for a person',
    description: 'where everything is, as one line of JSON; nothing else is on stdout then',
    parse: (text) => text !== '' && text !== '0',
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
