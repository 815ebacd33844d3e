/**
 * Where a leaf's message really is: what the stores of its mailbox hold of it.
 */
import { repetitionsOf } from '../../machines/item-keys.ts'
import { forgetEarlierStays } from '../runtime/places.ts'
import { type Box, removalCell } from './cells.ts'
import type { Leaf, Listed, Sorted } from './judge.ts'

export function place(cells: Listed, boxes: Sorted['boxes'], leaf: Leaf): void {
  if (leaf.mailbox === null) return
  const removed = cells.get(removalCell(leaf.mailbox, leaf.message)) === true
  for (const { server, box } of boxes.get(leaf.mailbox) ?? []) {
    const held = box.items.has(leaf.message)
    if (held) leaf.places.push(server)
    if (box.transit.has(leaf.message)) leaf.places.push(`${server} (in transit)`)
    if (leaf.unanswered) leaf.places.push(...repetitions(server, box, leaf.message))
    if (!held && removed && box.log.has(leaf.message)) leaf.removed.push(server)
  }
  forgetEarlierStays(leaf)
}

/** Copies that a store took because it did not know that it had the message (RFC 1047). */
function repetitions(server: string, box: Box, message: string): string[] {
  const begin = repetitionsOf(message)
  const held = [...box.items.keys()].filter((key) => key.startsWith(begin))
  const moving = [...box.transit.keys()].filter((key) => key.startsWith(begin))
  return [...held.map(() => server), ...moving.map(() => `${server} (in transit)`)]
}
