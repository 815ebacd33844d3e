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
import type { Kinds } from './kinds.ts'
import type { List } from './list.ts'

/** A choice had relied on what is no longer so: the search must begin again. */
export class RelearnedError extends Error {}

/** With more than this under way a state is looked at whole: a set of them is one number. */
const PENDING_MAX = 30

/** Of two kinds of step. */
const APART = 1
const MEET = 2

export class Independence {
  readonly #kinds: Kinds
  /** By pair of kinds: 0 is not known yet. */
  #meetings = new Uint8Array(0)
  /** Pairs that a choice has taken to be apart. */
  #relied = new Uint8Array(0)
  #width = 0
  /** By what is under way, as bits: all that must come with it. */
  readonly #together = new Uint32Array(PENDING_MAX)

  constructor(kinds: Kinds) {
    this.#kinds = kinds
  }

  /**
   * Which of these kinds, all under way, are enough to look at, beginning from one of the first
   * `startable`: a bit for each; 0 when all of them are needed.
   */
  choose({ items: pending, length: count }: List, startable: number): number {
    if (count > PENDING_MAX || count < 2) return 0
    this.verify()
    this.#relate(pending, count)
    const all = (1 << count) - 1
    let best = all
    for (let start = 0; start < startable; start++) {
      const members = this.#grown(start, all)
      if (bitsIn(members) < bitsIn(best)) best = members
    }
    if (best === all) return 0
    for (let i = 0; i < count; i++) {
      if ((best & (1 << i)) === 0) continue
      const row = (pending[i] as number) * this.#width
      for (let j = 0; j < count; j++) {
        if ((best & (1 << j)) === 0) this.#relied[row + (pending[j] as number)] = 1
      }
    }
    return best
  }

  /**
   * @throws RelearnedError when what was learned since has shown a choice to be wrong.
   */
  verify(): void {
    const kinds = this.#kinds
    if (!kinds.changed) return
    kinds.settle()
    if (kinds.length > this.#width) this.#widen(kinds.length * 2)
    this.#meetings.fill(0)
    for (let pair = 0; pair < this.#relied.length; pair++) {
      if (this.#relied[pair] === 0) continue
      if (!this.#meets(Math.floor(pair / this.#width), pair % this.#width)) continue
      this.#relied.fill(0)
      throw new RelearnedError()
    }
  }

  #meets(one: number, other: number): boolean {
    const pair = one * this.#width + other
    const known = this.#meetings[pair]
    if (known !== 0) return known === MEET
    const meet = this.#kinds.meets(one, other)
    this.#meetings[pair] = meet ? MEET : APART
    return meet
  }

  #relate(pending: readonly number[], count: number): void {
    for (let i = 0; i < count; i++) {
      const one = pending[i] as number
      let bits = 1 << i
      for (let j = 0; j < count; j++) {
        if (j !== i && this.#meets(one, pending[j] as number)) bits |= 1 << j
      }
      this.#together[i] = bits
    }
  }

  /** The smallest set that has this one in it. */
  #grown(start: number, all: number): number {
    let members = this.#together[start] as number
    for (let before = 0; before !== members && members !== all; ) {
      const added = members & ~before
      before = members
      for (let left = added; left !== 0; left &= left - 1) {
        members |= this.#together[31 - Math.clz32(left & -left)] as number
      }
    }
    return members
  }

  #widen(width: number): void {
    const relied = new Uint8Array(width * width)
    for (let row = 0; row < this.#width; row++) {
      relied.set(this.#relied.subarray(row * this.#width, (row + 1) * this.#width), row * width)
    }
    this.#relied = relied
    this.#meetings = new Uint8Array(width * width)
    this.#width = width
  }
}

function bitsIn(number: number): number {
  let count = 0
  for (let left = number; left !== 0; left &= left - 1) count += 1
  return count
}
