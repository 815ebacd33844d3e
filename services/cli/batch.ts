/** `undeliverable batch`: many mailboxes are moved, so many at a time. */
import type { Batch } from '../client/client.ts'
import { UsageError } from '../command-line.ts'
import { bar, withProgress } from '../progress.ts'
import { type Command, EXIT, type Place, read, wholeNumber, words } from './command.ts'

const BATCH = 'batch [MAILBOX... | show ID | cancel ID]'
/** The service goes on with it in any case. */
const PATIENCE_MS = 24 * 3_600_000
const ASK_MS = 200

const OPTIONS = {
  to: { type: 'string' },
  from: { type: 'string' },
  concurrency: { type: 'string' },
  wait: { type: 'boolean' },
} as const

interface Values {
  to?: string
  from?: string
  concurrency?: string
  wait?: boolean
}

const COUNTS = ['completed', 'rolledBack', 'refused', 'cancelled', 'running', 'waiting'] as const

/** `██████░░░░ 30 of 50`. */
function progressLine({ total, waiting, running }: Batch): string {
  const done = total - waiting - running
  return `${bar(done, total)} ${done} of ${total} moves, ${running} running`
}

/** A table of the counts, and a line for each move that came to nothing. */
export function batchLines(batch: Batch): string[] {
  const width = Math.max(...COUNTS.map((name) => name.length))
  const failed = batch.moves.filter(({ state }) => state === 'refused' || state === 'rolledBack')
  return [
    `batch ${batch.id}: ${batch.state}`,
    ...COUNTS.map((name) => `  ${name.padEnd(width)}  ${batch[name]}`),
    ...failed.map(({ mailbox, to, state, why }) => {
      return `  ${mailbox} → ${to}: ${state}${why === null ? '' : `, ${why}`}`
    }),
  ]
}

/** Those that are named, or all that are on a server. */
async function mailboxesFor({ site }: Place, named: string[], from?: string): Promise<string[]> {
  if (named.length > 0 && from === undefined) return named
  if (from === undefined) throw new UsageError(`usage: undeliverable ${BATCH} --to SERVER`)
  const all = await site.mailboxes.list()
  const there = all.filter(({ server, alias }) => server === from && alias !== 'outside')
  const chosen = there
    .map(({ alias }) => alias)
    .filter((alias) => named.length === 0 || named.includes(alias))
  if (chosen.length === 0) throw new UsageError(`--from: no such mailbox is on ${from}`)
  return chosen
}

async function start(place: Place, named: string[], values: Values): Promise<Batch> {
  const { to, from, concurrency } = values
  if (to === undefined) throw new UsageError(`usage: undeliverable ${BATCH} --to SERVER`)
  const mailboxes = await mailboxesFor(place, named, from)
  return place.site.batches.start({
    moves: mailboxes.map((mailbox) => ({ mailbox, to })),
    ...(concurrency === undefined
      ? {}
      : { concurrency: wholeNumber('--concurrency', concurrency) }),
  })
}

/** Until none of its moves waits or runs. */
async function ended({ site }: Place, begun: Batch): Promise<Batch> {
  let last = begun
  const work = async (): Promise<Batch> => {
    const end = performance.now() + PATIENCE_MS
    while (last.state === 'running' && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, ASK_MS))
      last = await site.batches.get(begun.id)
    }
    return last
  }
  return withProgress(() => progressLine(last), work)
}

async function run(args: string[]): Promise<number> {
  const { values, positionals, place } = read(args, OPTIONS)
  const { wait = false, ...given } = values as Values
  const [first, id = ''] = positionals
  const { batches } = place.site
  if (first === 'show' || first === 'cancel') words(positionals, 2, 2, BATCH)
  const begun = await (first === 'show'
    ? batches.get(id)
    : first === 'cancel'
      ? batches.cancel(id)
      : start(place, positionals, given))
  const batch = wait ? await ended(place, begun) : begun
  place.print(batch, batchLines(batch))
  const { total, completed, state } = batch
  return state !== 'running' && completed < total ? EXIT.refused : EXIT.done
}

export const batch: Command = {
  name: 'batch',
  synopsis: BATCH,
  about: 'move many mailboxes, so many at a time; the service goes on with it by itself',
  options: [
    '--to SERVER       where they go',
    '--from SERVER     all mailboxes that are there, or those of the named ones that are',
    '--concurrency N   moves under way at a time; default: 10',
    '--wait            until the last has ended; exits 1 if one was not completed',
  ],
  run,
}
