/**
 * The states seen, by number: a fingerprint of 64 bits each, who came before, by which action. Room
 * is made in pieces, since what doubles stands half empty, and a `Set` ends at 16.7 million.
 *
 * Two states of one fingerprint would be taken for one; with ten million states the chance that any
 * two are is about three in a million.
 */

/** Above this the search stops and says so, whatever the machine has. */
export const STATES_MAX = 200_000_000
/** Numbers in a piece: small enough for a small search, and few pieces for a large one. */
const PIECE_BITS = 12
const PIECE = 1 << PIECE_BITS
const WITHIN = PIECE - 1
const FIRST_SLOTS = 1 << 13
/** States for each slot of the hash table, at most: beyond it the ways to a free one grow long. */
const LOAD_MAX = 0.7
const BYTES = 4

export class NoRoomError extends Error {}

/** Numbers, one after the other, that stay. */
export class Column {
  readonly #pieces: Int32Array[] = []
  length = 0

  push(value: number): void {
    const piece = this.length >>> PIECE_BITS
    if (piece === this.#pieces.length) this.#pieces.push(new Int32Array(PIECE))
    ;(this.#pieces[piece] as Int32Array)[this.length & WITHIN] = value
    this.length += 1
  }

  at(index: number): number {
    return (this.#pieces[index >>> PIECE_BITS] as Int32Array)[index & WITHIN] as number
  }

  get bytes(): number {
    return this.#pieces.length * PIECE * BYTES
  }
}

/** Numbers that are read once, in the order in which they were written; a piece goes when read. */
export class Tape {
  readonly #pieces: (Int32Array | null)[] = []
  readonly #spare: Int32Array[] = []
  #first = 0
  #head = 0
  #tail = 0

  push(value: number): void {
    const piece = (this.#tail >>> PIECE_BITS) - this.#first
    if (piece === this.#pieces.length) this.#pieces.push(this.#spare.pop() ?? new Int32Array(PIECE))
    ;(this.#pieces[piece] as Int32Array)[this.#tail & WITHIN] = value
    this.#tail += 1
  }

  shift(): number {
    const piece = (this.#head >>> PIECE_BITS) - this.#first
    const value = (this.#pieces[piece] as Int32Array)[this.#head & WITHIN] as number
    this.#head += 1
    if ((this.#head & WITHIN) === 0) this.#release()
    return value
  }

  get bytes(): number {
    return (this.#pieces.length + this.#spare.length) * PIECE * BYTES
  }

  #release(): void {
    const read = this.#pieces.shift()
    if (read && this.#spare.length < SPARE_MAX) this.#spare.push(read)
    this.#first += 1
  }
}

/** Pieces that were read and are kept to be written again. */
const SPARE_MAX = 16

export interface Seen {
  count: number
  bytes(): number
  /** The number of the state with this fingerprint; its complement, `-1 - number`, when new. */
  enter(low: number, high: number, parent: number, action: number): number
  low(state: number): number
  high(state: number): number
  parent(state: number): number
  action(state: number): number
}

export function openSeen(bytesMax: number): Seen {
  let slots = new Int32Array(FIRST_SLOTS).fill(-1)
  const lows = new Column()
  const highs = new Column()
  const parents = new Column()
  const actions = new Column()

  const bytes = (): number =>
    slots.byteLength + lows.bytes + highs.bytes + parents.bytes + actions.bytes

  const grow = (): void => {
    const next = slots.length * 2
    if (bytes() + next * BYTES > bytesMax || seen.count * 2 > STATES_MAX) {
      throw new NoRoomError(`more than ${seen.count} states`)
    }
    slots = new Int32Array(next).fill(-1)
    const mask = next - 1
    for (let state = 0; state < seen.count; state++) {
      let slot = lows.at(state) & mask
      while (slots[slot] !== -1) slot = (slot + 1) & mask
      slots[slot] = state
    }
  }

  const seen: Seen = {
    count: 0,
    bytes,
    enter(low, high, parent, action) {
      const mask = slots.length - 1
      let slot = low & mask
      for (;;) {
        const state = slots[slot] as number
        if (state === -1) break
        if (lows.at(state) === low && highs.at(state) === high) return state
        slot = (slot + 1) & mask
      }
      if (seen.count >= slots.length * LOAD_MAX) {
        grow()
        return seen.enter(low, high, parent, action)
      }
      const state = seen.count++
      slots[slot] = state
      lows.push(low)
      highs.push(high)
      parents.push(parent)
      actions.push(action)
      return -1 - state
    },
    low: (state) => lows.at(state),
    high: (state) => highs.at(state),
    parent: (state) => parents.at(state),
    action: (state) => actions.at(state),
  }
  return seen
}
