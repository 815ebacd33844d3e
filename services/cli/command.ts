/**
 * What a command of `undeliverable` is, and what it is given: where the service is, which site, and
 * whether its answer is for a program.
 */
import { type Client, openClient, type Site } from '../client/client.ts'
import { type Options, type Parsed, parsed, UsageError } from '../command-line.ts'

export interface Command {
  name: string
  /** What stands behind the name. */
  synopsis: string
  about: string
  /** A line an option of its own, beside those that all have. */
  options?: readonly string[]
  /** Of a program, which tells of its options itself. */
  usage?: () => Promise<string>
  /** Its exit status is a verdict: 2, and not 1, says that there is none. */
  verdict?: true
  run(args: string[]): Promise<number>
}

export const EXIT = { done: 0, lost: 1, refused: 1, usage: 2, interrupted: 130 } as const

/** Of every command that talks to a service. */
export const SHARED = [
  '--url URL         the service; default: UNDELIVERABLE_URL, or http://127.0.0.1:3000',
  '--site NAME       the site; default: demo',
  '--json            the answer as JSON',
] as const

const SHARED_OPTIONS = {
  url: { type: 'string' },
  site: { type: 'string' },
  json: { type: 'boolean' },
} as const

const SERVICE = 'http://127.0.0.1:3000'
const SITE = 'demo'

export interface Place {
  client: Client
  site: Site
  json: boolean
  /** Prints the answer: the object for a program, or the lines for a person. */
  print(answer: unknown, lines: readonly string[]): void
}

/** The arguments of a command, and the service that they name. */
export function read<Own extends Options>(
  args: string[],
  own: Own,
): Parsed<Own & typeof SHARED_OPTIONS> & { place: Place } {
  const { values, positionals } = parsed(args, { ...own, ...SHARED_OPTIONS })
  const given = values as { url?: string; site?: string; json?: boolean }
  const url = given.url ?? process.env.UNDELIVERABLE_URL ?? SERVICE
  if (!URL.canParse(url)) throw new UsageError(`--url: ${url} is not a URL`)
  const token = process.env.UNDELIVERABLE_TOKEN
  const client = openClient(url, { ...(token ? { token } : {}), headers: trace })
  const json = given.json === true
  const place: Place = {
    client,
    site: client.site(given.site ?? SITE),
    json,
    print(answer, lines) {
      const text = json ? JSON.stringify(answer, null, 2) : lines.join('\n')
      process.stdout.write(`${text}\n`)
    },
  }
  return { values, positionals, place }
}

/** The trace context of whoever called, as OpenTelemetry has it in the environment. */
function trace(): Record<string, string> {
  const { TRACEPARENT: traceparent, TRACESTATE: tracestate } = process.env
  return { ...(traceparent ? { traceparent } : {}), ...(tracestate ? { tracestate } : {}) }
}

/** As many words as the synopsis has, or what is missing. */
export function words(given: string[], least: number, most: number, synopsis: string): string[] {
  if (given.length >= least && given.length <= most) return given
  throw new UsageError(`usage: undeliverable ${synopsis}`)
}

export function wholeNumber(name: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new UsageError(`${name}: ${text} is not a whole number from 1`)
}
