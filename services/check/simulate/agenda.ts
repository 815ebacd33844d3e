/**
 * What is under way, and when it comes: a heap by time, and among equals by the order of arrival.
 */

export interface Dated {
  at: number
  /** Told by the heap: which came first. */
  order: number
}

export class Agenda<T extends Dated> {
  readonly #all: T[] = []
  #added = 0

  get size(): number {
    return this.#all.length
  }

  first(): T | undefined {
    return this.#all[0]
  }

  add(one: T): void {
    this.#added += 1
    one.order = this.#added
    const all = this.#all
    let i = all.length
    all.push(one)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = all[parent] as T
      if (!before(one, above)) break
      all[i] = above
      i = parent
    }
    all[i] = one
  }

  take(): T | undefined {
    const all = this.#all
    const first = all[0]
    const last = all.pop()
    if (last === undefined || all.length === 0) return first
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= all.length) break
      if (child + 1 < all.length && before(all[child + 1] as T, all[child] as T)) child += 1
      if (!before(all[child] as T, last)) break
      all[i] = all[child] as T
      i = child
    }
    all[i] = last
    return first
  }
}

const before = (a: Dated, b: Dated): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
