/**
 * Reads scenarios: from YAML or JSON text to a checked `Scenario`.
 *
 * Owns the shape of a step, which has exactly one key. Pure but for the functions at the end,
 * which read files.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import { DataError } from '../data-error.ts'
import { readYaml } from '../own/yaml-file.ts'
import { type Scenario, ScenarioFile } from './format.ts'
import { PrefillFile, prefilled, STEPS, type Step } from './format-steps.ts'
import { againstNames } from './names.ts'
import { reasonsAgainst } from './problems.ts'

/** Where the scenarios live, seen from the checkout. */
export const SCENARIO_FOLDER = join(import.meta.dirname, '../../test/scenarios')
/** The file of the same folder that holds rows, not a scenario. */
export const TABLE_FILE = 'truth-table.yaml'

export function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    throw new DataError(file, [`is not YAML: ${(error as Error).message.split('\n')[0]}`])
  }
}

/** A step is told by its one key; `refused` is the only one that may stand beside it. */
function readStep(
  data: Record<string, unknown>,
  where: string,
  aliases: string[],
): Step[] | string[] {
  const kinds = Object.keys(data).filter((key) => key !== 'refused')
  const known = [...Object.keys(STEPS), 'prefill'].join(', ')
  const kind = kinds[0]
  if (kinds.length !== 1 || kind === undefined) {
    return [`${where}: is one step, so it has one key; it has ${kinds.join(', ') || 'none'}`]
  }
  if (kind === 'prefill' && data.refused === undefined) {
    const wrong = reasonsAgainst(PrefillFile, data.prefill, `${where}.prefill`)
    if (wrong.length > 0) return wrong
    const prefill = Value.Decode(PrefillFile, data.prefill)
    if (aliases.includes(prefill.mailbox)) return prefilled(prefill)
    return [`${where}.prefill: unknown mailbox ${prefill.mailbox}; known: ${aliases.join(', ')}`]
  }
  if (!(kind in STEPS)) return [`${where}: unknown step ${kind}; known: ${known}`]
  const schema = STEPS[kind as keyof typeof STEPS]
  const reasons = reasonsAgainst(schema, data[kind], `${where}.${kind}`)
  if (reasons.length > 0) return reasons
  const refused = data.refused
  return [{ kind, value: data[kind], refused: refused === undefined ? null : refused } as Step]
}

/** A checked scenario, or a `DataError` that says all that is wrong with it. */
export function readScenario(data: unknown, file: string): Scenario {
  const reasons = reasonsAgainst(ScenarioFile, data)
  if (reasons.length > 0) throw new DataError(file, reasons)
  const parsed = Value.Decode(ScenarioFile, data)
  const aliases = parsed.site.mailboxes.map(({ alias }) => alias)
  const read = parsed.steps.flatMap((step, index): (Step | string)[] =>
    readStep(step, `steps[${index}]`, aliases),
  )
  const broken = read.filter((step) => typeof step === 'string')
  if (broken.length > 0) throw new DataError(file, broken)
  const scenario: Scenario = {
    ...parsed,
    steps: read.filter((step) => typeof step !== 'string'),
    faults: parsed.faults ?? {},
  }
  const unknown = againstNames(scenario)
  if (unknown.length > 0) throw new DataError(file, unknown)
  return scenario
}

/** The names of all scenarios of the folder, sorted. */
export async function scenarioNames(folder = SCENARIO_FOLDER): Promise<string[]> {
  const files = await readdir(folder)
  return files
    .filter((file) => /\.(ya?ml|json)$/.test(file) && file !== TABLE_FILE)
    .map((file) => file.replace(/\.(ya?ml|json)$/, ''))
    .sort()
}

/** A name has neither a slash nor an ending. */
export const isScenarioFile = (name: string): boolean => /[/\\]|\.(ya?ml|json)$/.test(name)

/** Reads a scenario that is not of the folder; its name is its own. */
export async function scenarioIn(file: string): Promise<Scenario> {
  const { data } = await readYaml(file)
  return readScenario(data, file)
}

/** Reads one scenario by name; its file and its `name` must agree. */
export async function loadScenario(name: string, folder = SCENARIO_FOLDER): Promise<Scenario> {
  const files = await readdir(folder)
  const file = files.find((candidate) => candidate.replace(/\.(ya?ml|json)$/, '') === name)
  if (file === undefined || file === TABLE_FILE) {
    const known = (await scenarioNames(folder)).join(', ')
    throw new DataError(name, [`is no scenario of ${folder}; known: ${known}`])
  }
  const scenario = readScenario(parseYaml(await readFile(join(folder, file), 'utf8'), file), file)
  if (scenario.name !== name) throw new DataError(file, [`name: is ${scenario.name}, not ${name}`])
  return scenario
}
