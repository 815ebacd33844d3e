/**
 * What `npm start` prints once everything is up: where everything is, on a few lines.
 */
import type { Config } from './options.ts'
import type { RoleReady } from './roles.ts'
import { hostText } from './smart-host/name.ts'

interface Processes {
  api: number | null
  workers: (number | null)[]
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

/** `redis.words` are shown as they are: a URL in them has lost its password before. */
export function banner(
  config: Config,
  redis: { words: string; durability: string },
  api: RoleReady,
  processes: Processes,
): string[] {
  const url = api.url ?? ''
  const embedded = config.redisUrl === null
  const folder = embedded && config.durability !== 'memory' ? config.data : 'none of our own'
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
