/**
 * Refusals as SMTP says them: a reply code of RFC 5321, an enhanced status of RFC 3463, words.
 *
 * The library has one enhanced status for each reply code; where ours is another, it stands at the
 * beginning of the words, and the library is kept from adding its own.
 */
import type { SMTPServer } from 'smtp-server'
import { Problem, type ProblemCode } from '../errors.ts'

/** The library does not export it by name. */
export type SMTPConnection = SMTPServer['connections'] extends Set<infer One> ? One : never

/** What is thrown to refuse a command; the library sends it. */
export class Refusal extends Error {
  readonly responseCode: number

  constructor(reply: number, status: string, words: string) {
    super(`${status} ${words}`)
    this.responseCode = reply
  }
}

const REPLIES: Partial<Record<ProblemCode, [reply: number, status: string]>> = {
  'message-too-large': [552, '5.3.4'],
  'malformed-message': [554, '5.6.0'],
  'malformed-address': [553, '5.1.3'],
  'header-injection': [553, '5.1.3'],
  'no-recipients': [554, '5.5.1'],
  'too-many-recipients': [452, '4.5.3'],
  'unknown-site': [550, '5.1.2'],
  'unknown-server': [550, '5.1.2'],
}

/** Whatever went wrong. What is not known to be the client's fault may be tried again. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof Problem) {
    const passing = error.status >= 500 || error.status === 429
    const [reply, status] = REPLIES[error.code] ?? (passing ? [451, '4.3.0'] : [554, '5.6.0'])
    return new Refusal(reply, status, error.detail)
  }
  return new Refusal(451, '4.3.0', 'it is not known whether it was accepted; try again later')
}

const ENHANCED = /^[245]\.\d{1,3}\.\d{1,3} /

/** Keeps the library from putting its own status before one of ours. */
export function sayOwnStatus(connection: SMTPConnection): void {
  const send = connection.send.bind(connection)
  connection.send = (code, data, context) => {
    const own = typeof data === 'string' && ENHANCED.test(data)
    return send(code, data, own ? false : context)
  }
}
