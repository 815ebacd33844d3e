/** A set of small numbers. */
export class Bits {
  #words = new Uint32Array(4)

  /** True when it was not there. */
  add(number: number): boolean {
    const word = number >>> 5
    if (word >= this.#words.length) this.#widen(word)
    const before = this.#words[word] as number
    const after = (before | (1 << (number & 31))) >>> 0
    this.#words[word] = after
    return after !== before
  }

  join(other: Bits): void {
    const { length } = other.#words
    if (length > this.#words.length) this.#widen(length - 1)
    for (let i = 0; i < length; i++) {
      this.#words[i] = ((this.#words[i] as number) | (other.#words[i] as number)) >>> 0
    }
  }

  meets(other: Bits): boolean {
    const length = Math.min(this.#words.length, other.#words.length)
    for (let i = 0; i < length; i++) {
      if (((this.#words[i] as number) & (other.#words[i] as number)) !== 0) return true
    }
    return false
  }

  #widen(word: number): void {
    const wider = new Uint32Array(Math.max(word + 1, this.#words.length * 2))
    wider.set(this.#words)
    this.#words = wider
  }
}
