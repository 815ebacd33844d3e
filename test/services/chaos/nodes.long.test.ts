/** Redis on several machines: a master dies under load, and another takes its place. */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Injury } from '../../../services/chaos/plan.ts'
import { startFleet, type Victim } from '../../../services/chaos/processes.ts'
import { storm, type Weathered } from '../../../services/chaos/storm.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { type Nodes, startCluster, startSentinels } from '../../support/redis-nodes.ts'

const PATIENCE = { timeout: 300_000 }
const SECONDS = 20

/** The master dies in the middle, and processes before and after. */
const PLAN: Injury[] = [
  { at: 3_000, do: 'kill', kind: 'store', nth: 0 },
  { at: 8_000, do: 'kill', kind: 'redis', nth: 0 },
  { at: 9_000, do: 'kill', kind: 'mta', nth: 0 },
  { at: 15_000, do: 'kill', kind: 'api', nth: 0 },
]

/**
 * What a master had acknowledged and not yet sent to its replica: on one machine that is the work
 * of a moment, and a busy machine has long moments.
 */
const NOT_REPLICATED_MS = 1_000

async function stormOn({ url, master, tookOver }: Nodes): Promise<Weathered> {
  const folder = temporaryFolder()
  const output = openSync(join(folder, 'service.log'), 'a')
  onTestFinished(() => closeSync(output))
  const log = () => undefined
  const parts = await startFleet({
    ...{ redis: { url }, namespace: 'nodes', durability: 'everysec', output, log },
  })
  onTestFinished(async () => void (await Promise.all(parts.map((part) => part.stop()))))
  let isUp = true
  master.child.once('exit', () => {
    isUp = false
  })
  void tookOver().then(() => {
    isUp = true
  })
  const pid = () => master.child.pid ?? null
  const redis: Victim = { kind: 'redis', name: 'a master', pid, isUp: () => isUp }
  const options = { seed: 5, seconds: SECONDS, rate: 8, profile: 'modern' }
  return storm({ options, folder, plan: PLAN, parts, redis, log, say: log })
}

/** Nothing but what the dead master kept to itself is missing. */
function expectAccounted({ judged, nemesis, load }: Weathered): void {
  const { audit, broken } = judged
  expect(nemesis.kills).toMatchObject({ redis: 1, mta: 1, store: 1, api: 1 })
  expect(load.wrong).toEqual([])
  expect(judged.promised.length).toBeGreaterThan(0)
  const [killed = 0] = nemesis.redisKilledAt
  for (const { at } of broken) expect(Math.abs(killed - at)).toBeLessThan(NOT_REPLICATED_MS)
  expect(audit).toMatchObject({ atRest: true, pending: 0, duplicated: [], unexpected: [] })
  expect(audit.lost).toEqual([])
  expect(judged.givenTwice).toEqual([])
  if (broken.length === 0) expect(judged.verdict.failure).toBeNull()
}

test('a cluster of six: a master is killed, its replica takes over', PATIENCE, async () => {
  expectAccounted(await stormOn(await startCluster()))
})

test('sentinels: a master is killed, its replica takes over', PATIENCE, async () => {
  expectAccounted(await stormOn(await startSentinels()))
})
