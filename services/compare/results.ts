/**
 * What `scenario`, `check` and `simulate` print with `--json`, as something that can be compared:
 * how each entry ended, what was broken, and the counts. What is only about the machine that it ran
 * on (seconds, speed, bytes) is left out.
 */
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { jsonIn } from '../check/json-file.ts'
import { DataError } from '../data-error.ts'

export interface Result {
  kind: 'run' | 'search' | 'simulation'
  scenario: string
  profile: string
  /** How it ended, or in which ways it may end. */
  entries: Map<string, string>
  violations: Map<string, string>
  counts: Map<string, number>
}

const named = { scenario: Type.String(), profile: Type.String() }
const Ends = Type.Record(Type.String(), Type.Number())

const Run = Type.Object({
  ...named,
  recipients: Type.Array(
    Type.Object({
      message: Type.Optional(Type.String()),
      address: Type.String(),
      branch: Type.String(),
      outcome: Type.String(),
      report: Type.Union([Type.Object({ status: Type.String() }), Type.Null()]),
    }),
  ),
  audit: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  expectations: Type.Array(Type.Object({ text: Type.String(), held: Type.Boolean() })),
})

const Broken = Type.Object({ invariant: Type.String(), entry: Type.String(), why: Type.String() })

const Search = Type.Object({
  ...named,
  bounds: Ends,
  outcomes: Type.Record(Type.String(), Type.Array(Type.String())),
  violations: Type.Array(Broken),
  states: Type.Number(),
  rests: Type.Number(),
  transitions: Type.Number(),
  cutOff: Type.Number(),
})

const Simulation = Type.Object({
  ...named,
  seed: Type.Number(),
  seeds: Type.Number(),
  events: Type.Number(),
  failing: Type.Number(),
  outcomes: Ends,
  faults: Ends,
  violations: Type.Array(Broken),
})

/** The results of a file, in its order; a `DataError` where it has none. */
export const resultsIn = async (file: string): Promise<Result[]> =>
  resultsOf(await jsonIn(file), file)

export function resultsOf(data: unknown, file: string): Result[] {
  const found = [data].flat().map((one) => resultOf(one))
  if (found.length > 0 && found.every((one) => one !== null)) return found
  const what = 'is not what scenario, check or simulate print with --json'
  throw new DataError(file, [what])
}

function resultOf(data: unknown): Result | null {
  if (Value.Check(Search, data)) return searchOf(data)
  if (Value.Check(Simulation, data)) return simulationOf(data)
  return Value.Check(Run, data) ? runOf(data) : null
}

function runOf(run: Type.Static<typeof Run>): Result {
  const { scenario, profile, recipients, audit, expectations } = run
  const counts = Object.entries(audit ?? {}).flatMap(([name, value]): [string, number][] => {
    if (Array.isArray(value)) return [[name, value.length]]
    return typeof value === 'number' ? [[name, value]] : []
  })
  return {
    kind: 'run',
    scenario,
    profile,
    entries: new Map(
      recipients.map(({ message, address, branch, outcome, report }) => {
        const name = [message, address, branch].filter((part) => part !== undefined).join(' ')
        return [name, report === null ? outcome : `${outcome} (${report.status})`]
      }),
    ),
    violations: new Map(
      expectations.flatMap(({ text, held }) => (held ? [] : [[text, 'not as expected']])),
    ),
    counts: new Map(counts),
  }
}

const brokenIn = (violations: Type.Static<typeof Broken>[]): Map<string, string> =>
  new Map(violations.map(({ invariant, entry, why }) => [`${invariant} ${entry}`, why]))

function searchOf(search: Type.Static<typeof Search>): Result {
  const { scenario, profile, bounds, outcomes, violations } = search
  const { states, rests, transitions, cutOff } = search
  const within = Object.entries(bounds).map(([name, n]): [string, number] => [`bound ${name}`, n])
  return {
    kind: 'search',
    scenario,
    profile,
    entries: new Map(Object.entries(outcomes).map(([name, ends]) => [name, ends.join(', ')])),
    violations: brokenIn(violations),
    counts: new Map([
      ...within,
      ...Object.entries({ states, 'at rest': rests, transitions, 'cut off': cutOff }),
    ]),
  }
}

function simulationOf(simulation: Type.Static<typeof Simulation>): Result {
  const { scenario, profile, seed, seeds, events, failing } = simulation
  const all = { 'first seed': seed, seeds, events, 'failing seeds': failing }
  const faults = Object.entries(simulation.faults)
  return {
    kind: 'simulation',
    scenario,
    profile,
    entries: new Map(),
    violations: brokenIn(simulation.violations),
    counts: new Map([
      ...Object.entries(all),
      ...Object.entries(simulation.outcomes),
      ...faults.map(([name, n]): [string, number] => [`fault ${name}`, n]),
    ]),
  }
}
