/**
 * The POP3 door: connections, lines and dots. What a line means, `session.ts` says.
 *
 * Rules: lines are taken one at a time, in order, however many come at once; whoever reads slowly
 * is waited for, and nothing is piled up; a connection that is silent for too long is closed, and
 * then nothing is deleted (RFC 1939 §3).
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Certificate } from '../smtp/certificate.ts'
import { CLIENTS_MAX, IDLE_MS, LINE_BYTES_MAX } from './limits.ts'
import type { Store } from './maildrop.ts'
import { openSession, type Permitted, type Reply, type Session } from './session.ts'
import { stuffed } from './stuffing.ts'

export interface Pop3Options {
  store: Store
  host: string
  port: number
  /** What whoever has this password may. Without it any password may everything. */
  permitted?: Permitted
  /** Takes a password in the clear: on loopback nobody else can hear it. */
  clearAuth?: boolean
  /** For STLS (RFC 2595); without one it is not offered. */
  certificate?: Certificate
  log: (line: string) => void
  idleMs?: number
}

export interface Pop3 {
  port: number
  close(): Promise<void>
}

export async function listenPop3(options: Pop3Options): Promise<Pop3> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serve(options, socket).catch((error: NodeJS.ErrnoException) => {
      // Whoever hangs up, or is silent for too long, ends its session: nothing is amiss.
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') options.log(`POP3: ${error.message}`)
      socket.destroy()
    })
  })
  server.maxConnections = CLIENTS_MAX
  server.listen(options.port, options.host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

async function serve(options: Pop3Options, plain: Socket): Promise<void> {
  const { permitted, clearAuth = false, certificate, idleMs = IDLE_MS } = options
  let socket: Socket = plain
  let secure = false
  const offered = () => certificate !== undefined && !secure
  guard(socket, idleMs)
  const refusesClear = () => permitted !== undefined && !clearAuth && !secure
  const session = openSession(options.store, { permitted, refusesClear, offersTls: offered })
  socket.write('+OK Undeliverable\r\n')
  for (let lines = linesOf(socket); ; ) {
    const { value: line, done } = await lines.next()
    if (done) return
    if (line === null) return void socket.end('-ERR that line is too long\r\n')
    if (certificate && offered() && line.toUpperCase() === 'STLS') {
      await write(socket, '+OK begin\r\n')
      // Whatever came behind the command, in the clear, is forgotten with its lines.
      await lines.return(undefined)
      socket = new TLSSocket(plain, { ...certificate, isServer: true })
      guard(socket, idleMs)
      secure = true
      lines = linesOf(socket)
    } else if (await answer(socket, session, line)) return void socket.end()
  }
}

/** A client that goes away is its own affair, and so is a silent one; nothing was deleted. */
function guard(socket: Socket, idleMs: number): void {
  socket.setTimeout(idleMs, () => socket.destroy())
  socket.on('error', () => socket.destroy())
}

/** Whether it was the last one. */
async function answer(socket: Socket, session: Session, line: string): Promise<boolean> {
  const reply = await session.take(line)
  const status = `${reply.ok ? '+OK' : '-ERR'} ${reply.text}`.trimEnd()
  await write(socket, `${status}\r\n`)
  if (reply.body) for await (const piece of bodyOf(reply)) await write(socket, piece)
  return reply.end === true
}

async function* bodyOf({ body = [], lines }: Reply): AsyncIterable<string | Buffer> {
  if (Array.isArray(body)) yield `${[...body, '.'].join('\r\n')}\r\n`
  else yield* stuffed(body, lines)
}

async function write(socket: Socket, piece: string | Buffer): Promise<void> {
  if (socket.destroyed || socket.write(piece)) return
  const gone = new AbortController()
  socket.once('close', () => gone.abort())
  await once(socket, 'drain', { signal: gone.signal }).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error
  })
}

/** Null for one that is too long. Whoever stops listening leaves the socket open. */
async function* linesOf(socket: Socket): AsyncGenerator<string | null, void, void> {
  let held = ''
  for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
    held += (bytes as Buffer).toString('utf8')
    for (let end = held.indexOf('\n'); end >= 0; end = held.indexOf('\n')) {
      const line = held.slice(0, end).replace(/\r$/, '')
      held = held.slice(end + 1)
      yield line.length > LINE_BYTES_MAX ? null : line
    }
    if (held.length > LINE_BYTES_MAX) yield null
  }
}
