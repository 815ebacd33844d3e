/**
 * The set-up of a fresh clone: what it decides and what it says, on machines made of folders.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findRedis } from '../../services/setup/find-redis.mjs'
import { howToInstall, installPlan } from '../../services/setup/install-redis.mjs'
import { modulesState } from '../../services/setup/modules.mjs'
import { nodeProblem, REQUIRED_NODE } from '../../services/setup/node.mjs'
import { temporaryFolder } from '../support/folder.ts'
import { checkout, plainEnvironment } from '../support/program.ts'

function program(folder: string, name: string, script: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

/** A checkout with a lock file, and what npm says is installed. */
function clone(locked: Record<string, object>, installed: Record<string, object> | null): string {
  const root = temporaryFolder()
  const lockFile = join(root, 'package-lock.json')
  writeFileSync(lockFile, JSON.stringify({ packages: { '': {}, ...locked } }))
  if (installed === null) return root
  mkdirSync(join(root, 'node_modules'))
  const file = join(root, 'node_modules', '.package-lock.json')
  writeFileSync(file, JSON.stringify({ packages: installed }))
  return root
}

test.each([
  ['20.20.2', null],
  ['20.21.0', null],
  ['24.0.0', null],
  ['20.20.1', 'Node 20.20.2 or newer, and this is Node 20.20.1'],
  ['20.9.9', 'this is Node 20.9.9'],
  ['18.99.99', 'this is Node 18.99.99'],
])('Node %s: %s', (version, words) => {
  if (words === null) expect(nodeProblem(version)).toBeNull()
  else expect(nodeProblem(version)).toContain(words)
})

test('the required Node is the one that package.json names', () => {
  const { engines } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  expect(engines.node).toBe(`>=${REQUIRED_NODE}`)
})

const a = { version: '1.0.0', integrity: 'sha512-a' }

test.each([
  ['nothing is installed', { a }, null, 'missing'],
  ['all is installed', { a }, { a }, 'ready'],
  ['another version is installed', { a: { ...a, version: '2.0.0' } }, { a }, 'outdated'],
  ['other content is installed', { a: { ...a, integrity: 'sha512-b' } }, { a }, 'outdated'],
  ['one is not installed', { a, b: a }, { a }, 'outdated'],
  ['one too many is installed', { a }, { a, b: a }, 'outdated'],
  ['one of another platform is not', { a, b: { ...a, optional: true } }, { a }, 'ready'],
])('when %s', (_name, locked, installed, state) => {
  expect(modulesState(clone(locked, installed), { development: true })).toBe(state)
})

test('without the tools of development one can start, but not test', () => {
  const root = clone({ a, b: { ...a, dev: true } }, { a })
  expect(modulesState(root, { development: false })).toBe('ready')
  expect(modulesState(root, { development: true })).toBe('outdated')
})

test('the time of a file says nothing: a clone makes every file new', () => {
  const root = clone({ a }, { a })
  utimesSync(join(root, 'node_modules', '.package-lock.json'), 0, 0)
  expect(modulesState(root, { development: true })).toBe('ready')
})

test('the modules of this very checkout are what its lock file says', () => {
  expect(modulesState(checkout, { development: true })).toBe('ready')
})

test('a Redis is found by any of its names, in the order of the PATH', () => {
  const [empty, first, second] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
  expect(findRedis(empty)).toBeNull()
  expect(findRedis('')).toBeNull()
  writeFileSync(join(empty, 'redis-server'), 'not a program')
  expect(findRedis(empty)).toBeNull()
  const valkey = program(first, 'valkey-server', '')
  expect(findRedis(`${empty}:${first}`)).toEqual({ path: valkey, name: 'valkey-server' })
  const redis = program(second, 'redis-server', '')
  expect(findRedis(`${empty}:${first}:${second}`)).toEqual({ path: redis, name: 'redis-server' })
})

test('a redis-check-rdb counts only if it is the server under another name', () => {
  const folder = temporaryFolder()
  program(folder, 'redis-check-rdb', 'echo redis-check-rdb 7.0.15')
  expect(findRedis(folder)).toBeNull()
  const server = findRedis()?.path ?? ''
  rmSync(join(folder, 'redis-check-rdb'))
  symlinkSync(server, join(folder, 'redis-check-rdb'))
  expect(findRedis(folder)).toEqual({
    path: join(folder, 'redis-check-rdb'),
    name: 'redis-server',
  })
})

test('installing takes apt-get, root or a sudo without password, and no prohibition', () => {
  const path = temporaryFolder()
  expect(installPlan({ path, uid: 0 })).toEqual({ refused: expect.stringContaining('no apt-get') })
  const apt = program(path, 'apt-get', '')
  expect(installPlan({ path, uid: 0 })).toEqual({ run: [apt] })
  expect(installPlan({ path, uid: 0, forbidden: '0' })).toEqual({ run: [apt] })
  expect(installPlan({ path, uid: 0, forbidden: '1' })).toEqual({
    refused: expect.stringContaining('UNDELIVERABLE_NO_INSTALL'),
  })
  expect(installPlan({ path, uid: 1000 })).toEqual({ refused: expect.stringContaining('root') })
  program(path, 'sudo', 'exit 1')
  expect(installPlan({ path, uid: 1000 })).toEqual({ refused: expect.stringContaining('root') })
  const sudo = program(path, 'sudo', 'test "$1" = -n')
  expect(installPlan({ path, uid: 1000 })).toEqual({ run: [sudo, '-n', apt] })
})

test('the way out names one line for each kind of machine', () => {
  const text = howToInstall('this machine has no apt-get')
  for (const kind of ['apt', 'dnf', 'apk', 'brew', 'docker']) {
    expect(text).toMatch(new RegExp(`^  ${kind} +\\S`, 'm'))
  }
})

/** Runs the set-up's own function on a machine whose PATH is one folder. */
function setUpRedis(path: string, more: NodeJS.ProcessEnv = {}) {
  const script = `
    import { ensureRedis } from './services/setup/install-redis.mjs'
    import { exitWith } from './services/setup/start-error.mjs'
    try { console.log('found', ensureRedis().path) } catch (error) { exitWith(error) }`
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: checkout,
    env: { ...plainEnvironment(more), PATH: path },
    encoding: 'utf8',
  })
  return { code: result.status, said: result.stderr.split('\n'), found: result.stdout.trim() }
}

test('a machine without apt-get gets the lines to type, and no stack', () => {
  const { code, said } = setUpRedis(temporaryFolder())
  expect(code).toBe(1)
  expect(said.join('\n')).toContain('apk add redis')
  expect(said.join('\n')).not.toMatch(/^ +at /m)
})

test('apt-get is said before it is run, with fresh lists if the old ones do not do', () => {
  const path = temporaryFolder()
  const log = join(path, 'log')
  const server = join(path, 'redis-server')
  // The package is known only after an update; installing it puts a server on the PATH.
  const script = `
    echo "$@" >> ${log}
    case "$1" in
      update) : > ${path}/updated ;;
      install) [ -f ${path}/updated ] || { echo "E: Unable to locate package"; exit 100; }
        echo '#!/bin/sh' > ${server}; /bin/chmod 755 ${server} ;;
    esac`
  const apt = program(path, 'apt-get', script)
  program(path, 'sudo', 'shift; exec "$@"')
  const run = process.getuid?.() === 0 ? apt : `${join(path, 'sudo')} -n ${apt}`
  const { code, said, found } = setUpRedis(path)
  expect(found).toBe(`found ${server}`)
  expect(code).toBe(0)
  expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
    'install -y --no-install-recommends redis-tools',
    'update',
    'install -y --no-install-recommends redis-tools',
  ])
  expect(said).toContain(`Running \`${run} install -y --no-install-recommends redis-tools\` ...`)
})

test('an apt-get that fails shows its own reason and then the lines to type', () => {
  const path = temporaryFolder()
  program(path, 'apt-get', 'echo "E: no space left on device"; exit 100')
  program(path, 'sudo', 'shift; exec "$@"')
  const { code, said } = setUpRedis(path)
  expect(code).toBe(1)
  expect(said.join('\n')).toMatch(/E: no space left on device\n\nUndeliverable needs a Redis/)
})

test('a clone without modules installs them with npm ci, and says so', () => {
  const root = clone({ a }, null)
  mkdirSync(join(root, 'services', 'setup'), { recursive: true })
  for (const file of ['run', 'node', 'commands', 'modules', 'start-error', 'find-redis']) {
    copySetup(root, `${file}.mjs`)
  }
  copySetup(root, 'install-redis.mjs')
  copySetup(root, 'test-tools.mjs')
  copySetup(root, 'valkey.mjs')
  const npm = program(root, 'npm', `echo "npm $@" > ${root}/called; exit 1`)
  const { npm_execpath: _npm, ...env } = plainEnvironment()
  const result = spawnSync(process.execPath, [join(root, 'services/setup/run.mjs'), 'start'], {
    env: { ...env, PATH: root },
    encoding: 'utf8',
  })
  expect(npm).toContain(root)
  expect(readFileSync(join(root, 'called'), 'utf8')).toContain('npm ci')
  expect(result.stderr).toBe(
    'The node modules are not installed yet; running `npm ci` ...\n' +
      'The node modules could not be installed (npm ended with exit code 1).\n' +
      `Type \`npm ci\` in ${root} to see why.\n`,
  )
  expect(result.status).toBe(1)
})

function copySetup(root: string, file: string): void {
  copyFileSync(join(checkout, 'services/setup', file), join(root, 'services/setup', file))
}
