/** `undeliverable send` and `audit`: mail goes in, and the ledger says what became of it. */
import { readFile } from 'node:fs/promises'
import { durationMs } from '../api/duration.ts'
import type { Audit, Entry, Letter, Rest } from '../client/client.ts'
import { UsageError } from '../command-line.ts'
import { withProgress } from '../progress.ts'
import { type Command, EXIT, type Place, read, words } from './command.ts'

const SEND = 'send FROM TO...'
/** How long `--wait` waits, unless it is said. */
const WAIT_SECONDS = 30
const MS = 1_000

const sendOptions = {
  subject: { type: 'string' },
  text: { type: 'string' },
  raw: { type: 'string' },
  wait: { type: 'boolean' },
  'wait-seconds': { type: 'string' },
} as const

interface Message {
  subject?: string
  text?: string
  raw?: string
}

async function submit({ site }: Place, from: string, to: string[], values: Message) {
  const { subject, text, raw } = values
  if (raw !== undefined) return site.sendRaw(await readFile(raw), { from, to })
  return site.send({ from, to, ...(subject && { subject }), ...(text && { text }) })
}

/** `anna: delivered after 1 attempt`. */
export function entryLine({ address, branch, state, outcome, attempts, report }: Entry): string {
  const name = branch === 'own' ? address : `${address} (alternate)`
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`
  const told = report === null ? '' : `, report to ${report.to}: ${report.status}`
  const how = outcome === 'pending' ? state : outcome === 'lost' ? 'LOST' : outcome
  return `  ${name}: ${how} after ${tries}${told}`
}

async function outcomes(letter: Letter, deadlineMs: number): Promise<Entry[]> {
  const wait = (address: string) => letter.to(address).until('settled', { deadlineMs })
  return (await Promise.all(letter.recipients.map(wait))).flat()
}

async function sendMail(args: string[]): Promise<number> {
  const { values, positionals, place } = read(args, sendOptions)
  const [from = '', ...to] = words(positionals, 2, Number.POSITIVE_INFINITY, SEND)
  const seconds = secondsOf(values['wait-seconds'])
  const letter = await submit(place, from, to, values)
  const { id, recipients, durability } = letter
  const accepted = { id, recipients, durability }
  if (values.wait !== true) {
    place.print(accepted, [`accepted as ${id}, for ${recipients.join(', ')}`])
    return EXIT.done
  }
  const text = () => `waiting for ${recipients.join(', ')}`
  const entries = await withProgress(text, () => outcomes(letter, seconds * MS))
  place.print({ ...accepted, entries }, [`accepted as ${id}`, ...entries.map(entryLine)])
  return entries.some(({ outcome }) => outcome === 'lost') ? EXIT.lost : EXIT.done
}

function secondsOf(text: string | undefined): number {
  const seconds = text === undefined ? WAIT_SECONDS : Number(text)
  if (seconds > 0 && Number.isFinite(seconds)) return seconds
  throw new UsageError(`--wait-seconds: ${text} is not a number of seconds`)
}

export const send: Command = {
  name: 'send',
  synopsis: SEND,
  about: 'submit a message',
  options: [
    '--subject TEXT    its subject',
    '--text TEXT       its body',
    '--raw FILE        a whole message instead',
    '--wait            until every recipient is settled; exits 1 if one is lost',
    `--wait-seconds N  for so long at most; default: ${WAIT_SECONDS}`,
  ],
  run: sendMail,
}

/** The totals in a line, and a line for each who is lost. */
export function auditLines(audit: Audit): string[] {
  const { delivered, reported, silenced, deadLettered, handedOff, pending, lost } = audit
  const totals = { delivered, reported, silenced, deadLettered, handedOff, pending }
  const shown = Object.entries(totals).filter(([, count]) => count > 0)
  const list = [...shown, ['lost', lost.length]].map(([name, count]) => `${count} ${name}`)
  const rest = audit.atRest ? '' : ', and it is not at rest'
  return [
    `${audit.obligations} obligations: ${list.join(', ')}${rest}`,
    ...lost.map(({ address, message, why }) => `  LOST ${address}, message ${message}: ${why}`),
    ...audit.duplicated.map(({ message, mailbox }) => `  twice in ${mailbox}: ${message}`),
    ...audit.falseReports.map(
      ({ address, message }) => `  falsely reported: ${address}, ${message}`,
    ),
  ]
}

async function askLedger(args: string[]): Promise<number> {
  const { values, positionals, place } = read(args, auditOptions)
  words(positionals, 0, 0, 'audit')
  const { site } = place
  const { idle: advance = false, rest } = values as { idle?: boolean; rest?: string }
  const deadlineMs = rest === undefined ? WAIT_SECONDS * MS : durationOf(rest)
  const waits = advance || rest !== undefined
  const ask = async (): Promise<Partial<Rest> & { audit: Audit }> =>
    waits ? site.rest({ deadlineMs, advance }) : { audit: await site.audit() }
  const { audit, blockedBy = [] } = await withProgress(() => `${site.name} comes to rest`, ask)
  const why = blockedBy.map(({ text }) => `  waits for: ${text}`)
  place.print(audit, [...auditLines(audit), ...why])
  const restless = waits && !audit.atRest
  return audit.lost.length > 0 || restless ? EXIT.lost : EXIT.done
}

const auditOptions = { idle: { type: 'boolean' }, rest: { type: 'string' } } as const

function durationOf(text: string): number {
  try {
    return durationMs(text, '--rest', { minMs: 1 })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

export const audit: Command = {
  name: 'audit',
  synopsis: 'audit',
  about: 'was anybody silently lost? Exits 1 if so, 2 if there is no answer',
  verdict: true,
  options: [
    '--rest DURATION   first wait for rest, so long at most; exits 1 if it does not come to it',
    `--idle            let site time run meanwhile; alone, for ${WAIT_SECONDS} s at most`,
  ],
  run: askLedger,
}
