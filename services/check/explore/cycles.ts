/**
 * A step that was left for later must come some time. It would not, if the search went round in a
 * circle of states in each of which it was left. Such circles are looked for when all is seen, and
 * their states are then looked at whole.
 */
import type { Edges } from './search.ts'

/** States on a circle of reduced ones, and those that only circles lead to. */
export function neglected({ first, to, reduced }: Edges): number[] {
  const states = first.length
  const left = new Uint8Array(states)
  for (let i = 0; i < reduced.length; i++) left[reduced.at(i)] = 1
  const each = (state: number, visit: (next: number) => void): void => {
    const end = state + 1 < states ? first.at(state + 1) : to.length
    for (let edge = first.at(state); edge < end; edge++) {
      const next = to.at(edge)
      if (next < states && left[next] === 1) visit(next)
    }
  }
  const into = new Uint32Array(states)
  const add = (next: number): void => {
    into[next] = (into[next] as number) + 1
  }
  for (let state = 0; state < states; state++) if (left[state] === 1) each(state, add)
  const free: number[] = []
  for (let state = 0; state < states; state++) {
    if (left[state] === 1 && into[state] === 0) free.push(state)
  }
  // What nothing leads to is on no circle; then what only that led to.
  for (let state = free.pop(); state !== undefined; state = free.pop()) {
    left[state] = 0
    each(state, (next) => {
      into[next] = (into[next] as number) - 1
      if (into[next] === 0) free.push(next)
    })
  }
  const found: number[] = []
  for (let state = left.indexOf(1); state >= 0; state = left.indexOf(1, state + 1)) {
    found.push(state)
  }
  return found
}
