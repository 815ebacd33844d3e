/**
 * Mailboxes from a file: a directory export of Exchange 5.5 (`.csv`), or YAML or JSON.
 *
 *     mailboxes:
 *       - { alias: anna, server: nyc, alternateRecipient: bob, deliverToBoth: true }
 *       - { alias: bob, server: nyc, addresses: [robert@example.com] }
 *
 * The whole file is right, or it is refused with all that is wrong in it.
 */
import { readFile } from 'node:fs/promises'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { DataError } from '../data-error.ts'
import type { MailboxSpec } from '../runtime/views-of-mail.ts'
import { reasonsAgainst } from '../scenario/problems.ts'
import { type Imported, mailboxesInCsv } from './exchange-csv.ts'
import { checkSize, yamlIn } from './yaml-file.ts'

const Name = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' })
const closed = { additionalProperties: false }

const MailboxFile = Type.Object(
  {
    alias: Name,
    server: Name,
    addresses: Type.Optional(Type.Array(Type.String())),
    alternateRecipient: Type.Optional(Type.Union([Name, Type.Null()])),
    deliverToBoth: Type.Optional(Type.Boolean()),
  },
  closed,
)

/** The mailboxes of the file, in its order. */
export async function readMailboxes(file: string): Promise<Imported> {
  const text = decoded(await bytesOf(file))
  return /\.csv$/i.test(file) ? mailboxesInCsv(text, file) : mailboxesInYaml(text, file)
}

/** The servers of the mailboxes, in the order in which they are named first. */
export const serversOf = ({ mailboxes }: Imported): string[] => [
  ...new Set(mailboxes.map(({ server }) => server)),
]

async function bytesOf(file: string): Promise<Buffer> {
  await checkSize(file)
  return readFile(file)
}

/** Exchange wrote Unicode, with a mark before it, or the code page of the machine. */
function decoded(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Bytes that are no UTF-8: a code page, and 1252 is that of the Western European ones.
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

function mailboxesInYaml(text: string, file: string): Imported {
  const { data, at } = yamlIn(text, file)
  const isList = Array.isArray(data)
  const list = isList ? data : (data as { mailboxes?: unknown } | null)?.mailboxes
  if (!Array.isArray(list)) throw new DataError(file, ['has no list `mailboxes`'])
  if (list.length === 0) throw new DataError(file, ['has no mailbox'])
  const lines = new Map<unknown, string>()
  const reasons = list.flatMap((mailbox, i) => {
    const path = isList ? [i] : ['mailboxes', i]
    const found = Value.Check(MailboxFile, mailbox)
      ? []
      : reasonsAgainst(MailboxFile, mailbox, `mailboxes[${i}]`)
    const alias = (mailbox as { alias?: unknown } | null)?.alias
    const other = lines.get(alias)
    if (found.length === 0 && other) found.push(`the alias ${alias} is that of ${other}, too`)
    const place = found.length > 0 || !lines.has(alias) ? at(path) : ''
    if (!lines.has(alias)) lines.set(alias, place)
    return found.map((reason) => `${place}: ${reason}`)
  })
  if (reasons.length > 0) throw new DataError(file, reasons)
  return { mailboxes: list as MailboxSpec[], notes: [] }
}
