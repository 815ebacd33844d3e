/**
 * The difference of two results: entries that ended otherwise, what is broken in one of them or for
 * another reason, counts that are not the same. Pure.
 */
import { DataError } from '../data-error.ts'
import type { Result } from './results.ts'

/** A line of the table; null where one of them has nothing of the name. */
export interface Differing {
  name: string
  a: string | null
  b: string | null
}

export interface Difference {
  scenario: string
  a: string
  b: string
  entries: Differing[]
  violations: Differing[]
  counts: Differing[]
}

export const isSame = ({ entries, violations, counts }: Difference): boolean =>
  entries.length + violations.length + counts.length === 0

type Values = ReadonlyMap<string, string | number>

function differing(a: Values, b: Values): Differing[] {
  const names = [...new Set([...a.keys(), ...b.keys()])]
  const text = (values: Values, name: string): string | null => {
    const value = values.get(name)
    return value === undefined ? null : `${value}`
  }
  return names
    .map((name) => ({ name, a: text(a, name), b: text(b, name) }))
    .filter((line) => line.a !== line.b)
}

const NOTHING = { entries: new Map(), violations: new Map(), counts: new Map() }

/** What one of them has no counterpart for differs in everything. */
function difference(a: Result | undefined, b: Result | undefined, labels: [string, string]) {
  const [one, other] = [a ?? NOTHING, b ?? NOTHING]
  const { scenario } = (a ?? b) as Result
  return {
    scenario,
    a: labels[0],
    b: labels[1],
    entries: differing(one.entries, other.entries),
    violations: differing(one.violations, other.violations),
    counts: differing(one.counts, other.counts),
  }
}

/**
 * Of two files: what is of the same scenario and profile belongs together; and where each has one
 * of a scenario those two, whatever their profiles.
 */
export function differencesOf(
  as: readonly Result[],
  bs: readonly Result[],
  files: [string, string],
): Difference[] {
  const kinds = new Set([...as, ...bs].map(({ kind }) => kind))
  if (kinds.size > 1) {
    throw new DataError(files.join(', '), [`a ${[...kinds].join(' and a ')} are not comparable`])
  }
  const left = new Set(bs)
  const of = (list: Iterable<Result>, { scenario }: Result) =>
    [...list].filter((one) => one.scenario === scenario)
  const pairs = as.map((a): [Result | undefined, Result | undefined] => {
    const same = of(left, a).find(({ profile }) => profile === a.profile)
    const alone = as.length === 1 && bs.length === 1
    const only = of(as, a).length === 1 && of(bs, a).length === 1 ? of(left, a)[0] : undefined
    const b = same ?? only ?? (alone ? bs[0] : undefined)
    if (b) left.delete(b)
    return [a, b]
  })
  const all = [...pairs, ...[...left].map((b): [undefined, Result] => [undefined, b])]
  return all.map(([a, b]) => difference(a, b, labelsOf(a, b, files)))
}

/** By what they differ: their profiles, or else the files. */
function labelsOf(
  a: Result | undefined,
  b: Result | undefined,
  files: [string, string],
): [string, string] {
  if (a && b && a.profile !== b.profile) return [a.profile, b.profile]
  return files
}

/** Of one list with two profiles: each scenario under the one and under the other. */
export function profilesOf(results: readonly Result[], file: string): Difference[] {
  const profiles = [...new Set(results.map(({ profile }) => profile))]
  const [one, other] = profiles
  if (one === undefined || other === undefined || profiles.length > 2) {
    throw new DataError(file, [`has ${profiles.length} profiles, and two are compared`])
  }
  const under = (profile: string) => results.filter((result) => result.profile === profile)
  return differencesOf(under(one), under(other), [one, other])
}
