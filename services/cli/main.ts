#!/usr/bin/env node
/**
 * `undeliverable`: the service, and everything that there is to do with it, as one program.
 *
 * Exit status: 0 when it was done, 1 when somebody is lost or something was refused, 2 when
 * something was asked for that does not exist, and of `audit` also when no ledger could be read.
 * Answers go to stdout, everything else to stderr, so that `--json` can be piped.
 */
import { UndeliverableError } from '../client/problem.ts'
import { UsageError } from '../command-line.ts'
import { DataError } from '../data-error.ts'
import { version } from '../version.ts'
import { type Command, EXIT, SHARED } from './command.ts'
import { commands } from './commands.ts'

function usage(): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2
  const lines = commands.map(({ name, about }) => `  ${name.padEnd(width)}${about}`)
  return `usage: undeliverable COMMAND [arguments]

${lines.join('\n')}

  undeliverable COMMAND --help says more; the bearer token is UNDELIVERABLE_TOKEN.
`
}

function usageOf({ synopsis, about, options = [] }: Command): string {
  const lines = [...options, ...SHARED].map((line) => `  ${line}\n`)
  return `usage: undeliverable ${synopsis} [options]\n\n${about}\n\n${lines.join('')}`
}

async function run([name = '', ...args]: string[]): Promise<number> {
  if (name === '--version') return say(`${version()}\n`)
  if (name === '--help' || name === 'help') return say(usage())
  const command = commands.find((one) => one.name === name)
  if (command === undefined) {
    process.stderr.write(name === '' ? usage() : `There is no command '${name}'.\n\n${usage()}`)
    return EXIT.usage
  }
  // A program answers for itself.
  if (args.includes('--help') && command.options !== undefined) return say(usageOf(command))
  return command.run(args)
}

function say(text: string): number {
  process.stdout.write(text)
  return EXIT.done
}

/** For a person in words, for a program as what it is; on stderr in either case. */
function explained(error: unknown): number {
  if (error instanceof UsageError || error instanceof DataError) {
    process.stderr.write(`${error.message}\n`)
    return EXIT.usage
  }
  if (!(error instanceof UndeliverableError)) throw error
  const asked = commands.find(({ name }) => name === process.argv[2])
  const status = asked?.verdict ? EXIT.usage : EXIT.refused
  if (process.argv.includes('--json')) {
    const { call, code, status: answer, detail, errors } = error
    process.stderr.write(`${JSON.stringify({ call, code, status: answer, detail, errors })}\n`)
    return status
  }
  const hint = error.code === 'unreachable' ? ' Is it started? (undeliverable start)' : ''
  process.stderr.write(`${error.message}${hint}\n`)
  return status
}

const code = await run(process.argv.slice(2)).catch(explained)
if (code !== EXIT.done) process.exitCode = code
