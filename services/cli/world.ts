/** `undeliverable import` and `prefill`: a site with the mailboxes, and the mail, of one's own. */
import type { Site } from '../client/client.ts'
import { withProgress } from '../progress.ts'
import { type Command, EXIT, read, wholeNumber, words } from './command.ts'

const IMPORT = 'import FILE'

type Import = Awaited<ReturnType<Site['mailboxes']['import']>>

function importLines({ created, changed, unchanged, refused }: Import, notes: string[]): string[] {
  return [
    `${created} mailboxes made, ${changed} changed, ${unchanged} as they were`,
    ...notes.map((note) => `  ${note}`),
    ...refused.map(({ alias, detail }) => `  REFUSED ${alias}: ${detail}`),
  ]
}

async function runImport(args: string[]): Promise<number> {
  const { positionals, place } = read(args, {})
  const [file = ''] = words(positionals, 1, 1, IMPORT)
  const { readMailboxes } = await import('../own/mailbox-file.ts')
  const { mailboxes, notes } = await readMailboxes(file)
  const text = () => `importing ${mailboxes.length} mailboxes into ${place.site.name}`
  const done = await withProgress(text, () => place.site.mailboxes.import(mailboxes))
  place.print({ ...done, notes }, importLines(done, notes))
  return done.refused.length > 0 ? EXIT.refused : EXIT.done
}

export const importFile: Command = {
  name: 'import',
  synopsis: IMPORT,
  about: "put the mailboxes of a file (Exchange 5.5's CSV, YAML, JSON) into a site",
  options: [],
  run: runImport,
}

const PREFILL = 'prefill MAILBOX MESSAGES'

async function runPrefill(args: string[]): Promise<number> {
  const { values, positionals, place } = read(args, { bytes: { type: 'string' } })
  const [mailbox = '', count = ''] = words(positionals, 2, 2, PREFILL)
  const messages = wholeNumber('MESSAGES', count)
  const given = (values as { bytes?: string }).bytes
  const body =
    given === undefined ? { messages } : { messages, bytes: wholeNumber('--bytes', given) }
  const text = () => `sending ${messages} messages to ${mailbox}`
  const done = await withProgress(text, () => place.site.mailboxes.prefill(mailbox, body))
  const why = done.stopped === null ? '' : `, then no more: ${done.stopped.detail}`
  place.print(done, [`${done.accepted} messages accepted for ${mailbox}${why}`])
  return done.stopped === null ? EXIT.done : EXIT.refused
}

export const prefill: Command = {
  name: 'prefill',
  synopsis: PREFILL,
  about: 'send so many messages to a mailbox, so that a move of it takes its time',
  options: ['--bytes N         of the body of each; default: 2048'],
  run: runPrefill,
}
