/**
 * A bundle with one thing altered, and the line at which it was.
 */
import type { Bundle, BundleStep } from '../../../services/runtime/views-of-bundle.ts'

export interface Altered {
  bundle: Bundle
  /** Of the step that was altered, from 1. */
  line: number
}

type Find = (step: BundleStep, all: BundleStep[]) => boolean

/** The line of the first step that is so; there is one. */
export function lineOf({ journal }: Bundle, find: Find): number {
  const line = journal.steps.findIndex((step) => find(step, journal.steps)) + 1
  if (line === 0) throw new Error('the journal has no such step')
  return line
}

/** The first step that is so is edited. */
export function altered(whole: Bundle, find: Find, edit: (step: BundleStep) => void): Altered {
  const bundle = structuredClone(whole)
  const line = lineOf(bundle, find)
  edit(bundle.journal.steps[line - 1] as BundleStep)
  return { bundle, line }
}

/** The lists of steps is edited, at the first step that is so. */
export function rearranged(
  whole: Bundle,
  find: Find,
  edit: (steps: BundleStep[], index: number) => void,
): Altered {
  const bundle = structuredClone(whole)
  const line = lineOf(bundle, find)
  edit(bundle.journal.steps, line - 1)
  return { bundle, line }
}

/** Another state for the actor that the event was for, in its name and in the words. */
export function retold(step: BundleStep, state: string): void {
  const mine = step.s.find(([address]) => address === step.t)
  if (!mine) throw new Error('the step changed others only')
  const [, before] = mine
  mine[1] = state
  step.c = step.c.map((line) => line.replace(`→ ${before}`, `→ ${state}`))
}

/** As a journal that was trimmed in front of a line. */
export function trimmed(whole: Bundle, line: number): Bundle {
  const bundle = structuredClone(whole)
  const { journal } = bundle
  journal.steps = journal.steps.slice(line - 1)
  journal.trimmed = true
  journal.from = journal.steps.slice(0, 1).map(({ p }) => p)
  const named = new Set(journal.steps.flatMap(({ s }) => s.map(([address]) => address)))
  for (const address of Object.keys(bundle.actors)) {
    if (!named.has(address)) delete bundle.actors[address]
  }
  return bundle
}
