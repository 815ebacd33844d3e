/**
 * Chance from a seed. Every draw is a function of the seed and of what it is drawn for, so that a
 * run repeats to the byte, and what is left out of it disturbs the rest as little as can be.
 */

/** FNV-1a, 32 bits, going on from an earlier one. */
export function hashOf(text: string, from = 0x811c9dc5): number {
  let hash = from
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  return hash >>> 0
}

/** A stream of numbers (mulberry32) that can be set to begin anywhere. */
export class Random {
  #state = 0

  constructor(seed = 0) {
    this.begin(seed, 0, 0)
  }

  /** The stream that belongs to these three numbers. */
  begin(seed: number, what: number, nth: number): this {
    let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(what, 0xc2b2ae35)
    mixed = Math.imul(mixed ^ (mixed >>> 15) ^ Math.imul(nth + 1, 0x27d4eb2f), 0x2c1b3c6d)
    this.#state = mixed ^ (mixed >>> 13)
    return this
  }

  /** In [0, 1). */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number in [from, to). */
  between(from: number, to: number): number {
    return from + Math.floor(this.unit() * (to - from))
  }

  chance(probability: number): boolean {
    return this.unit() < probability
  }

  pick<T>(values: readonly T[]): T {
    return values[this.between(0, values.length)] as T
  }
}
