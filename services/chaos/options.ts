/**
 * The command line of `npm run -s chaos`: what may be asked for, and what is wrong with what was
 * asked.
 */
import { PROFILES } from '../../machines/profile.ts'
import { parsed, UsageError } from '../command-line.ts'
import { KILLS_LEAST, KINDS, type Kind } from './plan.ts'

export const USAGE = `usage: npm run -s chaos -- [options]

Runs the service as separate processes (API, MTAs, stores, movers) on a Redis of its own, with mail
and moves that never stop, while processes and Redis are killed, stopped and cut off. Then the site
comes to rest, and what clients were promised is compared with what became of it.
Exits 0 if every promise was kept and each kind of process was killed ${KILLS_LEAST} times or more,
1 if not, 2 if it was asked for something that does not exist.

  --seconds N        how long mail is sent and processes die, 5 to 3600; default: 60
  --seed S           of the mail, the moves and the injuries; default: 1
  --profile NAME     default: modern. With a defect that loses mail, losses are found, and each
                     must be one that the defect explains
  --durability HOW   of Redis: always (default), everysec, memory. With everysec the promises of
                     the last second before a kill of Redis may be broken; with memory Redis is
                     spared
  --spare KINDS      kinds that are not killed, with commas between: ${KINDS.join(', ')}
  --rate N           messages a second at most; default: 10
  --folder DIR       where Redis's data, the promises, the log and the bundle are left; default: a
                     temporary folder, which is kept only if something was found
  --verbose          tell each injury
  --json             one JSON object
  --help             this text
`

export interface Options {
  seconds: number
  seed: number
  profile: string
  durability: (typeof DURABILITIES)[number]
  spare: Kind[]
  rate: number
  folder: string | null
  verbose: boolean
  json: boolean
  help: boolean
}

const OPTIONS = {
  seconds: { type: 'string' },
  seed: { type: 'string' },
  profile: { type: 'string' },
  durability: { type: 'string' },
  spare: { type: 'string' },
  rate: { type: 'string' },
  folder: { type: 'string' },
  verbose: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

const DURABILITIES = ['always', 'everysec', 'memory'] as const
const SECONDS = { least: 5, most: 3_600, default: 60 }
const SEED_MOST = 2 ** 31 - 1
/** More than two cores can carry beside the dying. */
const RATE = { most: 200, default: 10 }

/** Reads the arguments after the program's name. */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parsed(args, OPTIONS)
  const { profile = 'modern', durability = 'always', folder = null } = values
  const [first] = positionals
  if (first !== undefined) throw new UsageError(`nothing is known of "${first}"`)
  if (!Object.hasOwn(PROFILES, profile)) {
    throw new UsageError(`no profile ${profile}; known: ${Object.keys(PROFILES).join(', ')}`)
  }
  const how = DURABILITIES.find((one) => one === durability)
  if (!how) throw new UsageError(`--durability: one of ${DURABILITIES.join(', ')}`)
  const spare = sparedKinds(values.spare)
  return {
    seconds: whole('--seconds', values.seconds, SECONDS),
    seed: whole('--seed', values.seed, { least: 0, most: SEED_MOST, default: 1 }),
    profile,
    durability: how,
    // In memory nothing outlives it, the site included.
    spare: how === 'memory' && !spare.includes('redis') ? [...spare, 'redis'] : spare,
    rate: whole('--rate', values.rate, { least: 1, ...RATE }),
    folder,
    verbose: values.verbose === true,
    json: values.json === true,
    help: values.help === true,
  }
}

function sparedKinds(text: string | undefined): Kind[] {
  return (text ?? '').split(',').flatMap((given) => {
    const name = given.trim()
    if (name === '') return []
    const kind = KINDS.find((one) => one === name)
    if (!kind) throw new UsageError(`--spare: ${name} is none of ${KINDS.join(', ')}`)
    return [kind]
  })
}

function whole(
  option: string,
  text: string | undefined,
  range: { least: number; most: number; default: number },
): number {
  if (text === undefined) return range.default
  const value = Number(text)
  if (/^[0-9]+$/.test(text) && value >= range.least && value <= range.most) return value
  throw new UsageError(
    `${option}: ${text} is not a whole number from ${range.least} to ${range.most}`,
  )
}
