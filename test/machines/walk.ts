/**
 * A bounded exhaustive walk: every situation that a machine can reach by any order of events,
 * breadth first, so that the path to each is a shortest one.
 *
 * Owns no rule of delivery. A world says which events may come next (all of the protocol's, in
 * every variant that a machine could tell apart, at any time: early, late and again), and keeps a
 * witness: what an observer remembers of the asks, such as which timers are armed. Situations are
 * distinct by state, context and witness.
 */
import type { AnyStateMachine } from 'xstate'
import type { Ask, Kind } from '../../machines/protocol.ts'
import { initial, type Situation, transition } from '../../machines/transition.ts'

/** One event in one variant; `labels` are the variant in words, by field. */
export interface Variant {
  event: { type: string } & Record<string, unknown>
  labels: Record<string, string>
}

export interface World<Witness> {
  kind: Kind
  /** What tells this world from the machine's others, in words. */
  setting: Record<string, string>
  machine: AnyStateMachine
  input?: object
  witness: Witness
  variants: (situation: Situation, witness: Witness) => Variant[]
  observe: (seen: Seen<Witness>) => Witness
  /** Situations beyond the bound are reached but not left. */
  within: (context: Record<string, unknown>, state: string) => boolean
  /** A context in words; without it, its fields. */
  words?: (context: Record<string, unknown>) => Record<string, unknown>
}

export interface Seen<Witness> {
  witness: Witness
  event: { type: string } & Record<string, unknown>
  asks: Ask[]
  state: string
  context: Record<string, unknown>
}

export interface Place<Witness> {
  world: World<Witness>
  situation: Situation
  state: string
  /** Final: nothing happens any more. */
  done: boolean
  witness: Witness
  before: Edge<Witness> | null
}

export interface Edge<Witness> {
  from: Place<Witness>
  to: Place<Witness>
  variant: Variant
  asks: Ask[]
  /** The machine had nothing to do with the event. */
  ignored: boolean
}

export interface Walked<Witness> {
  places: Place<Witness>[]
  edges: Edge<Witness>[]
  /** Places that were not left because of the bound. */
  cut: number
}

/** `deferred`, or `locked.working`. */
export function stateOf({ value }: { value: unknown }): string {
  if (typeof value === 'string') return value
  const [name, inner] = Object.entries(value as object)[0] ?? ['?', '']
  return `${name}.${stateOf({ value: inner })}`
}

export function walk<Witness>(world: World<Witness>): Walked<Witness> {
  const first = initial(world.machine, world.input)
  const start = placeOf(world, first, world.witness, null)
  const known = new Map([[keyOf(start), start]])
  const edges: Edge<Witness>[] = []
  let cut = 0
  for (const from of known.values()) {
    if (!world.within(from.situation.context, from.state)) {
      cut += 1
      continue
    }
    for (const variant of world.variants(from.situation, from.witness)) {
      const edge = follow(from, variant)
      edges.push(edge)
      const key = keyOf(edge.to)
      const there = known.get(key)
      if (there) edge.to = there
      else known.set(key, edge.to)
    }
  }
  return { places: [...known.values()], edges, cut }
}

/** What would become of events that no order brings about: looked at, and not followed further. */
export function beyond<Witness>(
  places: Place<Witness>[],
  variants: (place: Place<Witness>) => Variant[],
): Edge<Witness>[] {
  return places.flatMap((from) => variants(from).map((variant) => follow(from, variant)))
}

function follow<Witness>(from: Place<Witness>, variant: Variant): Edge<Witness> {
  const { world, witness } = from
  const { value, context, asks, handled } = transition(world.machine, from.situation, variant.event)
  const state = stateOf({ value })
  const after = world.observe({ witness, event: variant.event, asks, state, context })
  const edge = { from, to: from, variant, asks, ignored: !handled && asks.length === 0 }
  edge.to = placeOf(world, { value, context }, after, edge)
  return edge
}

function placeOf<Witness>(
  world: World<Witness>,
  situation: Situation,
  witness: Witness,
  before: Edge<Witness> | null,
): Place<Witness> {
  const state = stateOf(situation)
  const done = world.machine.root.states[state]?.type === 'final'
  return { world, situation, state, done, witness, before }
}

const keyOf = <Witness>({ state, situation, witness }: Place<Witness>): string =>
  JSON.stringify([state, situation.context, witness])

export const eventText = ({ event, labels }: Variant): string => {
  const words = Object.values(labels)
  return words.length > 0 ? `${event.type}(${words.join(', ')})` : event.type
}

/** The shortest way to a place, one line. */
export function pathTo<Witness>(place: Place<Witness>): string {
  const steps: string[] = []
  for (let at = place; at.before; at = at.before.from) steps.unshift(stepText(at.before))
  return [Object.values(place.world.setting).join(', '), ...steps].filter(Boolean).join(' · ')
}

export const pathAlong = <Witness>(edge: Edge<Witness>): string =>
  [pathTo(edge.from), stepText(edge)].filter(Boolean).join(' · ')

const stepText = <Witness>({ variant, to }: Edge<Witness>): string =>
  `${eventText(variant)} → ${to.state}`
