/**
 * The order in which the steps of a journal were committed. One shard has an order; several have
 * only the clocks of their Redis servers between them, so of what those say at once, an event is
 * taken after the step that sent it.
 *
 * What an MTA believes it reads a moment before its step is committed, and no version guards it: a
 * replica that was written in between is later than the step that did not see it.
 */
import { type Address, kindOf, partsOf, serverOf } from '../../../machines/protocol.ts'
import type { Stored } from '../../../machines/wire.ts'
import type { BundleStep } from '../../runtime/views-of-bundle.ts'
import { type Source, sourceOf } from '../conform/order.ts'

/**
 * Steps in an order in which each event has been sent before it is taken. `first` has the actors
 * with which the site began.
 */
export function inOrder(
  steps: readonly BundleStep[],
  shards: number,
  first: ReadonlyMap<Address, Pick<Stored, 'v'>>,
): readonly BundleStep[] {
  if (shards === 1) return steps
  const queues = Array.from({ length: shards }, (): BundleStep[] => [])
  for (const step of steps) queues[shardOf(step)]?.push(step)
  const place = new Map(steps.map((step, i) => [step, i]))
  const versions = new Map([...first].map(([actor, { v }]) => [actor, v]))
  const ordered: BundleStep[] = []
  for (;;) {
    const heads = queues.flatMap((queue) => queue.slice(0, 1))
    if (heads.length === 0) return ordered
    heads.sort((a, b) => (place.get(a) as number) - (place.get(b) as number))
    const next = heads.find((head) => isSent(sourceOf(head.i), versions)) ?? heads[0]
    const step = next as BundleStep
    queues[shardOf(step)]?.shift()
    for (const [actor] of step.s) versions.set(actor, (versions.get(actor) ?? 0) + 1)
    ordered.push(step)
  }
}

const shardOf = ({ p }: BundleStep): number => Number(p.slice(0, p.indexOf(':')))

function isSent(source: Source | null, versions: ReadonlyMap<string, number>): boolean {
  if (source?.by !== 'actor') return true
  return (versions.get(source.sender) ?? 0) >= source.version
}

/** No look-up is older than so many steps of its site when its own is committed. [ours] */
const STEPS_BETWEEN = 1_000

/** The step at this place is taken before the last write of its server's replica; or null. */
export function takenEarlier(
  steps: readonly BundleStep[],
  place: number,
): readonly BundleStep[] | null {
  const step = steps[place] as BundleStep
  const kind = kindOf(step.t)
  if (kind !== 'message' && kind !== 'recipient') return null
  const replicas = `directory/${serverOf(partsOf(step.t)[1] ?? '')}/`
  const least = Math.max(0, place - STEPS_BETWEEN)
  for (let i = place - 1; i >= least; i--) {
    if (!steps[i]?.t.startsWith(replicas)) continue
    return [...steps.slice(0, i), step, ...steps.slice(i, place), ...steps.slice(place + 1)]
  }
  return null
}
