/**
 * From which states rest is reachable by what happens by itself (I5): found on the graph, backwards
 * from the states at rest, cycles included.
 *
 * A state from which a bound left something out may reach it: nobody knows, so it counts as one
 * that does, and is counted apart.
 */
import type { Searched } from './search.ts'

export interface Reached {
  /** The first state from which there is no way to rest; null when there is none. */
  hopeless: number | null
  /** States that may reach rest only by way of what a bound left out. */
  unknown: number
}

const REST = 1
const PERHAPS = 2

export function reach({ seen, edges }: Searched): Reached {
  const expanded = edges.first.length
  const marks = new Uint8Array(seen.count)
  for (let i = 0; i < edges.rests.length; i++) marks[edges.rests.at(i)] = REST
  for (let i = 0; i < edges.cut.length; i++) marks[edges.cut.at(i)] ||= PERHAPS
  marks.fill(PERHAPS, expanded)
  // Most edges lead to later states, so few passes from the last to the first are enough.
  for (let changed = true; changed; ) {
    changed = false
    for (let state = expanded - 1; state >= 0; state--) {
      if (marks[state] === REST) continue
      const better = best(edges, marks, state, expanded)
      if (better === 0 || marks[state] === better) continue
      if (marks[state] === PERHAPS && better === PERHAPS) continue
      marks[state] = better
      changed = true
    }
  }
  let hopeless: number | null = null
  let unknown = 0
  for (let state = 0; state < expanded; state++) {
    if (marks[state] === 0) hopeless ??= state
    else if (marks[state] === PERHAPS) unknown += 1
  }
  return { hopeless, unknown }
}

function best(
  { first, to }: Searched['edges'],
  marks: Uint8Array,
  state: number,
  expanded: number,
): number {
  const end = state + 1 < expanded ? first.at(state + 1) : to.length
  let found = 0
  for (let edge = first.at(state); edge < end; edge++) {
    const mark = marks[to.at(edge)] as number
    if (mark === REST) return REST
    if (mark === PERHAPS) found = PERHAPS
  }
  return found
}
