/**
 * Every scenario of the folder, live: real Redis, real queues, over HTTP, each profile in a site of
 * its own.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientAt } from '../services/scenario/client.ts'
import { play, type Run } from '../services/scenario/play.ts'
import { allScenarios, inParallel } from '../services/scenario/programme.ts'
import { type OwnSystem, openOwnSystem } from '../services/scenario/system.ts'

/** All of them together: a few hundred messages, one of them through a thousand retries. */
const ALL_TIMEOUT_MS = 240_000
const SITES_AT_A_TIME = 4

const scenarios = await allScenarios()
const pairs = scenarios.flatMap((scenario) =>
  [...new Set([...scenario.profiles, ...scenario.expect.flatMap((block) => block.for ?? [])])].map(
    (profile) => ({ scenario, profile, name: `${scenario.name}, ${profile}` }),
  ),
)
const runs = new Map<string, Run>()
let system: OwnSystem

beforeAll(async () => {
  system = await openOwnSystem()
  const client = clientAt(system.url)
  await inParallel(pairs, SITES_AT_A_TIME, async ({ scenario, profile, name }) => {
    runs.set(name, await play(client, scenario, profile))
  })
}, ALL_TIMEOUT_MS)

afterAll(() => system?.close())

test.each(pairs.map(({ name }) => name))('%s', (name) => {
  const broken = runs.get(name)?.expectations.filter((expectation) => !expectation.held)
  expect(broken).toEqual([])
})
