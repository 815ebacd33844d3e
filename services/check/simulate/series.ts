/**
 * Many seeds of one site: what they came to, and the first that broke an invariant, run again,
 * shrunk and written down.
 */
import { createHash } from 'node:crypto'
import type { Violation } from '../judge.ts'
import type { Schedule } from '../schedule.ts'
import { shrink } from '../shrink/shrink.ts'
import { FAULT_KINDS, type FaultKind } from './faults.ts'
import { scheduleOf } from './record.ts'
import { type Result, run } from './run.ts'
import type { Course, Listener } from './world.ts'

/** A site, and its course under any seed. */
export interface Simulated {
  scenario: string
  profile: string
  courseOf(seed: number): Course
}

export interface Failure {
  seed: number
  events: number
  journal: string
  /** The same seed had the same journal when it was run again. */
  repeats: boolean
  violations: Violation[]
}

export interface Series {
  scenario: string
  profile: string
  seed: number
  seeds: number
  events: number
  /** Of a processor's time, for the runs themselves, without the judging. */
  seconds: number
  eventsPerSecond: number
  /** A digest of all journals, in the order of the seeds. */
  journal: string
  faults: Record<FaultKind, number>
  outcomes: Record<string, number>
  failures: Failure[]
  interrupted: boolean
  schedule?: Schedule
}

export interface Bounds {
  seed: number
  seeds: number
  events: number
  shrink: boolean
  /** Asked between seeds. */
  interrupted?: () => boolean
  /** Told after each seed and, since one of a large site takes long, after each of its events. */
  progress?: (done: Series, events: number) => void
}

export async function simulate(simulated: Simulated, bounds: Bounds): Promise<Series> {
  const { scenario, profile } = simulated
  const faults = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Series['faults']
  const series: Series = {
    scenario,
    profile,
    seed: bounds.seed,
    seeds: 0,
    events: 0,
    seconds: 0,
    eventsPerSecond: 0,
    journal: '',
    faults,
    outcomes: {},
    failures: [],
    interrupted: false,
  }
  const journals = createHash('sha256')
  let first: Result | null = null
  for (let i = 0; i < bounds.seeds && series.events < bounds.events; i++) {
    const seed = bounds.seed + i
    const result = run(simulated.courseOf(seed), heard(series, bounds))
    journals.update(result.journal)
    count(series, result)
    if (result.violations.length > 0) {
      series.failures.push(failureOf(simulated, result))
      first ??= result
    }
    bounds.progress?.(series, series.events)
    await new Promise((resolve) => setImmediate(resolve))
    series.interrupted = bounds.interrupted?.() ?? false
    if (series.interrupted) break
  }
  series.journal = journals.digest('hex')
  const [violation] = first?.violations ?? []
  if (!bounds.shrink || !first || !violation) return series
  const whole = scheduleOf(simulated.courseOf(first.seed), scenario, violation)
  const small = shrink(whole, violation)
  return { ...series, schedule: small?.schedule ?? whole }
}

/** Whoever is told hears of each event. */
function heard(series: Series, { progress }: Bounds): Listener {
  let { events } = series
  return progress ? { took: () => progress(series, ++events) } : {}
}

function count(series: Series, { events, ms, hits, outcomes }: Result): void {
  series.seeds += 1
  series.events += events
  series.seconds += ms / 1_000
  series.eventsPerSecond = Math.round(series.events / series.seconds)
  for (const { kind } of hits) series.faults[kind] += 1
  for (const [outcome, n] of Object.entries(outcomes)) {
    series.outcomes[outcome] = (series.outcomes[outcome] ?? 0) + n
  }
}

function failureOf(simulated: Simulated, { seed, events, journal, violations }: Result): Failure {
  const again = run(simulated.courseOf(seed))
  return { seed, events, journal, repeats: again.journal === journal, violations }
}
