/**
 * The command line of `npm run -s simulate`: what may be asked for, and what is wrong with what was
 * asked.
 */

import { wrongName } from '../../../machines/profile.ts'
import { parsed, UsageError } from '../../command-line.ts'
import { OWN_USAGE } from '../../own/own.ts'

export const USAGE = `usage: npm run -s simulate -- SCENARIO [options]
       npm run -s simulate -- --big [options]

Runs a site through seeded random schedules on a virtual clock, with faults, until it is at rest,
and judges what became of every recipient. The same seed is the same run, to the byte.
Exits 0 if no invariant was broken, 1 if one was, 2 if it was asked for something that does not
exist.

  SCENARIO            a scenario, row-<n> for a row of the truth table, or a file of your own
  --big               a site of 10 servers, 1,000 mailboxes, 2,000 messages and 200 moves
  --profile NAME      under this profile, or a file of your own; default: the first of the
                      scenario, exchange-5.5-sp4 of the big site
${OWN_USAGE}
  --seeds N           so many seeds; default: 100 of a scenario, 10 of the big site
  --seed S            the first one; default: 1
  --events N          no further seed once so many events were taken
  --schedule FILE     where the shrunk schedule of the first violation is written; default:
                      simulate-<name>-<seed>.json
  --no-shrink         do not shrink, write no schedule
  --json              one JSON object
  --help              this text
`

export interface Options {
  /** Null: the big site. */
  scenario: string | null
  profile: string | null
  seeds: number
  seed: number
  events: number
  schedule: string | null
  shrink: boolean
  json: boolean
  help: boolean
}

const SEEDS = { scenario: 100, big: 10 }
const MOST = 2 ** 31 - 1

const OPTIONS = {
  big: { type: 'boolean' },
  profile: { type: 'string' },
  seeds: { type: 'string' },
  seed: { type: 'string' },
  events: { type: 'string' },
  schedule: { type: 'string' },
  'no-shrink': { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** Reads the arguments after the program's name. */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parsed(args, OPTIONS)
  const { big = false, json = false, help = false, profile = null, schedule = null } = values
  if (!help && big === positionals.length > 0) {
    throw new UsageError('which site? name one scenario, or say --big')
  }
  if (positionals.length > 1) throw new UsageError('one scenario at a time')
  const wrong = profile === null ? null : wrongName(profile)
  if (wrong) throw new UsageError(`no ${wrong.what} ${wrong.name}; known: ${wrong.known}`)
  const seeds = whole('--seeds', values.seeds, big ? SEEDS.big : SEEDS.scenario)
  const seed = whole('--seed', values.seed, 1)
  if (seed + seeds - 1 > MOST) throw new UsageError(`--seed: a seed is at most ${MOST}`)
  return {
    scenario: positionals[0] ?? null,
    profile,
    seeds,
    seed,
    events: whole('--events', values.events, Number.MAX_SAFE_INTEGER),
    schedule,
    shrink: values['no-shrink'] !== true,
    json,
    help,
  }
}

function whole(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  const fine = /^[0-9]+$/.test(text) && value >= 1 && value <= Number.MAX_SAFE_INTEGER
  if (!fine) throw new UsageError(`${option}: ${text} is not a whole number from 1`)
  return value
}
