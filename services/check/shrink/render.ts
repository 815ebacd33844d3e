/**
 * What the shrinker made, as a person reads it, and as `--json` says it.
 */
import type { Violation } from '../judge.ts'
import type { Schedule } from '../schedule.ts'
import type { Shrunk } from './shrink.ts'

export interface Told {
  before: Schedule
  violation: Violation
  small: Shrunk
  /** Where it was written. */
  file: string
}

export function textOf({ before, violation, small, file }: Told): string {
  const { steps, outcomes } = small.schedule
  const { invariant, entry, why } = violation
  return [
    `${before.scenario} under ${before.profile}: ${invariant} is broken for ${entry}: ${why}`,
    `  ${before.steps.length} steps, shrunk to ${steps.length} (${small.runs} were tried):`,
    ...linesOf(small.schedule),
    ...Object.entries(outcomes).map(([label, outcome]) => `  ${label}: ${outcome}`),
    `  schedule  ${file}\n`,
  ].join('\n')
}

/** Its steps, a line each. */
export const linesOf = ({ steps }: Schedule): string[] =>
  steps.map(
    ({ at, text }, i) => `  ${`${i + 1}`.padStart(3)}. ${(at / 1_000).toFixed(3)} s  ${text}`,
  )

export function jsonOf({ before, violation, small, file }: Told): string {
  const { steps, outcomes } = small.schedule
  const told = {
    scenario: before.scenario,
    profile: before.profile,
    violation,
    stepsBefore: before.steps.length,
    runs: small.runs,
    outcomes,
    steps: steps.map(({ at, text }) => ({ at, text })),
    schedule: file,
  }
  return `${JSON.stringify(told, null, 2)}\n`
}
