/**
 * A message taken apart, piece by piece as it comes: header fields, texts, files.
 *
 * The library takes a message as a whole and keeps all that is in it. So a large one is given to it
 * line by line here, and what its parts hold is let go before the library has it: files are counted
 * and digested, and of the texts the first `TEXT_BYTES_MAX` are kept. So a large message is never
 * in this process as a whole, and others are served between its pieces.
 *
 * What the library refuses to take apart, since it is nested too deeply or its parts have too many
 * header fields, or has too many parts, is shown as the one text that it is, and lists go on.
 */
import PostalMime, { type Email } from 'postal-mime'
import { headerEnd, textOf } from './header.ts'
import { Bounded, type Decoder, FileDecoder, NoDecoder } from './part-decoders.ts'

/** Bytes, and how many they are. */
export interface Bytes {
  size: number
  pieces(): AsyncIterable<Buffer>
}

export interface Apart extends Email {
  /** No text was left out, and all parts were found. */
  whole: boolean
}

/** Up to this all of a message is kept while it is shown: some megabytes. */
export const WHOLE_BYTES_MAX = 1024 * 1024

/** Texts of a larger one: as many pages as nobody reads, and some 20 MB when they are shown. */
export const TEXT_BYTES_MAX = 2 * 1024 * 1024

/** A file without line ends is decoded in lengths of this. */
const LINE_BYTES_MAX = 256 * 1024

/** More than this is no message but an attempt on the memory of whoever reads it. */
const PARTS_MAX = 5_000

/** `keep` is the place of the file whose bytes are wanted. */
export async function takenApart(bytes: Bytes, keep = 0): Promise<Apart> {
  try {
    return await lineByLine(bytes, keep)
  } catch (error) {
    if (!BEYOND_LIMITS.test((error as Error).message)) throw error
    return asOneText(bytes)
  }
}

const TOO_MANY_PARTS = 'Maximum number of parts exceeded'
/** How the library says so, and how it is said here. */
const BEYOND_LIMITS = /^Maximum (?:MIME nesting depth|header size|number of parts) /

async function asOneText(bytes: Bytes): Promise<Apart> {
  const first = await beginning(bytes, TEXT_BYTES_MAX)
  const end = headerEnd(first)
  const { html: _, ...email } = await PostalMime.parse(first.subarray(0, end))
  return { ...email, text: textOf(first.subarray(end)), attachments: [], whole: false }
}

async function beginning({ pieces }: Bytes, length: number): Promise<Buffer> {
  const all: Buffer[] = []
  let size = 0
  for await (const piece of pieces()) {
    all.push(piece)
    size += piece.length
    if (size >= length) break
  }
  return Buffer.concat(all, Math.min(size, length))
}

/** A part as the library has it, beyond what its types say; its version is pinned. */
interface Part {
  state: 'header' | 'body' | 'finished'
  contentType: { parsed: { value: string }; multipart: string | false }
  contentDisposition: { parsed: { value: string } }
  contentTransferEncoding: { encoding: string }
  contentDecoder: Decoder
  feed(line: Uint8Array): void
}

interface Parser {
  currentNode: Part
  processLine(line: Uint8Array, isFinal: boolean): Promise<void>
  finalize(): Promise<void>
  parse(bytes: ArrayBuffer): Promise<Email>
}

async function lineByLine({ size, pieces }: Bytes, keep: number): Promise<Apart> {
  const large = size > WHOLE_BYTES_MAX
  const parser = new PostalMime() as unknown as Parser
  const room = { left: TEXT_BYTES_MAX }
  let parts = 0
  let place = 0
  const decoderFor = (part: Part): Decoder => {
    if (part.contentType.multipart) return new NoDecoder()
    if (isText(part)) return new Bounded(part.contentDecoder, room)
    place += 1
    return new FileDecoder(part.contentDecoder, {
      place,
      most: place === keep ? Number.POSITIVE_INFINITY : isOpened(part) ? WHOLE_BYTES_MAX : 0,
      tooLarge: () => asFile(part),
    })
  }
  for await (const line of linesOf(pieces(), () => isBase64(parser.currentNode))) {
    const part = parser.currentNode
    if (line[0] === DASH && line[1] === DASH) {
      await parser.processLine(line, false)
      if (parser.currentNode !== part) parts += 1
      if (parts > PARTS_MAX) throw new Error(TOO_MANY_PARTS)
    } else {
      const began = part.state === 'header'
      part.feed(line)
      if (large && began && part.state === 'body') part.contentDecoder = decoderFor(part)
    }
  }
  await parser.finalize()
  // It has all lines by now; this makes the message of them.
  return { ...(await parser.parse(new ArrayBuffer(0))), whole: room.left >= 0 }
}

/** As the library tells a text from a file. */
const isText = ({ contentType, contentDisposition }: Part): boolean =>
  contentDisposition.parsed.value !== 'attachment' &&
  ['text/plain', 'text/html'].includes(contentType.parsed.value)

const isBase64 = ({ state, contentTransferEncoding }: Part): boolean =>
  state === 'body' && contentTransferEncoding.encoding === 'base64'

/** What the library looks into. */
const OPENED = ['message/rfc822', 'text/calendar', 'application/ics']
const isOpened = ({ contentType }: Part): boolean => OPENED.includes(contentType.parsed.value)

/** A large one is a file, and not looked into. */
function asFile({ contentType, contentDisposition }: Part): void {
  const { value: type } = contentType.parsed
  if (type === 'message/rfc822') contentDisposition.parsed.value = 'attachment'
  else if (OPENED.includes(type)) contentType.parsed.value = 'application/octet-stream'
}

const DASH = 0x2d
const CR = 0x0d
const LF = 0x0a

/**
 * Without their ends. `loose` says that line ends mean nothing just now: then lines may come
 * several at a time, and a long one in several pieces.
 */
async function* linesOf(
  pieces: AsyncIterable<Buffer>,
  loose: () => boolean,
): AsyncIterable<Uint8Array> {
  let held: Buffer[] = []
  let bytes = 0
  for await (const piece of pieces) {
    let from = 0
    while (from < piece.length) {
      const together = held.length === 0 && loose() ? endOfLoose(piece, from) : from
      const end = together > from ? together : piece.indexOf(LF, from) + 1
      if (end === 0) break
      if (together > from) yield piece.subarray(from, end)
      else yield withoutEnd(Buffer.concat([...held, piece.subarray(from, end)]))
      from = end
      held = []
      bytes = 0
    }
    if (from < piece.length) held.push(piece.subarray(from))
    bytes += piece.length - from
    if (bytes < LINE_BYTES_MAX || !loose()) continue
    yield Buffer.concat(held)
    held = []
    bytes = 0
  }
  if (held.length > 0) yield withoutEnd(Buffer.concat(held))
}

/** Behind the last line before one that begins with a dash, as a boundary does. */
function endOfLoose(piece: Buffer, from: number): number {
  if (piece[from] === DASH) return from
  const marker = piece.indexOf('\n-', from)
  return marker < 0 ? piece.lastIndexOf(LF) + 1 : marker + 1
}

function withoutEnd(line: Buffer): Buffer {
  let end = line.length
  while (end > 0 && (line[end - 1] === CR || line[end - 1] === LF)) end -= 1
  return line.subarray(0, end)
}
