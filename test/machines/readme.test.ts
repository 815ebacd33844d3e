/**
 * `machines/README.md` says what the machines do: its drawn parts are drawn again and compared.
 * `npx vitest run test/machines -u` writes them anew.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { headerOf, PARTS, withParts } from './chart.ts'

const FOLDER = new URL('../../machines/', import.meta.url)
const PAGE = new URL('README.md', FOLDER)
const page = readFileSync(PAGE, 'utf8')
const headers = Object.fromEntries(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => [name, headerOf(readFileSync(new URL(name, FOLDER), 'utf8'))]),
)

test('the page is up to date', async () => {
  await expect(withParts(page, headers)).toMatchFileSnapshot(PAGE.pathname)
})

test.each(Object.keys(PARTS))('the part %s says something', (name) => {
  const lines = PARTS[name]?.(headers).split('\n') ?? []
  expect(lines.length).toBeGreaterThan(10)
})

test('a page without its parts is refused', () => {
  expect(() => withParts('# Machines', headers)).toThrow("the page has no part 'files'")
})
