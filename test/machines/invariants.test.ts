/**
 * The invariants in each machine's header, in every situation that any order of events can reach.
 *
 * A failure prints a shortest path to it. The size of each world is stated: a change of it is read
 * in a review.
 */
import { describe, expect, test } from 'vitest'
import { type Parts, partsWith } from '../../machines/defects.ts'
import type { Kind } from '../../machines/protocol.ts'
import type { SlotContext } from '../../machines/result.ts'
import { type Edge, type Place, pathAlong, pathTo, type Walked, walk } from './walk.ts'
import { SUBJECTS } from './worlds/all.ts'
import { world as slotOf } from './worlds/slot.ts'

const KINDS = Object.keys(SUBJECTS) as Kind[]
/** Enough paths to see a pattern. */
const SHOWN = 12

const walked = new Map<Kind, Walked<unknown>[]>()
const walks = (kind: Kind): Walked<unknown>[] => {
  const known = walked.get(kind) ?? SUBJECTS[kind].worlds.map((world) => walk(world))
  walked.set(kind, known)
  return known
}

describe.each(KINDS)('%s', (kind) => {
  const { places, edges } = SUBJECTS[kind]

  test('the world has the size it had', () => {
    const sum = (size: (one: Walked<unknown>) => number) =>
      walks(kind).reduce((total, one) => total + size(one), 0)
    expect({
      situations: sum((one) => one.places.length),
      steps: sum((one) => one.edges.length),
      cutByTheBound: sum((one) => one.cut),
    }).toMatchSnapshot()
  })

  test.each(Object.keys(places))('%s', (name) => {
    const holds = places[name] as (typeof places)[string]
    const broken = walks(kind).flatMap((one) => one.places.filter((place) => !holds(place)))
    expect(broken.slice(0, SHOWN).map((place) => pathTo(place))).toEqual([])
  })

  test.each(Object.keys(edges))('%s', (name) => {
    const holds = edges[name] as (typeof edges)[string]
    const broken = walks(kind).flatMap((one) => one.edges.filter((edge) => !holds(edge)))
    expect(onePerKind(broken).map((edge) => pathAlong(edge))).toEqual([])
  })
})

/** One path for each state and event type is enough to find a fault. */
function onePerKind(broken: Edge<unknown>[]): Edge<unknown>[] {
  const seen = new Map<string, Edge<unknown>>()
  for (const edge of broken) {
    const key = `${edge.from.state} ${edge.variant.event.type}`
    if (!seen.has(key)) seen.set(key, edge)
  }
  return [...seen.values()]
}

describe('the report slot, stated in full', () => {
  const slotIn = (place: Place<null>) => place.situation.context as object as SlotContext

  test('alone in its slot no entry ever loses its report: `noReport` is not reached', () => {
    const { places, edges } = walk(slotOf(1))
    expect(places.map(({ state }) => state)).not.toContain('noReport')
    const failures = edges.filter(({ variant }) => variant.event.type === 'entry.failed')
    expect(failures.length).toBeGreaterThan(0)
    for (const { asks } of failures) expect(asks).toHaveLength(1)
  })

  test('of two, a failure is absorbed iff it was deferred and the other is discharged', () => {
    let absorbed = 0
    for (const { from, to, variant } of walk(slotOf(2)).edges) {
      if (variant.event.type !== 'entry.failed') continue
      const own = variant.event.branch as number
      const wasDeferred = slotIn(from).standing[own] === 'deferred'
      const otherDischarged = slotIn(from).standing[1 - own] === 'discharged'
      const lost = slotIn(to).absorbed > slotIn(from).absorbed
      expect(lost).toBe(wasDeferred && otherDischarged)
      absorbed += lost ? 1 : 0
    }
    expect(absorbed).toBe(2)
  })

  test('only the defect makes entries of one number share a slot', () => {
    const keys = ({ slotKey }: Parts) =>
      [0, 1, 2]
        .map((branch) => slotKey({ number: 12, branch }))
        .concat(slotKey({ number: 1, branch: 2 }))
    expect(new Set(keys(partsWith([]))).size).toBe(4)
    expect(new Set(keys(partsWith(['Q248839']))).size).toBe(2)
  })

  test('of three, the pass ends only when none is queued and none has failed', () => {
    const { places } = walk(slotOf(3))
    const closed = places.filter(
      ({ state, before }) => state === 'noReport' && before?.from.state === 'open',
    )
    expect(closed.length).toBeGreaterThan(0)
    for (const place of closed) {
      const standing = Object.values(slotIn(place).standing)
      expect(standing).toHaveLength(3)
      expect(standing).not.toContain('failed')
      expect(new Set(standing)).toEqual(new Set(['deferred', 'discharged']))
    }
  })
})
