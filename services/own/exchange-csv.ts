/**
 * Mailboxes from a directory export of Exchange 5.5: a file of comma-separated values whose first
 * line names the columns (Q146304).
 *
 * The columns are known by the names that the Administrator program writes and by those of the
 * schema (`Directory Name`, `Common-Name`). A column with several values has `%` between them, and
 * `\` before a `%` or a `\` that is meant. Mailboxes are taken; custom recipients (`Remote`) and
 * distribution lists (`dl`) are counted and left out, and so are columns about people.
 *
 * A name of Exchange may have what an alias here may not: those characters become hyphens [ours].
 */
import { parse } from 'csv-parse/sync'
import { DataError } from '../data-error.ts'
import type { MailboxSpec } from '../runtime/views-of-mail.ts'

/** By their names in lower case. */
const COLUMNS = {
  class: ['obj-class', 'object-class'],
  mode: ['mode'],
  directoryName: ['directory name', 'common-name', 'rdn'],
  alias: ['alias name', 'mail-nickname', 'uid'],
  server: ['home-server'],
  addresses: ['e-mail addresses', 'proxy-addresses', 'secondary-proxy-addresses'],
  address: ['e-mail address', 'email address'],
  alternate: ['alt-recipient'],
  both: ['deliver-and-redirect'],
} as const
type Column = keyof typeof COLUMNS

/** One cell is far smaller; without an end a forgotten quote would take the rest of the file. */
const RECORD_CHARACTERS_MAX = 100_000

export interface Imported {
  mailboxes: MailboxSpec[]
  /** What was left out or written differently, in words. */
  notes: string[]
}

interface Row {
  line: number
  cells: Partial<Record<Column, string[]>>
}

interface Reading {
  file: string
  rows: Row[]
  /** The name that the file has for a column. */
  heading: (column: Column) => string
  reasons: string[]
}

/** Throws a `DataError` with all that is wrong, by line and column. */
export function mailboxesInCsv(text: string, file: string): Imported {
  const reading = rowsOf(text, file)
  const { rows, reasons } = reading
  const kinds = rows.map(({ cells }) => (cells.class?.[0] ?? '').toLowerCase())
  const mine = rows.filter((_, i) => kinds[i] === 'mailbox')
  const aliases = aliasesOf(reading, mine)
  const others = new Set(rows.filter((row) => !mine.includes(row)).map(directoryNameOf))
  const mailboxes = mine.map((row) => mailboxOf(reading, row, aliases, others))
  if (mine.length === 0 && reasons.length === 0) reasons.push('has no line of the class Mailbox')
  if (reasons.length > 0) throw new DataError(file, reasons)
  return { mailboxes, notes: notesOn(rows, kinds, mine, aliases) }
}

function rowsOf(text: string, file: string): Reading {
  const records = recordsIn(text, file)
  const [header, ...rest] = records
  const names = (header?.record ?? []).map((name) => name.trim())
  const columnOf = (name: string): Column | undefined =>
    (Object.keys(COLUMNS) as Column[]).find((column) =>
      (COLUMNS[column] as readonly string[]).includes(name.toLowerCase()),
    )
  const columns = names.map(columnOf)
  const heading = (column: Column): string => names[columns.indexOf(column)] ?? COLUMNS[column][0]
  const missing = (['class', 'server'] as const).filter((column) => !columns.includes(column))
  const reasons = missing.map((column) => `line 1: there is no column ${heading(column)}`)
  if (!columns.includes('alias') && !columns.includes('directoryName')) {
    reasons.push('line 1: there is neither a column Alias Name nor one Directory Name')
  }
  if (reasons.length > 0) throw new DataError(file, reasons)
  const rows = rest.map(({ record, line }) => {
    const cells: Row['cells'] = {}
    record.forEach((cell, i) => {
      const column = columns[i]
      if (column && cell.trim() !== '') cells[column] = [...(cells[column] ?? []), cell.trim()]
    })
    return { line, cells }
  })
  return { file, rows, heading, reasons }
}

function recordsIn(text: string, file: string): { record: string[]; line: number }[] {
  try {
    const options = {
      bom: true,
      info: true,
      skip_empty_lines: true,
      relax_column_count_less: true,
      max_record_size: RECORD_CHARACTERS_MAX,
    } as const
    const found = parse(text, options) as unknown as { record: string[]; info: { lines: number } }[]
    return found.map(({ record, info }) => ({ record, line: info.lines }))
  } catch (error) {
    const { message, lines } = error as Error & { lines?: number }
    const place = lines === undefined ? '' : `line ${lines}: `
    throw new DataError(file, [`${place}${message}`])
  }
}

const directoryNameOf = ({ cells }: Row): string =>
  (cells.directoryName?.[0] ?? cells.alias?.[0] ?? '').toLowerCase()

/** The aliases by directory name. */
function aliasesOf({ heading, reasons }: Reading, rows: Row[]): Map<string, string> {
  const aliases = new Map<string, string>()
  const lines = new Map<string, number>()
  for (const row of rows) {
    const { line, cells } = row
    const column: Column = cells.alias ? 'alias' : 'directoryName'
    const alias = plain(cells[column]?.[0] ?? '')
    const where = `line ${line}, ${heading(column)}`
    if (alias === '') reasons.push(`${where}: it has no name that could be an alias`)
    const other = lines.get(alias)
    if (other) reasons.push(`${where}: the alias ${alias} is that of line ${other}, too`)
    lines.set(alias, line)
    aliases.set(directoryNameOf(row), alias)
  }
  return aliases
}

/** As names are here: lower case, digits and hyphens. */
const plain = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, NAME_CHARACTERS_MAX)

const NAME_CHARACTERS_MAX = 63

function mailboxOf(
  reading: Reading,
  { line, cells }: Row,
  aliases: Map<string, string>,
  others: Set<string>,
): MailboxSpec {
  const { heading, reasons } = reading
  const wrong = (column: Column, what: string): void => {
    reasons.push(`line ${line}, ${heading(column)}: ${what}`)
  }
  const mode = (cells.mode?.[0] ?? 'update').toLowerCase()
  if (!['create', 'modify', 'update'].includes(mode)) wrong('mode', `"${mode}" is no import`)
  const named = cells.server?.[0] ?? ''
  const server = plain(named)
  if (named.startsWith('~') || server === '') {
    wrong('server', named === '' ? 'a mailbox has a home server' : `${named} is not known here`)
  }
  const alias = aliases.get(directoryNameOf({ line, cells })) ?? ''
  const spec: MailboxSpec = { alias, server }
  const addresses = [...(cells.address ?? []), ...(cells.addresses ?? [])].flatMap(smtpIn)
  if (addresses.length > 0) spec.addresses = [...new Set(addresses)]
  const alternate = cells.alternate?.[0]
  if (alternate === undefined) return spec
  const wanted = commonNameIn(alternate)
  if (others.has(wanted)) wrong('alternate', `${alternate} is no mailbox, and is not imported`)
  spec.alternateRecipient = aliases.get(wanted) ?? plain(wanted)
  spec.deliverToBoth = flagIn(cells.both?.[0] ?? '0', (what) => wrong('both', what))
  return spec
}

/** `SMTP:` is the primary address and `smtp:` another one; what is no Internet address is left. */
const smtpIn = (cell: string): string[] =>
  valuesIn(cell).flatMap((value) => /^smtp:(.+)$/is.exec(value)?.[1]?.trim() ?? [])

/** Between `%`; after a backslash the next character is itself. */
function valuesIn(cell: string): string[] {
  const values: string[] = []
  let value = ''
  const characters = [...cell]
  for (let i = 0; i < characters.length; i++) {
    if (characters[i] === '%') {
      values.push(value)
      value = ''
      continue
    }
    if (characters[i] === '\\' && i + 1 < characters.length) i += 1
    value += characters[i]
  }
  return [...values, value].filter((one) => one !== '')
}

/** `/o=Org/ou=Site/cn=Recipients/cn=Bob` and `Recipients/cn=Bob` as `bob`. */
const commonNameIn = (name: string): string =>
  (name.split(/[/,]\s*cn=/i).at(-1) ?? name).replace(/^cn=/i, '').trim().toLowerCase()

function flagIn(text: string, wrong: (what: string) => void): boolean {
  if (/^(1|true|yes|-1)$/i.test(text)) return true
  if (!/^(0|false|no)$/i.test(text)) wrong(`${JSON.stringify(text)} is neither 1 nor 0`)
  return false
}

function notesOn(rows: Row[], kinds: string[], mine: Row[], aliases: Map<string, string>) {
  const notes: string[] = []
  const left = new Map<string, number>()
  kinds.forEach((kind, i) => {
    const name = rows[i]?.cells.class?.[0] ?? 'no class'
    if (kind !== 'mailbox') left.set(name, (left.get(name) ?? 0) + 1)
  })
  for (const [name, count] of left) notes.push(`${count} of the class ${name} were left out`)
  const changed = mine.filter(({ cells, line }) => {
    const name = (cells.alias ?? cells.directoryName)?.[0] ?? ''
    return name.toLowerCase() !== aliases.get(directoryNameOf({ line, cells }))
  })
  if (changed.length > 0) notes.push(`${changed.length} have another alias here than there`)
  return notes
}
