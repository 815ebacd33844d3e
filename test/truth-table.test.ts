/**
 * The truth table of Q248839, live: all 26 of the first table, the extensions, and `modern` beside
 * them.
 *
 * Lost in exactly one of the 26; and in that row, with the fix, the originator's mailbox holds a
 * report that names the primary recipient.
 */
import { expect, test } from 'vitest'
import { scenarioOf } from '../services/scenario/rows.ts'
import { COLUMNS, loadTable, rowName } from '../services/scenario/table.ts'
import { testPlayed } from './support/played.ts'

const pairs = (await loadTable()).flatMap((row) =>
  COLUMNS.map((profile) => {
    const name = `${rowName(row)}, ${profile}: ${row.title}`
    return { row, profile, name, scenario: scenarioOf(row) }
  }),
)
const runs = testPlayed(pairs)

test('lost in exactly one of the 26', () => {
  const counted = pairs.filter(({ row, profile }) => row.counted && profile !== 'modern')
  expect(counted).toHaveLength(26)
  const lost = counted.filter(({ name }) => (runs.get(name)?.audit?.lost.length ?? 0) > 0)
  expect(lost.map(({ row, profile }) => [rowName(row), profile])).toEqual([
    ['row-10', 'exchange-5.5-sp3'],
  ])
})

test('with the fix, row 10 ends in a report that names the primary', () => {
  const pair = pairs.find(({ row, profile }) => row.row === 10 && profile === 'exchange-5.5-sp4')
  const run = runs.get(pair?.name ?? '')
  const text = "carol's mailbox holds one report that letter could not reach anna"
  expect(run?.expectations).toContainEqual({ text, held: true, got: '' })
})
