/**
 * A series as a person reads it, and as `--json` says it.
 */
import type { Schedule } from '../schedule.ts'
import { linesOf } from '../shrink/render.ts'
import type { Series } from './series.ts'

/** Failing seeds and violations of one seed that are told; the rest are counted. */
const TOLD = 10

const grouped = (n: number): string => `${Math.round(n)}`.replace(/\B(?=(\d{3})+$)/g, ',')

const counts = (all: Record<string, number>): string =>
  Object.entries(all)
    .map(([name, n]) => `${name} ${grouped(n)}`)
    .join(', ') || 'none'

export function textOf(series: Series, file: string | null): string {
  const { scenario, profile, seed, seeds, events, eventsPerSecond, failures } = series
  const speed = `${grouped(events)} events, ${grouped(eventsPerSecond)} in a second of one core`
  const range = seeds === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + seeds - 1}`
  const lines = [
    `${scenario} under ${profile}: ${range}, ${speed}`,
    `  faults    ${counts(series.faults)}`,
    `  outcomes  ${counts(series.outcomes)}`,
    `  journal   sha256 ${series.journal}`,
    ...failures
      .slice(0, TOLD)
      .flatMap((failure) => [
        `  seed ${failure.seed} breaks an invariant; run again, its journal is ${
          failure.repeats ? 'the same' : 'ANOTHER'
        }: ${failure.journal}`,
        ...failure.violations
          .slice(0, TOLD)
          .map(({ invariant, entry, why }) => `    ${invariant}  ${entry}: ${why}`),
        ...more(failure.violations.length, 'violations of this seed', '    '),
      ]),
    ...more(failures.length, 'failing seeds', '  '),
    ...(series.schedule ? stepsOf(series.schedule) : []),
    ...(file === null ? [] : [`  schedule  ${file}`]),
    ...(series.interrupted ? ['  interrupted: this is what was covered'] : []),
    failures.length === 0
      ? '  no invariant was broken'
      : `  ${failures.length} of ${seeds} seeds fail`,
  ]
  return `${lines.join('\n')}\n`
}

const more = (count: number, what: string, indent: string): string[] =>
  count > TOLD ? [`${indent}and ${count - TOLD} more ${what}`] : []

function stepsOf(schedule: Schedule): string[] {
  const { steps, violation } = schedule
  const what = `${violation?.invariant}, ${violation?.entry}`
  return [`  shrunk to ${steps.length} steps (${what}):`, ...linesOf(schedule)]
}

export function jsonOf(series: Series, file: string | null): string {
  const { schedule, failures, ...rest } = series
  const violations = failures.flatMap((failure, i) =>
    failure.violations.map((violation) => ({
      seed: failure.seed,
      journal: failure.journal,
      repeats: failure.repeats,
      ...violation,
      ...(i === 0 && schedule && violation === failure.violations[0]
        ? { schedule: file, steps: schedule.steps.map(({ at, text }) => ({ at, text })) }
        : {}),
    })),
  )
  return `${JSON.stringify({ ...rest, failing: failures.length, violations }, null, 2)}\n`
}
