/**
 * The header section of a message as it came: where it ends, and the little that the service wants
 * to know of it. It is looked at once, when the message comes in; the bytes are never changed.
 */
import { isUtf8 } from 'node:buffer'
import { decodeWords } from 'postal-mime'
import type { Caller } from '../../machines/wire.ts'
import { callerIn } from '../trace-context.ts'

/** RFC 5322 §2.2 and §2.2.3: a field, or the continuation of the one before it. */
const FIELD = /^[!-9;-~]+[ \t]*:/
const CONTINUATION = /^[ \t]/
const RECEIVED = /^received[ \t]*:/i
const TRACEPARENT = /^traceparent[ \t]*:/i
const TRACESTATE = /^tracestate[ \t]*:/i
const SUBJECT = /^subject[ \t]*:/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/** RFC 5322 §2.1.1: a line. A longer subject is shown nowhere, and each copy would carry it. */
const SUBJECT_CHARACTERS_MAX = 998

export interface HeaderFacts {
  /** Decoded (RFC 2047, or 8-bit), in one line. */
  subject: string
  /** `Received` fields: systems that it has passed. */
  hops: number
  /** Of the message itself: its fields `Traceparent` and `Tracestate`. */
  caller?: Caller
  /** The first line that is no field: counted from 1, and its text. */
  wrong?: { line: number; text: string }
}

/** Where the header section ends: behind the empty line, or at the end when there is none. */
export function headerEnd(bytes: Buffer): number {
  if (bytes[0] === 0x0a) return 1
  if (bytes[0] === 0x0d && bytes[1] === 0x0a) return 2
  const ends = ['\n\n', '\n\r\n'].map((end) => ({ at: bytes.indexOf(end), length: end.length }))
  const first = ends.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0]
  return first ? first.at + first.length : bytes.length
}

/** 8-bit headers are UTF-8 (RFC 6532); what is not is read as Latin-1, which any byte is. */
export const textOf = (bytes: Buffer): string =>
  isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1')

export function headerFacts(bytes: Buffer): HeaderFacts {
  const lines = linesOf(textOf(bytes.subarray(0, headerEnd(bytes))))
  const wrong = lines.findIndex(
    (line, i) => !(FIELD.test(line) || (i > 0 && CONTINUATION.test(line))) || /[\r\0]/.test(line),
  )
  return {
    subject: subjectOf(lines),
    hops: lines.filter((line) => RECEIVED.test(line)).length,
    ...callerOf(lines),
    ...(wrong < 0 ? {} : { wrong: { line: wrong + 1, text: lines[wrong] ?? '' } }),
  }
}

/** Its fields, unfolded and decoded, one a line. */
export function headerLines(section: Buffer): string[] {
  const fields: string[] = []
  for (const line of linesOf(textOf(section))) {
    if (CONTINUATION.test(line) && fields.length > 0) fields.push(`${fields.pop()}${line}`)
    else fields.push(line)
  }
  return fields.map((field) => decodeWords(field))
}

const linesOf = (section: string): string[] => section.replace(/(\r?\n)+$/, '').split(/\r?\n/)

function subjectOf(lines: string[]): string {
  const first = lines.findIndex((line) => SUBJECT.test(line))
  if (first < 0) return ''
  const next = lines.findIndex((line, i) => i > first && !CONTINUATION.test(line))
  const whole = lines.slice(first, next < 0 ? undefined : next).join('')
  return plain(decodeWords(whole.replace(SUBJECT, '')))
}

/** Two fields `Traceparent` are none; those of `Tracestate` are one list. */
function callerOf(lines: string[]): { caller?: Caller } {
  const valuesOf = (name: RegExp): string[] =>
    lines.flatMap((line) => (name.test(line) ? [line.replace(name, '').trim()] : []))
  const [parent, another] = valuesOf(TRACEPARENT)
  if (parent === undefined || another !== undefined) return {}
  const caller = callerIn(parent, valuesOf(TRACESTATE))
  return caller ? { caller } : {}
}

/** One line without anything that a terminal or a later header could take for its own. */
export const plain = (text: string): string =>
  [...text.replace(CONTROL, ' ')].slice(0, SUBJECT_CHARACTERS_MAX).join('').trim()
