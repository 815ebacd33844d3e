/**
 * The programme: which scenarios are played under which profiles, several sites at a time.
 *
 * A name is a scenario of the folder, `row-<n>` for a row of the truth table, or a file.
 */
import { wrongName } from '../../machines/profile.ts'
import { UsageError } from '../command-line.ts'
import { type Own, switchedOn } from '../own/own.ts'
import type { Client } from './client.ts'
import type { Scenario } from './format.ts'
import { isScenarioFile, loadScenario, scenarioIn, scenarioNames } from './load.ts'
import type { Options } from './options.ts'
import { play, type Run } from './play.ts'
import { scenarioOf } from './rows.ts'
import { loadTable, rowName } from './table.ts'

/** Sites that are played at the same time: enough to hide waiting, few enough for two cores. */
const SITES_AT_A_TIME = 4

/** Runs a function over a list, so many at a time; the results are in the order of the list. */
export async function inParallel<In, Out>(
  list: readonly In[],
  limit: number,
  work: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = []
  let next = 0
  async function worker(): Promise<void> {
    while (next < list.length) {
      const index = next
      next += 1
      results[index] = await work(list[index] as In)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, list.length) }, worker))
  return results
}

/** The scenarios of the truth table. */
export async function rowScenarios(): Promise<Scenario[]> {
  return (await loadTable()).map(scenarioOf)
}

/** All scenarios of the folder. */
export async function allScenarios(): Promise<Scenario[]> {
  return Promise.all((await scenarioNames()).map((name) => loadScenario(name)))
}

async function named(name: string): Promise<Scenario[]> {
  if (isScenarioFile(name)) return [await scenarioIn(name)]
  if (!/^row-\d+[a-z]?$/.test(name)) return [await loadScenario(name)]
  const rows = await loadTable()
  const wanted = rows.filter((row) => rowName(row) === name || `row-${row.row}` === name)
  if (wanted.length > 0) return wanted.map(scenarioOf)
  throw new UsageError(`no row ${name}; known: ${rows.map(rowName).join(', ')}`)
}

/** The scenarios that were asked for. */
export async function chosen(
  options: Pick<Options, 'names' | 'profiles' | 'all' | 'rows'>,
): Promise<Scenario[]> {
  for (const profile of options.profiles) {
    const wrong = wrongName(profile)
    if (wrong) throw new UsageError(`no ${wrong.what} ${wrong.name}; known: ${wrong.known}`)
  }
  const scenarios = [
    ...(options.all ? await allScenarios() : []),
    ...(options.rows ? await rowScenarios() : []),
    ...(await Promise.all(options.names.map(named))).flat(),
  ]
  const names = scenarios.map((scenario) => scenario.name)
  return scenarios.filter((scenario, index) => names.indexOf(scenario.name) === index)
}

/** Plays scenarios; the runs of a scenario stand together, in the order of its profiles. */
export async function playAll(
  client: Client,
  scenarios: readonly Scenario[],
  options: Pick<Options, 'profiles' | 'keep'> & { own?: Own },
): Promise<Run[]> {
  const pairs = scenarios.flatMap((scenario) => {
    const named = options.profiles.length > 0 ? options.profiles : scenario.profiles
    const profiles = options.own ? switchedOn(options.own, named) : named
    return profiles.map((profile) => ({ scenario, profile }))
  })
  return inParallel(pairs, SITES_AT_A_TIME, ({ scenario, profile }) =>
    play(client, scenario, profile, { keep: options.keep }),
  )
}
