/**
 * The command line of `npm run -s bench`.
 *
 * Every option has its default here. Bad input ends with exit code 2 and a clear line.
 */
import { parseArgs } from 'node:util'
import { MESSAGE_BYTES_MAX } from '../../services/api/limits.ts'
import { DURABILITIES, type Durability } from '../../services/redis/durability.ts'
import { EXIT, StartError } from '../../services/setup/start-error.mjs'
import { CLIENTS_MAX } from '../../services/smtp/limits.ts'

export const USAGE = `npm run -s bench -- live|move|growth|workers|smtp [options]

  live     messages a second and time to delivery, beside a bare BullMQ chain
  move     a large mailbox moves while mail goes on arriving
  growth   does a delivery cost more in a large mailbox, or a recipient more among many
  workers  messages a second with one, two and four worker processes
  smtp     messages a second by SMTP, beside Postfix where it is installed

  --recipients LIST  of live: recipients of a message (default 1,2,50,1000,10000)
  --seconds NUMBER   of all but move: how long each measurement takes, at least (default 4)
  --messages NUMBER  of move and growth: in the large mailbox (default 100000)
  --connections LIST of smtp: at a time (default 20,50)
  --sizes LIST       of smtp: octets of a message (default 1024,51200,5242880)
  --durability LIST  of smtp: modes of the service (default everysec,always)
  --json             print the figures as JSON
  --profile FOLDER   write CPU profiles of the API and the worker process there
`

const BENCHMARKS = ['live', 'move', 'growth', 'workers', 'smtp'] as const

export interface Options {
  benchmark: (typeof BENCHMARKS)[number]
  recipients: number[]
  seconds: number
  messages: number
  connections: number[]
  sizes: number[]
  durability: Durability[]
  json: boolean
  profile: string | null
}

const RECIPIENTS = '1,2,50,1000,10000'
const RECIPIENTS_MOST = 10_000
const SECONDS = '4'
const SECONDS_MOST = 3_600
const MESSAGES = '100000'
const MESSAGES_MOST = 1_000_000
const CONNECTIONS = '20,50'
const SIZES = '1024,51200,5242880'
const MODES = 'everysec,always'
/** What smtp-source adds has to have room beside it. */
const SIZE_MOST = MESSAGE_BYTES_MAX - 1024

export function readOptions(args: string[]): Options | 'help' {
  const { values, positionals } = parse(args)
  if (values.help) return 'help'
  const benchmark = BENCHMARKS.find((name) => name === positionals[0])
  if (benchmark === undefined || positionals.length > 1) {
    throw usage(`Which benchmark? One of ${BENCHMARKS.join(', ')}.`)
  }
  return {
    benchmark,
    recipients: wholeNumbers('--recipients', values.recipients, RECIPIENTS_MOST),
    connections: wholeNumbers('--connections', values.connections, CLIENTS_MAX),
    sizes: wholeNumbers('--sizes', values.sizes, SIZE_MOST),
    durability: values.durability.split(',').map(durability),
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
        connections: { type: 'string', default: CONNECTIONS },
        sizes: { type: 'string', default: SIZES },
        durability: { type: 'string', default: MODES },
        json: { type: 'boolean', default: false },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw usage((error as Error).message.split('. ')[0] ?? '')
  }
}

const wholeNumbers = (option: string, text: string, most: number): number[] =>
  text.split(',').map((one) => wholeNumber(option, one, most))

function durability(text: string): Durability {
  const mode = DURABILITIES.find((one) => one === text)
  if (mode !== undefined) return mode
  throw usage(`--durability takes ${DURABILITIES.join(', ')}; '${text}' is none of them.`)
}

function wholeNumber(option: string, text: string, most: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number
  throw usage(`${option} takes whole numbers from 1 to ${most}; '${text}' is not.`)
}

const usage = (line: string): StartError => new StartError(`${line}\n\n${USAGE}`, EXIT.usage)
