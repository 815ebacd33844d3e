/**
 * A JSON text with one long member: its string is taken out as bytes while it comes, so that it is
 * never here as a whole.
 *
 * The text without it, where an empty string stands in its place, is parsed as any other. That one
 * is JSON exactly if the whole is, given that what was taken out is a string; this is seen to here.
 */
import { isUtf8 } from 'node:buffer'
import { StringDecoder } from 'node:string_decoder'
import { malformed, NOT_UTF8 } from './json.ts'
import { JsonString } from './json-string.ts'

/** The member's bytes; the text around it, once they were read to their end. */
export interface Parted {
  pieces: AsyncIterable<Buffer>
  around(): string
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = new Set([0x7b, 0x5b])
const CLOSING = new Set([0x7d, 0x5d])
const [BRACE, COLON, COMMA] = [0x7b, 0x3a, 0x2c]
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d])

/** The whole text when the object has no such member, or when that is no string. */
export async function partJson(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  member: string,
): Promise<string | Parted> {
  const source = wellFormed(chunks)
  const outline = new Outline(member)
  for (;;) {
    const { value: chunk, done } = await source.next()
    if (done) return outline.text()
    const at = outline.pass(chunk, 0)
    if (at === null) continue
    const pieces = bytesOfMember(source, outline, chunk, at)
    return { pieces, around: () => outline.text() }
  }
}

async function* bytesOfMember(
  source: AsyncIterator<Buffer>,
  outline: Outline,
  first: Buffer,
  at: number,
): AsyncIterable<Buffer> {
  const string = new JsonString()
  let chunk = first
  let from = at
  const next = async (): Promise<boolean> => {
    const { value, done } = await source.next()
    if (done) return false
    chunk = value
    from = 0
    return true
  }
  for (;;) {
    while (from < chunk.length && !string.ended) {
      const { bytes, end } = string.decode(chunk, from)
      from = end
      yield bytes
    }
    if (string.ended) break
    if (!(await next())) throw malformed(`its "${outline.member}" does not end`)
  }
  do {
    if (outline.pass(chunk, from) !== null) throw malformed(`it has "${outline.member}" twice`)
  } while (await next())
}

/** Follows a text as far as is needed to see where the member's string begins; keeps the rest. */
class Outline {
  readonly member: string
  readonly #longest: number
  readonly #decoder = new StringDecoder('utf8')
  #text = ''
  #depth = 0
  #isObject = false
  /** What comes next in the outermost object. */
  #next: 'name' | 'colon' | 'value' | 'comma' = 'comma'
  #string: 'name' | 'other' | null = null
  #escaped = false
  #name: number[] = []

  constructor(member: string) {
    this.member = member
    this.#longest = '\\u0000'.length * member.length
  }

  /** Takes in the chunk; or up to the member, and says where its string begins. */
  pass(chunk: Buffer, from: number): number | null {
    for (let at = from; at < chunk.length; at++) {
      if (this.#string === 'other' && !this.#escaped) at = endOfPlain(chunk, at)
      const byte = chunk[at]
      if (byte === undefined) break
      if (this.#string) this.#inString(byte)
      else if (byte === QUOTE && this.#isMember()) {
        this.#next = 'comma'
        this.#text += `${this.#decoder.write(chunk.subarray(from, at))}""`
        return at + 1
      } else this.#between(byte)
    }
    this.#text += this.#decoder.write(chunk.subarray(from))
    return null
  }

  text(): string {
    return this.#text
  }

  #inString(byte: number): void {
    if (!this.#escaped && byte === QUOTE) {
      if (this.#string === 'name') this.#next = 'colon'
      this.#string = null
      return
    }
    this.#escaped = !this.#escaped && byte === BACKSLASH
    if (this.#string === 'name' && this.#name.length <= this.#longest) this.#name.push(byte)
  }

  #between(byte: number): void {
    if (SPACE.has(byte)) return
    if (byte === QUOTE) {
      this.#string = this.#depth === 1 && this.#next === 'name' ? 'name' : 'other'
      this.#name = []
      if (this.#string === 'other') this.#next = 'comma'
    } else if (OPENING.has(byte)) {
      if (this.#depth === 0) this.#isObject = byte === BRACE
      this.#next = this.#depth === 0 ? 'name' : 'comma'
      this.#depth += 1
    } else if (CLOSING.has(byte)) this.#depth -= 1
    else if (this.#depth !== 1) return
    else if (byte === COMMA) this.#next = 'name'
    else this.#next = byte === COLON && this.#next === 'colon' ? 'value' : 'comma'
  }

  #isMember(): boolean {
    if (this.#depth !== 1 || !this.#isObject || this.#next !== 'value') return false
    if (this.#name.length > this.#longest) return false
    try {
      return JSON.parse(`"${Buffer.from(this.#name)}"`) === this.member
    } catch {
      // The name is no JSON; whoever parses the text will say so.
      return false
    }
  }
}

/** Where, inside a string, something comes that means more than itself; or the end. */
function endOfPlain(chunk: Buffer, from: number): number {
  for (let at = from; at < chunk.length; at++) {
    const byte = chunk[at]
    if (byte === QUOTE || byte === BACKSLASH) return at
  }
  return chunk.length
}

/** The same chunks; throws at the first that is not UTF-8. */
async function* wellFormed(
  chunks: Parameters<typeof partJson>[0],
): AsyncGenerator<Buffer, undefined> {
  let begun: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const missing = begun.length > 0 ? lengthOf(begun[0] as number) - begun.length : 0
    const character = Buffer.concat([begun, chunk.subarray(0, missing)])
    if (missing > chunk.length) begun = character
    else {
      const whole = chunk.length - partialEnd(chunk.subarray(missing))
      if (!isUtf8(character) || !isUtf8(chunk.subarray(missing, whole))) throw malformed(NOT_UTF8)
      begun = Buffer.from(chunk.subarray(whole))
    }
    yield chunk
  }
  if (begun.length > 0) throw malformed(NOT_UTF8)
  return undefined
}

/** How many bytes at the end begin a character that goes on in the next chunk. */
function partialEnd(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return lengthOf(byte) > back ? back : 0
  }
  return 0
}

/** Of a character in UTF-8, by its first byte (RFC 3629 §3). */
const lengthOf = (first: number): number => (first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2)
