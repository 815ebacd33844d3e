/**
 * Runs roles in this process: the API, workers, or both.
 *
 * Under the supervisor it tells when it is up and dies when the supervisor does; alone it runs in
 * the foreground until a signal. What a role needs is loaded only for that role, so a worker
 * carries no web server.
 */
import type { AddressInfo } from 'node:net'
import { doorsOf } from './banner.ts'
import { type DemoState, ensureDemo } from './demo.ts'
import { isLoopback } from './loopback.ts'
import type { MailPorts } from './mail-doors.ts'
import { type Config, type ServiceRole, WORKER_ROLES } from './options.ts'
import { assuranceText, assureOrRefuse, checkRedis } from './redis/check.ts'
import { type Connection, connect } from './redis/connect.ts'
import { keepFor } from './runtime/limits.ts'
import { EXIT, StartError } from './setup/start-error.mjs'
import { onSignals } from './shutdown.ts'
import { readTokens } from './tokens.ts'
import { version } from './version.ts'

/** What a role tells the supervisor, once. */
export interface RoleReady {
  type: 'ready'
  /** Of the API: where it listens, and what became of the demo site. */
  url?: string
  /** Ports of the doors for mail; null for one that is closed. */
  mail?: MailPorts
  demo?: DemoState | 'off'
  /** Names of all sites. */
  sites?: string[]
}

/**
 * Jobs in progress end well within this; a hanging connection must not hold up the end for ever.
 */
const CLOSE_WITHIN_MS = 10_000

interface Running {
  ready: RoleReady
  close(): Promise<void>
}

export async function runRoles(config: Config, roles: readonly ServiceRole[]): Promise<void> {
  const supervised = process.send !== undefined
  // Without its supervisor this process would go on unseen, on a Redis that is gone as well.
  if (supervised) process.once('disconnect', () => process.exit(EXIT.failed))
  const parts: Running[] = []
  onSignals({
    orderly: () => closeAll(parts),
    atOnce: () => undefined,
  })
  const connection = openConnection(config)
  const promised = supervised ? null : await promiseOf(connection, roles)
  const workers = WORKER_ROLES.filter((role) => roles.includes(role))
  // A fault rule may kill a process that is the workers' own.
  const mayDie = !roles.includes('api')
  if (workers.length > 0) parts.push(await runWorkers(config, connection, workers, mayDie))
  if (roles.includes('api')) parts.push(await runApi(config, connection))
  const ready: RoleReady = Object.assign({}, ...parts.map((part) => part.ready))
  if (supervised) process.send?.(ready)
  else if (config.json) console.log(JSON.stringify(factsOf(config, connection, ready, promised)))
  else tell(config, connection, roles, ready, promised)
}

function openConnection(config: Config): Connection {
  if (config.redisUrl === null) {
    throw new StartError(
      'A role that runs alone needs the Redis of the others: give --redis-url or REDIS_URL.\n' +
        '(Without --role, everything is started together, with a Redis of its own.)',
      EXIT.usage,
    )
  }
  const { redisUrl, namespace, durability, replicas } = config
  return connect({ redisUrl, namespace, durability, replicas })
}

/**
 * What the Redis makes of the mode, for whoever accepts mail; a worker only needs a sound Redis.
 */
async function promiseOf(
  connection: Connection,
  roles: readonly ServiceRole[],
): Promise<string | null> {
  const facts = await checkRedis(connection)
  if (!roles.includes('api')) return null
  return assuranceText(connection.durability, assureOrRefuse(connection, facts))
}

async function runWorkers(
  config: Config,
  connection: Connection,
  roles: (typeof WORKER_ROLES)[number][],
  mayDie: boolean,
): Promise<Running> {
  const { startWorkers } = await import('./workers.ts')
  const workers = await startWorkers(connection, {
    roles,
    mayDie,
    concurrency: config.concurrency,
    keep: keepOf(config),
    ...(config.smartHost === null ? {} : { smartHost: config.smartHost }),
    ...(config.server === null ? {} : { server: config.server }),
    ...(config.site === null ? {} : { site: config.site }),
  })
  return { ready: { type: 'ready' }, close: () => workers.close() }
}

const keepOf = ({ keepDays, keepMessages, keepMegabytes, keepSteps }: Config) =>
  keepFor(keepDays, keepMessages, keepMegabytes, keepSteps)

async function runApi(config: Config, connection: Connection): Promise<Running> {
  const [{ openEmulator }, { buildApp }, { accessOf, openMailDoors }] = await Promise.all([
    import('./runtime/live.ts'),
    import('./api/app.ts'),
    import('./mail-doors.ts'),
  ])
  const tokens = config.tokens === null ? [] : readTokens(config.tokens)
  const emulator = await openEmulator(connection, { queue: config.queueLimit })
  const logTo = config.json ? { logTo: process.stderr } : {}
  const app = await buildApp({ emulator, connection, log: config.logLevel, tokens, ...logTo })
  await app.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
    throw cannotListen(error, config.host, config.port, 'port')
  })
  const failed = (error: unknown, port: number, option: string) =>
    cannotListen(error, config.host, port, option)
  const access = accessOf(tokens, isLoopback(config.host))
  const mail = await openMailDoors(config, emulator, failed, access)
  const demo = config.demo ? await ensureDemo(emulator, connection) : 'off'
  return {
    ready: {
      type: 'ready',
      url: urlOf(app.server.address() as AddressInfo),
      mail: { smtp: mail.smtp, lmtp: mail.lmtp, pop3: mail.pop3 },
      demo,
      sites: (await emulator.sites()).map(({ name }) => name),
    },
    async close() {
      await Promise.all([app.close(), mail.close()])
      await emulator.close()
    },
  }
}

/** What listening failed with, in words, with the option that mends it. */
function cannotListen(error: unknown, host: string, port: number, option: string): Error {
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} of ${host} is taken by another program. Give --${option}.`,
    EACCES: `This user may not listen on ${host}:${port}. Give --${option} with 1024 or higher.`,
    EADDRNOTAVAIL: `${host} is no address of this machine. Give another --host.`,
    ENOTFOUND: `${host} is no address of this machine. Give another --host.`,
  }
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? '']
  return reason === undefined ? (error as Error) : new StartError(reason, EXIT.portTaken)
}

/** An address that means every address is shown as the one that always works here. */
export function urlOf(address: AddressInfo): string {
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[address.address] ?? address.address
  const quoted = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return `http://${quoted}:${address.port}`
}

async function closeAll(parts: Running[]): Promise<void> {
  const late = setTimeout(() => {
    console.error(`This process did not end in ${CLOSE_WITHIN_MS} ms; it ends now.`)
    process.exit(EXIT.failed)
  }, CLOSE_WITHIN_MS)
  await Promise.all(parts.map((part) => part.close()))
  clearTimeout(late)
}

/** What is told of roles that run alone, for a program. */
function factsOf(
  config: Config,
  connection: Connection,
  { url = null, ...ready }: Omit<RoleReady, 'url'> & { url?: string | null },
  promised: string | null,
): object {
  const { roles, site, server, namespace, durability } = config
  const doors = ready.mail === undefined ? {} : doorsOf(config, ready)
  return {
    version: version(),
    roles,
    site,
    server,
    url,
    ...doors,
    ...(ready.sites === undefined ? {} : { sites: ready.sites }),
    redis: { where: connection.displayUrl, namespace },
    durability: { mode: durability, words: promised },
    process: process.pid,
  }
}

function tell(
  config: Config,
  connection: Connection,
  roles: readonly ServiceRole[],
  ready: RoleReady,
  promised: string | null,
): void {
  const narrowed = [config.site, config.server].filter((name) => name !== null).join('.')
  const of = narrowed === '' ? '' : ` of ${narrowed}`
  console.log(`Undeliverable: ${roles.join(', ')}${of} up (process ${process.pid}).`)
  if (ready.url !== undefined) console.log(`  HTTP   ${ready.url}`)
  for (const [door, port] of Object.entries(ready.mail ?? {})) {
    if (port !== null) console.log(`  ${door.toUpperCase()}   port ${port}`)
  }
  console.log(`  Redis  ${connection.displayUrl} (namespace ${connection.namespace})`)
  if (promised !== null) console.log(`  durability  ${promised}`)
}
