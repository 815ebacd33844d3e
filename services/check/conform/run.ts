/**
 * A journal while it is followed: what was seen so far, and each actor brought up to date by its
 * share of a step.
 */
import { type Address, kindOf, partsOf } from '../../../machines/protocol.ts'
import type { Bundle, BundleStep } from '../../runtime/views-of-bundle.ts'
import { distinct, machinesOf } from './belief.ts'
import type { Followed, Share, World } from './followed.ts'
import { contradiction, type Source } from './order.ts'
import { type Submissions, submissionsOf } from './submissions.ts'

export type Sender = Source & { by: 'actor' }

export interface Run extends World {
  bundle: Bundle
  /** See `belief.ts`. */
  situationsMax: number
  submissions: Submissions
  /** The version that an actor had before its first step here; null when that is not known. */
  baseOf(address: Address): number | null
  /** By event: for whom it was, and its type. */
  consumed: Map<string, string>
  /** The last position of each shard. */
  positions: Map<number, string>
  /** Events whose sender is in another shard and has not come so far. */
  later: { line: number; step: BundleStep; source: Sender }[]
  /** Mailboxes and lists that the journal saw being made. */
  made: Set<string>
  older: Set<Address>
  widened: Set<Address>
}

export function begin(bundle: Bundle, situationsMax: number): Run {
  const changes = new Map<Address, number>()
  for (const { s } of bundle.journal.steps) {
    for (const [address] of s) changes.set(address, (changes.get(address) ?? 0) + 1)
  }
  const baseOf = (address: Address): number | null => {
    const end = bundle.actors[address]
    return end ? end[0] - (changes.get(address) ?? 0) : null
  }
  const submissions = submissionsOf(bundle)
  return {
    bundle,
    situationsMax,
    machines: machinesOf(bundle.profile),
    submissions,
    hasNullSender: submissions.hasNullSender,
    actors: new Map(),
    isOlder: (address) => bundle.journal.trimmed && baseOf(address) !== 0,
    baseOf,
    consumed: new Map(),
    positions: new Map(),
    later: [],
    made: new Set(),
    older: new Set(),
    widened: new Set(),
  }
}

/** Brings the actor up to date. */
export function follow(run: Run, share: Share, step: BundleStep, shard: number): void {
  const { address, siblings } = share
  const state = step.s.find(([changed]) => changed === address)?.[1] as string
  const known = run.actors.get(address)
  const followed = known ?? firstSeen(run, share, shard)
  const exact = !('named' in followed.belief)
  const situations = distinct(share.situations)
  if (exact && situations.length > run.situationsMax) run.widened.add(address)
  const isKnown = exact && situations.length <= run.situationsMax
  followed.belief = isKnown ? { situations } : { named: state }
  followed.state = state
  followed.changes += 1
  followed.at = step.a
  if (siblings !== undefined) followed.siblings = siblings
  if (share.mover !== undefined) followed.mover = share.mover
  run.actors.set(address, followed)
}

function firstSeen(run: Run, { address, bases }: Share, shard: number): Followed {
  const base = run.baseOf(address)
  const older = run.isOlder(address)
  if (older && base !== null && base < 0) {
    throw contradiction(address, 'the journal has more changes of it than it ever had')
  }
  if (older) run.older.add(address)
  return {
    kind: kindOf(address),
    belief: older ? { named: null } : { situations: [] },
    state: '',
    bases: older ? (base === null ? null : [base]) : (basesOf(run, address) ?? bases ?? [0]),
    changes: 0,
    at: 0,
    shard,
    sent: new Map(),
    ...(older ? {} : { mover: null }),
  }
}

/**
 * A replica was made with its site, in its first version, unless the journal saw its mailbox or its
 * list being made. In shards, which comes first is not known.
 */
function basesOf({ bundle, made }: Run, address: Address): number[] | null {
  const { trimmed, shards } = bundle.journal
  if (trimmed) return [0]
  if (kindOf(address) !== 'directory' || shards > 1) return null
  return [made.has(partsOf(address)[1] as string) ? 0 : 1]
}
