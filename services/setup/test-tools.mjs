/**
 * Programs that only tests use, and that we did not write: swaks, curl and smtplib as clients,
 * flufl.bounce as a reader of reports, zsh. They are installed before the tests where apt-get may
 * run, as Redis is; where it may not, it is said which tests are then left out.
 */
import { spawnSync } from 'node:child_process'
import { findOnPath } from './find-redis.mjs'
import { installPlan } from './install-redis.mjs'

/** Debian's Python: its modules are not those of another one that comes first on the PATH. */
export const PYTHON = '/usr/bin/python3'

/** @type {readonly { package: string, leftOut: string, present: () => boolean }[]} */
const TOOLS = [
  {
    package: 'swaks',
    leftOut: 'mail by swaks',
    present: () => findOnPath('swaks') !== null,
  },
  {
    package: 'curl',
    leftOut: 'mail by curl',
    present: () => findOnPath('curl') !== null,
  },
  {
    package: 'zsh',
    leftOut: 'completion in zsh',
    present: () => findOnPath('zsh') !== null,
  },
  {
    package: 'python3-flufl.bounce',
    leftOut: 'mail by smtplib, and reports read by flufl.bounce',
    present: () =>
      spawnSync(PYTHON, ['-c', 'import flufl.bounce'], { timeout: 20_000 }).status === 0,
  },
]

/** @param {string} name of a package */
export function hasTool(name) {
  return TOOLS.find((tool) => tool.package === name)?.present() ?? false
}

/** @param {(line: string) => void} say */
export function ensureTestTools(say) {
  const missing = TOOLS.filter(({ present }) => !present())
  if (missing.length === 0) return
  const plan = installPlan({
    path: process.env.PATH,
    forbidden: process.env.UNDELIVERABLE_NO_INSTALL,
    uid: process.getuid?.(),
  })
  if ('run' in plan) install(plan.run, missing, say)
  for (const { package: name, leftOut, present } of missing) {
    if (!present()) say(`There is no ${name}: tests of ${leftOut} are left out.`)
  }
}

/**
 * @param {string[]} command how apt-get is run here
 * @param {readonly { package: string }[]} missing
 * @param {(line: string) => void} say
 */
function install(command, missing, say) {
  const names = missing.map((tool) => tool.package)
  const args = ['install', '-y', '--no-install-recommends', ...names]
  say(`Running \`${[...command, ...args].join(' ')}\` for the tests ...`)
  if (run(command, args)) return
  say(`The package lists may be missing or old; running \`${command.join(' ')} update\` ...`)
  run(command, ['update'])
  run(command, args)
}

/**
 * @param {string[]} command
 * @param {string[]} args
 */
function run(command, args) {
  const [program, ...rest] = /** @type {[string, ...string[]]} */ (command)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(program, [...rest, ...args], { env, stdio: 'ignore' }).status === 0
}
