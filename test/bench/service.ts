/**
 * The service as it runs by default, for a benchmark: an embedded Redis that writes every second,
 * an API process and a worker process with all roles, each a real child as under the supervisor;
 * but not started again when it dies.
 *
 * Owns the processes and the temporary folder with the data.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NODE_FLAGS } from '../../services/main-program.ts'
import { WORKER_ROLES } from '../../services/options.ts'
import { type Connection, connect } from '../../services/redis/connect.ts'
import type { Durability } from '../../services/redis/durability.ts'
import { type EmbeddedRedis, openEmbedded } from '../../services/redis/embedded.ts'
import type { RoleReady } from '../../services/roles.ts'
import { type Http, openHttp } from './http.ts'

const NAMESPACE = 'bench'

export interface Service {
  connection: Connection
  http: Http
  smtpPort: number
  /** Of the worker process. */
  workerPid: number
  /** One more process with all worker roles, beside those that run. */
  addWorker(): Promise<void>
  /** Starts a program of the benchmarks beside the service; its messages are the caller's. */
  start(program: string, ...args: string[]): Promise<ChildProcess>
  close(): Promise<void>
  /** At once: the processes, then Redis. */
  kill(): void
}

const MAIN = fileURLToPath(new URL('../../services/main.ts', import.meta.url))

/** `durability`: what a 202 means, and what Redis writes, are part of the figures. */
export async function openService(
  profile: string | null,
  durability: Durability = 'everysec',
): Promise<Service> {
  const data = mkdtempSync(join(tmpdir(), 'undeliverable-bench-'))
  const redis = await openEmbedded({ durability, dataFolder: data })
  const connection = connect({ redisUrl: redis.url, namespace: NAMESPACE, durability })
  const children = openChildren(redis)
  const role = (names: readonly string[]) =>
    children.start(profilingTo(profile), [
      ...[MAIN, '--role', names.join(','), '--namespace', NAMESPACE, '--no-demo'],
      ...['--durability', durability],
      ...['--host', '127.0.0.1', '--port', '0', '--smtp-port', '0', '--pop3-port', '0'],
    ])
  const worker = await role(WORKER_ROLES)
  const api = await role(['api'])
  const http = openHttp(api.ready.url ?? '')
  return {
    connection,
    http,
    smtpPort: api.ready.mail?.smtp ?? 0,
    workerPid: worker.child.pid ?? 0,
    addWorker: async () => void (await role(WORKER_ROLES)),
    start: async (...command) => (await children.start([], command)).child,
    async close() {
      http.close()
      await children.stop()
      await redis.stop()
      rmSync(data, { recursive: true, force: true })
    },
    kill() {
      children.kill()
      redis.kill()
    },
  }
}

function profilingTo(folder: string | null): string[] {
  if (folder === null) return []
  mkdirSync(resolve(folder), { recursive: true })
  return ['--cpu-prof', `--cpu-prof-dir=${resolve(folder)}`]
}

function openChildren(redis: EmbeddedRedis) {
  const running = new Set<ChildProcess>()
  let stopping = false
  const start = async (nodeOptions: string[], args: string[]) => {
    const command = [...nodeOptions, ...NODE_FLAGS, ...args]
    const child = spawn(process.execPath, command, {
      env: { ...process.env, REDIS_URL: redis.url },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
    })
    running.add(child)
    child.once('exit', (code, signal) => {
      running.delete(child)
      if (stopping) return
      console.error(`A process of the benchmark died (${signal ?? code}): ${args.join(' ')}`)
      process.exit(1)
    })
    const [ready] = (await once(child, 'message')) as [RoleReady]
    return { child, ready }
  }
  return {
    start,
    async stop() {
      stopping = true
      const ended = [...running].map((child) => once(child, 'exit'))
      for (const child of running) child.kill('SIGTERM')
      await Promise.all(ended)
    },
    kill() {
      stopping = true
      for (const child of running) child.kill('SIGKILL')
    },
  }
}
