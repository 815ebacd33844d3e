/**
 * The reduction: what it leaves for later changes nothing of what the search finds. Each search is
 * done with it and without.
 */
import { describe, expect, test } from 'vitest'
import { DEFAULT_BOUNDS } from '../../../services/check/explore/bounds.ts'
import { neglected } from '../../../services/check/explore/cycles.ts'
import { Column } from '../../../services/check/explore/table.ts'
import { compared } from './compared.ts'

const BOUNDS = { ...DEFAULT_BOUNDS, retries: 1, crashes: 1 }

describe.each([
  ['q248839', BOUNDS],
  ['row-2', { ...BOUNDS, duplicates: 1 }],
  ['row-3', { ...BOUNDS, lostReplies: 1 }],
  ['row-6b', BOUNDS],
  ['row-17', BOUNDS],
  ['row-19', BOUNDS],
  ['list-moved', { ...BOUNDS, retries: 0, crashes: 0 }],
])('%s', (name, bounds) => {
  test.each(['exchange-5.5-sp3', 'exchange-5.5-sp4', 'modern'])('%s', async (profile) => {
    const { reduced, plain } = await compared(name, profile, bounds)
    expect(reduced.told).toEqual(plain.told)
    expect(reduced.states).toBeLessThanOrEqual(plain.states)
  })
})

test('it leaves out half of the states of q248839 and more', async () => {
  const { reduced, plain } = await compared('q248839', 'exchange-5.5-sp4', BOUNDS)
  expect(reduced.states).toBeLessThan(plain.states / 2)
})

test('what it reduces too much is seen by the comparison: nothing is held to meet', async () => {
  const { reduced, plain } = await compared('q248839', 'exchange-5.5-sp3', BOUNDS, {
    blind: true,
  })
  expect(reduced.told).not.toEqual(plain.told)
})

describe('a circle in which something is left for ever', () => {
  /** Edges of a graph: from each state where it leads to. */
  const edges = (graph: number[][], of: number[]) => {
    const columns = () => new Column()
    const made = { first: columns(), to: columns(), cut: columns(), rests: columns() }
    for (const next of graph) {
      made.first.push(made.to.length)
      for (const state of next) made.to.push(state)
    }
    const reduced = columns()
    for (const state of of) reduced.push(state)
    return { ...made, reduced }
  }

  test('is found', () => {
    expect(neglected(edges([[1], [2], [1, 3], []], [0, 1, 2]))).toEqual([1, 2])
    expect(neglected(edges([[1], [1]], [1]))).toEqual([1])
  })

  test('is none when one of its states was looked at whole, or when there is no way back', () => {
    expect(neglected(edges([[1], [2], [1, 3], []], [0, 1, 3]))).toEqual([])
    expect(neglected(edges([[1, 2], [2, 3], [3], []], [0, 1, 2, 3]))).toEqual([])
  })
})
