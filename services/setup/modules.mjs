/**
 * The node modules: are they what the lock file says, and if not, install them.
 *
 * `npm` leaves a list of what it installed in `node_modules/.package-lock.json`, written last, so
 * an interrupted install has none. The two lists are compared by content and not by time: a clone,
 * a checkout of another branch or a restored cache gives any file any time.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from './start-error.mjs'

/**
 * @typedef {{ version?: string, integrity?: string, link?: boolean, dev?: boolean,
 *   optional?: boolean, devOptional?: boolean }} Locked
 */

/**
 * @param {string} file
 * @returns {Record<string, Locked>}
 */
function lockedPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages
}

/**
 * @param {string} root the checkout
 * @param {{ development: boolean }} need whether the tools of development must be there too
 * @returns {'ready' | 'missing' | 'outdated'}
 */
export function modulesState(root, need) {
  const installedFile = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedFile)) return 'missing'
  const wanted = lockedPackages(join(root, 'package-lock.json'))
  const installed = lockedPackages(installedFile)
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link) continue
    const found = installed[path]
    if (found === undefined) {
      if (mayBeAbsent(entry, need)) continue
      return 'outdated'
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity) return 'outdated'
  }
  return Object.keys(installed).every((path) => path in wanted) ? 'ready' : 'outdated'
}

/**
 * An optional package is one for another platform.
 * @param {Locked} entry
 * @param {{ development: boolean }} need
 */
function mayBeAbsent(entry, need) {
  if (entry.optional || entry.devOptional) return true
  return entry.dev === true && !need.development
}

/**
 * Runs `npm ci`, with the npm that runs us when there is one. All of its output goes to stderr.
 * @param {string} root
 */
export function installModules(root) {
  const own = process.env.npm_execpath
  const [command, first] = own?.endsWith('.js') ? [process.execPath, [own]] : ['npm', []]
  const args = [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (result.status !== 0) {
    const reason = result.error?.message ?? `npm ended with exit code ${result.status}`
    throw new StartError(
      `The node modules could not be installed (${reason}).\n` +
        `Type \`npm ci\` in ${root} to see why.`,
    )
  }
}

/**
 * @param {string} root
 * @param {{ development: boolean }} need
 * @param {(line: string) => void} say
 */
export function ensureModules(root, need, say) {
  const state = modulesState(root, need)
  if (state === 'ready') return
  const why = state === 'missing' ? 'are not installed yet' : 'are older than package-lock.json'
  say(`The node modules ${why}; running \`npm ci\` ...`)
  installModules(root)
}
