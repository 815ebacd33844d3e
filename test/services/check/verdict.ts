/**
 * What a search or many seeds of a scenario come to, for tests that give the verdict beforehand.
 */
import type { SiteFacts } from '../../../machines/wire.ts'
import { type Bounds, DEFAULT_BOUNDS } from '../../../services/check/explore/bounds.ts'
import { type Checked, check } from '../../../services/check/explore/check.ts'
import type { Removed } from '../../../services/check/explore/transitions.ts'
import { labelOf } from '../../../services/check/judge.ts'
import { type Plan, planOf } from '../../../services/check/plan.ts'
import { RATES } from '../../../services/check/simulate/faults.ts'
import { run } from '../../../services/check/simulate/run.ts'
import { courseOf } from '../../../services/check/simulate/scenario.ts'
import { chosen } from '../../../services/scenario/programme.ts'

export const SP3 = 'exchange-5.5-sp3'
export const SP4 = 'exchange-5.5-sp4'
export const MODERN = 'modern'

/** What a test's search may take: a million states and more. */
const MEMORY_MB = 1_500

export async function planFor(name: string, profile: string): Promise<Plan> {
  const [scenario] = await chosen({ names: [name], profiles: [], all: false, rows: false })
  if (!scenario) throw new Error(`no scenario ${name}`)
  return planOf(scenario, profile)
}

/** With each timer ringing once, no crash, and moves that may all be called off. */
export const ONCE: Bounds = { ...DEFAULT_BOUNDS, retries: 1, crashes: 0 }

export interface Limits {
  bounds?: Bounds
  removed?: Removed
  /** It ends when it has seen so many. */
  states?: number
}

export function searched(
  plan: Plan,
  { bounds = ONCE, removed, states = Number.POSITIVE_INFINITY }: Limits = {},
): Promise<Checked> {
  let seen = 0
  return check(plan, {
    bounds,
    memoryMb: MEMORY_MB,
    ...(removed ? { removed } : {}),
    progress: (progress) => {
      seen = progress.states
    },
    stopped: () => seen >= states,
  })
}

/** `I8 letter anna own`, in the order in which they were found. */
export const broken = ({ violations }: Checked): string[] =>
  violations.map(({ invariant, entry }) => `${invariant} ${entry}`)

/** What befalls events on their way; nobody defers or refuses but because of a move. */
const FAULTS = { ...RATES, defer: 0, refuse: 0 }

/** Of so many seeds: how each entry ended, and what was broken. */
export function seeded(plan: Plan, seeds: number) {
  const outcomes: Record<string, string[]> = {}
  const violations = new Set<string>()
  for (let seed = 1; seed <= seeds; seed++) {
    const result = run({ ...courseOf(plan, seed), faults: FAULTS })
    for (const leaf of result.ends) {
      const label = labelOf(leaf)
      outcomes[label] = [...new Set([...(outcomes[label] ?? []), leaf.outcome])].sort()
    }
    for (const { invariant, entry } of result.violations) violations.add(`${invariant} ${entry}`)
  }
  return { outcomes, broken: [...violations].sort() }
}

/** The plan with other figures of its profile. */
export const withFigures = (plan: Plan, figures: Partial<SiteFacts['profile']>): Plan => ({
  ...plan,
  site: { ...plan.site, profile: { ...plan.site.profile, ...figures } },
})
