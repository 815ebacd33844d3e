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
import { type Progress, search } from './search.ts'
import { scheduleOf, wayTo } from './telling.ts'
import type { Removed } from './transitions.ts'
import type { Tuple } from './watch.ts'

export const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I8', 'I9'] as const

export interface Told extends Violation {
  schedule: Schedule
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
  reduce?: boolean
  stopped?(): boolean
  progress?(progress: Progress): void
}

const MEGABYTE = 1 << 20

export async function check(plan: Plan, options: CheckOptions): Promise<Checked> {
  const model = new Model(plan, options.removed)
  const searched = await search(model, {
    bounds: options.bounds,
    bytesMax: options.memoryMb * MEGABYTE,
    reduce: options.reduce ?? true,
    stopped: options.stopped ?? (() => false),
    ...(options.progress ? { progress: options.progress } : {}),
  })
  const { watch, seen, edges, ended, states, transitions, depth, seconds, bytes } = searched
  const found = [...watch.violations.values()]
  const { hopeless, unknown } = reach(searched)
  if (hopeless !== null) {
    const why = 'from here on nothing that happens by itself leads to rest'
    found.push({ invariant: 'I5', entry: 'the site', why, state: hopeless })
  }
  const violations = found.map(({ state, ...violation }): Told => {
    const schedule = scheduleOf(model, wayTo(seen, state))
    const { invariant, entry } = violation
    return { ...violation, schedule: { ...schedule, violation: { invariant, entry } } }
  })
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
    cutOff: edges.cut.size,
    unknown,
    rests: edges.rests.size,
    outcomes: Object.fromEntries(
      [...watch.outcomes].sort().map(([entry, ends]) => [entry, [...ends.keys()].sort()]),
    ),
    tuples: [...watch.tuples.values()],
    violations,
    ended: ended === null || ended === 'interrupted' ? ended : `no room for ${ended.memory}`,
  }
}
