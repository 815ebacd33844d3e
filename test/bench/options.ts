/**
 * The command line of `npm run -s bench`.
 *
 * Every option has its default here. Bad input ends with exit code 2 and a clear line.
 */
import { parseArgs } from 'node:util'
import { EXIT, StartError } from '../../services/setup/start-error.mjs'

export const USAGE = `npm run -s bench -- live|move|growth|workers [options]

  live     messages a second and time to delivery, beside a bare BullMQ chain
  move     a large mailbox moves while mail goes on arriving
  growth   does a delivery cost more in a large mailbox, or a recipient more among many
  workers  messages a second with one, two and four worker processes

  --recipients LIST  of live: recipients of a message (default 1,2,50,1000,10000)
  --seconds NUMBER   of live, growth and workers: how long a measurement takes, at least (default 4)
  --messages NUMBER  of move and growth: in the large mailbox (default 100000)
  --json             print the figures as JSON
  --profile FOLDER   write CPU profiles of the API and the worker process there
`

const BENCHMARKS = ['live', 'move', 'growth', 'workers'] as const

export interface Options {
  benchmark: (typeof BENCHMARKS)[number]
  recipients: number[]
  seconds: number
  messages: number
  json: boolean
  profile: string | null
}

const RECIPIENTS = '1,2,50,1000,10000'
const RECIPIENTS_MOST = 10_000
const SECONDS = '4'
const SECONDS_MOST = 3_600
const MESSAGES = '100000'
const MESSAGES_MOST = 1_000_000

export function readOptions(args: string[]): Options | 'help' {
  const { values, positionals } = parse(args)
  if (values.help) return 'help'
  const benchmark = BENCHMARKS.find((name) => name === positionals[0])
  if (benchmark === undefined || positionals.length > 1) {
    throw usage(`Which benchmark? One of ${BENCHMARKS.join(', ')}.`)
  }
  return {
    benchmark,
    recipients: values.recipients
      .split(',')
      .map((text) => wholeNumber('--recipients', text, RECIPIENTS_MOST)),
    seconds: wholeNumber('--seconds', values.seconds, SECONDS_MOST),
    messages: wholeNumber('--messages', values.messages, MESSAGES_MOST),
    json: values.json,
    profile: values.profile ?? null,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        recipients: { type: 'string', default: RECIPIENTS },
        seconds: { type: 'string', default: SECONDS },
        messages: { type: 'string', default: MESSAGES },
        json: { type: 'boolean', default: false },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw usage((error as Error).message.split('. ')[0] ?? '')
  }
}

function wholeNumber(option: string, text: string, most: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number
  throw usage(`${option} takes whole numbers from 1 to ${most}; '${text}' is not.`)
}

const usage = (line: string): StartError => new StartError(`${line}\n\n${USAGE}`, EXIT.usage)
