/**
 * Requests that ask for another protocol: a websocket gets it where a route has one, everything
 * else is answered in HTTP/1.1 (RFC 9110 §7.8).
 *
 * Once anybody listens for upgrades, Node ends HTTP at each request that asks for one, with the
 * body unread; and there are clients that ask for HTTP/2 with every request (Java's own, curl with
 * `--http2`). So whatever asks for something else is given back to the server without the asking.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import websocket from '@fastify/websocket'
import { SOCKET_PAYLOAD_BYTES_MAX } from './limits.ts'
import type { Api } from './resource.ts'

type Listener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** To be awaited before any route is added. */
export async function upgrades(app: Api): Promise<void> {
  await app.register(websocket, { options: { maxPayload: SOCKET_PAYLOAD_BYTES_MAX } })
  const [toWebSocket] = app.server.listeners('upgrade') as [Listener]
  app.server.removeAllListeners('upgrade')
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (asksForWebSocket(request)) toWebSocket.call(app.server, request, socket, head)
    else giveBack(app.server as Server, request, socket, head)
  })
}

const asksForWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'

function giveBack(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    if (!HOP_BY_HOP.test(name)) lines.push(`${name}: ${value}`)
    if (/^connection$/i.test(name)) lines.push(`Connection: ${withoutUpgrade(value)}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}

const HOP_BY_HOP = /^(?:connection|upgrade|http2-settings)$/i

/** RFC 9110 §7.6.1: what a connection header names belongs to this connection. */
const withoutUpgrade = (value: string): string =>
  value
    .split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '' && !HOP_BY_HOP.test(token))
    .join(', ') || 'keep-alive'
