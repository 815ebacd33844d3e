/**
 * A message's content, kept once however many copies, recipients and mailboxes it has: either the
 * bytes as they came, or the parts that they are composed from when somebody reads.
 *
 * It lies in a hash of its own beside the message: `parts`, or `size`, `client` and pieces named 0,
 * 1, 2 … of at most `PIECE_BYTES`. Bytes that do not fit into one piece are written as they come,
 * to a place from which the acceptance takes them; that place has a time to live, so whoever dies
 * in between leaves nothing behind. A message of one piece is written with its acceptance. So a
 * large message is never in this process as a whole.
 */
import { createHash } from 'node:crypto'
import { MESSAGE_BYTES_MAX } from '../api/limits.ts'
import { problem } from '../errors.ts'
import type { Parts } from '../mime/compose.ts'
import { type HeaderFacts, headerEnd, headerFacts } from '../mime/header.ts'
import { asciiJson } from './ascii.ts'
import type { Client, RedisCommand } from './commit.ts'
import type { Submission } from './views-of-mail.ts'

/** Large enough that a message is few of them, small enough that Redis never waits for one. */
export const PIECE_BYTES = 256 * 1024

/** A header section ends in the first piece: Postfix takes 100 KB, some gateways a little more. */
export const HEADER_BYTES_MAX = 128 * 1024

/** What came is dropped when nothing more of it has come for so long; doors give up far earlier. */
const UPLOAD_SECONDS = 3_600

/** Who brought a message by SMTP: for its trace. */
export interface BroughtBy {
  helo: string
  address: string
  /** As in a `Received` field (RFC 3848). */
  protocol: string
}

/** Bytes that come in, whichever way. */
export interface Incoming {
  /** Each is good only until the next one is asked for. */
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>
  /** What begins with no header section, or holds NUL, is refused; SMTP has rules of its own. */
  strict: boolean
  broughtBy?: BroughtBy
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

export function arrivingParts(submission: Submission): Arriving {
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

/** Reads all of it; `place` is where large content is written until it is accepted. */
export async function arrivingBytes(
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
    for await (const piece of inPieces(incoming.pieces)) {
      size += piece.length
      if (incoming.strict && piece.includes(0)) throw problem('malformed-message', 'it holds NUL')
      hash?.update(piece)
      facts ??= factsOf(piece, incoming.strict)
      if (rest.length > 0) await upload(client, place, written++, rest)
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
  const moved = (key: string): RedisCommand[] =>
    written === 0
      ? []
      : [
          ['RENAME', place, key],
          ['PERSIST', key],
        ]
  return {
    facts,
    size,
    digest: hash?.digest('hex').slice(0, 32) ?? '',
    commands: (key) => [...moved(key), ['HSET', key, ...last]],
    drop,
  }
}

async function upload(client: Client, place: string, index: number, piece: Buffer): Promise<void> {
  await Promise.all([client.hset(place, `${index}`, piece), client.expire(place, UPLOAD_SECONDS)])
}

/**
 * The same bytes in pieces that are full, but for the last; too many are refused as they come. Each
 * chunk is copied before the next one is asked for. Full pieces lie in two buffers by turns:
 * whoever asks for the next one is done with the one before the last. With a buffer for each, most
 * of the work would be to clear them away.
 */
async function* inPieces(source: Incoming['pieces']): AsyncIterable<Buffer> {
  const turns: Buffer[] = []
  let piece: Buffer = Buffer.alloc(0)
  let held = 0
  let total = 0
  for await (const chunk of source) {
    total += chunk.length
    if (total > MESSAGE_BYTES_MAX) {
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

/** Bytes as they are kept. */
export interface Kept {
  size: number
  /** The first piece: it has the whole header section. */
  first: Buffer
  pieces(): AsyncIterable<Buffer>
  broughtBy: BroughtBy | null
}

export type Content = { parts: Parts } | { kept: Kept }

/** Null when it is not, or no longer, kept. */
export async function readContent(client: Client, key: string): Promise<Content | null> {
  const [parts, size, by, first] = await client.hmgetBuffer(key, 'parts', 'size', 'client', '0')
  if (parts) return { parts: JSON.parse(parts.toString()) as Parts }
  if (!size) return null
  const bytes = Number(size)
  const head = first ?? Buffer.alloc(0)
  return {
    kept: {
      size: bytes,
      first: head,
      broughtBy: by ? (JSON.parse(by.toString()) as BroughtBy) : null,
      pieces: () => piecesOf(client, key, bytes, head),
    },
  }
}

async function* piecesOf(
  client: Client,
  key: string,
  size: number,
  first: Buffer,
): AsyncIterable<Buffer> {
  yield first
  let read = first.length
  for (let index = 1; read < size; index++) {
    const piece = await client.hgetBuffer(key, `${index}`)
    if (!piece) throw problem('unknown-item', 'Its content was cleared away while it was read.')
    read += piece.length
    yield piece
  }
}
