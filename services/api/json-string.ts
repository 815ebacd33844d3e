/**
 * The inside of a JSON string (RFC 8259 §7) to the bytes that it stands for, in UTF-8, a chunk at a
 * time. A surrogate without its other half becomes U+FFFD, as it does wherever a string of
 * JavaScript is written.
 */
import { malformed } from './json.ts'

/** Decoded at a time, and what a text decoded from before it may need. */
const TAKEN_BYTES = 64 * 1024
const CARRIED_BYTES = 8

const QUOTE = 0x22
const BACKSLASH = 0x5c
const FIRST_PRINTABLE = 0x20
const HEX_DIGITS = 4

const SIMPLE = new Map(
  Object.entries({
    '"': '"',
    '\\': '\\',
    '/': '/',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
  }).map(([letter, meant]) => [letter.charCodeAt(0), meant.charCodeAt(0)]),
)
const U = 'u'.charCodeAt(0)

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff
const REPLACEMENT = 0xfffd

export class JsonString {
  /** Its closing quote has come. */
  ended = false
  readonly #out = Buffer.allocUnsafe(TAKEN_BYTES + CARRIED_BYTES)
  #length = 0
  #place: 'plain' | 'escape' | number = 'plain'
  #unit = 0
  /** A first half of a pair whose second half may follow. */
  #high = 0

  /**
   * Decodes from there on. What it gives is good until it is called again; `end` is where it
   * stopped: behind the string, or for no other reason than that it is enough at a time.
   */
  decode(chunk: Buffer, from: number): { bytes: Buffer; end: number } {
    this.#length = 0
    const until = Math.min(chunk.length, from + TAKEN_BYTES)
    let at = from
    while (at < until && !this.ended) {
      if (this.#place === 'plain' && !this.#high) at = this.#run(chunk, at, until)
      if (at === until) break
      const byte = chunk[at++] as number
      if (this.#place === 'plain') this.#plain(byte)
      else if (this.#place === 'escape') this.#escape(byte)
      else this.#hex(byte, this.#place)
    }
    return { bytes: this.#out.subarray(0, this.#length), end: at }
  }

  /** Bytes that stand for themselves, which nearly all do; where the next one is that does not. */
  #run(chunk: Buffer, from: number, until: number): number {
    const out = this.#out
    let length = this.#length
    let at = from
    for (; at < until; at++) {
      const byte = chunk[at] as number
      if (byte === QUOTE || byte === BACKSLASH || byte < FIRST_PRINTABLE) break
      out[length++] = byte
    }
    this.#length = length
    return at
  }

  #plain(byte: number): void {
    if (byte === BACKSLASH) {
      this.#place = 'escape'
      return
    }
    if (this.#high) this.#lone()
    if (byte === QUOTE) this.ended = true
    else if (byte >= FIRST_PRINTABLE) this.#out[this.#length++] = byte
    else throw malformed(`a string of it holds the control character ${byte}`)
  }

  #escape(byte: number): void {
    if (byte === U) {
      this.#place = HEX_DIGITS
      this.#unit = 0
      return
    }
    const meant = SIMPLE.get(byte)
    if (meant === undefined) {
      throw malformed(`a string of it holds the escape \\${String.fromCharCode(byte)}`)
    }
    if (this.#high) this.#lone()
    this.#out[this.#length++] = meant
    this.#place = 'plain'
  }

  #hex(byte: number, left: number): void {
    const digit = Number.parseInt(String.fromCharCode(byte), 16)
    if (Number.isNaN(digit)) throw malformed('a string of it holds \\u without four digits')
    this.#unit = this.#unit * 16 + digit
    this.#place = left - 1
    if (left > 1) return
    this.#place = 'plain'
    this.#character(this.#unit)
  }

  #character(unit: number): void {
    const high = this.#high
    if (high && isLow(unit)) {
      this.#high = 0
      this.#write(0x10000 + (high - 0xd800) * 0x400 + (unit - 0xdc00))
      return
    }
    if (high) this.#lone()
    if (isHigh(unit)) this.#high = unit
    else this.#write(isLow(unit) ? REPLACEMENT : unit)
  }

  #lone(): void {
    this.#high = 0
    this.#write(REPLACEMENT)
  }

  #write(code: number): void {
    this.#length += this.#out.write(String.fromCodePoint(code), this.#length)
  }
}
