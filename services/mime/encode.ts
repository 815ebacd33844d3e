/**
 * Text of any script, length and intent as header fields that every reader takes for what it says:
 * encoded words (RFC 2047) where ASCII does not do, folded lines, no control characters.
 */
import { encodeWord, foldLines } from 'nodemailer/lib/mime-funcs'
import { encode, wrap } from 'nodemailer/lib/qp'
import { plain } from './header.ts'

/** RFC 2047 §2: an encoded word has at most 75 characters; the field's name stands before it. */
const WORD_CHARACTERS = 52
/** RFC 5322 §2.1.1: lines should have no more; folding needs a space to fold at. */
const LINE_CHARACTERS = 76

/** ASCII, without control characters. */
export const PRINTABLE = /^[ -~]*$/

/** A field whose value is free text, with its line end. */
export function textField(name: string, text: string): string {
  const said = plain(text)
  const tooLong = said.split(' ').some((word) => word.length > LINE_CHARACTERS - name.length - 3)
  // What looks like an encoded word would be read as one.
  const simple = PRINTABLE.test(said) && !said.includes('=?') && !tooLong
  return field(name, simple ? said : encodeWord(said, 'B', WORD_CHARACTERS))
}

/** A field whose value is made here, or was checked. */
export const field = (name: string, value: string): string =>
  `${foldLines(`${name}: ${value}`, LINE_CHARACTERS)}\r\n`

/** A text body: its transfer encoding, and the encoded text. */
export function textBody(text: string): { encoding: string; body: string } {
  const lines = text.replace(/\r?\n/g, '\r\n')
  const short = lines.split('\r\n').every((line) => line.length <= 998)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what it looks for
  if (short && /^[\x01-\x7f]*$/.test(lines)) return { encoding: '7bit', body: lines }
  return { encoding: 'quoted-printable', body: wrap(encode(lines), LINE_CHARACTERS) }
}

/**
 * An address with its type for a delivery status (RFC 3464 §2.3): beyond ASCII as RFC 6533 §3
 * writes it, so that readers from before it can still read the report.
 */
export function typedAddress(address: string): string {
  const said = plain(address)
  if (PRINTABLE.test(said)) return `rfc822; ${said}`
  const escaped = [...said].map((character) => {
    const code = character.codePointAt(0) as number
    return code > 0x7e || '\\+='.includes(character)
      ? `\\x{${code.toString(16).toUpperCase()}}`
      : character
  })
  return `utf-8; ${escaped.join('')}`
}
