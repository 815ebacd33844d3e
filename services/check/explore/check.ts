/**
 * A plan searched and judged: figures, outcomes, a verdict for each invariant, and of each
 * violation the shortest way to it.
 */
import type { Violation } from '../judge.ts'
import type { Plan } from '../plan.ts'
import type { Schedule } from '../schedule.ts'
import type { Bounds } from './bounds.ts'
import { Model } from './model.ts'
import { reach } from './reach.ts'
import { type Progress, type Searched, type SearchOptions, search } from './search.ts'
import { scheduleOf, wayTo } from './telling.ts'
import type { Removed } from './transitions.ts'
import type { Found, Tuple } from './watch.ts'

export const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I8', 'I9'] as const

export interface Told extends Violation {
  /** States that were known when it was found. */
  seen: number
  schedule: Schedule
  /** No way is shorter; otherwise there was no room to look for one. */
  shortest: boolean
}

export interface Checked {
  scenario: string
  profile: string
  bounds: Bounds
  states: number
  transitions: number
  depth: number
  seconds: number
  statesPerSecond: number
  bytesPerState: number
  /** States from which a bound left something out. */
  cutOff: number
  /** States from which rest is known to be reachable only by way of those. */
  unknown: number
  /** States at rest. */
  rests: number
  /** States in which what cannot meet the rest was left for later (`independence.ts`). */
  reduced: number
  outcomes: Record<string, string[]>
  tuples: Tuple[]
  violations: Told[]
  /** Why it ended before all states were seen; null when it did not. */
  ended: string | null
}

export interface CheckOptions {
  bounds: Bounds
  memoryMb: number
  removed?: Removed
  /** False: every state is looked at whole. */
  reduce?: boolean
  /** Ends when all of these violations, `<invariant> <entry>`, have been seen. */
  wanted?: ReadonlySet<string>
  stopped?(): boolean
  progress?(progress: Progress): void
}

const MEGABYTE = 1 << 20

export async function check(plan: Plan, options: CheckOptions): Promise<Checked> {
  const model = new Model(plan, options.removed)
  const searching = {
    bounds: options.bounds,
    bytesMax: options.memoryMb * MEGABYTE,
    reduce: options.reduce ?? true,
    stopped: options.stopped ?? (() => false),
    ...(options.wanted ? { wanted: options.wanted } : {}),
    ...(options.progress ? { progress: options.progress } : {}),
  }
  const searched = await search(model, searching)
  const { watch, edges, ended, states, transitions, depth, seconds, bytes } = searched
  const { found, unknown } = brokenIn(searched)
  const violations = await shortestWays(model, searching, searched, found)
  return {
    scenario: plan.scenario,
    profile: plan.profile,
    bounds: options.bounds,
    states,
    transitions,
    depth,
    seconds,
    statesPerSecond: Math.round(states / seconds),
    bytesPerState: Math.round(bytes / states),
    cutOff: edges.cut.length,
    unknown,
    rests: edges.rests.length,
    reduced: edges.reduced.length,
    outcomes: Object.fromEntries(
      [...watch.outcomes].sort().map(([entry, ends]) => [entry, [...ends.keys()].sort()]),
    ),
    tuples: [...watch.tuples.values()],
    violations,
    ended: ended === null || ended === 'interrupted' ? ended : `no room for ${ended.memory}`,
  }
}

/** What is broken in the states that were seen, and in the way in which they hang together. */
export function brokenIn(searched: Searched): { found: Found[]; unknown: number } {
  const found = [...searched.watch.violations.values()]
  const { hopeless, unknown } = reach(searched)
  if (hopeless !== null) {
    const why = 'from here on nothing that happens by itself leads to rest'
    found.push({ invariant: 'I5', entry: 'the site', why, state: hopeless })
  }
  return { found, unknown }
}

const named = ({ invariant, entry }: Violation): string => `${invariant} ${entry}`

/**
 * The shortest ways may be among those that the reduction leaves out, so they are looked for
 * without it.
 */
async function shortestWays(
  model: Model,
  searching: SearchOptions,
  searched: Searched,
  found: Found[],
): Promise<Told[]> {
  if (found.length === 0) return []
  const wanted = new Set(found.map(named))
  const plain = searching.reduce
    ? await search(model, { ...searching, reduce: false, wanted })
    : searched
  const shortest = new Map(brokenIn(plain).found.map((one) => [named(one), one]))
  return found.map((one): Told => {
    const known = shortest.get(named(one))
    const { state, ...violation } = known ?? one
    const schedule = scheduleOf(model, wayTo((known ? plain : searched).seen, state))
    const { invariant, entry } = violation
    return {
      ...violation,
      seen: state + 1,
      shortest: known !== undefined,
      schedule: { ...schedule, violation: { invariant, entry } },
    }
  })
}
