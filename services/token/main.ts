/**
 * `npm run -s token`: makes a bearer token, and puts it into a file of tokens if it is given one.
 *
 * Exit status: 0 when it was made, 1 when the file has one of that name, 2 when something was asked
 * for that does not exist. Written to a file a secret is not printed: what prints may be logged.
 */
import { appendFileSync, chmodSync, existsSync } from 'node:fs'
import { parsed, UsageError } from '../command-line.ts'
import { StartError } from '../setup/start-error.mjs'
import { makeSecret, parseScopes, parseTokens, readTokens, SCOPES } from '../tokens.ts'
import { USAGE } from './usage.ts'

const OPTIONS = {
  scopes: { type: 'string' },
  file: { type: 'string' },
  keep: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

const EXIT_MADE = 0
const EXIT_THERE = 1
const EXIT_USAGE = 2
const OWNER_ONLY = 0o600

function lineOf(name: string, scopes: string): string {
  if (parseScopes(scopes) === null) {
    throw new UsageError(`--scopes: some of ${SCOPES.join(', ')}; '${scopes}' is not`)
  }
  const line = `${name} ${scopes} ${makeSecret()}`
  try {
    parseTokens(line, 'the token')
  } catch (error) {
    throw error instanceof StartError ? new UsageError(error.message) : error
  }
  return line
}

function addTo(file: string, name: string, line: string, keep: boolean): number {
  const known = existsSync(file) ? readTokens(file) : []
  if (known.some((token) => token.name === name)) {
    process.stderr.write(`${file} has a token "${name}"${keep ? ', which is kept' : ''}.\n`)
    return keep ? EXIT_MADE : EXIT_THERE
  }
  appendFileSync(file, `${line}\n`, { mode: OWNER_ONLY })
  chmodSync(file, OWNER_ONLY)
  process.stderr.write(`The token "${name}" is in ${file}.\n`)
  return EXIT_MADE
}

const tell = (answer: object): void => {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

function run(args: string[]): number {
  try {
    const { values, positionals } = parsed(args, OPTIONS)
    const { scopes = SCOPES.join(','), file, keep = false, json = false, help = false } = values
    if (help) {
      process.stdout.write(USAGE)
      return EXIT_MADE
    }
    const [name] = positionals
    if (name === undefined || positionals.length > 1) throw new UsageError('one name is needed')
    if (keep && file === undefined) throw new UsageError('--keep goes with --file')
    const line = lineOf(name, scopes)
    if (file !== undefined) {
      const code = addTo(file, name, line, keep)
      if (json && code === EXIT_MADE) tell({ name, file })
      return code
    }
    if (json) tell({ name, scopes: scopes.split(','), secret: line.split(' ').at(-1) })
    else process.stdout.write(`${line}\n`)
    return EXIT_MADE
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StartError)) throw error
    process.stderr.write(`${error.message}\n`)
    return EXIT_USAGE
  }
}

process.exitCode = run(process.argv.slice(2))
