/**
 * The command line of `npm run -s scenario`: what may be asked for, and what is wrong with what was
 * asked.
 */
import { parsed, UsageError } from '../command-line.ts'
import { OWN_USAGE } from '../own/own.ts'

export const USAGE = `usage: npm run -s scenario -- NAME... [options]

Plays scenarios of test/scenarios/ live, each under its profiles, each in a site of its own.
Exits 0 if every expectation held and every fault fired, 1 if not, 2 if it was asked for something
that does not exist.

  NAME                a scenario, row-<n> for a row of the truth table, or a file of your own
  --all               every scenario
  --rows              every row of the truth table
  --list              the names of all scenarios, with their titles
  --profile NAME      under this profile only, or a file of your own; may be repeated;
                      default: those of the scenario
${OWN_USAGE}
  --diff              only what differs between two profiles, as a table; exits 1 if anything
                      does
  --json              one JSON array, an element per run
  --junit FILE        also write JUnit XML
  --keep              leave the sites for looking at; with a service of its own, stay until Ctrl-C
  --url URL           play against a service that runs; default: a service of its own
                      (its bearer token, if it asks for one: UNDELIVERABLE_TOKEN)
  --help              this text
`

export interface Options {
  names: string[]
  profiles: string[]
  all: boolean
  rows: boolean
  list: boolean
  json: boolean
  diff: boolean
  keep: boolean
  help: boolean
  junit: string | null
  url: string | null
}

const OPTIONS = {
  profile: { type: 'string', multiple: true },
  all: { type: 'boolean' },
  rows: { type: 'boolean' },
  list: { type: 'boolean' },
  json: { type: 'boolean' },
  diff: { type: 'boolean' },
  keep: { type: 'boolean' },
  help: { type: 'boolean' },
  junit: { type: 'string' },
  url: { type: 'string' },
} as const

/** Reads the arguments after the program's name. */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parsed(args, OPTIONS)
  const { all = false, rows = false, list = false, json = false } = values
  const { diff = false, keep = false, help = false, junit = null, url = null } = values
  if (url !== null && !URL.canParse(url)) throw new UsageError(`--url: ${url} is not a URL`)
  const asked = all || rows || list || help || positionals.length > 0
  if (!asked) throw new UsageError('which scenario? --list shows them')
  const names = [...new Set(positionals)]
  const profiles = [...new Set(values.profile ?? [])]
  return { names, profiles, all, rows, list, json, diff, keep, help, junit, url }
}
