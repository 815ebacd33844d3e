/**
 * The truth table of Q248839, live: all 26 of the first table, the extensions, and `modern` beside
 * them.
 *
 * Lost in exactly one of the 26; and in that row, with the fix, the originator's mailbox holds a
 * report that names the primary recipient.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientAt } from '../services/scenario/client.ts'
import { play, type Run } from '../services/scenario/play.ts'
import { inParallel } from '../services/scenario/programme.ts'
import { scenarioOf } from '../services/scenario/rows.ts'
import { type OwnSystem, openOwnSystem } from '../services/scenario/system.ts'
import { COLUMNS, loadTable, rowName } from '../services/scenario/table.ts'

const ALL_TIMEOUT_MS = 240_000
const SITES_AT_A_TIME = 4

const rows = await loadTable()
const pairs = rows.flatMap((row) =>
  COLUMNS.map((profile) => ({ row, profile, name: `${rowName(row)}, ${profile}: ${row.title}` })),
)
const runs = new Map<string, Run>()
let system: OwnSystem

beforeAll(async () => {
  system = await openOwnSystem()
  const client = clientAt(system.url)
  await inParallel(pairs, SITES_AT_A_TIME, async ({ row, profile, name }) => {
    runs.set(name, await play(client, scenarioOf(row), profile))
  })
}, ALL_TIMEOUT_MS)

afterAll(() => system?.close())

test.each(pairs.map(({ name }) => name))('%s', (name) => {
  const broken = runs.get(name)?.expectations.filter((expectation) => !expectation.held)
  expect(broken).toEqual([])
})

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
