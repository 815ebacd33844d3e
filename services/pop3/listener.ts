/**
 * The POP3 door: connections, lines and dots. What a line means, `session.ts` says.
 *
 * Rules: lines are taken one at a time, in order, however many come at once; whoever reads slowly
 * is waited for, and nothing is piled up; a connection that is silent for too long is closed, and
 * then nothing is deleted (RFC 1939 §3).
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { CLIENTS_MAX, IDLE_MS, LINE_BYTES_MAX } from './limits.ts'
import type { Store } from './maildrop.ts'
import { openSession, type Reply, type Session } from './session.ts'
import { stuffed } from './stuffing.ts'

export interface Pop3Options {
  store: Store
  host: string
  port: number
  /** Whether whoever has this password may read. Without it any password does. */
  permitted?: (password: string) => boolean
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

async function serve(options: Pop3Options, socket: Socket): Promise<void> {
  socket.setTimeout(options.idleMs ?? IDLE_MS, () => socket.destroy())
  // A client that goes away is its own affair; nothing was deleted.
  socket.on('error', () => socket.destroy())
  const session = openSession(options.store, options.permitted)
  socket.write('+OK Undeliverable\r\n')
  for await (const line of linesOf(socket)) {
    if (line === null) return void socket.end('-ERR that line is too long\r\n')
    const end = await answer(socket, session, line)
    if (end) return void socket.end()
  }
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

/** Null for one that is too long. */
async function* linesOf(socket: Socket): AsyncIterable<string | null> {
  let held = ''
  for await (const bytes of socket) {
    held += (bytes as Buffer).toString('utf8')
    for (let end = held.indexOf('\n'); end >= 0; end = held.indexOf('\n')) {
      const line = held.slice(0, end).replace(/\r$/, '')
      held = held.slice(end + 1)
      yield line.length > LINE_BYTES_MAX ? null : line
    }
    if (held.length > LINE_BYTES_MAX) yield null
  }
}
