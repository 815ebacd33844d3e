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
/** Numbers of a state, side by side: what is compared lies in one line of the processor's cache. */
const EACH = 4
const LOW = 0
const HIGH = 1
const PARENT = 2
const ACTION = 3
/** States in a piece. */
const STATE_BITS = 12
const STATES = 1 << STATE_BITS
const AMONG = STATES - 1
const FIRST_SLOTS = 1 << 13
/** States for each slot of the hash table, at most: beyond it the ways to a free one grow long. */
const LOAD_MAX = 0.7
const BYTES = 4

/** The message says what there is no room for. */
export class NoRoomError extends Error {}

const MEGABYTE = 1 << 20

export const noRoomIn = (bytesMax: number, states: number): NoRoomError => {
  const figures = [states, Math.round(bytesMax / MEGABYTE)].map((n) => n.toLocaleString('en-US'))
  return new NoRoomError(`more than ${figures[0]} states in ${figures[1]} MB (--memory)`)
}

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
  let roomFor = Math.floor(FIRST_SLOTS * LOAD_MAX)
  const pieces: Int32Array[] = []

  const bytes = (): number => slots.byteLength + pieces.length * STATES * EACH * BYTES
  const number = (state: number, which: number): number =>
    (pieces[state >>> STATE_BITS] as Int32Array)[(state & AMONG) * EACH + which] as number

  const grow = (): void => {
    const next = slots.length * 2
    if (bytes() + next * BYTES > bytesMax) throw noRoomIn(bytesMax, seen.count)
    if (seen.count * 2 > STATES_MAX) throw new NoRoomError(`more than ${seen.count} states at all`)
    slots = new Int32Array(next).fill(-1)
    roomFor = Math.floor(next * LOAD_MAX)
    const mask = next - 1
    for (let state = 0; state < seen.count; state++) {
      let slot = number(state, LOW) & mask
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
        const piece = pieces[state >>> STATE_BITS] as Int32Array
        const at = (state & AMONG) * EACH
        if (piece[at + LOW] === low && piece[at + HIGH] === high) return state
        slot = (slot + 1) & mask
      }
      if (seen.count >= roomFor) {
        grow()
        return seen.enter(low, high, parent, action)
      }
      const state = seen.count++
      slots[slot] = state
      const at = (state & AMONG) * EACH
      if (at === 0) pieces.push(new Int32Array(STATES * EACH))
      const piece = pieces[state >>> STATE_BITS] as Int32Array
      piece[at + LOW] = low
      piece[at + HIGH] = high
      piece[at + PARENT] = parent
      piece[at + ACTION] = action
      return -1 - state
    },
    low: (state) => number(state, LOW),
    high: (state) => number(state, HIGH),
    parent: (state) => number(state, PARENT),
    action: (state) => number(state, ACTION),
  }
  return seen
}
