/**
 * The workers: which roles run here, on which sites' queues, and the timekeeper beside them.
 *
 * A role is a kind of queue: `mta` (messages, recipients, report slots), `store` (mailboxes),
 * `directory` (replicas) and `moves`. Any number of processes may run the same role; they meet in
 * Redis alone. Sites come and go while it runs.
 */
import type { Worker } from 'bullmq'
import { type EngineParts, engineWith, missingDefect } from '../machines/defects.ts'
import type { Connection } from './redis/connect.ts'
import { openAlarms } from './runtime/alarms.ts'
import { driveBatches } from './runtime/batches.ts'
import { type Client, withCommit } from './runtime/commit.ts'
import type { Engine } from './runtime/engine.ts'
import { cleanExpired } from './runtime/erase.ts'
import { withDecide } from './runtime/faults.ts'
import { beat } from './runtime/heartbeat.ts'
import { KEEP, type Keep } from './runtime/limits.ts'
import { startMove } from './runtime/moves.ts'
import { movesQueue, openQueues, queueName, type Role } from './runtime/queues.ts'
import { openPort } from './runtime/redis-port.ts'
import { openSettings, type Settings, type SettingsStore } from './runtime/settings.ts'
import { ring, SWEEP_MS, sweep, TICK_MS, type Timekeeping } from './runtime/timekeeper.ts'
import { TRIM_MS, type Trimming, trim } from './runtime/trim.ts'
import type { MoveSpec } from './runtime/views-of-driving.ts'
import { openWorker } from './runtime/worker.ts'
import { openHandOver } from './smart-host/hand-over.ts'
import type { SmartHost } from './smart-host/name.ts'

export interface WorkersOptions {
  roles: Role[]
  /** Only this server's queues, only this site's. */
  server?: string
  site?: string
  /** Events that one queue's worker has in progress at a time. */
  concurrency?: number
  /** What each site keeps of its settled mail. */
  keep?: Keep
  /** Attempts after which an event that throws is given up. */
  attemptsMax?: number
  /** Recipients beyond the sites are handed to it. */
  smartHost?: SmartHost
  /** Nobody else runs in this process, so a fault rule may kill it. */
  mayDie?: boolean
}

/** Enough that the next events gather while those before them are being committed. */
export const CONCURRENCY = 200
/**
 * How often sites are looked for that were announced while nobody listened, and outlived ones
 * cleaned away.
 */
const LOOK_FOR_SITES_MS = 1_000

export interface Workers {
  close(): Promise<void>
}

export async function startWorkers(
  connection: Connection,
  options: WorkersOptions,
): Promise<Workers> {
  const client = withDecide(withCommit(connection.client()))
  const jobs = connection.client() as Client
  // What a worker takes and finishes is small, and must not stand behind what others add.
  const taking = connection.client() as Client
  const settings = await openSettings(connection)
  const { namespace } = connection
  const queues = openQueues(jobs, namespace)
  const alarms = openAlarms(queues, client)
  const floors = new Map<string, number>()
  const gate = {
    floors,
    client,
    queues,
    startMove: (site: Settings, spec: MoveSpec, id: string) =>
      startMove({ client, queues }, site, spec, id),
  }
  const engine: Engine = { port: openPort(client), settings, queues, gate, alarms }
  const { mayDie = false, attemptsMax, smartHost } = options
  if (attemptsMax !== undefined) engine.attemptsMax = attemptsMax
  engine.handOver = openHandOver(client, smartHost ?? null)
  if (mayDie) engine.die = () => process.kill(process.pid, 'SIGKILL')
  const concurrency = options.concurrency ?? CONCURRENCY
  const open = (name: string, { stallsMax }: EngineParts) =>
    openWorker(engine, { client: taking, namespace, name, concurrency, stallsMax })
  const fleet = openFleet(settings, options, open)
  const look = async (): Promise<void> => {
    await fleet.look()
    await cleanExpired({ settings, client })
  }
  const keeping: Timekeeping = { client, queues, namespace, cursors: new Map() }
  const { keep = KEEP } = options
  const trimming: Trimming = { client, keep, floors, cursors: new Map() }
  const each = async (work: (site: Settings) => Promise<unknown>): Promise<void> => {
    for (const name of fleet.sites()) {
      const site = await settings.get(name)
      if (site) await work(site)
    }
  }
  const loops = [
    repeat(look, LOOK_FOR_SITES_MS),
    repeat(() => each((site) => ring(keeping, site)), TICK_MS),
    repeat(() => each((site) => swept(keeping, site)), SWEEP_MS),
    repeat(() => each((site) => trim(trimming, site)), TRIM_MS),
    ...(options.roles.includes('moves')
      ? [repeat(() => each((site) => driveBatches(engine.gate, site)), TICK_MS)]
      : []),
    repeat(() => beat(client, namespace, options, mayDie), SWEEP_MS),
  ]
  settings.onChange(() => loops[0]?.now())
  await look()
  return {
    async close() {
      await Promise.all(loops.map((loop) => loop.stop()))
      engine.handOver?.close()
      await fleet.close()
      await queues.close()
      await settings.close()
      // BullMQ may still be asking for a job when its worker says that it has closed. To quit would
      // be to let it have one; what it may have taken comes back when its lock runs out.
      for (const one of [client, jobs, taking]) one.disconnect()
    },
  }
}

async function swept(keeping: Timekeeping, site: Settings): Promise<void> {
  if (engineWith(site.profile.defects).sweeps) await sweep(keeping, site)
}

interface Fleet {
  sites(): string[]
  /** Opens workers for sites that have come, and closes those of sites that have gone. */
  look(): Promise<void>
  close(): Promise<void>
}

function openFleet(
  settings: SettingsStore,
  options: WorkersOptions,
  open: (queue: string, engine: EngineParts) => Worker,
): Fleet {
  const running = new Map<string, { as: string; workers: Worker[] }>()
  const told = new Map<string, string>()
  /** Its events wait for a worker that has the defect: other machines would do something else. */
  const cannotRun = ({ site, profile }: Settings): boolean => {
    const missing = missingDefect(profile)
    if (missing === null) return !!told.delete(site) && false
    if (told.get(site) !== missing) console.error(`The site ${site} waits here: ${missing}.`)
    told.set(site, missing)
    return true
  }
  const closeSite = async (name: string): Promise<void> => {
    const workers = running.get(name)?.workers ?? []
    running.delete(name)
    await Promise.all(workers.map((worker) => worker.close()))
  }
  return {
    sites: () => [...running.keys()],
    async look() {
      const names = new Set(await settings.names())
      for (const name of running.keys()) if (!names.has(name)) await closeSite(name)
      for (const name of names) {
        if (name !== (options.site ?? name)) continue
        const site = await settings.get(name)
        if (!site) continue
        if (cannotRun(site)) {
          await closeSite(name)
          continue
        }
        const engine = engineWith(site.profile.defects)
        const as = `${site.createdAt} ${engine.stallsMax}`
        if (running.get(name)?.as === as) continue
        // A site of the same name was there before, perhaps with other servers; or its profile was
        // changed to one that asks something else of the engine.
        await closeSite(name)
        const workers = namesFor(options, site).map((queue) => open(queue, engine))
        running.set(name, { as, workers })
      }
    },
    close: async () => void (await Promise.all([...running.keys()].map(closeSite))),
  }
}

function namesFor({ roles, server }: WorkersOptions, { site, servers }: Settings): string[] {
  const mine = servers.filter((name) => (server ?? name) === name)
  return roles.flatMap((role) =>
    role === 'moves' ? [movesQueue(site)] : mine.map((name) => queueName(site, name, role)),
  )
}

interface Loop {
  /** Runs at once, or once more if it is running. */
  now(): void
  /** Ends the loop when what is running has ended. */
  stop(): Promise<void>
}

/** Runs the work again and again, never twice at a time; trouble is told and does not end it. */
function repeat(work: () => Promise<unknown>, everyMs: number): Loop {
  let stopped = false
  let wanted = false
  let wake: () => void = () => undefined
  const ended = (async () => {
    while (!stopped) {
      wanted = false
      await work().catch((error: Error) => console.error(`workers: ${error.message}`))
      if (stopped || wanted) continue
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  })()
  return {
    now() {
      wanted = true
      wake()
    },
    async stop() {
      stopped = true
      wake()
      await ended
    },
  }
}
