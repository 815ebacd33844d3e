/**
 * Mailpit's websocket, `/api/events`: `feed.ts` says what is told.
 *
 * Rules: it counts as an open stream, and needs what any call needs that reads; what a client sends
 * means nothing; one that reads slowly is waited for, so nothing is piled up, and one that is gone
 * without a word is noticed, since it does not answer a ping.
 */
import type { WebSocket } from '@fastify/websocket'
import { Type } from 'typebox'
import { Problem, problem } from '../../errors.ts'
import { HEARTBEAT_MS } from '../limits.ts'
import type { Resource } from '../resource.ts'
import { Refusals } from '../schema.ts'
import { feed, type Notice } from './feed.ts'
import { PLACES, schemaAt } from './places.ts'

/** RFC 6455 §7.4.1: the service, or the site, goes away; a fault of ours. */
const GOING_AWAY = 1001
const FAULT = 1011

const events: Resource = (app, { emulator, quotas, closing }) => {
  for (const place of PLACES) {
    app.route({
      method: 'GET',
      url: `${place.prefix}/api/events`,
      exposeHeadRoute: false,
      schema: {
        ...schemaAt(place, 'a websocket: what is new, read, tagged, deleted'),
        response: { 101: Type.Null({ description: 'Websocket (RFC 6455).' }), ...Refusals },
      },
      async preHandler({ ws, params }, reply) {
        if (!ws) return
        const { site, alias } = params
        await (alias === undefined ? emulator.site(site) : emulator.mailbox(site, alias))
        quotas.stream(reply)
      },
      async handler() {
        throw problem('upgrade-needed', 'It is a websocket.')
      },
      async wsHandler(socket, { params, log }) {
        const gone = new AbortController()
        socket.once('close', () => gone.abort())
        socket.on('error', () => socket.terminate())
        const signal = AbortSignal.any([gone.signal, closing])
        const notices = feed(emulator, params, signal)
        await tell(socket, notices).catch((error: Error) => {
          const known = error instanceof Problem
          if (!known) log.error({ err: error }, 'a websocket ended')
          socket.close(known ? GOING_AWAY : FAULT)
        })
      },
    })
  }
}

async function tell(socket: WebSocket, notices: AsyncIterable<Notice>): Promise<void> {
  const heart = beating(socket)
  try {
    for await (const notice of notices) {
      // Whoever is gone is told nothing more: its signal ends the loop.
      await new Promise((resolve) => socket.send(JSON.stringify(notice), resolve))
    }
    socket.close(GOING_AWAY)
  } finally {
    clearInterval(heart)
  }
}

function beating(socket: WebSocket): NodeJS.Timeout {
  let alive = true
  socket.on('pong', () => {
    alive = true
  })
  return setInterval(() => {
    if (!alive) return socket.terminate()
    alive = false
    socket.ping()
  }, HEARTBEAT_MS)
}

export const socket: Resource[] = [events]
