/**
 * What may be left for later: a partial-order reduction by persistent sets (Godefroid).
 *
 * Two steps that touch nothing in common may be done in either order, and both orders end in one
 * state. So of all that is under way it is enough to look at a set that nothing outside it, nor
 * anything that may come of that, can ever meet. What a kind of step touches, and what comes of it,
 * is learned from the steps themselves: a kind that was never seen is held to touch everything, and
 * when a kind turns out to touch more than a choice had relied on, the search begins again with
 * what was learned.
 *
 * States at rest are the same with and without it (the persistent set), no step is left for ever
 * (`cycles.ts`), and what the judge sees together is one thing that is touched (`sights.ts`).
 */
import { Bits } from './bits.ts'
import type { Interned } from './interning.ts'
import { openSights } from './sights.ts'
import type { Effect } from './transitions.ts'

/** A choice had relied on what is no longer so: the search must begin again. */
export class RelearnedError extends Error {}

/** What a kind of step has been seen to do. */
interface Learned {
  known: boolean
  reads: Bits
  writes: Bits
  /** What it writes of what the judge looks at, each with its key. */
  seen: Map<string, { cell: string; key: string | null }>
  leads: Set<number>
}

/** That, and all that may come of it. */
interface Reach {
  touches: Bits
  writes: Bits
  unknown: boolean
}

export interface Independence {
  /** The number of a kind of step. */
  kind(name: string): number
  /** A kind of step has done this, for the first time. */
  learn(kind: number, done: Done): void
  /**
   * Which of these kinds, all under way, are enough to look at, beginning from one of the first
   * `startable`: a bit for each; 0 when all of them are needed.
   */
  choose(pending: readonly number[], startable: number): number
}

export interface Done {
  /** The actor that took it, or null. */
  by: string | null
  effect: Effect
  reads: readonly number[]
  /** Of a box only this key was looked at or written: other keys are another's business. */
  key: string | null
  /** Kinds of what it sent, and of timers that it armed and that are due at once. */
  leads: { kind: number; to: string }[]
}

/** A resource that is no cell: how late it is. */
const TIME = 'the time'

export function openIndependence(interned: Interned): Independence {
  const kinds: Learned[] = []
  const byName = new Map<string, number>()
  const resources = new Map<string, number>()
  const sights = openSights()
  /** By pair of kinds: 0 not known yet, 1 apart, 2 they may meet. */
  let meetings = new Uint8Array(0)
  let relied = new Uint8Array(0)
  let width = 0
  let reaches: Reach[] = []
  let dirty = true

  const resource = (name: string): number => {
    const known = resources.get(name)
    if (known !== undefined) return known
    resources.set(name, resources.size)
    return resources.size - 1
  }
  const dates = datesOf(interned)

  /**
   * Keys of one box do not meet. Whoever looks at the whole box meets each of them: so that counts
   * as written, which what has to do with one key only reads.
   */
  const touch = (learned: Learned, bits: Bits, cell: number, key: string | null): boolean => {
    const name = interned.cells[cell] as string
    if (!name.startsWith('box ')) return bits.add(resource(name))
    if (key === null) return learned.writes.add(resource(name))
    const grew = learned.reads.add(resource(name))
    return bits.add(resource(`${name} ${key}`)) || grew
  }

  const relearn = (): void => {
    dirty = false
    for (const { seen, reads, writes } of kinds) {
      for (const { cell, key } of seen.values()) {
        const sight = sights.of(cell, key)
        if (sight === null) continue
        writes.add(resource(`sight ${sight.written}`))
        for (const looked of sight.looked) reads.add(resource(`sight ${looked}`))
      }
    }
    reaches = kinds.map((_, kind) => reachOf(kinds, kind))
    if (kinds.length > width) {
      const wider = kinds.length * 2
      relied = widened(relied, width, wider)
      width = wider
    }
    meetings = new Uint8Array(width * width)
    for (let pair = 0; pair < relied.length; pair++) {
      if (relied[pair] === 0) continue
      if (meets(Math.floor(pair / width), pair % width)) {
        relied.fill(0)
        throw new RelearnedError()
      }
    }
  }

  const meets = (one: number, other: number): boolean => {
    const pair = one * width + other
    if (meetings[pair] !== 0) return meetings[pair] === 2
    const { known, reads, writes } = kinds[one] as Learned
    const reach = reaches[other] as Reach
    const apart =
      known && !reach.unknown && !writes.meets(reach.touches) && !reads.meets(reach.writes)
    meetings[pair] = apart ? 1 : 2
    return !apart
  }

  /** By what is under way, as bits: all that must come with it. */
  const together = new Uint32Array(PENDING_MAX)
  const relate = (pending: readonly number[], count: number): void => {
    for (let i = 0; i < count; i++) {
      const one = pending[i] as number
      let bits = 1 << i
      for (let j = 0; j < count; j++) {
        if (j !== i && meets(one, pending[j] as number)) bits |= 1 << j
      }
      together[i] = bits
    }
  }
  /** The smallest set that has this one in it. */
  const grown = (start: number, all: number): number => {
    let members = together[start] as number
    for (let before = 0; before !== members && members !== all; ) {
      const added = members & ~before
      before = members
      for (let left = added; left !== 0; left &= left - 1) {
        members |= together[31 - Math.clz32(left & -left)] as number
      }
    }
    return members
  }

  return {
    kind(name) {
      const known = byName.get(name)
      if (known !== undefined) return known
      byName.set(name, kinds.length)
      dirty = true
      kinds.push({
        known: false,
        reads: new Bits(),
        writes: new Bits(),
        seen: new Map(),
        leads: new Set(),
      })
      return kinds.length - 1
    },
    learn(kind, { by, effect, reads, key, leads }) {
      const learned = kinds[kind] as Learned
      let grew = !learned.known
      learned.known = true
      const timers = effect.timers.some((value, i) => i % 2 === 1 && value !== 0)
      if (timers || effect.agesAt > 0 || dates.any(effect, reads)) {
        grew = learned.reads.add(resource(TIME)) || grew
      }
      if (effect.agesAt > 0) grew = learned.writes.add(resource(TIME)) || grew
      for (const cell of reads) grew = touch(learned, learned.reads, cell, key) || grew
      for (let i = 0; i < effect.writes.length; i += 2) {
        const cell = effect.writes[i] as number
        const name = interned.cells[cell] as string
        if (sights.of(name, key) !== null && !learned.seen.has(`${name} ${key}`)) {
          learned.seen.set(`${name} ${key}`, { cell: name, key })
          grew = true
        }
        grew = touch(learned, learned.writes, cell, key) || grew
      }
      for (let i = 0; i < effect.timers.length; i += 2) {
        grew = touch(learned, learned.writes, effect.timers[i] as number, null) || grew
      }
      for (const lead of leads) {
        grew ||= !learned.leads.has(lead.kind)
        learned.leads.add(lead.kind)
        if (by !== null && key !== null && sights.link(by, key, lead.to)) grew = true
      }
      dirty ||= grew
    },
    choose(pending, startable) {
      const count = pending.length
      if (count > PENDING_MAX || count < 2) return 0
      if (dirty) relearn()
      relate(pending, count)
      const all = (1 << count) - 1
      let best = all
      for (let start = 0; start < startable; start++) {
        const members = grown(start, all)
        if (bitsIn(members) < bitsIn(best)) best = members
      }
      if (best === all) return 0
      for (let i = 0; i < count; i++) {
        if ((best & (1 << i)) === 0) continue
        for (let j = 0; j < count; j++) {
          if ((best & (1 << j)) !== 0) continue
          relied[(pending[i] as number) * width + (pending[j] as number)] = 1
        }
      }
      return best
    },
  }
}

function bitsIn(number: number): number {
  let count = 0
  for (let left = number; left !== 0; left &= left - 1) count += 1
  return count
}

/** With more than this under way a state is looked at whole: a set of them is one number. */
const PENDING_MAX = 30

function widened(pairs: Uint8Array, width: number, wider: number): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(wider * wider)
  for (let row = 0; row < width; row++) {
    made.set(pairs.subarray(row * width, (row + 1) * width), row * wider)
  }
  return made
}

function reachOf(kinds: readonly Learned[], kind: number): Reach {
  const reach: Reach = { touches: new Bits(), writes: new Bits(), unknown: false }
  const found = new Set([kind])
  for (const one of found) {
    const { known, reads, writes, leads } = kinds[one] as Learned
    if (!known) reach.unknown = true
    reach.touches.join(reads)
    reach.touches.join(writes)
    reach.writes.join(writes)
    for (const lead of leads) found.add(lead)
  }
  return reach
}

/** Beliefs have dates that a step compares with the time; other dates are only carried along. */
function datesOf(interned: Interned) {
  const dated: boolean[] = []
  const isDated = (value: number): boolean => {
    dated[value] ??= /"readAt"/.test(JSON.stringify(interned.values[value]) ?? '')
    return dated[value]
  }
  return {
    any: ({ writes }: Effect, reads: readonly number[]): boolean =>
      reads.some((cell) => (interned.cells[cell] as string).startsWith('cache ')) ||
      writes.some((value, i) => i % 2 === 1 && isDated(value)),
  }
}
