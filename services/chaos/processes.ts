/**
 * The service as separate processes under chaos: an API, MTAs, stores and movers, each a real child
 * with a link of its own to Redis, each started again when it dies.
 *
 * A kill is SIGKILL, and counts when the process is seen to be gone. A stopped process is let go
 * when its time is over, and at the latest when the run ends.
 */
import { spawn } from 'node:child_process'
import { MAIN, NODE_FLAGS } from '../main-program.ts'
import type { ServiceRole } from '../options.ts'
import { type Kept, keepRunning } from '../processes.ts'
import { identify, isAlive } from '../redis/process-identity.ts'
import type { RoleReady } from '../roles.ts'
import { type Link, openLink, type Upstream } from './link.ts'
import type { Kind } from './plan.ts'
import { until } from './until.ts'

/** Which roles each kind of process runs, and how many of it there are. */
export const FLEET: readonly { kind: Exclude<Kind, 'redis'>; roles: ServiceRole[]; of: number }[] =
  [
    { kind: 'api', roles: ['api'], of: 1 },
    // Two of each, so that what one has in hand when it stops is taken by another.
    { kind: 'mta', roles: ['mta'], of: 2 },
    { kind: 'store', roles: ['store'], of: 2 },
    { kind: 'moves', roles: ['moves', 'directory'], of: 1 },
  ]

export interface Victim {
  kind: Kind
  name: string
  /** The process that runs now, if one does. */
  pid(): number | null
  /** Is it up, as far as it can say itself? */
  isUp(): boolean
}

export interface Part extends Victim {
  /** None where Redis is several nodes, each with an address of its own. */
  link: Link | null
  /** Of the API: where it listens. */
  url: string | null
  stop(): Promise<void>
}

export interface PartOptions {
  /** One Redis, to which each process has a link; or a REDIS_URL as it is. */
  redis: Upstream | { url: string }
  namespace: string
  /** How durable Redis is; said in each 202. */
  durability: string
  /** Where what the processes say goes: a file's descriptor. */
  output: number
  log(line: string): void
}

/** The load comes over HTTP, and the usual ports may be somebody else's. */
const NO_MAIL = ['--host', '127.0.0.1', '--smtp-port', 'off', '--pop3-port', 'off']
/** A role gives itself 10 s to end. */
const STOP_WITHIN_MS = 12_000
/** A process that is killed is gone within milliseconds, unless the machine is very busy. */
const GONE_WITHIN_MS = 10_000

export async function startFleet(options: PartOptions): Promise<Part[]> {
  const parts = FLEET.flatMap(({ kind, roles, of }) =>
    Array.from({ length: of }, (_, index) =>
      startPart(options, kind, of === 1 ? kind : `${kind}-${index + 1}`, roles),
    ),
  )
  return Promise.all(parts)
}

async function startPart(
  options: PartOptions,
  kind: Part['kind'],
  name: string,
  roles: ServiceRole[],
): Promise<Part> {
  const { redis } = options
  const link = 'url' in redis ? null : await openLink(redis)
  const url = 'url' in redis ? redis.url : (link as Link).url
  let port = 0
  let up: number | null = null
  const part: Part = {
    kind,
    name,
    link,
    url: null,
    pid: () => kept.pid(),
    isUp: () => up !== null && up === kept.pid(),
    async stop() {
      await kept.stop()
      await link?.close()
    },
  }
  const kept: Kept<RoleReady> = keepRunning<RoleReady>({
    name,
    log: options.log,
    graceMs: STOP_WITHIN_MS,
    launch: () => launch(options, url, roles, port),
    onReady(ready, pid) {
      up = pid
      // Port 0 was any free one: an API that is started again keeps it.
      if (ready.url === undefined) return
      part.url = ready.url
      port = Number(new URL(ready.url).port)
    },
  })
  await kept.ready
  return part
}

function launch(options: PartOptions, redisUrl: string, roles: ServiceRole[], port: number) {
  const { namespace, durability } = options
  const mode = ['--namespace', namespace, '--durability', durability, '--no-demo']
  const args = ['--role', roles.join(','), ...mode]
  const listen = roles.includes('api') ? [...NO_MAIL, '--port', `${port}`] : []
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, ...args, ...listen], {
    env: { ...process.env, REDIS_URL: redisUrl },
    stdio: ['ignore', options.output, options.output, 'ipc'],
    detached: true,
  })
  const ready = new Promise<RoleReady>((resolve) => {
    child.on('message', (message: RoleReady) => {
      if (message.type === 'ready') resolve(message)
    })
  })
  return { child, ready }
}

/** Processes that are killed already, and may not be gone yet: nobody dies twice. */
const doomed = new Set<string>()

/** Kills the process with SIGKILL; says when, or null when there is none that is up. */
export async function kill(victim: Victim): Promise<number | null> {
  const identity = identify(victim.pid() ?? 0)
  if (identity === null || !victim.isUp()) return null
  const name = `${identity.pid} ${identity.identity}`
  if (doomed.has(name)) return null
  doomed.add(name)
  process.kill(identity.pid, 'SIGKILL')
  const at = Date.now()
  await until(() => !isAlive(identity), GONE_WITHIN_MS, `${victim.name} was killed and lives`)
  return at
}

/** What lets those go on that are stopped now: one that is stopped cannot even end by itself. */
const stopped = new Set<() => void>()

/** Stops the process with SIGSTOP; answers with what lets it go on, or null when it is not up. */
export function stop(victim: Victim): (() => void) | null {
  const identity = identify(victim.pid() ?? 0)
  if (identity === null || !victim.isUp()) return null
  process.kill(identity.pid, 'SIGSTOP')
  const goOn = (): void => {
    stopped.delete(goOn)
    // Its number may be another's by now.
    if (isAlive(identity)) process.kill(identity.pid, 'SIGCONT')
  }
  stopped.add(goOn)
  return goOn
}

/** For whoever ends in the middle of a run. */
export function releaseAll(): void {
  for (const goOn of stopped) goOn()
}
