/**
 * The embedded Redis: a child process with its data in a folder, there as long as this process is.
 *
 * Owns the lock on the data folder, the short temporary folder with the socket, and the Redis
 * process, which it starts again if it dies. With durability `memory` nothing is written: there is
 * no data folder and no lock.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { type Kept, keepRunning } from '../processes.ts'
import type { RedisBinary } from '../setup/find-redis.mjs'
import { ensureRedis } from '../setup/install-redis.mjs'
import { StartError } from '../setup/start-error.mjs'
import type { Durability } from './durability.ts'
import { type Binding, bestBinding, type LaunchOptions, launchRedis, socketPath } from './launch.ts'
import { type Lock, lockDataFolder, removeSocketFolder, SOCKET_FOLDER_PREFIX } from './lock.ts'

export interface EmbeddedOptions {
  durability: Durability
  /** Not needed for `memory`. */
  dataFolder?: string
  /** Default: half of the machine's. */
  memoryMegabytes?: number | null
  log?: (line: string) => void
  /** Default: what is on the PATH, installed if need be. */
  binary?: RedisBinary
  binding?: Binding
}

export interface EmbeddedRedis {
  /** For `connect`. */
  url: string
  pid(): number | null
  stop(): Promise<void>
  /** At once. The lock stays: the next service sees that nobody holds it any more. */
  kill(): void
}

/**
 * A socket's path is at most 107 characters long on Linux and 103 on macOS (`sun_path` in
 * sys/un.h).
 */
const LONGEST_SOCKET_PATH = 103

/** Writing out what is in memory takes a moment; a Redis that hangs must not hang the service. */
export const STOP_WITHIN_MS = 10_000

/** The reason of a death is in the last lines. */
const LINES_KEPT = 5

export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedRedis> {
  const log = options.log ?? ((line: string) => console.error(line))
  const binary = options.binary ?? ensureRedis()
  const socketFolder = makeSocketFolder()
  const lines: string[] = []
  let lock: Lock | null = null
  let kept: Kept<void> | null = null
  try {
    if (options.durability !== 'memory') {
      if (options.dataFolder === undefined) throw new Error('a durable Redis needs a data folder')
      lock = await lockDataFolder(resolve(options.dataFolder), socketFolder)
    }
    const launch: LaunchOptions = {
      binary,
      socketFolder,
      dataFolder: lock === null ? socketFolder : resolve(options.dataFolder ?? ''),
      durability: options.durability,
      memoryMegabytes: options.memoryMegabytes ?? halfOfTheMachine(),
      binding: options.binding ?? bestBinding(),
      onLine: (line) => lines.splice(0, Math.max(0, lines.push(line) - LINES_KEPT)),
    }
    kept = keepRedis(launch, lock, log)
    await kept.ready
    return opened(kept, lock, socketFolder)
  } catch (error) {
    await kept?.stop()
    lock?.release()
    removeSocketFolder(socketFolder)
    throw error instanceof StartError && kept !== null ? withLines(error, lines) : error
  }
}

/** In a container, half of what the container may use. */
function halfOfTheMachine(): number {
  const allowed = process.constrainedMemory()
  const most = allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()
  return Math.floor(most / 2 / 1_048_576)
}

function keepRedis(launch: LaunchOptions, lock: Lock | null, log: (line: string) => void) {
  return keepRunning<void>({
    name: 'embedded Redis',
    launch() {
      const launched = launchRedis(launch)
      // Before it is up: a service that dies meanwhile must leave word of it.
      if (launched.child.pid !== undefined) lock?.setRedis(launched.child.pid)
      return launched
    },
    log,
    graceMs: STOP_WITHIN_MS,
  })
}

function opened(kept: Kept<void>, lock: Lock | null, socketFolder: string): EmbeddedRedis {
  return {
    url: `unix://${socketPath(socketFolder)}`,
    pid: kept.pid,
    async stop() {
      await kept.stop()
      lock?.release()
      removeSocketFolder(socketFolder)
    },
    kill() {
      kept.kill()
      removeSocketFolder(socketFolder)
    },
  }
}

function withLines(error: StartError, lines: string[]): StartError {
  return new StartError(`${error.message}\nIt said:\n  ${lines.join('\n  ')}`, error.exitCode)
}

/** The system's folder for temporary files, unless its name is too long for a socket. */
function makeSocketFolder(): string {
  for (const parent of [tmpdir(), '/tmp']) {
    const longest = socketPath(join(parent, `${SOCKET_FOLDER_PREFIX}XXXXXX`))
    if (Buffer.byteLength(longest) <= LONGEST_SOCKET_PATH) {
      return mkdtempSync(join(parent, SOCKET_FOLDER_PREFIX))
    }
  }
  throw new StartError(
    `No folder for temporary files has a name that is short enough for a socket.`,
  )
}
