/**
 * A link between the service and Redis that can be made to fail: a TCP proxy on loopback.
 *
 * Toxics: `latency` (each piece waits, both ways), `slowReader` (Redis's answers trickle), and
 * `blackhole` (nothing passes and nothing is closed) last until the link is healed; a blackhole
 * then lets through what was sent meanwhile, as a network that repeats lost packets does. `reset`
 * (every connection ends at once with RST) and `halfOpen` (Redis's end is gone, and the service's
 * end is never told) befall the connections that are open now. New connections are sound, unless
 * the link is a blackhole. What a toxic touched is counted, so that a test can show that it
 * happened.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export type Toxic =
  | { kind: 'latency'; ms: number }
  | { kind: 'slowReader'; bytesPerSecond: number }
  | { kind: 'blackhole' }
  | { kind: 'reset' }
  | { kind: 'halfOpen' }

export type ToxicKind = Toxic['kind']
export const TOXIC_KINDS = ['latency', 'slowReader', 'blackhole', 'reset', 'halfOpen'] as const

export interface Link {
  /** For REDIS_URL. */
  url: string
  port: number
  /** Instead of the toxic that was there before. */
  poison(toxic: Toxic): void
  heal(): void
  /** Pieces that were held up, or connections that were cut, by this kind. */
  hits(kind: ToxicKind): number
  /** Connections that the service has open. */
  connections(): number
  close(): Promise<void>
}

/** Where the link leads: a socket's path, or a port of loopback. */
export type Upstream = { path: string } | { port: number }

interface Pair {
  /** Towards the service, and towards Redis. */
  near: Socket
  far: Socket
  halfOpen: boolean
}

interface State {
  toxic: Toxic | null
  pairs: Set<Pair>
  hits: Map<ToxicKind, number>
  /** Resolves when the toxic changes. */
  changed: Promise<void>
  change(): void
}

export async function openLink(upstream: Upstream): Promise<Link> {
  const state: State = {
    toxic: null,
    pairs: new Set(),
    hits: new Map(),
    changed: Promise.resolve(),
    change: () => undefined,
  }
  const set = (toxic: Toxic | null): void => {
    state.toxic = toxic
    state.change()
    state.changed = new Promise((resolve) => {
      state.change = resolve
    })
  }
  set(null)
  const server = createServer((near) => join(state, near, connect(upstream)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    poison(toxic) {
      if (toxic.kind === 'reset' || toxic.kind === 'halfOpen') cut(state, toxic.kind)
      else set(toxic)
    },
    heal: () => set(null),
    hits: (kind) => state.hits.get(kind) ?? 0,
    connections: () => state.pairs.size,
    async close() {
      set(null)
      for (const { near, far } of state.pairs) {
        near.destroy()
        far.destroy()
      }
      server.close()
      await once(server, 'close')
    },
  }
}

function join(state: State, near: Socket, far: Socket): void {
  const pair: Pair = { near, far, halfOpen: false }
  state.pairs.add(pair)
  near.setNoDelay(true)
  // An error of a socket is followed by its close, and that is what counts.
  for (const socket of [near, far]) socket.on('error', () => undefined)
  near.once('close', () => {
    state.pairs.delete(pair)
    void sound(state).then(() => far.destroy())
  })
  far.once('close', () => {
    if (!pair.halfOpen) void sound(state).then(() => near.destroy())
  })
  near.on('data', (piece: Buffer) => pass(state, pair, near, far, piece))
  far.on('data', (piece: Buffer) => pass(state, pair, far, near, piece))
}

/** In a blackhole nobody hears that the other end has gone. */
async function sound(state: State): Promise<void> {
  while (state.toxic?.kind === 'blackhole') await state.changed
}

/** One piece at a time in each direction: whoever sends on meets a full window, as on a network. */
function pass(state: State, pair: Pair, from: Socket, to: Socket, piece: Buffer): void {
  if (pair.halfOpen) {
    hit(state, 'halfOpen')
    return
  }
  const { toxic } = state
  if (toxic === null) {
    if (!to.write(piece)) waitFor(from, once(to, 'drain'))
    return
  }
  const held = hold(state, toxic, piece, from === pair.far).then(() => {
    if (!pair.halfOpen && to.writable) to.write(piece)
  })
  waitFor(from, held)
}

function waitFor(from: Socket, ready: Promise<unknown>): void {
  from.pause()
  const resume = () => void from.resume()
  ready.then(resume, resume)
}

async function hold(state: State, toxic: Toxic, piece: Buffer, isAnswer: boolean): Promise<void> {
  if (toxic.kind === 'slowReader' && !isAnswer) return
  hit(state, toxic.kind)
  const { changed } = state
  if (toxic.kind === 'blackhole') await sound(state)
  else if (toxic.kind === 'latency') await Promise.race([sleep(toxic.ms), changed])
  else if (toxic.kind === 'slowReader') {
    await Promise.race([sleep((1_000 * piece.length) / toxic.bytesPerSecond), changed])
  }
}

function cut(state: State, kind: 'reset' | 'halfOpen'): void {
  for (const pair of state.pairs) {
    hit(state, kind)
    if (kind === 'halfOpen') pair.halfOpen = true
    pair.far.destroy()
    if (kind === 'reset') pair.near.resetAndDestroy()
  }
}

function hit(state: State, kind: ToxicKind): void {
  state.hits.set(kind, (state.hits.get(kind) ?? 0) + 1)
}
