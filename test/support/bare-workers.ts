/**
 * Workers without their timekeeper: nothing is swept, and no timer rings but by its own job.
 *
 * What the timekeeper is for shows when it is missing; a test then calls `sweep` and `ring` itself.
 */
import { engineWith } from '../../machines/defects.ts'
import type { Connection } from '../../services/redis/connect.ts'
import { openAlarms } from '../../services/runtime/alarms.ts'
import { type Client, withCommit } from '../../services/runtime/commit.ts'
import { type Engine, openProcessor } from '../../services/runtime/engine.ts'
import { withDecide } from '../../services/runtime/faults.ts'
import { KEEP, type Keep } from '../../services/runtime/limits.ts'
import type { ArrivedEvent } from '../../services/runtime/port.ts'
import { openQueues, queueNamesOf } from '../../services/runtime/queues.ts'
import { openPort } from '../../services/runtime/redis-port.ts'
import { openSettings, type Settings } from '../../services/runtime/settings.ts'
import { ring, sweep, type Timekeeping } from '../../services/runtime/timekeeper.ts'
import { trim } from '../../services/runtime/trim.ts'
import { openWorker } from '../../services/runtime/worker.ts'

export interface BareWorkers {
  settings: Settings
  keeping: Timekeeping
  sweep(): Promise<number>
  ring(): Promise<number>
  /** Trims at once whatever is settled and too much. */
  trim(keep: Partial<Keep>): Promise<number>
  /** These workers do not know any more that anything was ever trimmed. */
  forgetFloor(): void
  /** Takes one event as a worker does that was long about it. */
  take(event: object): Promise<unknown>
  close(): Promise<void>
}

export async function startBareWorkers(
  connection: Connection,
  site: string,
  more: Partial<Engine> = {},
): Promise<BareWorkers> {
  const client = withDecide(withCommit(connection.client()))
  const jobs = connection.client() as Client
  const store = await openSettings(connection)
  const { namespace } = connection
  const queues = openQueues(jobs, namespace)
  const alarms = openAlarms(queues, client)
  const startMove = () => Promise.reject(new Error('no rule of these tests starts a move'))
  const floors = new Map<string, number>()
  const gate = { client, queues, startMove, floors }
  const engine: Engine = { port: openPort(client), settings: store, queues, gate, alarms, ...more }
  const settings = await store.get(site)
  if (!settings) throw new Error(`there is no site ${site}`)
  const names = queueNamesOf(site, settings.servers)
  const workers = names.map((name) =>
    openWorker(engine, { client: jobs, namespace, name, concurrency: 50, ...engineWith([]) }),
  )
  const keeping: Timekeeping = { client, queues, namespace, cursors: new Map() }
  return {
    settings,
    keeping,
    sweep: () => sweep(keeping, settings),
    ring: () => ring(keeping, settings),
    trim: (keep) => {
      const trimming = { client, keep: { ...KEEP, ...keep }, cursors: new Map(), floors }
      return trim({ ...trimming, quietMs: 0 }, settings)
    },
    forgetFloor: () => floors.clear(),
    take: (event) => openProcessor(engine).process(event as ArrivedEvent),
    async close() {
      await Promise.all(workers.map((worker) => worker.close()))
      await queues.close()
      await store.close()
      await Promise.all([client.quit(), jobs.quit()])
    },
  }
}
