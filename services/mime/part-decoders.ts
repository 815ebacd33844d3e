/**
 * What stands between a part of a large message and the library's decoder for it: keeps of the
 * decoded bytes what somebody wants, and of the others what there is to say of them.
 */
import { createHash } from 'node:crypto'

/** As the library's are. */
export interface Decoder {
  /** Decoded, and not yet taken away. */
  chunks: (ArrayBuffer | Uint8Array | string)[]
  update(line: Uint8Array): void
  finalize(): Promise<ArrayBuffer>
}

/** A file that was not kept: what is known of it. */
export interface Counted {
  /** Its number among the files of the message, from 1. */
  place: number
  /** Octets, decoded. */
  size: number
  checksums: Checksums
}

export interface Checksums {
  MD5: string
  SHA1: string
  SHA256: string
}

const counted = new WeakMap<object, Counted>()

/** Of a part's content; undefined when the content is all there. */
export const countedOf = (content: unknown): Counted | undefined =>
  typeof content === 'object' && content !== null ? counted.get(content) : undefined

/** So much is decoded before it is taken away: a digest of single lines takes thrice the time. */
const TAKEN_BYTES = 64 * 1024

interface Wanted {
  place: number
  /** Octets, decoded; a larger part is not kept at all. */
  most: number
  tooLarge(): void
}

export class FileDecoder implements Decoder {
  readonly chunks: Decoder['chunks'] = []
  readonly #inner: Decoder
  readonly #wanted: Wanted
  readonly #hashes = ['md5', 'sha1', 'sha256'].map((name) => createHash(name))
  #kept: Buffer[] = []
  #size = 0
  #untaken = 0

  constructor(inner: Decoder, wanted: Wanted) {
    this.#inner = inner
    this.#wanted = wanted
  }

  update(line: Uint8Array): void {
    this.#inner.update(line)
    this.#untaken += line.length + 1
    if (this.#untaken >= TAKEN_BYTES) this.#take(this.#inner.chunks.splice(0))
  }

  async finalize(): Promise<ArrayBuffer> {
    this.#take([await this.#inner.finalize()])
    const { most, place, tooLarge } = this.#wanted
    if (this.#size <= most) return joined(this.#kept, this.#size)
    tooLarge()
    const [MD5, SHA1, SHA256] = this.#hashes.map((hash) => hash.digest('hex')) as [
      string,
      string,
      string,
    ]
    const nothing = new ArrayBuffer(0)
    counted.set(nothing, { place, size: this.#size, checksums: { MD5, SHA1, SHA256 } })
    return nothing
  }

  #take(chunks: Decoder['chunks']): void {
    this.#untaken = 0
    const bytes = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as ArrayBuffer)))
    this.#size += bytes.length
    for (const hash of this.#hashes) hash.update(bytes)
    if (this.#size <= this.#wanted.most) this.#kept.push(bytes)
    else this.#kept = []
  }
}

/** In memory of their own, which a concatenation does not promise. */
function joined(pieces: Buffer[], size: number): ArrayBuffer {
  const all = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all.buffer
}

/** Texts, as long as there is room for them. */
export class Bounded implements Decoder {
  readonly chunks: Decoder['chunks'] = []
  readonly #inner: Decoder
  readonly #room: { left: number }

  constructor(inner: Decoder, room: { left: number }) {
    this.#inner = inner
    this.#room = room
  }

  update(line: Uint8Array): void {
    const { left } = this.#room
    this.#room.left -= line.length + 1
    if (left > 0) this.#inner.update(line.subarray(0, left))
  }

  finalize(): Promise<ArrayBuffer> {
    return this.#inner.finalize()
  }
}

/** For what is no part of its own: what stands around the parts of a message. */
export class NoDecoder implements Decoder {
  readonly chunks: Decoder['chunks'] = []

  update(): void {}

  async finalize(): Promise<ArrayBuffer> {
    return new ArrayBuffer(0)
  }
}
