/**
 * One mail transaction with the smart host: one message to one recipient, and what it answered.
 *
 * The library speaks the protocol; what its answers mean is here. A reply is about the recipient
 * only when it answers MAIL, RCPT or DATA: whatever else goes wrong (no connection, a greeting that
 * refuses, a password that is not taken) is put off, as is every transient reply. When the
 * connection is lost behind the end of the message, nobody can tell whether it was taken
 * (RFC 1047): it is put off too, so it may arrive twice, and is never lost.
 */
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { type Code, codeOf } from '../../machines/codes.ts'
import { plain } from '../mime/header.ts'
import type { Raw } from '../runtime/raw.ts'
import { COMMAND_MS, CONNECT_MS, REPLY_CHARACTERS_MAX } from './limits.ts'
import type { SmartHost } from './name.ts'

/** Whole addresses; the null sender is ''. */
export interface Letter {
  from: string
  to: string
  raw: Raw
}

/** What the smart host said, and what that means. */
export type Answer =
  | { kind: 'taken'; reply: string }
  | { kind: 'deferred'; reply: string }
  | { kind: 'refused'; reply: string; code: Code }

export interface Transaction {
  answer: Promise<Answer>
  /** Breaks the connection off. */
  abort(): void
}

export function begin({ host, port }: SmartHost, name: string, letter: Letter): Transaction {
  const connection = new SMTPConnection({
    host,
    port,
    name,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: COMMAND_MS,
    socketTimeout: COMMAND_MS,
    // As MTAs do among one another: encrypted when it is offered, whoever signed the certificate.
    opportunisticTLS: true,
    tls: { rejectUnauthorized: false },
  })
  const answer = new Promise<Answer>((resolve) => {
    let given = false
    const bytes = Readable.from(
      (async function* () {
        yield* letter.raw.pieces()
        given = true
      })(),
    )
    const ended = (error: SMTPConnection.SMTPError): void => {
      // First, since to close it is to be told that it was closed.
      resolve(answerOf(error, given))
      bytes.destroy()
      connection.close()
    }
    connection.once('error', ended)
    // Once there has been an answer, this changes nothing.
    connection.once('end', () => ended(new Error('the connection was closed')))
    connection.connect((failure) => {
      if (failure) return ended(failure)
      const { from, to } = letter
      const envelope = { from, to, size: letter.raw.size, use8BitMime: true }
      connection.send(envelope, bytes, (error, info) => {
        if (error) return ended(error)
        resolve({ kind: 'taken', reply: told(info.response) })
        connection.quit()
      })
    })
  })
  return { answer, abort: () => connection.close() }
}

const TOO_LARGE = '5.3.4'

/** What a reply to these says is about the message or its recipient. */
const ABOUT_THE_MESSAGE: ReadonlySet<string> = new Set(['MAIL FROM', 'RCPT TO', 'DATA'])

function answerOf(error: SMTPConnection.SMTPError, given: boolean): Answer {
  const { responseCode = 0, response = '', command = '' } = error
  if (command === 'MAIL FROM' && responseCode === 0) {
    // Its SIZE is less than the message has, so it was not asked (RFC 1870 §6.2).
    return { kind: 'refused', reply: told(error.message), code: codeOf(TOO_LARGE) }
  }
  if (responseCode === 0) {
    const doubt = given ? ' behind the end of the message, which may have been taken' : ''
    return { kind: 'deferred', reply: told(`${error.message}${doubt}`) }
  }
  const reply = told(response)
  if (responseCode < 500 || !ABOUT_THE_MESSAGE.has(command)) return { kind: 'deferred', reply }
  return { kind: 'refused', reply, code: codeOf(statusIn(response, command)) }
}

/** The enhanced status of the reply (RFC 3463); without one, what was refused says the most. */
function statusIn(response: string, command: string): string {
  const enhanced = /^\d{3}[ -](5\.\d{1,3}\.\d{1,3})(?: |$)/.exec(response)?.[1]
  return enhanced ?? (command === 'RCPT TO' ? '5.1.1' : '5.0.0')
}

/** In one line; a colon ends a name in the words of a step. */
const told = (reply: string): string =>
  plain(reply).replaceAll(': ', ' ').slice(0, REPLY_CHARACTERS_MAX)
