/**
 * The command line of `npm run -s shrink`.
 */
import { parsed, UsageError } from '../../command-line.ts'

export const USAGE = `usage: npm run -s shrink -- BUNDLE.json [options]
       npm run -s shrink -- SCHEDULE.json [options]

Makes a run that breaks an invariant small: the journal of a live site (GET /sites/NAME/bundle), or
a schedule, without whatever the violation does not need, in the order in which it happened. What
is left breaks the same invariant of the same entry, and can be replayed.
Exits 0 when it is written, 1 when nothing is broken, 2 if it was given something that is neither,
or is of other machines.

  --entry LABEL     which violation, if there are several: letter anna own (default: the first)
  --schedule FILE   where the schedule is written; default: the name given, with .shrunk.json
  --defect FILE     a defect of your own that its profile has; may be repeated
  --json            one JSON object
  --help            this text
`

export interface Options {
  file: string
  entry: string | null
  schedule: string
  json: boolean
  help: boolean
}

const OPTIONS = {
  entry: { type: 'string' },
  schedule: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** Reads the arguments after the program's name. */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parsed(args, OPTIONS)
  const { json = false, help = false, entry = null } = values
  const [file = ''] = positionals
  if (positionals.length !== 1 && !help) throw new UsageError('which bundle or schedule? one file')
  const schedule = values.schedule ?? `${file.replace(/(\.bundle)?\.json$/, '')}.shrunk.json`
  return { file, entry, schedule, json, help }
}
