/**
 * What a way has spent of its bounds, as cells of the state: two states that have spent differently
 * may go on differently.
 */
import type { Plan } from '../plan.ts'
import type { Interned } from './interning.ts'

export interface Tally {
  died: number
  again: number
  lost: number
  late: number
  stalled: number
  /** By place in the plan. */
  faults: number[]
  /** Acts that were done. */
  acts: number[]
  moves: number
  cancels: number
  /** How often a timer has rung, by the timer's cell. */
  rung(timer: number): number
  /** That an event was taken since the clock went on, by the event's cell. */
  took(event: number): number
  /** How often the event's job has stalled, by the event's cell. */
  stalls(event: number): number
}

export function openTally(interned: Interned, { faults, acts }: Plan): Tally {
  const count = (name: string): number => interned.cell(name, 'count')
  const beside = (kind: 'count' | 'took' | 'stalls', name: (cell: string) => string) => {
    const known: number[] = []
    return (cell: number): number => {
      known[cell] ??= interned.cell(name(interned.cells[cell] as string), kind)
      return known[cell]
    }
  }
  return {
    died: count('died'),
    again: count('again'),
    lost: count('lost'),
    late: count('late'),
    stalled: count('stalled'),
    faults: faults.map((_, place) => count(`fault ${place}`)),
    acts: acts.map((_, place) => count(`act ${place}`)),
    moves: count('acts move'),
    cancels: count('acts cancel'),
    rung: beside('count', (timer) => `rung ${timer}`),
    took: beside('took', (event) => `took ${event.slice('event '.length)}`),
    stalls: beside('stalls', (event) => `stalls ${event.slice('event '.length)}`),
  }
}
