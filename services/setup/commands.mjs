/**
 * The commands of package.json, each after the set-up that it needs.
 *
 * A program runs in this very process, so that signals and exit codes are its own. The tests are
 * three programs: types and lint side by side, then vitest; whatever happens, the last line is `N
 * passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureRedis } from './install-redis.mjs'
import { ensureModules } from './modules.mjs'
import { EXIT, exitWith, StartError } from './start-error.mjs'
import { ensureTestTools } from './test-tools.mjs'
import { ensureValkey } from './valkey.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** TypeScript programs, by the name of their npm script. */
const PROGRAMS = /** @type {Record<string, string>} */ ({
  start: 'services/main.ts',
  scenario: 'services/scenario/main.ts',
  check: 'services/check/explore/main.ts',
  simulate: 'services/check/simulate/main.ts',
  replay: 'services/check/replay/main.ts',
  conform: 'services/check/conform/main.ts',
  shrink: 'services/check/shrink/main.ts',
  token: 'services/token/main.ts',
  chaos: 'services/chaos/main.ts',
  bench: 'test/bench/main.ts',
  undeliverable: 'services/cli/main.ts',
})

/**
 * @param {string | undefined} command
 * @param {string[]} args
 */
export async function run(command, args) {
  try {
    const program = PROGRAMS[command ?? '']
    if (program !== undefined) await runProgram(program, args)
    else if (command === 'test') await runTests(args, {})
    else if (command === 'test:all') await runTests(args, { UNDELIVERABLE_TESTS: 'all' })
    else throw new StartError(`There is no command '${command}'.`, EXIT.usage)
  } catch (error) {
    exitWith(error)
  }
}

/** @param {string} line */
function say(line) {
  console.error(line)
}

/**
 * The program reads its arguments from `process.argv` as if it had been called directly.
 * @param {string} program
 * @param {string[]} args
 */
async function runProgram(program, args) {
  ensureModules(root, { development: program.startsWith('test/') }, say)
  const path = join(root, program)
  process.argv.splice(1, process.argv.length, path, ...args)
  await import(import.meta.resolve('tsx'))
  await import(path)
}

/**
 * @param {string[]} args for vitest: names of test files, `-t name`, ...
 * @param {Record<string, string>} env
 */
async function runTests(args, env) {
  ensureModules(root, { development: true }, say)
  ensureRedis(say)
  ensureTestTools(say)
  if (env.UNDELIVERABLE_TESTS === 'all') ensureValkey(say)
  const failed = await runChecks()
  if (failed.length > 0) {
    console.error(`${failed.join(' and ')} failed; the tests were not run.`)
    console.log(`0 passed, ${failed.length} failed`)
    process.exit(EXIT.failed)
  }
  const tests = await runTool('vitest', ['run', ...args], env, 'inherit')
  process.exit(tests.exitCode)
}

/** @returns {Promise<string[]>} the names of the checks that failed */
async function runChecks() {
  const checks = [
    { name: 'check:types', tool: 'tsc', args: ['--noEmit'] },
    { name: 'lint', tool: 'biome', args: ['check', '--colors=off'] },
  ]
  const results = await Promise.all(checks.map(({ tool, args }) => runTool(tool, args, {}, 'pipe')))
  const failed = []
  for (const [index, { exitCode, output }] of results.entries()) {
    const name = checks[index]?.name ?? ''
    console.log(`${name}: ${exitCode === 0 ? 'fine' : 'failed'}`)
    if (exitCode === 0) continue
    console.log(output)
    failed.push(name)
  }
  return failed
}

/**
 * @param {string} name an executable of the installed modules
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @param {'pipe' | 'inherit'} stdio
 * @returns {Promise<{ exitCode: number, output: string }>}
 */
function runTool(name, args, env, stdio) {
  const child = spawn(join(root, 'node_modules', '.bin', name), args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', stdio, stdio],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ exitCode: code ?? EXIT.failed, output }))
  })
}
