/**
 * A message as POP3 sends it (RFC 1939 §3): a dot more before each line that begins with one, and a
 * line with a dot alone behind its end. All other bytes are as they are.
 */
import { headerEnd } from '../mime/header.ts'

const DOT = 0x2e
const LF = 0x0a
const ONE_DOT = Buffer.from('.')

/** With `top`, only the header section and so many lines of the body. */
export async function* stuffed(pieces: AsyncIterable<Buffer>, top?: number): AsyncIterable<Buffer> {
  let last = LF
  for await (const piece of top === undefined ? pieces : topOf(pieces, top)) {
    if (piece.length === 0) continue
    const parts: Buffer[] = []
    let from = 0
    for (let at = piece.indexOf(DOT); at >= 0; at = piece.indexOf(DOT, at + 1)) {
      if ((at === 0 ? last : piece[at - 1]) !== LF) continue
      parts.push(piece.subarray(from, at), ONE_DOT)
      from = at
    }
    yield Buffer.concat([...parts, piece.subarray(from)])
    last = piece[piece.length - 1] as number
  }
  yield Buffer.from(last === LF ? '.\r\n' : '\r\n.\r\n')
}

/** The trace comes in a piece of its own; the header section ends behind it. */
async function* topOf(pieces: AsyncIterable<Buffer>, lines: number): AsyncIterable<Buffer> {
  let header = Buffer.alloc(0)
  let inBody = false
  let left = lines
  for await (const piece of pieces) {
    const rest: Buffer = inBody ? piece : Buffer.concat([header, piece])
    const end = inBody ? 0 : headerEnd(rest)
    if (!inBody && end === rest.length) {
      header = Buffer.from(rest)
      continue
    }
    if (!inBody) yield rest.subarray(0, end)
    inBody = true
    let at = end
    while (left > 0 && at < rest.length) {
      const next = rest.indexOf(LF, at)
      if (next < 0) break
      at = next + 1
      left -= 1
    }
    const whole = left > 0 ? rest.length : at
    yield rest.subarray(end, whole)
    if (left === 0) return
  }
  if (!inBody) yield header
}
