/**
 * Records of numbers that are read once, in the order in which they were written. A record lies in
 * one piece, so that it is read and written like an array; a piece goes when it was read.
 */
const BYTES = 4
/** Numbers in a piece: some hundred states. */
const PIECE = 1 << 12
/** Pieces that were read and are kept to be written again. */
const SPARE_MAX = 16
/** Where a record would begin: the rest of the piece is empty. A record never begins with it. */
const ENDS = -1

export class Tape {
  /** Where the record that was opened is written. */
  into = new Int32Array(PIECE)
  /** Where the record that is next is read. */
  from = this.into
  bytes = PIECE * BYTES
  #tail = 0
  #head = 0
  readonly #pieces: Int32Array<ArrayBuffer>[] = [this.into]
  readonly #spare: Int32Array<ArrayBuffer>[] = []

  /** The place in `into` from which on a record of at most so many numbers may be written. */
  open(most: number): number {
    if (this.#tail + most <= this.into.length) return this.#tail
    if (this.#tail < this.into.length) this.into[this.#tail] = ENDS
    this.into = this.#blank(most)
    this.#pieces.push(this.into)
    this.#tail = 0
    return 0
  }

  /** The record ends before this place. */
  close(end: number): void {
    this.#tail = end
  }

  /** The place in `from` at which the next record begins; there must be one. */
  next(): number {
    const { from } = this
    if (from === this.into && this.#head === this.#tail) throw new Error('nothing is left to read')
    if (this.#head < from.length && from[this.#head] !== ENDS) return this.#head
    this.#release()
    return 0
  }

  /** The record that was read ended before this place. */
  done(end: number): void {
    this.#head = end
  }

  #blank(most: number): Int32Array<ArrayBuffer> {
    const spare = most <= PIECE ? this.#spare.pop() : undefined
    if (spare) return spare
    const made = new Int32Array(Math.max(PIECE, most))
    this.bytes += made.byteLength
    return made
  }

  #release(): void {
    const read = this.#pieces.shift() as Int32Array<ArrayBuffer>
    this.from = this.#pieces[0] as Int32Array<ArrayBuffer>
    this.#head = 0
    if (read.length === PIECE && this.#spare.length < SPARE_MAX) this.#spare.push(read)
    else this.bytes -= read.byteLength
  }
}
