/**
 * Content as it comes in: read to its end, and written where `content.ts` finds it.
 */
import { createHash } from 'node:crypto'
import { MESSAGE_BYTES_MAX } from '../api/limits.ts'
import { problem } from '../errors.ts'
import type { Parts } from '../mime/compose.ts'
import { type HeaderFacts, headerEnd, headerFacts } from '../mime/header.ts'
import { asciiJson } from './ascii.ts'
import type { Client, RedisCommand } from './commit.ts'
import { type BroughtBy, type Long, PIECE_BYTES, type TextName } from './content.ts'
import type { Submission } from './views-of-mail.ts'

/** A header section ends in the first piece: Postfix takes 100 KB, some gateways a little more. */
export const HEADER_BYTES_MAX = 128 * 1024

/** What came is dropped when nothing more of it has come for so long; doors give up far earlier. */
const UPLOAD_SECONDS = 3_600

/** The bytes of a whole message that come in, whichever way. */
export interface Incoming {
  /** Each is good only until the next one is asked for. */
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>
  /** What begins with no header section, or holds NUL, is refused; SMTP has rules of its own. */
  strict: boolean
  broughtBy?: BroughtBy
}

/** UTF-8. */
export interface IncomingText {
  name: TextName
  pieces: Incoming['pieces']
}

/** Parts of a message to be made that come in one after the other, each name once. */
export interface IncomingTexts {
  /** One is read to its end before the next one is asked for. */
  texts: AsyncIterable<IncomingText>
}

/** Content that is about to be accepted. */
export interface Arriving {
  facts: HeaderFacts
  size: number
  /** Of the bytes, where it was asked for; else ''. */
  digest: string
  /** What the acceptance writes, so that it has the content under this key. */
  commands(key: string): RedisCommand[]
  /** Clears away what was written so far. */
  drop(): Promise<void>
}

/** Content that is here; what it belongs to may be known only now. */
export interface Arrived {
  of(submission: Submission): Arriving
  /** Clears away what was written so far. */
  drop(): Promise<void>
}

/** Reads all that comes in; `place` is where it is written until it is accepted. */
export async function arrival(
  client: Client,
  place: string,
  incoming: Incoming | IncomingTexts | undefined,
  wanted: { digested: boolean },
): Promise<Arrived> {
  if (!incoming) return { of: arrivingParts, drop: async () => undefined }
  if ('texts' in incoming) return arrivingTexts(client, place, incoming, wanted)
  const whole = await arrivingBytes(client, place, incoming, wanted)
  return { of: () => whole, drop: whole.drop }
}

function arrivingParts(submission: Submission): Arriving {
  const { from, to, subject = '', text = '', html } = submission
  const parts: Parts = { from, to, subject, text, ...(html === undefined ? {} : { html }) }
  return {
    facts: { subject, hops: 0 },
    size: [subject, text, html ?? ''].reduce((sum, part) => sum + Buffer.byteLength(part), 0),
    digest: '',
    commands: (key) => [['HSET', key, 'parts', asciiJson(parts)]],
    drop: async () => undefined,
  }
}

/** Reads all of them; what they are parts of is said afterwards, without them. */
async function arrivingTexts(
  client: Client,
  place: string,
  { texts }: IncomingTexts,
  { digested }: { digested: boolean },
): Promise<Arrived> {
  const hash = digested ? createHash('sha256') : null
  const long: Long = {}
  let size = 0
  const drop = async () => void (size > 0 && (await client.unlink(place)))
  try {
    for await (const { name, pieces } of texts) {
      let index = 0
      const before = size
      hash?.update(`${name}\n`)
      for await (const piece of inPieces(pieces, MESSAGE_BYTES_MAX - size)) {
        hash?.update(piece)
        size += piece.length
        await upload(client, place, `${name}/${index++}`, piece)
      }
      if (index > 0) long[name] = size - before
    }
  } catch (error) {
    await drop()
    throw error
  }
  const digest = hash?.digest('hex').slice(0, 32) ?? ''
  const of = (submission: Submission): Arriving => {
    const short = arrivingParts(submission)
    if (size === 0) return { ...short, digest }
    return {
      ...short,
      size: size + short.size,
      digest,
      commands: (key) => [
        ...takenFrom(place, key),
        ...short.commands(key),
        ['HSET', key, 'long', asciiJson(long)],
      ],
      drop,
    }
  }
  return { of, drop }
}

/** What was written as it came has its place for good. */
const takenFrom = (place: string, key: string): RedisCommand[] => [
  ['RENAME', place, key],
  ['PERSIST', key],
]

async function arrivingBytes(
  client: Client,
  place: string,
  incoming: Incoming,
  { digested }: { digested: boolean },
): Promise<Arriving> {
  const hash = digested ? createHash('sha256') : null
  let written = 0
  let size = 0
  let rest: Buffer = Buffer.alloc(0)
  let facts: HeaderFacts | null = null
  const drop = async () => void (written > 0 && (await client.unlink(place)))
  try {
    for await (const piece of inPieces(incoming.pieces, MESSAGE_BYTES_MAX)) {
      size += piece.length
      if (incoming.strict && piece.includes(0)) throw problem('malformed-message', 'it holds NUL')
      hash?.update(piece)
      facts ??= factsOf(piece, incoming.strict)
      if (rest.length > 0) await upload(client, place, `${written++}`, rest)
      rest = piece
    }
  } catch (error) {
    await drop()
    throw error
  }
  facts ??= factsOf(rest, incoming.strict)
  const { broughtBy } = incoming
  const last: RedisCommand = [`${written}`, rest, 'size', size]
  if (broughtBy) last.push('client', asciiJson(broughtBy))
  const moved = (key: string) => (written === 0 ? [] : takenFrom(place, key))
  return {
    facts,
    size,
    digest: hash?.digest('hex').slice(0, 32) ?? '',
    commands: (key) => [...moved(key), ['HSET', key, ...last]],
    drop,
  }
}

async function upload(client: Client, place: string, name: string, piece: Buffer): Promise<void> {
  await Promise.all([client.hset(place, name, piece), client.expire(place, UPLOAD_SECONDS)])
}

/**
 * The same bytes in pieces that are full, but for the last; too many are refused as they come. Each
 * chunk is copied before the next one is asked for. Full pieces lie in two buffers by turns:
 * whoever asks for the next one is done with the one before the last. With a buffer for each, most
 * of the work would be to clear them away.
 */
async function* inPieces(source: Incoming['pieces'], most: number): AsyncIterable<Buffer> {
  const turns: Buffer[] = []
  let piece: Buffer = Buffer.alloc(0)
  let held = 0
  let total = 0
  for await (const chunk of source) {
    total += chunk.length
    if (total > most) {
      throw problem('message-too-large', `it has more than ${MESSAGE_BYTES_MAX} octets`)
    }
    for (let from = 0; from < chunk.length; ) {
      piece = withRoom(piece, held, chunk.length - from)
      const copied = chunk.copy(piece, held, from)
      from += copied
      held += copied
      if (held < PIECE_BYTES) continue
      yield piece
      turns.push(piece)
      piece = (turns.length > 1 && turns.shift()) || Buffer.alloc(0)
      held = 0
    }
  }
  if (held > 0) yield piece.subarray(0, held)
}

/** The piece, or a larger one that begins as it does: a short message takes up little. */
function withRoom(piece: Buffer, held: number, more: number): Buffer {
  const needed = Math.min(held + more, PIECE_BYTES)
  if (piece.length >= needed) return piece
  const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, 2 * held), PIECE_BYTES))
  piece.copy(larger, 0, 0, held)
  return larger
}

const LINE_SHOWN_CHARACTERS = 80

function factsOf(first: Buffer, strict: boolean): HeaderFacts {
  if (headerEnd(first) > HEADER_BYTES_MAX) {
    throw problem('malformed-message', `its header section has over ${HEADER_BYTES_MAX} octets`)
  }
  const facts = headerFacts(first)
  if (!strict || !facts.wrong) return facts
  const { line, text } = facts.wrong
  const shown = JSON.stringify(text.slice(0, LINE_SHOWN_CHARACTERS))
  throw problem('malformed-message', `line ${line} of the message is no header field: ${shown}`)
}
