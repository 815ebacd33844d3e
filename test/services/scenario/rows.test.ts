/**
 * The truth table: how it is counted, and that each row can be turned into a scenario.
 */
import { expect, test } from 'vitest'
import { scenarioOf } from '../../../services/scenario/rows.ts'
import { COLUMNS, loadTable, readTable, rowName } from '../../../services/scenario/table.ts'

const rows = await loadTable()
const counted = rows.filter((row) => row.counted)

test('has 13 counted rows, all of the first table, and the extensions 11 to 23', () => {
  expect(counted).toHaveLength(13)
  expect(counted.every((row) => row.row <= 10)).toBe(true)
  const numbers = new Set(rows.map((row) => row.row))
  expect([...numbers]).toEqual(Array.from({ length: 23 }, (_, index) => index + 1))
})

test('loses exactly one of the 26: row 10 with the defect', () => {
  const columns = ['exchange-5.5-sp3', 'exchange-5.5-sp4'] as const
  const played = counted.flatMap((row) =>
    columns.map((column) => ({ name: rowName(row), column, own: row.own[column] })),
  )
  expect(played).toHaveLength(26)
  const lost = played.filter(({ own }) => own.includes('lost'))
  expect(lost).toEqual([{ name: 'row-10', column: 'exchange-5.5-sp3', own: ['lost'] }])
})

test('loses nothing at all without the defect', () => {
  const fixed = rows.flatMap((row) => [row.own, row.redirected].map((endings) => endings))
  for (const endings of fixed) {
    expect(endings?.['exchange-5.5-sp4'] ?? []).not.toContain('lost')
    expect(endings?.modern ?? []).not.toContain('lost')
  }
})

test('tells its counted rows apart by their factors', () => {
  const factors = counted.map((row) => JSON.stringify(row.factors))
  expect(new Set(factors).size).toBe(counted.length)
})

test.each(rows.map((row) => [rowName(row), row] as const))('%s is a scenario', (name, row) => {
  const scenario = scenarioOf(row)
  expect(scenario.name).toBe(name)
  expect(scenario.profiles).toEqual([...COLUMNS])
  expect(scenario.expect).toHaveLength(COLUMNS.length)
  const armed = scenario.steps.flatMap((step) => (step.kind === 'arm' ? [step.value.fault] : []))
  expect(armed.toSorted()).toEqual(Object.keys(scenario.faults).toSorted())
})

test('row 10 is the article: a move that the offer starts, released with the clock stopped', () => {
  const row = rows.find((candidate) => candidate.row === 10)
  const scenario = scenarioOf(row as NonNullable<typeof row>)
  expect(scenario.steps.map((step) => step.kind)).toEqual([
    'arm',
    'send',
    'wait',
    'wait',
    'release',
    'wait',
    'wait',
    'advance',
  ])
})

test('a table with a row that stands twice or an unknown factor is refused', () => {
  const [row] = rows
  expect(() => readTable({ about: '', rows: [row, row] }, 'table.yaml')).toThrow(
    /row-1 stands twice/,
  )
  const odd = { ...row, factors: { ...row?.factors, moon: 'full' } }
  expect(() => readTable({ about: '', rows: [odd] }, 'table.yaml')).toThrow(
    /unknown key moon; known:/,
  )
})
