/**
 * What `npm start` prints once everything is up: where everything is, on a few lines, or as one
 * object for a program.
 */
import type { Config } from './options.ts'
import type { RoleReady } from './roles.ts'
import { hostText } from './smart-host/name.ts'
import { version } from './version.ts'

interface Processes {
  api: number | null
  workers: (number | null)[]
}

/** `words` are shown as they are: a URL in them has lost its password before. */
interface Redis {
  words: string
  durability: string
}

/** Where mail comes in and is read, beside HTTP. */
function mailLines({ host, smtpTls, smartHost }: Config, { mail }: RoleReady): string[] {
  const { smtp = null, lmtp = null, pop3 = null } = mail ?? {}
  const tls = smtpTls === 'off' ? '' : ' (STARTTLS)'
  const stls = smtpTls === 'off' ? '' : ' (STLS)'
  return [
    ...(smtp === null ? [] : [`  SMTP        ${host}:${smtp}${tls}`]),
    ...(lmtp === null ? [] : [`  LMTP        ${host}:${lmtp}${tls}`]),
    ...(pop3 === null ? [] : [`  POP3        ${host}:${pop3}${stls}`]),
    ...(smartHost ? [`  smart host  ${hostText(smartHost)}`] : []),
  ]
}

/** Where the embedded Redis keeps its data, if it does. */
const folderOf = ({ redisUrl, durability, data }: Config): string | null =>
  redisUrl === null && durability !== 'memory' ? data : null

/** The same for a program; what is closed, off or not there is null. */
export function facts(config: Config, redis: Redis, api: RoleReady, processes: Processes): object {
  const url = api.url ?? ''
  return {
    version: version(),
    url,
    queues: `${url}/queues`,
    docs: `${url}/docs`,
    ...doorsOf(config, api),
    smartHost: config.smartHost === null ? null : hostText(config.smartHost),
    demo: api.demo ?? 'off',
    sites: api.sites ?? [],
    tokens: config.tokens,
    redis: { where: redis.words, namespace: config.namespace },
    data: folderOf(config),
    durability: { mode: config.durability, words: redis.durability },
    processes: { supervisor: process.pid, ...processes },
  }
}

/** Ports of the doors for mail, beside HTTP. */
export function doorsOf({ host, smtpTls }: Config, { mail }: RoleReady) {
  const { smtp = null, lmtp = null, pop3 = null } = mail ?? {}
  return { host, smtp, lmtp, pop3, tls: smtpTls === 'off' ? null : smtpTls }
}

export function banner(
  config: Config,
  redis: Redis,
  api: RoleReady,
  processes: Processes,
): string[] {
  const url = api.url ?? ''
  const folder = folderOf(config) ?? 'none of our own'
  const workers = `worker ${processes.workers.join(', ')}`
  const demo: Record<string, string> = {
    made: `${url}/sites/demo`,
    present: `${url}/sites/demo`,
    deleted: 'was deleted, and is not made again',
    off: 'not made (--no-demo)',
  }
  return [
    'Undeliverable is up. Ctrl-C stops it.',
    `  HTTP        ${url}`,
    ...mailLines(config, api),
    `  queues      ${url}/queues`,
    `  API docs    ${url}/docs`,
    `  demo site   ${demo[api.demo ?? 'off']}`,
    `  tokens      ${config.tokens ?? 'none: whoever is on this machine may do everything'}`,
    `  Redis       ${redis.words} (namespace ${config.namespace})`,
    `  data        ${folder}`,
    `  durability  ${redis.durability}`,
    `  processes   API ${processes.api}, ${workers} (one that dies is started again)`,
  ]
}
