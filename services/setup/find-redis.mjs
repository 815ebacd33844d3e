/**
 * Finds a Redis server on the PATH: `redis-server`, `valkey-server`, or a `redis-check-rdb` that is
 * the same binary.
 *
 * Debian's package `redis-server` starts a daemon on port 6379 as it is installed. Its package
 * `redis-tools` starts nothing and holds the same program as `redis-check-rdb`: the program looks
 * at the name by which it was called, so under the name `redis-server` it serves. It is asked for
 * its version once before it is believed.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** @typedef {{ path: string, name: 'redis-server' | 'valkey-server' }} RedisBinary */

/** Tried in this order: a server by its own name first. */
const CANDIDATES = /** @type {const} */ ([
  { file: 'redis-server', name: 'redis-server' },
  { file: 'valkey-server', name: 'valkey-server' },
  { file: 'redis-check-rdb', name: 'redis-server' },
  { file: 'valkey-check-rdb', name: 'valkey-server' },
])

/**
 * @param {string} file
 * @param {string | undefined} path the PATH to search
 * @returns {string | null}
 */
export function findOnPath(file, path = process.env.PATH) {
  for (const folder of (path ?? '').split(delimiter)) {
    if (folder !== '' && isExecutable(join(folder, file))) return join(folder, file)
  }
  return null
}

/** @param {string} path */
function isExecutable(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // accessSync says "no" by throwing
  }
}

/**
 * @param {string | undefined} [path] the PATH to search
 * @returns {RedisBinary | null}
 */
export function findRedis(path = process.env.PATH) {
  for (const { file, name } of CANDIDATES) {
    const found = findOnPath(file, path)
    if (found !== null && (file === name || servesAs(found, name))) return { path: found, name }
  }
  return null
}

/**
 * @param {string} path
 * @param {string} name
 */
function servesAs(path, name) {
  const answer = spawnSync(path, ['--version'], { argv0: name, encoding: 'utf8', timeout: 5_000 })
  return answer.status === 0 && /server v=/.test(answer.stdout)
}
