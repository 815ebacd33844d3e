/**
 * One chaos run: a service of separate processes on a Redis of its own, a load, moves and a
 * nemesis at once; then rest, and the judgement.
 *
 * Owns the run's folder (Redis's data, the promises, what the processes said), which is kept when
 * the run found something.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { UsageError } from '../command-line.ts'
import { connect } from '../redis/connect.ts'
import { openEmbedded } from '../redis/embedded.ts'
import type { Options } from './options.ts'
import { planFor } from './plan.ts'
import { startFleet, type Victim } from './processes.ts'
import { storm, type Weathered } from './storm.ts'

export interface Ran extends Weathered {
  options: Options
  folder: string
}

const NAMESPACE = 'chaos'
/** What the processes and the nemesis say. */
const LOG = 'service.log'

export async function run(options: Options, say: (line: string) => void): Promise<Ran> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'undeliverable-chaos-')))
  if (existsSync(join(folder, LOG))) {
    throw new UsageError(`--folder: ${folder} has what another run left; name an empty one`)
  }
  mkdirSync(folder, { recursive: true })
  const output = openSync(join(folder, LOG), 'a')
  const log = (line: string): void => {
    const stamped = `${new Date().toISOString()} chaos: ${line}\n`
    writeSync(output, stamped)
    if (options.verbose) say(stamped.trimEnd())
  }
  const data = join(folder, 'redis')
  const redis = await openEmbedded({ durability: options.durability, dataFolder: data, log })
  const connection = connect({
    redisUrl: redis.url,
    namespace: NAMESPACE,
    durability: options.durability,
    log,
  })
  const client = connection.client() as Redis
  const closing: (() => Promise<unknown>)[] = [() => redis.stop(), async () => client.disconnect()]
  try {
    const upstream = { path: redis.url.slice('unix://'.length) }
    const { durability } = options
    say('Starting the processes ...')
    const parts = await startFleet({
      redis: upstream,
      namespace: NAMESPACE,
      durability,
      output,
      log,
    })
    closing.unshift(() => Promise.all(parts.map((part) => part.stop())))
    const victim: Victim = {
      kind: 'redis',
      name: 'redis',
      pid: redis.pid,
      isUp: () => client.status === 'ready',
    }
    const { seed, seconds, spare } = options
    const plan = planFor({ seed, seconds, spare })
    const ran = await storm({ options, folder, plan, parts, redis: victim, log, say })
    writeFileSync(join(folder, 'bundle.json'), JSON.stringify(ran.judged.bundle))
    return { ...ran, options, folder }
  } catch (error) {
    say(`What the processes said is in ${folder}`)
    throw error
  } finally {
    for (const close of closing) await close()
    closeSync(output)
  }
}

/** What a run leaves behind is of no use to anybody when all was well. */
export function forget({ folder, options }: Ran): void {
  if (options.folder === null) rmSync(folder, { recursive: true, force: true })
}
