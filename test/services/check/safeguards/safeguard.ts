/**
 * What a safeguard is to the tests: the small site in which it is missed, how it is taken out, and
 * what is broken then.
 *
 * It is taken out where that says most: a guard or a line of a machine, a look-up, what a step
 * wrote, what a worker that dies has committed. The machines themselves know nothing of it.
 */
import {
  rewritten as machineWith,
  redirected,
  state as stateOf,
} from '../../../../machines/lines.ts'
import { type Running, withParts } from '../../../../machines/parts.ts'
import { checkProfile, type Profile } from '../../../../machines/profile.ts'
import type { Kind } from '../../../../machines/protocol.ts'
import type { MailboxFacts } from '../../../../machines/site.ts'
import type { Act } from '../../../../services/check/acts.ts'
import type { Bounds } from '../../../../services/check/explore/bounds.ts'
import type { Removed } from '../../../../services/check/explore/transitions.ts'
import type { Before, Plan, PlannedFault } from '../../../../services/check/plan.ts'

export interface Removal extends Removed {
  /** Parts of the machines that are replaced. */
  parts?: (running: Running) => Partial<Running>
}

export interface Safeguard {
  name: string
  /** Where it stands. */
  at: string
  /** The invariant that is broken without it, and for whom. */
  breaks: string
  scene: Scene
  bounds: Partial<Bounds>
  /**
   * So with the safeguard and without it: another one that would stand in for it is out, or
   * something comes about that would take many steps to.
   */
  given?: Removal & { words: string }
  without: Removal
}

/** A small site, and what is done there. */
export interface Scene {
  profile?: string
  figures?: Partial<Omit<Profile, 'name'>>
  servers?: string[]
  mailboxes: MailboxFacts[]
  before?: Before[]
  acts: Act[]
  faults?: PlannedFault[]
}

/** What may happen unless a safeguard's bounds say more. */
const NOTHING: Bounds = {
  retries: 0,
  crashes: 0,
  duplicates: 0,
  lostReplies: 0,
  lateReplies: 0,
  moves: 1,
  cancels: 1,
}
export const boundsOf = ({ bounds }: Safeguard): Bounds => ({ ...NOTHING, ...bounds })

export interface SetUp {
  plan: Plan
  removed: Removed
}

/** The safeguard's site with these removals in force, one after the other. */
export function setUp(
  { name, scene }: Safeguard,
  removals: readonly (Removal | undefined)[],
): SetUp {
  const { profile = 'exchange-5.5-sp4', servers = ['nyc', 'lon'], figures, mailboxes } = scene
  const checked = checkProfile({ extends: profile, ...figures })
  if ('wrong' in checked) throw new Error(checked.wrong)
  const all = removals.filter((one) => one !== undefined)
  const run = all.reduce(
    (so, { parts }) => (parts ? withParts(so, parts) : so),
    withParts(checked.profile, () => ({})),
  )
  const plan: Plan = {
    scenario: name,
    profile,
    site: { name: 'safeguards', domain: 'example.test', servers, profile: run },
    mailboxes,
    before: scene.before ?? [],
    acts: scene.acts,
    faults: scene.faults ?? [],
  }
  return { plan, removed: all.reduce<Removed>(joined, {}) }
}

/** The one removal, then the other. */
function joined(first: Removed, then: Removed): Removed {
  const all = [first, then]
  const edits = all.flatMap(({ edit }) => edit ?? [])
  const loads = all.flatMap(({ load }) => load ?? [])
  const dyings = all.flatMap(({ dying }) => dying ?? [])
  return {
    edit: (stepped, loaded) => edits.reduce((so, edit) => edit(so, loaded), stepped),
    load: (loaded, as) => loads.reduce((so, load) => load(so, as), loaded),
    // Without one, a worker that dies has committed all of its step.
    ...(dyings.length > 0
      ? { dying: (stepped) => dyings.reduce((so, dying) => dying(so), stepped) }
      : {}),
  }
}

/** A part of a machine's lines, as they are written down. */
// biome-ignore lint/suspicious/noExplicitAny: lines of any machine, looked at by name
type Line = any

/** Guards of a machine, answered otherwise. */
export const guarded = (
  kind: Kind,
  guards: Record<string, (given: { event: Line }) => boolean>,
): Required<Pick<Removal, 'parts'>> => ({
  parts: ({ machines }) => ({
    machines: { ...machines, [kind]: machines[kind].provide({ guards }) },
  }),
})

/** A machine with some of its lines changed. */
export const rewritten = (
  kind: Kind,
  change: (lines: Line) => void,
): Required<Pick<Removal, 'parts'>> => ({
  parts: ({ machines }) => ({
    machines: { ...machines, [kind]: machineWith(machines[kind], change) },
  }),
})

/** The lines of a state, `flushed.working` for one within another; it is an error if it is not. */
export const state: (lines: Line, path: string) => Line = stateOf

export { redirected }

export const NEVER = (): boolean => false
export const ALWAYS = (): boolean => true
