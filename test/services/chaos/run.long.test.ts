/** The chaos run itself, as `npm run -s chaos` makes it: three seeds of a minute, and a defect. */
import { expect, test } from 'vitest'
import { readOptions } from '../../../services/chaos/options.ts'
import { KILLS_LEAST } from '../../../services/chaos/plan.ts'
import { run } from '../../../services/chaos/run.ts'
import { type Summary, summaryOf } from '../../../services/chaos/summary.ts'
import { temporaryFolder } from '../../support/folder.ts'

async function chaos(...args: string[]): Promise<Summary> {
  const options = readOptions([...args, '--folder', temporaryFolder()])
  return summaryOf(await run(options, () => undefined))
}

/** A run takes some three times as long as it was asked for where the machine is busy. */
const PATIENCE = { timeout: 300_000 }

const FLAWLESS = { pending: 0, duplicated: 0, unexpected: 0, givenTwice: 0, falseReports: 0 }
const OFTEN = expect.toSatisfy((count: number) => count >= KILLS_LEAST)
const ALL_KILLED = { api: OFTEN, mta: OFTEN, store: OFTEN, moves: OFTEN, redis: OFTEN }

test.each([
  ['7', 'modern'],
  ['8', 'exchange-5.5-sp4'],
  ['9', 'modern'],
])('60 s, seed %s, %s: all that was promised is accounted for', PATIENCE, async (seed, profile) => {
  const summary = await chaos('--seconds', '60', '--seed', seed, '--profile', profile)
  expect(summary.wrong).toEqual([])
  expect(summary).toMatchObject({
    ...FLAWLESS,
    ...{ lost: 0, brokenPromises: 0, conforms: true, kills: ALL_KILLED },
  })
  expect(summary.accepted).toBeGreaterThan(0)
  expect(summary.moves).toBeGreaterThan(0)
  for (const kind of ['latency', 'slowReader', 'blackhole', 'reset', 'halfOpen']) {
    expect(summary.cuts[kind]?.times).toBeGreaterThan(0)
  }
})

test('under the defect entries are lost, each as the article explains it', PATIENCE, async () => {
  const summary = await chaos('--seconds', '40', '--seed', '8', '--profile', 'exchange-5.5-sp3')
  expect(summary.lost).toBeGreaterThan(0)
  expect(summary).toMatchObject({ ...FLAWLESS, unexplained: 0, brokenPromises: 0, conforms: true })
  expect(summary.wrong).toEqual([])
})

test('everysec: what is broken was promised just before Redis was killed', PATIENCE, async () => {
  const summary = await chaos('--seconds', '30', '--seed', '3', '--durability', 'everysec')
  expect(summary.wrong).toEqual([])
  expect(summary).toMatchObject({ ...FLAWLESS, lost: 0, kills: ALL_KILLED })
})

test('everysec, and Redis is spared: no promise is broken', PATIENCE, async () => {
  const args = ['--seconds', '20', '--seed', '4', '--durability', 'everysec', '--spare', 'redis']
  const summary = await chaos(...args)
  expect(summary.wrong).toEqual([])
  expect(summary).toMatchObject({ ...FLAWLESS, lost: 0, brokenPromises: 0 })
  expect(summary.kills).toMatchObject({ redis: 0, api: OFTEN, mta: OFTEN })
})
