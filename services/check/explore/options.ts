/**
 * The command line of `npm run -s check`.
 */
import { wrongName } from '../../../machines/profile.ts'
import { parsed, UsageError } from '../../command-line.ts'
import { OWN_USAGE } from '../../own/own.ts'
import { BOUND_FLAGS, type Bounds, DEFAULT_BOUNDS } from './bounds.ts'

const DEFAULT_MEMORY_MB = 2_048

export const USAGE = `usage: npm run -s check -- SCENARIO [options]

Takes the site, the messages and the moves of a scenario and searches every interleaving of what can
happen: events in any order, timers in their order but late, beliefs of every age, moves that begin
and are called off at any moment, crashes, and what a fault rule of the scenario may do.
Exits 0 when no invariant is broken, 1 when one is, 2 when it was asked for something that does not
exist, 3 when it ended before it had seen every state within its bounds.

  SCENARIO            a scenario, row-<n> for a row of the truth table, or a file of your own
  --profile NAME      or a file of your own; default: the first one of the scenario
${OWN_USAGE}
  --retries N         how often each timer of an actor rings (default ${DEFAULT_BOUNDS.retries})
  --crashes N         workers that die after a commit (default ${DEFAULT_BOUNDS.crashes})
  --duplicates N      events that come twice (default ${DEFAULT_BOUNDS.duplicates})
  --lost-replies N    answers that are lost (default ${DEFAULT_BOUNDS.lostReplies})
  --late-replies N    timers that overtake what is under way (default ${DEFAULT_BOUNDS.lateReplies})
  --moves N           moves that are started (default ${DEFAULT_BOUNDS.moves})
  --cancels N         moves that are called off (default ${DEFAULT_BOUNDS.cancels})
  --stalls N          workers that die with an event in hand, before they commit (default 0)
  --unreduced         looks at both orders of steps that cannot meet, too
  --memory MB         what the search may take (default ${DEFAULT_MEMORY_MB})
  --schedule FILE     writes the first counterexample, for npm run -s replay
  --json              one JSON object
  --help              this text
`

export interface Options {
  scenario: string
  profile: string | null
  bounds: Bounds
  reduce: boolean
  memoryMb: number
  schedule: string | null
  json: boolean
  help: boolean
}

/** Of anything: more would not end within a life. */
const BOUND_MAX = 100

export function readOptions(args: string[]): Options {
  const { values, positionals } = read(args)
  const help = values.help === true
  const [scenario = '', ...others] = positionals
  if (!help && scenario === '')
    throw new UsageError('which scenario? npm run -s scenario -- --list')
  if (others.length > 0) throw new UsageError(`one scenario at a time; not ${others.join(', ')}`)
  const bounds = { ...DEFAULT_BOUNDS }
  for (const [name, flag] of Object.entries(BOUND_FLAGS) as [keyof Bounds, string][]) {
    const given = values[flag]
    if (typeof given === 'string') bounds[name] = whole(flag, given, BOUND_MAX)
  }
  const profile = typeof values.profile === 'string' ? values.profile : null
  const wrong = profile === null ? null : wrongName(profile)
  if (wrong) throw new UsageError(`no ${wrong.what} ${wrong.name}; known: ${wrong.known}`)
  const memory = values.memory
  return {
    scenario,
    profile,
    bounds,
    reduce: values.unreduced !== true,
    memoryMb: typeof memory === 'string' ? whole('memory', memory, 1 << 20) : DEFAULT_MEMORY_MB,
    schedule: typeof values.schedule === 'string' ? values.schedule : null,
    json: values.json === true,
    help,
  }
}

function read(args: string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const bounds = Object.fromEntries(Object.values(BOUND_FLAGS).map((name) => [name, text]))
  const texts = { profile: text, memory: text, schedule: text }
  const flags = { unreduced: flag, json: flag, help: flag }
  const options: Record<string, typeof text | typeof flag> = { ...bounds, ...texts, ...flags }
  return parsed(args, options)
}

function whole(flag: string, given: string, most: number): number {
  const number = Number(given)
  if (/^[0-9]+$/.test(given) && number <= most) return number
  throw new UsageError(`--${flag}: ${given} is not a whole number from 0 to ${most}`)
}
