/**
 * The command line of `npm run -s conform`: what may be asked for, and what is wrong with what was
 * asked.
 */
import { parsed, UsageError } from '../../command-line.ts'

export const DEFAULT_URL = 'http://127.0.0.1:3000'

export const USAGE = `usage: npm run -s conform -- BUNDLE.json [options]
       npm run -s conform -- --site NAME [options]

Reads the journal of a site and checks that each of its transitions is one that the machines allow,
in an order that the search could have taken.
Exits 0 if it is, 1 at the first step that is not, 2 if there is nothing that could be judged.

  BUNDLE.json    a file that GET /sites/NAME/bundle gave
  --site NAME    a site of a service that runs
  --url URL      that service; default: ${DEFAULT_URL}
  --defect FILE  a defect of your own that the site has; may be repeated
  --json         the result as JSON
  --help         this text
`

export interface Options {
  /** The file, or the site at the URL. */
  from: { file: string } | { site: string; url: string } | null
  json: boolean
  help: boolean
}

const OPTIONS = {
  site: { type: 'string' },
  url: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

export function readOptions(args: string[]): Options {
  const { values, positionals } = parsed(args, OPTIONS)
  const { site, url = DEFAULT_URL, json = false, help = false } = values
  const [file, another] = positionals
  if (help) return { from: null, json, help }
  if (!URL.canParse(url)) throw new UsageError(`--url: ${url} is not a URL`)
  if (another !== undefined) throw new UsageError('one bundle at a time')
  if (file !== undefined && site !== undefined) {
    throw new UsageError('a bundle or a site, not both')
  }
  if (file !== undefined) return { from: { file }, json, help }
  if (site !== undefined) return { from: { site, url }, json, help }
  throw new UsageError('which bundle, or which site? --help shows how to ask')
}
