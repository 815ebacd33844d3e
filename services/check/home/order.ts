/**
 * The order in which the steps of a journal were committed. One shard has an order; several have
 * only the clocks of their Redis servers between them, so of what those say at once, an event is
 * taken after the step that sent it.
 */
import type { Address } from '../../../machines/protocol.ts'
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
