/**
 * The command line: what is asked for, and that a question that makes no sense is refused in words.
 */
import { expect, test } from 'vitest'
import { readOptions } from '../../../services/scenario/options.ts'
import { chosen } from '../../../services/scenario/programme.ts'

test('reads names and options in any order', () => {
  const args = [
    '--profile',
    'modern',
    'q248839',
    '--json',
    '--profile',
    'exchange-5.5-sp3',
    'cancel',
  ]
  expect(readOptions(args)).toMatchObject({
    names: ['q248839', 'cancel'],
    profiles: ['modern', 'exchange-5.5-sp3'],
    json: true,
    keep: false,
    url: null,
  })
})

test.each([
  [[], /which scenario\? --list shows them/],
  [['--colour'], /Unknown option '--colour'/],
  [['q248839', '--url', 'nowhere'], /--url: nowhere is not a URL/],
  [['q248839', '--junit'], /--junit/],
])('%j is refused', (args, message) => {
  expect(() => readOptions(args)).toThrow(message)
})

test('a row is named by its number, with all its cases or one', async () => {
  const names = async (...args: string[]) =>
    (await chosen(readOptions(args))).map((scenario) => scenario.name)
  expect(await names('row-6')).toEqual(['row-6a', 'row-6b'])
  expect(await names('row-6b', 'row-10', 'row-10')).toEqual(['row-6b', 'row-10'])
  await expect(names('row-24')).rejects.toThrow(/no row row-24; known: row-1, /)
  await expect(names('q248839', '--profile', 'nt4')).rejects.toThrow(/no profile nt4; known: exch/)
})
