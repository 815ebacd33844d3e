/**
 * The SMTP door, and the LMTP one: the library speaks the protocol, `transaction.ts` decides.
 *
 * Offered are PIPELINING, 8BITMIME, SMTPUTF8, SIZE, ENHANCEDSTATUSCODES and DSN; STARTTLS with a
 * certificate; AUTH when tokens are set. A client that is slow, silent, too large or too many is
 * ended by a limit of `limits.ts`.
 */
import type { AddressInfo } from 'node:net'
import {
  SMTPServer,
  type SMTPServerDataStream,
  type SMTPServerOptions,
  type SMTPServerSession,
} from 'smtp-server'
import { MESSAGE_BYTES_MAX } from '../api/limits.ts'
import { Problem } from '../errors.ts'
import type { Certificate } from './certificate.ts'
import * as limits from './limits.ts'
import { Refusal, refusalOf, type SMTPConnection, sayOwnStatus } from './replies.ts'
import { checkRecipient, checkSender, type Doors, takeMessage } from './transaction.ts'

export interface ListenerOptions {
  doors: Doors
  host: string
  port: number
  /** A reply for each recipient, and LHLO for EHLO (RFC 2033). */
  lmtp?: boolean
  /** For STARTTLS; without one it is not offered. */
  certificate?: Certificate
  /** The name of whoever has this password, or null. Without it AUTH is neither asked nor taken. */
  authenticate?: (password: string) => string | null
  /** Takes a password in the clear: on loopback nobody else can hear it. */
  clearAuth?: boolean
  log: (line: string) => void
  /** Shorter in tests. */
  idleMs?: number
  dataMs?: number
  clientsMax?: number
}

export interface Listener {
  port: number
  close(): Promise<void>
}

export async function listen(options: ListenerOptions): Promise<Listener> {
  const server = new SMTPServer(serverOptions(options))
  server.connections = new Connections(options.idleMs ?? limits.IDLE_MS)
  // A client that goes away in the middle is its own affair; so is one that cannot speak TLS.
  server.on('error', (error) => options.log(`SMTP: ${error.message}`))
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Each connection as we want it, before it begins, and what is to be undone at its end. */
class Connections extends Set<SMTPConnection> {
  readonly #commandMs: number
  readonly #late = new Map<SMTPConnection, NodeJS.Timeout>()

  constructor(commandMs: number) {
    super()
    this.#commandMs = commandMs
  }

  override add(connection: SMTPConnection): this {
    sayOwnStatus(connection)
    greetAtOnce(connection)
    this.#endSlowCommands(connection)
    return super.add(connection)
  }

  override delete(connection: SMTPConnection): boolean {
    clearTimeout(this.#late.get(connection))
    this.#late.delete(connection)
    return super.delete(connection)
  }

  /**
   * To the library a byte a minute is no silence, and would keep a connection for ever. Behind each
   * reply there is as much time for the next command; a message has its own (`data`).
   */
  #endSlowCommands(connection: SMTPConnection): void {
    const send = connection.send.bind(connection)
    connection.send = (code, text, context) => {
      clearTimeout(this.#late.get(connection))
      const sent = send(code, text, context)
      if (code === MESSAGE_FOLLOWS || !this.has(connection)) return sent
      const cut = () => send(421, '4.4.2 the command did not end in time', false)
      this.#late.set(connection, setTimeout(cut, this.#commandMs).unref())
      return sent
    }
  }
}

/** The reply to DATA. */
const MESSAGE_FOLLOWS = 354

/**
 * The library waits 100 ms with its greeting, for clients that talk before it. A test suite that
 * opens a connection for each message would wait as often.
 */
function greetAtOnce(connection: SMTPConnection): void {
  const init = connection.init.bind(connection)
  const ready = connection.connectionReady.bind(connection)
  let greeted = false
  connection.connectionReady = (next) => {
    if (!greeted) ready(next)
    greeted = true
  }
  connection.init = () => {
    init()
    connection.connectionReady()
  }
}

function serverOptions(options: ListenerOptions): SMTPServerOptions {
  const { doors, authenticate, certificate, lmtp = false } = options
  const disabled = [
    ...(authenticate ? [] : ['AUTH']),
    ...(certificate ? [] : ['STARTTLS']),
    // Jokes of the library's.
    ...['WIZ', 'SHELL', 'KILL'],
  ]
  return {
    ...(certificate ?? {}),
    name: 'undeliverable',
    banner: 'Undeliverable',
    lmtp,
    size: MESSAGE_BYTES_MAX,
    hideDSN: false,
    hideENHANCEDSTATUSCODES: false,
    disabledCommands: disabled,
    disableReverseLookup: true,
    // So that it is refused by ourselves, whether or not STARTTLS is offered.
    allowInsecureAuth: true,
    authOptional: authenticate === undefined,
    maxClients: options.clientsMax ?? limits.CLIENTS_MAX,
    maxRecipients: limits.RECIPIENTS_MAX,
    maxCommandLength: limits.COMMAND_BYTES_MAX,
    socketTimeout: options.idleMs ?? limits.IDLE_MS,
    closeTimeout: limits.CLOSE_MS,
    onAuth({ password }, { secure }, done) {
      if (!secure && !options.clearAuth) {
        return done(new Refusal(538, '5.7.11', 'a password is taken behind STARTTLS only'))
      }
      const user = authenticate?.(password ?? '') ?? null
      if (user === null) return done(new Refusal(535, '5.7.8', 'that password is no token of ours'))
      return done(null, { user })
    },
    onMailFrom: (address, session, done) =>
      answered(options, done, async () => checkSender(address, session)),
    onRcptTo: (address, session, done) =>
      answered(options, done, () => checkRecipient(doors, address, session)),
    onData: (stream, session, done) => void data(options, stream, session, done),
  }
}

type Done = (error?: Error | null) => void

function answered({ log }: ListenerOptions, done: Done, work: () => Promise<void>): void {
  work().then(
    () => done(),
    (error: unknown) => done(told(log, error)),
  )
}

/** What is neither a refusal nor a problem of the one table is a fault, and goes into the log. */
function told(log: ListenerOptions['log'], error: unknown): Refusal {
  const known = error instanceof Refusal || error instanceof Problem
  if (!known) log(`SMTP: ${(error as Error).message}`)
  return refusalOf(error)
}

async function data(
  options: ListenerOptions,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  done: (error?: Error | null, message?: string) => void,
): Promise<void> {
  const { dataMs = limits.DATA_MS_MAX } = options
  let gone = false
  const cut = (why: string) => {
    gone = true
    options.log(`SMTP: ${session.remoteAddress}: ${why}`)
    stream.destroy()
    done(new Refusal(421, '4.4.2', why))
  }
  const late = setTimeout(() => cut('the message did not end in time'), dataMs)
  try {
    const id = await takeMessage(options.doors, stream, session)
    done(null, `OK: accepted as ${id}`)
  } catch (error) {
    if (gone) return
    if (!stream.readableEnded) throwAway(stream, cut)
    done(told(options.log, error))
  } finally {
    if (stream.readableEnded || stream.destroyed) clearTimeout(late)
    else stream.once('close', () => clearTimeout(late))
  }
}

/** The rest of a refused message is read, since it is answered behind its end; but not for ever. */
function throwAway(stream: SMTPServerDataStream, cut: (why: string) => void): void {
  let excess = 0
  stream.on('data', (piece: Buffer) => {
    excess += piece.length
    if (excess > limits.EXCESS_BYTES_MAX) cut('the message does not end')
  })
  // What iterated over it has let go of it by then.
  setImmediate(() => stream.resume())
}
