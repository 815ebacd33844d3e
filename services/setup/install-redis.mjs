/**
 * Sees to it that this machine has a Redis server: finds it, installs it where that is allowed, or
 * says the one line to type.
 *
 * Rules: what will be run is said before it is run; `UNDELIVERABLE_NO_INSTALL=1` forbids it; only
 * apt-get is ever run, as root or through a sudo that asks for no password; only packages that
 * start no daemon are installed.
 */
import { spawnSync } from 'node:child_process'
import { findOnPath, findRedis } from './find-redis.mjs'
import { StartError } from './start-error.mjs'

/**
 * Debian and Ubuntu. Each holds a server under another name and starts nothing (see
 * find-redis.mjs).
 */
const APT_PACKAGES = /** @type {const} */ (['redis-tools', 'valkey-tools'])

/** How much of a failed apt-get is worth showing: its last lines hold the reason. */
const SHOWN_LINES = 8

/**
 * @typedef {{
 *   path?: string | undefined, forbidden?: string | undefined, uid?: number | undefined
 * }} Machine
 */

/**
 * How to run apt-get here, or why not.
 * @param {Machine} machine
 * @returns {{ run: string[] } | { refused: string }}
 */
export function installPlan(machine) {
  if (machine.forbidden !== undefined && !['', '0'].includes(machine.forbidden)) {
    return { refused: 'UNDELIVERABLE_NO_INSTALL forbids installing one' }
  }
  const aptGet = findOnPath('apt-get', machine.path)
  if (aptGet === null) return { refused: 'this machine has no apt-get to install one with' }
  if (machine.uid === 0) return { run: [aptGet] }
  const sudo = findOnPath('sudo', machine.path)
  if (sudo !== null && spawnSync(sudo, ['-n', 'true'], { timeout: 5_000 }).status === 0) {
    return { run: [sudo, '-n', aptGet] }
  }
  return { refused: 'installing one takes root, or a sudo that asks for no password' }
}

/**
 * @param {string} why
 * @returns {string} what to type, on whichever machine this is
 */
export function howToInstall(why) {
  return `Undeliverable needs a Redis server.
There is no redis-server or valkey-server on the PATH, and ${why}.
Type the line for your machine, then run this again:

  apt     sudo apt-get update && sudo apt-get install -y redis-tools
  dnf     sudo dnf install -y valkey || sudo dnf install -y redis
  apk     apk add redis
  brew    brew install redis
  docker  docker run -d -p 127.0.0.1:6379:6379 redis:7 && export REDIS_URL=redis://127.0.0.1:6379

(On apt, redis-tools holds the server as well, and starts no daemon.)`
}

/**
 * @param {string[]} command
 * @param {string[]} args
 */
function aptGet(command, args) {
  const [program, ...rest] = /** @type {[string, ...string[]]} */ (command)
  const result = spawnSync(program, [...rest, ...args], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`
  return { done: result.status === 0, output }
}

/**
 * @param {string[]} command how apt-get is run here
 * @param {(line: string) => void} say
 * @returns {string} what apt-get said last, when no package could be installed
 */
function install(command, say) {
  const inWords = command.join(' ')
  let output = ''
  /** @param {string} name */
  const installed = (name) => {
    const args = ['install', '-y', '--no-install-recommends', name]
    say(`Running \`${inWords} ${args.join(' ')}\` ...`)
    const result = aptGet(command, args)
    output += result.output
    return result.done && findRedis() !== null
  }
  if (installed(APT_PACKAGES[0])) return ''
  say(`The package lists may be missing or old; running \`${inWords} update\` ...`)
  output += aptGet(command, ['update']).output
  if (APT_PACKAGES.some(installed)) return ''
  return output.trim().split('\n').slice(-SHOWN_LINES).join('\n')
}

/**
 * @param {(line: string) => void} [say]
 * @returns {import('./find-redis.mjs').RedisBinary}
 */
export function ensureRedis(say = (line) => console.error(line)) {
  const present = findRedis()
  if (present !== null) return present
  const plan = installPlan({
    path: process.env.PATH,
    forbidden: process.env.UNDELIVERABLE_NO_INSTALL,
    uid: process.getuid?.(),
  })
  if ('refused' in plan) throw new StartError(howToInstall(plan.refused))
  say(
    'There is no redis-server or valkey-server on the PATH. It is installed now, without a daemon',
  )
  say('(UNDELIVERABLE_NO_INSTALL=1 forbids this; REDIS_URL names a Redis of your own instead).')
  const output = install(plan.run, say)
  const installed = findRedis()
  if (installed === null) throw new StartError(`${output}\n\n${howToInstall('apt-get failed')}`)
  return installed
}
