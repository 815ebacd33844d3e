/**
 * The command line of `npm run -s replay`.
 */
import { parsed, UsageError } from '../../command-line.ts'

export const USAGE = `usage: npm run -s replay -- SCHEDULE.json [options]
       npm run -s replay -- BUNDLE.json [options]

Takes a live system (Redis, BullMQ, worker processes) through a schedule, or through the journal of
a bundle, step by step in exactly its order, and compares how each entry ended. Where the schedule
says that a worker dies, the process is killed. Exits 0 if everything was as in the schedule, 1 if
not (the first step that differed is shown), 2 if it was given something that is neither, or is of
other machines.

  --url URL         replay in a service that runs; default: one of its own, kept in memory only
  --defect FILE     a defect of your own that its profile has; may be repeated
  --json            the result as JSON
  --keep            leave the site for looking at (with --url)
  --help            this text
`

export interface Options {
  file: string
  url: string | null
  json: boolean
  keep: boolean
  help: boolean
}

const OPTIONS = {
  url: { type: 'string' },
  json: { type: 'boolean' },
  keep: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** Reads the arguments after the program's name. */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parsed(args, OPTIONS)
  const { json = false, keep = false, help = false, url = null } = values
  if (url !== null && !URL.canParse(url)) throw new UsageError(`--url: ${url} is not a URL`)
  if (keep && url === null) throw new UsageError('--keep needs --url: a site ends with its service')
  if (positionals.length !== 1 && !help) throw new UsageError('which schedule? give one file')
  return { file: positionals[0] ?? '', url, json, keep, help }
}
