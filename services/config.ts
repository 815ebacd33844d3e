/**
 * The command line and the environment, read with the table of options; and the help that is made
 * from it.
 *
 * The command line wins over the environment, and the environment over the default. Bad input ends
 * with exit code 2 and a clear line.
 */
import { isIP } from 'node:net'
import { parseArgs } from 'node:util'
import { isLoopback } from './loopback.ts'
import { BadValue } from './option-values.ts'
import { type Config, OPTIONS, type Option } from './options.ts'
import { EXIT, StartError } from './setup/start-error.mjs'

const TABLE: Record<string, Option<unknown>> = OPTIONS

/** What the command line asks for: to run, or only to be told how. */
export type Invocation = { help: true } | { help: false; config: Config }

export function readInvocation(args: string[], env: NodeJS.ProcessEnv): Invocation {
  const given = readArguments(args)
  if (given.help === true) return { help: true }
  const read: Record<string, unknown> = {}
  for (const [key, option] of Object.entries(TABLE)) read[key] = readOption(option, given, env)
  const config = read as unknown as Config // the table's keys are those of Config (see `satisfies`)
  if (config.roles === 'all' && (config.server !== null || config.site !== null)) {
    throw new StartError(
      '--server and --site narrow a role that runs alone: name it with --role.',
      EXIT.usage,
    )
  }
  checkExposure(config)
  return { help: false, config }
}

/** Nobody gets in unasked: who listens where other machines are must ask for tokens. */
function checkExposure({ host, roles, tokens }: Config): void {
  const listens = roles === 'all' || roles.includes('api')
  if (!listens || tokens !== null || isLoopback(host)) return
  throw new StartError(
    `At ${host} other machines may reach the service, and whoever does could do everything. ` +
      'Give it a file of tokens:\n' +
      '  npm run -s token -- operator --file tokens\n' +
      `  npm start -- --host ${host} --tokens tokens\n` +
      'Or listen on loopback, which is the default: 127.0.0.1.',
    EXIT.usage,
  )
}

/** What may stand more than once. */
const LISTS: ReadonlySet<string> = new Set(['role', 'defect', 'profile'])

type Given = Record<string, string | boolean | string[] | undefined>

function readArguments(args: string[]): Given {
  const options: Record<
    string,
    { type: 'string' | 'boolean'; multiple?: boolean; short?: string }
  > = { help: { type: 'boolean', short: 'h' } }
  for (const { name, value } of Object.values(TABLE)) {
    options[name] = { type: value === undefined ? 'boolean' : 'string', multiple: LISTS.has(name) }
  }
  try {
    return parseArgs({ args, options, allowPositionals: false }).values as Given
  } catch (error) {
    const sentence = (error as Error).message.split('. ')[0]
    throw new StartError(`${sentence}.\nType \`npm start -- --help\` for the options.`, EXIT.usage)
  }
}

function readOption(option: Option<unknown>, given: Given, env: NodeJS.ProcessEnv): unknown {
  const typed = given[option.name]
  const fromEnv = option.env === undefined ? undefined : readEnvironment(option, env)
  const source = typed === undefined && fromEnv !== undefined ? `${option.env}` : `--${option.name}`
  const text = typed === undefined ? (fromEnv ?? option.default ?? '') : asText(typed)
  try {
    return option.parse(text)
  } catch (error) {
    if (error instanceof BadValue) {
      throw new StartError(`${source} ${error.message}; '${text}' is not.`, EXIT.usage)
    }
    if (error instanceof StartError) throw new StartError(`${source}: ${error.message}`, EXIT.usage)
    throw error
  }
}

function asText(typed: string | boolean | string[]): string {
  if (typeof typed === 'boolean') return '1'
  return Array.isArray(typed) ? typed.join(',') : typed
}

/**
 * Some shells export HOST as the name of the machine. Nobody who did not ask for it may listen
 * beyond loopback, so from the environment only an address counts.
 */
function readEnvironment(option: Option<unknown>, env: NodeJS.ProcessEnv): string | undefined {
  const text = env[option.env ?? '']
  if (text === undefined || text === '') return undefined
  const isAddress = isIP(text) !== 0 || text === 'localhost'
  return option === TABLE.host && !isAddress ? undefined : text
}

export function helpText(): string {
  const lines = Object.values(TABLE).map((option) => {
    const left = `  --${option.name}${option.value === undefined ? '' : ` ${option.value}`}`
    const notes = [`default: ${option.default ?? option.defaultText}`]
    if (option.env !== undefined) notes.push(`env: ${option.env}`)
    return `${left.padEnd(28)}${option.description}\n${' '.repeat(28)}(${notes.join('; ')})`
  })
  return `Undeliverable: an emulated site of mail servers, and a ledger that finds whoever was lost.

Usage: npm start -- [options]

${lines.join('\n')}
${'  --help, -h'.padEnd(28)}this text

UNDELIVERABLE_NO_INSTALL=1 forbids installing a Redis server with apt-get when there is none.`
}
