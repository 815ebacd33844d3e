/**
 * Is this text an address? The mailbox syntax of RFC 5321 §4.1.2, or a bare alias of the site.
 *
 * Rules: dot-atom or quoted string before the `@`; a domain of letters, digits and hyphens, or an
 * address literal, after it; characters beyond ASCII wherever RFC 6531 §3.3 allows them; lengths in
 * octets of UTF-8 (RFC 6531 §3.3). No comments, no folding, no display name, no source route. What
 * a later header must not see, a line break, is refused first and under its own code.
 */

import { problem } from '../errors.ts'
import { DOMAIN_BYTES_MAX, LABEL_BYTES_MAX, LOCAL_PART_BYTES_MAX } from './limits.ts'
import { quoted } from './quoted.ts'

const BREAKS_A_HEADER = /[\r\n\0]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
const LONE_SURROGATE = /\p{Surrogate}/u
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u00a0-\\u{10ffff}]+"
const DOT_ATOM = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`, 'u')
const QUOTED = /^"(?:[^"\\]|\\.)*"$/u
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?$/u
const LITERAL = /^\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]$/
const ALIAS = /^[a-z0-9][a-z0-9-]{0,62}$/i

/** Throws unless the value can be put into a header as it is. */
export function checkHeaderValue(value: string, name: string): void {
  if (!BREAKS_A_HEADER.test(value)) return
  throw problem('header-injection', `"${name}" holds a line break or NUL: ${quoted(value)}`)
}

/** The address of an originator: '' for the null sender, however it was written. */
export function checkOriginator(value: string): string {
  return value === '' || value === '<>' ? '' : checkAddress(value, 'from')
}

/** The address, or the alias, as it was given; throws when it is neither. */
export function checkAddress(value: string, name: string): string {
  checkHeaderValue(value, name)
  const complaint = complaintAbout(value)
  if (complaint === undefined) return value
  throw problem('malformed-address', `"${name}" is ${quoted(value)}: ${complaint}`)
}

/** What is wrong with it, in words, or undefined when nothing is. */
export function complaintAbout(value: string): string | undefined {
  if (value === '' || value === '<>') return 'an address is needed here, not the null sender'
  if (CONTROL.test(value)) return 'it holds a control character'
  if (LONE_SURROGATE.test(value)) return 'it is not well-formed Unicode'
  const at = value.lastIndexOf('@')
  if (at < 0) return ALIAS.test(value) ? undefined : 'it has no "@" and is no alias'
  return complaintAboutLocalPart(value.slice(0, at)) ?? complaintAboutDomain(value.slice(at + 1))
}

function complaintAboutLocalPart(local: string): string | undefined {
  if (local === '') return 'nothing stands before the "@"'
  const bytes = Buffer.byteLength(local)
  if (bytes > LOCAL_PART_BYTES_MAX) {
    return `${bytes} octets stand before the "@", and ${LOCAL_PART_BYTES_MAX} may`
  }
  if (DOT_ATOM.test(local) || QUOTED.test(local)) return undefined
  return `${quoted(local)} is neither a dot-atom nor a quoted string`
}

function complaintAboutDomain(domain: string): string | undefined {
  if (domain === '') return 'nothing stands after the "@"'
  const bytes = Buffer.byteLength(domain)
  if (bytes > DOMAIN_BYTES_MAX) {
    return `${bytes} octets stand after the "@", and ${DOMAIN_BYTES_MAX} may`
  }
  if (LITERAL.test(domain)) return undefined
  const wrong = domain.split('.').find((label) => {
    return Buffer.byteLength(label) > LABEL_BYTES_MAX || !LABEL.test(label)
  })
  return wrong === undefined ? undefined : `${quoted(wrong)} is no label of a domain`
}
