/**
 * Every interleaving of a plan, breadth first: the shortest way to each state is found first.
 *
 * A state is a sparse list of numbers (`interning.ts`). From each one goes every event that is
 * under way, in any order; every timer, in the order of their dates, perhaps late; every act that
 * has not been done; and, within their bounds, what may go wrong. A step is atomic: a crash before
 * its commit changes nothing, one after it lets the event come again, and what the worker had not
 * yet made jobs of is in the outbox, that is, under way.
 */
import { performance } from 'node:perf_hooks'
import { type Action, code } from './actions.ts'
import type { Bounds } from './bounds.ts'
import type { Model } from './model.ts'
import { successors } from './successors.ts'
import { NoRoomError, Numbers, openSeen, type Seen } from './table.ts'
import { openWatch, type Watch } from './watch.ts'

export interface Progress {
  states: number
  transitions: number
  queue: number
  depth: number
  seconds: number
}

export interface Searched extends Progress {
  seen: Seen
  watch: Watch
  edges: Edges
  bytes: number
  /** Ended before all states were seen: why. */
  ended: null | 'interrupted' | { memory: string }
}

/** From each state, in the order of their numbers, the states that it leads to by itself. */
export interface Edges {
  first: Numbers
  to: Numbers
  /** States from which something was left out because of a bound. */
  cut: Set<number>
  rests: Set<number>
}

export interface SearchOptions {
  bounds: Bounds
  bytesMax: number
  stopped(): boolean
  /** Called about once a second. */
  progress?(progress: Progress): void
}

/** States between two looks at the clock, and how often progress is told. */
const LOOK_UP_EVERY = 1_024
const PROGRESS_MS = 1_000

export async function search(model: Model, options: SearchOptions): Promise<Searched> {
  const began = performance.now()
  const seen = openSeen(options.bytesMax)
  const watch = openWatch(model)
  const edges: Edges = { first: new Numbers(), to: new Numbers(), cut: new Set(), rests: new Set() }
  let queue = new Numbers()
  let next = new Numbers()
  let told = began
  const at = { transitions: 0, depth: 0, left: 0 }
  const now = (): Progress => ({
    states: seen.count,
    transitions: at.transitions,
    queue: at.left,
    depth: at.depth,
    seconds: (performance.now() - began) / 1_000,
  })
  const end = (ended: Searched['ended']): Searched => ({
    ...now(),
    seen,
    watch,
    edges,
    ended,
    bytes: seen.bytes() + edges.first.bytes + edges.to.bytes + queue.bytes + next.bytes,
  })

  model.first()
  next.push(seen.enter(model.low, model.high, -1, 0).state)
  model.write(next)
  at.left = 1
  try {
    while (at.left > 0) {
      ;[queue, next] = [next, queue]
      next.clear()
      at.left = 0
      for (let place = 0; place < queue.length; ) {
        const state = queue.at(place)
        place = model.read(queue, place + 1)
        edges.first.push(edges.to.length)
        const looked = watch.look(state)
        if (looked === 'rest') edges.rests.add(state)
        const cut = successors(model, options.bounds, (action: Action, own: boolean) => {
          at.transitions += 1
          const entered = seen.enter(model.low, model.high, state, code(action))
          if (own) edges.to.push(entered.state)
          if (!entered.isNew) return
          next.push(entered.state)
          model.write(next)
          at.left += 1
        })
        if (cut) edges.cut.add(state)
        if (state % LOOK_UP_EVERY !== 0 || performance.now() - told < PROGRESS_MS) continue
        told = performance.now()
        options.progress?.(now())
        // Signals are heard between two turns of the event loop.
        await new Promise((resolve) => setImmediate(resolve))
        if (options.stopped()) return end('interrupted')
      }
      at.depth += 1
    }
  } catch (error) {
    if (error instanceof NoRoomError) return end({ memory: error.message })
    throw error
  }
  return end(null)
}
