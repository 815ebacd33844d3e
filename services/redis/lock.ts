/**
 * One service to a data folder: two Redis servers on one append-only file would destroy it.
 *
 * The lock is a file that names the service's process and its Redis. It is made by linking a
 * complete file into place, so it is never seen half-written. The lock of a dead service is taken
 * over; a Redis that outlived its service is stopped first, and its socket's folder is removed.
 */
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from '../setup/start-error.mjs'
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts'

/**
 * The folders of sockets begin with it: nothing else is ever removed on the word of a lock file.
 */
export const SOCKET_FOLDER_PREFIX = 'undeliverable-'

export interface Holder {
  service: ProcessIdentity
  redis: ProcessIdentity | null
  socketFolder: string
}

export interface Lock {
  setRedis(pid: number): void
  release(): void
}

const LOCK_FILE = 'service.lock'

/** A Redis that is told to stop writes out what it has; far more than that takes. */
const OLD_REDIS_GONE_WITHIN_MS = 10_000
const LOOK_AGAIN_MS = 20

/**
 * Two services may find one stale lock at once; whoever loses finds a fresh one at the next
 * attempt.
 */
const ATTEMPTS = 5

export async function lockDataFolder(folder: string, socketFolder: string): Promise<Lock> {
  const service = identify(process.pid)
  if (service === null) throw new Error('this process cannot find itself in the table of processes')
  const file = join(folder, LOCK_FILE)
  const holder: Holder = { service, redis: null, socketFolder }
  makeFolder(folder)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (claim(file, holder)) return heldLock(file, holder)
    const text = readLock(file)
    if (text !== null) await clearStale(file, text, folder)
  }
  throw new StartError(
    `The data folder ${folder} could not be locked: another service wants it too.`,
  )
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, `${LOCK_FILE}.${process.pid}`), '')
  } catch (error) {
    throw new StartError(
      `The data folder ${folder} cannot be written (${(error as Error).message}). ` +
        'Name another with --data.',
    )
  }
}

/** Writes the lock aside, then links it into place: a link is only made where nothing is. */
function claim(file: string, holder: Holder): boolean {
  const aside = `${file}.${process.pid}`
  writeFileSync(aside, JSON.stringify(holder))
  try {
    linkSync(aside, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    unlinkSync(aside)
  }
}

function readLock(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function clearStale(file: string, text: string, folder: string): Promise<void> {
  const holder = parseHolder(file, text)
  if (isAlive(holder.service)) {
    throw new StartError(
      `The data folder ${folder} is in use by another service (process ${holder.service.pid}).\n` +
        'Stop that one, or give this one a folder of its own with --data.',
    )
  }
  if (holder.redis !== null) await endOldRedis(holder.redis, folder)
  const taken = `${file}.${process.pid}.stale`
  if (!renamed(file, taken)) return
  // If another service was quicker, this is its lock and not the stale one: put it back.
  if (readFileSync(taken, 'utf8') !== text) linkSync(taken, file)
  else removeSocketFolder(holder.socketFolder)
  unlinkSync(taken)
}

function parseHolder(file: string, text: string): Holder {
  try {
    return JSON.parse(text) as Holder
  } catch {
    throw new StartError(`The lock ${file} is damaged. Remove it if no service uses that folder.`)
  }
}

/** False when another service was quicker and the file is gone. */
function renamed(file: string, to: string): boolean {
  try {
    renameSync(file, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

async function endOldRedis(redis: ProcessIdentity, folder: string): Promise<void> {
  if (isAlive(redis)) process.kill(redis.pid, 'SIGTERM')
  const deadline = Date.now() + OLD_REDIS_GONE_WITHIN_MS
  while (isAlive(redis)) {
    if (Date.now() > deadline) {
      throw new StartError(
        `The Redis of a service that died (process ${redis.pid}) still uses ${folder} ` +
          'and does not stop. Stop it by hand.',
      )
    }
    await sleep(LOOK_AGAIN_MS)
  }
}

export function removeSocketFolder(folder: string): void {
  if (basename(folder).startsWith(SOCKET_FOLDER_PREFIX)) {
    rmSync(folder, { recursive: true, force: true })
  }
}

function heldLock(file: string, holder: Holder): Lock {
  return {
    setRedis(pid) {
      holder.redis = identify(pid)
      const aside = `${file}.${process.pid}`
      writeFileSync(aside, JSON.stringify(holder))
      renameSync(aside, file)
    },
    release() {
      rmSync(file, { force: true })
    },
  }
}
