/**
 * The fast inner call, and what it remembers, give what XState's public `transition` gives, for
 * every step that any walk takes.
 */

import { describe, expect, test } from 'vitest'
import { type AnyMachineSnapshot, initialTransition, transition as publicTransition } from 'xstate'
import type { Kind } from '../../machines/protocol.ts'
import { initial, transition } from '../../machines/transition.ts'
import { VISIBLE } from '../../machines/visible.ts'
import { type Edge, walk } from './walk.ts'
import { SUBJECTS } from './worlds/all.ts'

const KINDS = Object.keys(SUBJECTS) as Kind[]

/**
 * The first difference, or null: an assertion for each of 100,000 steps would take longer than the
 * steps.
 */
function difference({ from, to, variant, asks, ignored }: Edge<unknown>): object | null {
  const before = from.world.machine.resolveState(from.situation)
  const [snapshot, actions] = publicTransition(from.world.machine, before, variant.event)
  const after = snapshot as AnyMachineSnapshot
  const wanted = {
    value: after.value,
    context: after.context,
    asks: (actions as { type: string; params?: unknown }[])
      .filter(({ type }) => type === 'ask')
      .map(({ params }) => params),
  }
  const given = { ...to.situation, asks }
  const same = JSON.stringify(given) === JSON.stringify(wanted)
  const idle = after === before && wanted.asks.length === 0
  return same && idle === ignored ? null : { given, wanted, ignored }
}

/**
 * Two places with equal situations are one, so an edge's end may be an older object; never another
 * situation.
 */
const situationsOf = (edges: Edge<unknown>[]): Edge<unknown>[] => {
  const one = new Map<string, Edge<unknown>>()
  for (const edge of edges) {
    one.set(JSON.stringify([edge.from.situation, edge.variant.event]), edge)
  }
  return [...one.values()]
}

describe.each(KINDS)('%s', (kind) => {
  const { worlds } = SUBJECTS[kind]

  test('every step is the same', () => {
    for (const world of worlds) {
      for (const edge of situationsOf(walk(world).edges)) {
        const found = difference(edge)
        if (found) expect({ event: edge.variant.event, ...found }).toBeNull()
      }
    }
  })

  test('every first situation is the same', () => {
    for (const { machine, input } of worlds) {
      const [first] = initialTransition(machine, input)
      const { value, context } = first as AnyMachineSnapshot
      expect(initial(machine, input)).toEqual({ value, context })
    }
  })
})

test('the same situation and event are answered from memory, another field is not', () => {
  const [world] = SUBJECTS.directory.worlds
  if (!world) throw new Error('directory has no world')
  const before = initial(world.machine)
  const write = (newer: boolean) =>
    transition(world.machine, before, { type: 'entry.written', newer } as { type: string })
  expect(write(true)).toBe(write(true))
  expect(write(true).asks).not.toEqual(write(false).asks)
})

test('what is remembered are the fields of the protocol, for each event', () => {
  const fields = new Map<string, Set<string>>()
  for (const kind of KINDS) {
    for (const [type, one] of Object.entries(SUBJECTS[kind].events)) {
      fields.set(type, new Set([...(fields.get(type) ?? []), ...Object.keys(one)]))
    }
  }
  const listed = Object.entries(VISIBLE).map(([type, names]) => [type, [...names].sort()])
  expect(Object.fromEntries(listed)).toEqual(
    Object.fromEntries([...fields].map(([type, names]) => [type, [...names].sort()])),
  )
})
