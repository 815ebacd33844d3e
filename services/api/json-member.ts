/**
 * A JSON text with long members: their strings are taken out as bytes while they come, so that they
 * are never here as a whole.
 *
 * The text without them, where an empty string stands for each, is parsed as any other. That one is
 * JSON exactly if the whole is, given that what was taken out are strings; this is seen to here.
 */
import { isUtf8 } from 'node:buffer'
import { StringDecoder } from 'node:string_decoder'
import { malformed, NOT_UTF8 } from './json.ts'
import { JsonString } from './json-string.ts'

export interface Member {
  name: string
  /** Good until the next one is asked for, and read to their end before the next member is. */
  pieces: AsyncIterable<Buffer>
}

/** The members that are strings; the text around them, once they were read to their end. */
export interface Parted {
  members: AsyncIterable<Member>
  around(): string
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = new Set([0x7b, 0x5b])
const CLOSING = new Set([0x7d, 0x5d])
const [BRACE, COLON, COMMA] = [0x7b, 0x3a, 0x2c]
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d])

type Chunks = AsyncIterable<Buffer> | Iterable<Buffer>

/** The whole text when the object has no member of these names, or none that is a string. */
export async function partJson(chunks: Chunks, names: readonly string[]): Promise<string | Parted> {
  const text = new Text(chunks, names)
  const first = await text.toMember()
  if (first === null) return text.around()
  return { members: membersIn(text, first), around: () => text.around() }
}

async function* membersIn(text: Text, first: string): AsyncIterable<Member> {
  const taken = new Set<string>()
  for (let name: string | null = first; name !== null; name = await text.toMember()) {
    if (taken.has(name)) throw malformed(`it has "${name}" twice`)
    taken.add(name)
    yield { name, pieces: text.string(name) }
  }
}

/** A text that is read as it comes: by turns what is around the members, and one of them. */
class Text {
  readonly #source: AsyncIterator<Buffer>
  readonly #outline: Outline
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(chunks: Chunks, names: readonly string[]) {
    this.#source = wellFormed(chunks)
    this.#outline = new Outline(names)
  }

  around(): string {
    return this.#outline.text()
  }

  /** Up to where the next member's string begins; its name, or null at the end of the text. */
  async toMember(): Promise<string | null> {
    do {
      const found = this.#outline.pass(this.#chunk, this.#at)
      this.#at = found?.at ?? this.#chunk.length
      if (found) return found.name
    } while (await this.#next())
    return null
  }

  async *string(name: string): AsyncIterable<Buffer> {
    const string = new JsonString()
    for (;;) {
      while (this.#at < this.#chunk.length && !string.ended) {
        const { bytes, end } = string.decode(this.#chunk, this.#at)
        this.#at = end
        yield bytes
      }
      if (string.ended) return
      if (!(await this.#next())) throw malformed(`its "${name}" does not end`)
    }
  }

  async #next(): Promise<boolean> {
    const { value, done } = await this.#source.next()
    if (done) return false
    this.#chunk = value
    this.#at = 0
    return true
  }
}

/** Follows a text as far as is needed to see where a member's string begins; keeps the rest. */
class Outline {
  readonly #names: readonly string[]
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

  constructor(names: readonly string[]) {
    this.#names = names
    this.#longest = '\\u0000'.length * Math.max(...names.map(({ length }) => length))
  }

  /** Takes in the chunk; or up to a member, and says which, and where its string begins. */
  pass(chunk: Buffer, from: number): { name: string; at: number } | null {
    for (let at = from; at < chunk.length; at++) {
      if (this.#string === 'other' && !this.#escaped) at = endOfPlain(chunk, at)
      const byte = chunk[at]
      if (byte === undefined) break
      if (this.#string) this.#inString(byte)
      else {
        const name = byte === QUOTE ? this.#member() : null
        if (name !== null) {
          this.#next = 'comma'
          this.#text += `${this.#decoder.write(chunk.subarray(from, at))}""`
          return { name, at: at + 1 }
        }
        this.#between(byte)
      }
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

  /** Which one has a string that begins here. */
  #member(): string | null {
    if (this.#depth !== 1 || !this.#isObject || this.#next !== 'value') return null
    if (this.#name.length > this.#longest) return null
    try {
      const name: unknown = JSON.parse(`"${Buffer.from(this.#name)}"`)
      return this.#names.find((one) => one === name) ?? null
    } catch {
      // The name is no JSON; whoever parses the text will say so.
      return null
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
async function* wellFormed(chunks: Chunks): AsyncGenerator<Buffer, undefined> {
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
