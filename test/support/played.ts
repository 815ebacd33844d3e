/**
 * Scenarios, live: real Redis, real queues, over HTTP, each profile of each in a site of its own.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientAt } from '../../services/scenario/client.ts'
import type { Scenario } from '../../services/scenario/format.ts'
import { play, type Run } from '../../services/scenario/play.ts'
import { inParallel } from '../../services/scenario/programme.ts'
import { type OwnSystem, openOwnSystem } from '../../services/scenario/system.ts'

/** All of a file together: a few hundred messages, one of them through a thousand retries. */
const ALL_TIMEOUT_MS = 240_000
const SITES_AT_A_TIME = 4

export interface ToPlay {
  scenario: Scenario
  profile: string
  /** Of its test. */
  name: string
}

/**
 * Called once at the top of a file: plays all of them before its tests, and has a test for each
 * that asks whether it went as expected. The runs are by name.
 */
export function testPlayed(all: readonly ToPlay[]): ReadonlyMap<string, Run> {
  const runs = new Map<string, Run>()
  let system: OwnSystem

  beforeAll(async () => {
    system = await openOwnSystem()
    const client = clientAt(system.url)
    await inParallel([...all], SITES_AT_A_TIME, async ({ scenario, profile, name }) => {
      runs.set(name, await play(client, scenario, profile))
    })
  }, ALL_TIMEOUT_MS)

  afterAll(() => system?.close())

  test.each(all.map(({ name }) => name))('%s', (name) => {
    const broken = runs.get(name)?.expectations.filter((expectation) => !expectation.held)
    expect(broken).toEqual([])
  })
  return runs
}

/** Each scenario under each profile that it speaks of. */
export function eachProfile(scenarios: readonly Scenario[]): ToPlay[] {
  return scenarios.flatMap((scenario) => {
    const { profiles, expect, name } = scenario
    const spokenOf = new Set([...profiles, ...expect.flatMap((block) => block.for ?? [])])
    return [...spokenOf].map((profile) => ({ scenario, profile, name: `${name}, ${profile}` }))
  })
}
