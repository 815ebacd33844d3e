/** Long members come out of a JSON text as `JSON.parse` would have them, wherever it is cut. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { partJson } from '../../../services/api/json-member.ts'

const RUNS = { numRuns: 4_000 }

const NAMES = ['raw', 'text']

interface Read {
  /** The members that were strings. */
  taken: Record<string, Buffer>
  value: unknown
}

async function* cut(bytes: Buffer, sizes: number[]): AsyncGenerator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length > 0 ? (sizes[i % sizes.length] as number) : bytes.length
    yield Buffer.from(bytes.subarray(at, at + size))
    at += size
  }
}

/** Each piece is copied at once: it is good no longer. */
async function read(bytes: Buffer, sizes: number[] = []): Promise<Read> {
  const parted = await partJson(cut(bytes, sizes), NAMES)
  if (typeof parted === 'string') return { taken: {}, value: JSON.parse(parted) }
  const taken: Record<string, Buffer> = {}
  for await (const { name, pieces: coming } of parted.members) {
    const pieces: Buffer[] = []
    for await (const piece of coming) pieces.push(Buffer.from(piece))
    taken[name] = Buffer.concat(pieces)
  }
  const value = JSON.parse(parted.around())
  // Given a second time, and no string then, one counts as it does elsewhere; and is refused later.
  for (const name of Object.keys(taken)) if (value[name] !== '') delete taken[name]
  return { taken, value }
}

/** The same by the parser of the language. */
function parsed(text: string): Read {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { taken: {}, value }
  }
  const strings = Object.entries(value).filter(([name, one]) => {
    return NAMES.includes(name) && typeof one === 'string'
  })
  const empty = Object.fromEntries(strings.map(([name]) => [name, '']))
  const taken = strings.map(([name, one]) => [name, Buffer.from(one)])
  return { taken: Object.fromEntries(taken), value: { ...value, ...empty } }
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 })

/** Also halves of surrogate pairs. */
const anyText = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) })
const content = fc.oneof(
  anyText,
  fc.string({ unit: 'binary' }),
  fc.constant('\ud83c\udf5c"\\/\r\n'),
)

/** In one of the ways in which a character may be written. */
const written = (value: string, escaped: boolean[]): string => {
  const units = [...value].flatMap((character, i) => {
    if (!escaped[i % Math.max(1, escaped.length)]) return JSON.stringify(character).slice(1, -1)
    return character.split('').map((unit) => {
      return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
    })
  })
  return `"${units.join('')}"`
}

const string = fc
  .tuple(content, fc.array(fc.boolean(), { maxLength: 4 }))
  .map(([value, escaped]) => {
    return written(value, escaped)
  })
const name = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('"ra"', '"raws"', '"RAW"', '"r\\u0061w "', '""') },
  { weight: 2, arbitrary: string },
)
const space = fc.constantFrom('', ' ', '\n', '\t\r ')
const wanted = (...names: string[]) =>
  fc.option(
    fc.tuple(space, fc.constantFrom(...names), space, space, fc.oneof(string, fc.json()), space),
  )
const value = fc.oneof(string, fc.json({ maxDepth: 3 }), fc.constant('{"raw":"within"}'))

const member = fc.tuple(space, name, space, space, value, space).map(([a, n, b, c, v, d]) => {
  return `${a}${n}${b}:${c}${v}${d}`
})
const raw = wanted('"raw"', '"r\\u0061w"', '"\\u0072\\u0061\\u0077"')
const text = wanted('"text"', '"te\\u0078t"')

/** An object, in nearly all cases with such members, each once. */
const object = fc
  .tuple(fc.array(member, { maxLength: 3 }), raw, fc.array(member, { maxLength: 2 }), text)
  .map(([before, first, after, second]) => {
    const [one, other] = [first, second].map((parts) => {
      if (!parts) return []
      const [a, n, b, c, v, d] = parts
      return [`${a}${n}${b}:${c}${v}${d}`]
    })
    return `{${[...before, ...(one ?? []), ...after, ...(other ?? [])].join(',')}}`
  })

test('in any object, cut anywhere, it is what the parser of the language says', async () => {
  let taken = 0
  const same = async (given: string, parts: number[]) => {
    const found = await read(Buffer.from(given), parts)
    expect(found).toEqual(parsed(Buffer.from(given).toString()))
    taken += Object.keys(found.taken).length
  }
  await fc.assert(fc.asyncProperty(object, sizes, same), RUNS)
  expect(taken).toBeGreaterThan(RUNS.numRuns / 4)
})

test('a text with something changed is refused exactly if that parser refuses it', async () => {
  const refused = { both: 0, neither: 0 }
  const bits = ['', '"', '\\', '{', '}', '[', ']', ',', ':', '\0', '\n', 'u', 'x', '"raw"']
  const same = async (given: string, at: number, length: number, bit: string, parts: number[]) => {
    const from = at % given.length
    const changed = Buffer.from(given.slice(0, from) + bit + given.slice(from + length)).toString()
    let expected: Read | undefined
    try {
      expected = parsed(changed)
    } catch {
      await expect(read(Buffer.from(changed), parts)).rejects.toThrow()
      refused.both += 1
      return
    }
    const found = await read(Buffer.from(changed), parts).catch((error: Error) => error)
    if (found instanceof Error) expect(found.message).toMatch(/"(raw|text)" twice/)
    else expect(found).toEqual(expected)
    refused.neither += 1
  }
  const bit = fc.constantFrom(...bits)
  const property = fc.asyncProperty(object, fc.nat(), fc.nat(3), bit, sizes, same)
  await fc.assert(property, RUNS)
  expect(Math.min(refused.both, refused.neither)).toBeGreaterThan(RUNS.numRuns / 10)
})

test('bytes are UTF-8 exactly if they are elsewhere', async () => {
  const bytes = fc.array(
    fc.oneof(
      fc.constantFrom(
        0x41,
        0x80,
        0xbf,
        0xc1,
        0xc3,
        0xa9,
        0xe2,
        0x82,
        0xac,
        0xed,
        0xa0,
        0xf0,
        0x9f,
        0xf5,
      ),
      fc.constant(0xe2),
    ),
    { maxLength: 8 },
  )
  const characters = fc.string({ unit: 'binary' }).map((value) => [...Buffer.from(value)])
  let good = 0
  const same = async (inside: number[], parts: number[]) => {
    const whole = Buffer.concat(
      ['{"raw":"', Buffer.from(inside.filter(isPlain)), '"}'].map(asBuffer),
    )
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    let expected: string | null = null
    try {
      expected = strict.decode(whole)
    } catch {
      await expect(read(whole, parts)).rejects.toThrow(/UTF-8/)
      return
    }
    expect(await read(whole, parts)).toEqual(parsed(expected))
    good += 1
  }
  await fc.assert(fc.asyncProperty(fc.oneof(bytes, characters), sizes, same), RUNS)
  expect(good).toBeGreaterThan(RUNS.numRuns / 4)
})

const isPlain = (byte: number): boolean => byte >= 0x20 && byte !== 0x22 && byte !== 0x5c
const asBuffer = (part: string | Buffer): Buffer => Buffer.from(part as string)

describe('a long one', () => {
  const long = `Subject: x\r\n\r\n${'"\\é🍜\n'.repeat(40_000)}`

  test('is whole', async () => {
    const both = JSON.stringify({ a: 1, raw: long, to: [], text: `${long}.` })
    const { taken } = await read(Buffer.from(both), [65_536])
    expect(taken.raw?.equals(Buffer.from(long))).toBe(true)
    expect(taken.text?.equals(Buffer.from(`${long}.`))).toBe(true)
  })

  test('is never here as a whole', async () => {
    const bytes = Buffer.from(JSON.stringify({ raw: 'x'.repeat(1_000_000), to: [] }))
    const parted = await partJson(cut(bytes, [10_000]), NAMES)
    if (typeof parted === 'string') throw new Error('it was not found')
    const lengths: number[] = []
    for await (const { pieces } of parted.members) {
      for await (const piece of pieces) lengths.push(piece.length)
    }
    expect(Math.max(...lengths)).toBeLessThanOrEqual(10_000)
    expect(parted.around()).toBe('{"raw":"","to":[]}')
  })
})
