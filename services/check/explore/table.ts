/**
 * The states seen, by number: a fingerprint of 64 bits each, who came before, by which action, and
 * the edges that rest may be reached by. Typed arrays that double, since a `Set` ends at 16.7
 * million.
 *
 * Two states of one fingerprint would be taken for one; with ten million states the chance that any
 * two are is about three in a million.
 */

/** Above this the search stops and says so, whatever the machine has. */
export const STATES_MAX = 200_000_000
const FIRST_CAPACITY = 1 << 16
/** Slots of the hash table for each state that there is room for. */
const SLOTS_PER_STATE = 2

export class NoRoomError extends Error {}

export interface Seen {
  count: number
  bytes(): number
  /** The state's number, and whether it is new. */
  enter(
    low: number,
    high: number,
    parent: number,
    action: number,
  ): { state: number; isNew: boolean }
  parent(state: number): number
  action(state: number): number
}

export function openSeen(bytesMax: number): Seen {
  let capacity = FIRST_CAPACITY
  let slots = new Int32Array(capacity * SLOTS_PER_STATE).fill(-1)
  let lows = new Int32Array(capacity)
  let highs = new Int32Array(capacity)
  let parents = new Int32Array(capacity)
  let actions = new Int32Array(capacity)
  const answer = { state: 0, isNew: false }

  const bytesFor = (states: number): number => states * (4 * 4 + 4 * SLOTS_PER_STATE)
  const grow = (): void => {
    const next = capacity * 2
    // While it grows there are the old arrays and the new ones.
    if (bytesFor(next) + bytesFor(capacity) > bytesMax || next > STATES_MAX) {
      throw new NoRoomError(`${next} states`)
    }
    const larger = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const made = new Int32Array(next)
      made.set(old)
      return made
    }
    lows = larger(lows)
    highs = larger(highs)
    parents = larger(parents)
    actions = larger(actions)
    slots = new Int32Array(next * SLOTS_PER_STATE).fill(-1)
    capacity = next
    const mask = slots.length - 1
    for (let state = 0; state < seen.count; state++) {
      let slot = (lows[state] as number) & mask
      while (slots[slot] !== -1) slot = (slot + 1) & mask
      slots[slot] = state
    }
  }

  const seen: Seen = {
    count: 0,
    bytes: () => bytesFor(capacity),
    enter(low, high, parent, action) {
      const mask = slots.length - 1
      let slot = low & mask
      for (;;) {
        const state = slots[slot] as number
        if (state === -1) break
        if (lows[state] === low && highs[state] === high) {
          answer.state = state
          answer.isNew = false
          return answer
        }
        slot = (slot + 1) & mask
      }
      if (seen.count === capacity) {
        grow()
        return seen.enter(low, high, parent, action)
      }
      const state = seen.count++
      slots[slot] = state
      lows[state] = low
      highs[state] = high
      parents[state] = parent
      actions[state] = action
      answer.state = state
      answer.isNew = true
      return answer
    },
    parent: (state) => parents[state] as number,
    action: (state) => actions[state] as number,
  }
  return seen
}

/** Numbers one after the other, with room that doubles. */
export class Numbers {
  #all = new Int32Array(FIRST_CAPACITY)
  length = 0

  push(value: number): void {
    if (this.length === this.#all.length) {
      const larger = new Int32Array(this.#all.length * 2)
      larger.set(this.#all)
      this.#all = larger
    }
    this.#all[this.length++] = value
  }

  at(index: number): number {
    return this.#all[index] as number
  }

  set(index: number, value: number): void {
    this.#all[index] = value
  }

  clear(): void {
    this.length = 0
  }

  get bytes(): number {
    return this.#all.byteLength
  }
}
