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
import type { Bounds } from './bounds.ts'
import { neglected } from './cycles.ts'
import { RelearnedError } from './independence.ts'
import type { Model } from './model.ts'
import { successors } from './successors.ts'
import { Column, NoRoomError, noRoomIn, openSeen, type Seen } from './table.ts'
import { Tape } from './tape.ts'
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
  first: Column
  to: Column
  /** States from which something was left out because of a bound. */
  cut: Column
  rests: Column
  /** States in which something was left for later. */
  reduced: Column
}

const noEdges = (): Edges => ({
  first: new Column(),
  to: new Column(),
  cut: new Column(),
  rests: new Column(),
  reduced: new Column(),
})

const bytesOf = (edges: Edges): number =>
  Object.values(edges).reduce((sum, column) => sum + column.bytes, 0)

type Names = ReadonlySet<string>

export interface SearchOptions {
  bounds: Bounds
  bytesMax: number
  /** Leave for later what nothing else can meet (`independence.ts`). */
  reduce: boolean
  /** End when all of these violations, `<invariant> <entry>`, have been seen. */
  wanted?: Names
  stopped(): boolean
  /** Called about once a second. */
  progress?(progress: Progress): void
}

/** States between two looks at the clock, and how often progress is told. */
const LOOK_UP_EVERY = 1_024
const PROGRESS_MS = 1_000

export async function search(model: Model, options: SearchOptions): Promise<Searched> {
  /** Fingerprints of states in which nothing is left for later. */
  const whole = new Set<string>()
  for (;;) {
    try {
      const searched = await once(model, options, whole)
      const { seen, edges, ended } = searched
      const circling = options.reduce && ended === null ? neglected(edges) : []
      if (circling.length === 0) return searched
      for (const state of circling) {
        whole.add(nameOf({ low: seen.low(state), high: seen.high(state) }))
      }
    } catch (error) {
      if (!(error instanceof RelearnedError)) throw error
    }
  }
}

async function once(model: Model, options: SearchOptions, whole: Names): Promise<Searched> {
  const began = performance.now()
  const seen = openSeen(options.bytesMax)
  const watch = openWatch(model)
  const edges = noEdges()
  const { first, to } = edges
  const tape = new Tape()
  let told = began
  let state = 0
  const at = { transitions: 0, depth: 0, peak: 0 }
  const now = (): Progress => ({
    states: seen.count,
    transitions: at.transitions,
    queue: seen.count - first.length,
    depth: at.depth,
    seconds: (performance.now() - began) / 1_000,
  })
  const end = (ended: Searched['ended']): Searched => {
    const bytes = seen.bytes() + at.peak + bytesOf(edges)
    return { ...now(), seen, watch, edges, ended, bytes }
  }
  const emit = (action: number, own: boolean): void => {
    at.transitions += 1
    const entered = seen.enter(model.low, model.high, state, action)
    const found = entered < 0 ? -1 - entered : entered
    if (own) to.push(found)
    if (entered < 0) model.write(tape)
  }

  try {
    model.first()
    seen.enter(model.low, model.high, -1, 0)
    model.write(tape)
    let level = 1
    for (; state < seen.count; state++) {
      if (state === level) {
        level = seen.count
        at.depth += 1
      }
      model.read(tape, seen.low(state), seen.high(state))
      const looked = watch.look(state)
      if (options.wanted && hasAll(watch, options.wanted)) return end(null)
      first.push(to.length)
      if (looked === 'rest') edges.rests.push(state)
      const reduce = options.reduce && !(whole.size > 0 && whole.has(nameOf(model)))
      const expanded = successors(model, options.bounds, emit, reduce)
      if (expanded.cut) edges.cut.push(state)
      if (expanded.reduced) edges.reduced.push(state)
      if (state % LOOK_UP_EVERY !== 0) continue
      at.peak = Math.max(at.peak, tape.bytes)
      if (seen.bytes() + tape.bytes + bytesOf(edges) > options.bytesMax) {
        throw noRoomIn(options.bytesMax, seen.count)
      }
      if (performance.now() - told < PROGRESS_MS) continue
      told = performance.now()
      options.progress?.(now())
      // Signals are heard between two turns of the event loop.
      await new Promise((resolve) => setImmediate(resolve))
      if (options.stopped()) return end('interrupted')
    }
  } catch (error) {
    if (error instanceof NoRoomError) return end({ memory: error.message })
    throw error
  }
  // What the last steps taught may speak against an earlier choice.
  if (options.reduce) model.independence.verify()
  return end(null)
}

const nameOf = ({ low, high }: { low: number; high: number }): string => `${low}/${high}`

function hasAll({ violations }: Watch, wanted: Names): boolean {
  if (violations.size < wanted.size) return false
  for (const one of wanted) if (!violations.has(one)) return false
  return true
}
