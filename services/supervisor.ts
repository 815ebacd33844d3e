/**
 * `npm start`: one command for everything.
 *
 * Owns the embedded Redis (unless the user has one), an API process and the worker processes;
 * starts again whichever dies; says where everything is once all of it is up; and at the end stops
 * the roles first and Redis last. Whatever it starts ends with it, even when it is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { banner, facts } from './banner.ts'
import { MAIN, NODE_FLAGS } from './main-program.ts'
import { type Config, WORKER_ROLES } from './options.ts'
import { type Kept, keepRunning, type Launch } from './processes.ts'
import { withProgress } from './progress.ts'
import { assuranceText, assureOrRefuse, checkRedis } from './redis/check.ts'
import { connect } from './redis/connect.ts'
import { openEmbedded, STOP_WITHIN_MS as REDIS_STOP_WITHIN_MS } from './redis/embedded.ts'
import { redact } from './redis/url.ts'
import type { RoleReady } from './roles.ts'
import { onSignals } from './shutdown.ts'
import { hostText } from './smart-host/name.ts'

/** How a role's process is started: replaced in tests by a smaller program. */
export type Command = (roles: readonly string[]) => string[]

/** What can be stopped: the roles, then Redis. */
interface Part {
  stop(): Promise<void>
  kill(): void
}

/** Longer than a role gives itself (roles.ts), so that it is killed only if it hangs. */
const ROLE_STOP_WITHIN_MS = 12_000

/** From SIGTERM to the end of everything: the roles, each within its time, then Redis. */
export const STOP_WITHIN_MS = ROLE_STOP_WITHIN_MS + REDIS_STOP_WITHIN_MS

const ownCommand: Command = (roles) => [...NODE_FLAGS, ...[MAIN, '--role', roles.join(',')]]

const log = (line: string): void => console.error(line)

export async function supervise(config: Config, command: Command = ownCommand): Promise<void> {
  const roles: Part[] = []
  let redis: Part | null = null
  let stopping: Promise<void> | null = null
  const stop = async (): Promise<void> => {
    await Promise.all(roles.map((role) => role.stop()))
    await redis?.stop()
  }
  const stopOnce = (): Promise<void> => {
    stopping ??= stop()
    return stopping
  }
  onSignals({
    orderly() {
      log('Stopping ...')
      return stopOnce()
    },
    atOnce() {
      for (const part of roles) part.kill()
      redis?.kill()
    },
  })
  try {
    const place = await openRedis(config)
    redis = place.part
    const environment = { ...process.env, REDIS_URL: place.url }
    const settled = { ...config }
    const launch = (names: readonly string[]) => launchRole(command(names), settled, environment)
    const api = keepRole(
      'API process',
      () => launch(['api']),
      // Port 0 was any free one: an API that is started again keeps it.
      ({ url, mail }) => {
        if (url !== undefined) settled.port = Number(new URL(url).port)
        if (!mail) return
        Object.assign(settled, {
          smtpPort: mail.smtp,
          lmtpPort: mail.lmtp,
          pop3Port: mail.pop3,
        })
      },
    )
    roles.push(api)
    const workers = Array.from({ length: config.workerProcesses }, (_, index) =>
      keepRole(workerName(config, index), () => launch(WORKER_ROLES)),
    )
    roles.push(...workers)
    const up = () => Promise.all([api.ready, ...workers.map((worker) => worker.ready)])
    const [ready] = await withProgress(() => 'starting', up)
    const processes = { api: api.pid(), workers: workers.map((worker) => worker.pid()) }
    if (config.json) console.log(JSON.stringify(facts(config, place, ready, processes)))
    else for (const line of banner(config, place, ready, processes)) console.log(line)
  } catch (error) {
    await stopOnce()
    throw error
  }
}

function workerName(config: Config, index: number): string {
  return config.workerProcesses === 1 ? 'worker process' : `worker process ${index + 1}`
}

interface RedisPlace {
  part: Part | null
  url: string
  words: string
  /** The mode, and what this Redis makes of it. */
  durability: string
}

async function openRedis(config: Config): Promise<RedisPlace> {
  if (config.redisUrl !== null) {
    const durability = await durabilityOf(config, config.redisUrl)
    return { part: null, url: config.redisUrl, words: redact(config.redisUrl), durability }
  }
  const embedded = await openEmbedded({
    durability: config.durability,
    dataFolder: config.data,
    memoryMegabytes: config.redisMemory,
    log,
  })
  try {
    const words = `embedded, ${embedded.url.slice('unix://'.length)}`
    const durability = await durabilityOf(config, embedded.url)
    return { part: embedded, url: embedded.url, words, durability }
  } catch (error) {
    await embedded.stop()
    throw error
  }
}

/** In words, as this Redis keeps it; throws when it cannot. */
async function durabilityOf(config: Config, redisUrl: string): Promise<string> {
  const { namespace, durability, replicas } = config
  const connection = connect({ redisUrl, namespace, durability, replicas, log })
  const assurance = assureOrRefuse(connection, await checkRedis(connection))
  return assuranceText(durability, assurance)
}

/** What the processes of the roles are told; the Redis and its password go by the environment. */
function roleArguments(config: Config): string[] {
  const values = {
    host: config.host,
    port: config.port,
    'smtp-port': config.smtpPort ?? 'off',
    'lmtp-port': config.lmtpPort ?? 'off',
    'pop3-port': config.pop3Port ?? 'off',
    'smtp-tls': config.smtpTls,
    'smart-host': config.smartHost === null ? 'off' : hostText(config.smartHost),
    namespace: config.namespace,
    durability: config.durability,
    replicas: config.replicas,
    'queue-limit': config.queueLimit,
    'keep-days': config.keepDays,
    'keep-messages': config.keepMessages,
    'keep-megabytes': config.keepMegabytes,
    'keep-steps': config.keepSteps,
    concurrency: config.concurrency,
    'log-level': config.logLevel,
  }
  const given = Object.entries(values).flatMap(([name, value]) => [`--${name}`, `${value}`])
  if (config.tokens !== null) given.push('--tokens', config.tokens)
  for (const file of config.defects) given.push('--defect', file)
  for (const file of config.profiles) given.push('--profile', file)
  if (config.json) given.push('--json')
  return config.demo ? given : [...given, '--no-demo']
}

function launchRole(
  command: string[],
  config: Config,
  environment: NodeJS.ProcessEnv,
): Launch<RoleReady> {
  // A session of its own: Ctrl-C in the terminal reaches the supervisor, and only it.
  const child = spawn(process.execPath, [...command, ...roleArguments(config)], {
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  })
  return { child, ready: readyMessage(child) }
}

function readyMessage(child: ChildProcess): Promise<RoleReady> {
  return new Promise((resolve) => {
    child.on('message', (message: RoleReady) => {
      if (message.type === 'ready') resolve(message)
    })
  })
}

function keepRole(
  name: string,
  launch: () => Launch<RoleReady>,
  onReady?: (ready: RoleReady) => void,
): Kept<RoleReady> {
  let starts = 0
  return keepRunning<RoleReady>({
    name,
    launch,
    log,
    graceMs: ROLE_STOP_WITHIN_MS,
    onReady(ready, pid) {
      onReady?.(ready)
      starts++
      if (starts > 1) log(`The ${name} is up again (process ${pid}).`)
    },
  })
}
