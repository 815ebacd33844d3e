/**
 * Valkey, for tests of what only a newer server than Debian 12's Redis knows (WAITAOF).
 *
 * One on the PATH is taken. Otherwise its program is taken out of Debian's package, for Debian 12
 * that of the backports, into a folder of the checkout: nothing is installed, and nobody has to be
 * root.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findRedis } from './find-redis.mjs'

const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/valkey', import.meta.url))
const PROGRAMS = join(FOLDER, 'usr', 'bin')
/** Starts no daemon, and holds the server under another name (`find-redis.mjs`). */
const PACKAGE = 'valkey-tools'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
/** The lists are some megabytes; a mirror that says nothing is given up. */
const WITHIN_MS = 120_000

/** @returns {import('./find-redis.mjs').RedisBinary | null} */
export function findValkey(path = process.env.PATH) {
  const found = [PROGRAMS, ...(path ?? '').split(delimiter)].map((folder) => findRedis(folder))
  return found.find((binary) => binary?.name === 'valkey-server') ?? null
}

/** @param {(line: string) => void} say */
export function ensureValkey(say) {
  if (findValkey() !== null) return
  if (!process.env.UNDELIVERABLE_NO_INSTALL) fetchValkey(say)
  if (findValkey() === null) {
    say('There is no Valkey: tests that a disk is waited for (WAITAOF) are left out.')
  }
}

/** @param {(line: string) => void} say */
function fetchValkey(say) {
  const codename = debianCodename()
  if (codename === null) return
  say(`Fetching Debian's ${PACKAGE} for the tests; nothing is installed ...`)
  for (const suite of [`${codename}-backports`, codename]) {
    if (findValkey() === null) fetchFrom(suite)
  }
}

/** @param {string} suite of Debian */
function fetchFrom(suite) {
  const apt = join(FOLDER, 'apt')
  mkdirSync(join(apt, 'lists', 'partial'), { recursive: true })
  mkdirSync(join(apt, 'archives', 'partial'), { recursive: true })
  const source = `deb [signed-by=${KEYRING}] http://deb.debian.org/debian ${suite} main\n`
  writeFileSync(join(apt, 'sources'), source)
  const own = {
    'Dir::Etc::SourceList': join(apt, 'sources'),
    'Dir::Etc::SourceParts': '-',
    'Dir::State::Lists': join(apt, 'lists'),
    'Dir::Cache': apt,
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  }
  const options = Object.entries(own).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const fetched =
    run('apt-get', [...options, 'update'], apt) &&
    run('apt-get', [...options, 'download', PACKAGE], apt)
  const file = fetched ? readdirSync(apt).find((name) => name.endsWith('.deb')) : undefined
  if (file !== undefined) run('dpkg', ['-x', join(apt, file), FOLDER], apt)
  rmSync(apt, { recursive: true, force: true })
}

/** @returns {string | null} */
function debianCodename() {
  try {
    const release = readFileSync('/etc/os-release', 'utf8')
    if (!/^ID=debian$/m.test(release)) return null
    return /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] ?? null
  } catch {
    return null // there is no such file beyond Linux
  }
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {string} cwd
 */
const run = (program, args, cwd) =>
  spawnSync(program, args, { cwd, stdio: 'ignore', timeout: WITHIN_MS }).status === 0
