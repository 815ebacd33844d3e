/**
 * The truth table of Q248839 as data: `test/scenarios/truth-table.yaml`.
 *
 * A row says which factors hold and how the entry ends under each profile; it says nothing of how
 * to bring that about. `rows.ts` turns a row into a scenario to be played; a search can read the
 * same factors and the same endings.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Type from 'typebox'
import { Value } from 'typebox/value'
import { DataError } from '../data-error.ts'
import { closed, OUTCOMES } from './format-parts.ts'
import { parseYaml, SCENARIO_FOLDER, TABLE_FILE } from './load.ts'
import { reasonsAgainst } from './problems.ts'

const optional = Type.Optional

/** The profiles of the table's columns. */
export const COLUMNS = ['exchange-5.5-sp3', 'exchange-5.5-sp4', 'modern'] as const
export type Column = (typeof COLUMNS)[number]

const FactorsFile = Type.Object(
  {
    /** The recipient has an alternate; both of them are to get it. */
    alternate: Type.Boolean(),
    both: Type.Boolean(),
    /** Was an attempt deferred, and by what. */
    deferred: Type.Enum(['no', 'by the move', 'by the store']),
    /** The redirected entry when the last attempt of the own one ends. */
    redirected: Type.Enum([
      'none',
      'any',
      'queued',
      'deferred',
      'failed',
      'delivered',
      'transferred',
      'transferred, then failed',
    ]),
    lastAttempt: Type.Enum(['none', 'found', 'unknown', 'fresh', 'expired']),
    /** Which of the two is moved; the primary unless said. */
    moved: optional(Type.Enum(['primary', 'alternate'])),
    notifyNever: optional(Type.Boolean()),
    nullSender: optional(Type.Boolean()),
    /** Two more on the message: one moved too but without an alternate, one on the other server. */
    moreRecipients: optional(Type.Boolean()),
    /** The alternate is also addressed directly. */
    directToo: optional(Type.Boolean()),
    /** The mailbox is deleted between the end of the move and the last attempt. */
    deleted: optional(Type.Boolean()),
    /** The alternate was removed five minutes before routing. */
    alternateRemoved: optional(Type.Boolean()),
  },
  closed,
)

const Ending = Type.Enum([...OUTCOMES])
const Endings = Type.Object(
  {
    'exchange-5.5-sp3': Type.Array(Ending, { minItems: 1 }),
    'exchange-5.5-sp4': Type.Array(Ending, { minItems: 1 }),
    modern: Type.Array(Ending, { minItems: 1 }),
  },
  closed,
)

const RowFile = Type.Object(
  {
    /** The number of the row in the table; a letter tells its cases apart. */
    row: Type.Integer({ minimum: 1, maximum: 23 }),
    case: optional(Type.String({ pattern: '^[a-z]$' })),
    title: Type.String(),
    /** One of the 13 of the first table. */
    counted: Type.Boolean(),
    factors: FactorsFile,
    /** How the own entry ends: any of those listed. */
    own: Endings,
    /** How the redirected entry ends, where there is one. */
    redirected: optional(Endings),
    basis: Type.String(),
  },
  closed,
)

const TableFile = Type.Object(
  { about: Type.String(), rows: Type.Array(RowFile, { minItems: 1 }) },
  closed,
)

export type Factors = Type.Static<typeof FactorsFile>
export type Row = Type.Static<typeof RowFile>

/** `row-10`, `row-6a`. */
export const rowName = (row: Row): string => `row-${row.row}${row.case ?? ''}`

/** Checks the rows of a table file. */
export function readTable(data: unknown, file: string): Row[] {
  const reasons = reasonsAgainst(TableFile, data)
  if (reasons.length > 0) throw new DataError(file, reasons)
  const { rows } = Value.Decode(TableFile, data)
  const names = rows.map(rowName)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  if (twice.length > 0)
    throw new DataError(
      file,
      twice.map((name) => `rows: ${name} stands twice`),
    )
  return rows
}

/** The table of the checkout. */
export async function loadTable(folder = SCENARIO_FOLDER): Promise<Row[]> {
  const text = await readFile(join(folder, TABLE_FILE), 'utf8')
  return readTable(parseYaml(text, TABLE_FILE), TABLE_FILE)
}
