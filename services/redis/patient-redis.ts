/**
 * A client of one Redis that forgets no command, and writes those of one moment together.
 *
 * What a server answers even while it loads its data (INFO, PUBLISH, SUBSCRIBE …) ioredis writes
 * before the connection is ready; if that ends before it was, whoever waits for an answer waits for
 * ever. All other commands wait until it is ready, and ioredis sends them again after an end. A
 * cluster's nodes need none of this: there the command fails, and the cluster asks again.
 *
 * Commands that are sent before this process turns to something else leave in one write: an answer
 * from Redis often lets many events go on at once, and a write is what costs most of a command.
 */
import { type Command, Redis, type RedisOptions } from 'ioredis'

/** The connection's own, which the next one says for itself. */
const HANDSHAKE = ['hello', 'auth', 'select', 'client', 'readonly']

export class PatientRedis extends Redis {
  readonly #twins = new Set<Redis>()

  constructor(options: RedisOptions) {
    super({ ...options, replyMapping: 'legacy' })
    let early = false
    this.on('connect', () => {
      early = true
    })
    this.on('ready', () => {
      early = false
    })
    this.on('close', () => {
      if (early) sendAgain(this)
      early = false
    })
    this.once('end', () => this.#endTwins())
  }

  /**
   * One that is between two attempts to connect ends like any other. With ioredis it would neither
   * say that it has ended nor refuse what it was asked, and BullMQ waits for that.
   */
  override disconnect(reconnect = false): void {
    const isBetween = this.status === 'reconnecting'
    super.disconnect(reconnect)
    if (reconnect) return
    this.#endTwins()
    if (isBetween) end(this)
  }

  #endTwins(): void {
    for (const twin of this.#twins) twin.disconnect()
    this.#twins.clear()
  }

  override sendCommand(...sent: Parameters<Redis['sendCommand']>): unknown {
    const { stream } = this
    if (stream?.writableCorked === 0) {
      stream.cork()
      process.nextTick(() => stream.uncork())
    }
    return super.sendCommand(...sent)
  }

  /**
   * As BullMQ opens the connections on which it waits; they end with this one, since BullMQ leaves
   * one alone that was without its Redis when its worker was closed, and it would ask for ever.
   */
  override duplicate(other?: Partial<RedisOptions>): Redis {
    const twin = new PatientRedis({ ...this.options, ...other })
    this.#twins.add(twin)
    twin.once('end', () => this.#twins.delete(twin))
    return twin
  }
}

/** What ioredis does when a connection closes that shall not come back. */
function end(client: Redis): void {
  const within = client as unknown as {
    manuallyClosing: boolean
    setStatus(status: string): void
    flushQueue(error: Error): void
  }
  within.manuallyClosing = false
  within.setStatus('end')
  within.flushQueue(new Error('Connection is closed.'))
}

/** The next connection has a queue of its own; what is sent until then waits for it. */
function sendAgain(client: Redis): void {
  for (const { command } of client.commandQueue.toArray()) {
    if (!HANDSHAKE.includes(command.name)) void client.sendCommand(command as Command)
  }
}
