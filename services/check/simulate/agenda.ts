/**
 * What is under way, and when it comes: a heap by time, and among equals by the order of arrival.
 */

export interface Planned<T> {
  at: number
  /** Told by the heap: which came first. */
  order: number
  what: T
}

export class Agenda<T> {
  readonly #all: Planned<T>[] = []
  #added = 0

  get size(): number {
    return this.#all.length
  }

  first(): Planned<T> | undefined {
    return this.#all[0]
  }

  add(at: number, what: T): void {
    this.#added += 1
    const one = { at, order: this.#added, what }
    const all = this.#all
    let i = all.length
    all.push(one)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = all[parent] as Planned<T>
      if (!before(one, above)) break
      all[i] = above
      i = parent
    }
    all[i] = one
  }

  take(): Planned<T> | undefined {
    const all = this.#all
    const first = all[0]
    const last = all.pop()
    if (last === undefined || all.length === 0) return first
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= all.length) break
      if (
        child + 1 < all.length &&
        before(all[child + 1] as Planned<T>, all[child] as Planned<T>)
      ) {
        child += 1
      }
      if (!before(all[child] as Planned<T>, last)) break
      all[i] = all[child] as Planned<T>
      i = child
    }
    all[i] = last
    return first
  }
}

const before = (a: Planned<unknown>, b: Planned<unknown>): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order)
