/** The difference of two results: what is the same is not told, and what cannot be compared is. */
import { describe, expect, test } from 'vitest'
import { differencesOf, isSame, profilesOf } from '../../../services/compare/difference.ts'
import { renderDifferences } from '../../../services/compare/render.ts'
import { resultsIn, resultsOf } from '../../../services/compare/results.ts'
import { temporaryFile } from '../../support/folder.ts'
import { startProgram } from '../../support/program.ts'

const run = (profile: string, outcome: string, lost: number, more = {}) => ({
  scenario: 'small',
  profile,
  recipients: [
    { message: 'm', address: 'anna', branch: 'own', outcome, attempts: 2, report: null },
    { message: 'm', address: 'bob', branch: 'redirected', outcome: 'delivered', report: null },
  ],
  audit: { site: 's', atRest: true, obligations: 2, lost: Array.from({ length: lost }) },
  expectations: [{ text: 'nobody is lost', held: lost === 0 }],
  faults: [],
  seconds: Math.random(),
  ...more,
})

const search = (states: number, entry: string, violations: object[]) => ({
  scenario: 'small',
  profile: 'p',
  bounds: { retries: 1 },
  states,
  rests: 2,
  transitions: 3,
  cutOff: 0,
  seconds: Math.random(),
  outcomes: { 'm anna own': entry.split(' ') },
  violations,
})

const FILES: [string, string] = ['a.json', 'b.json']
const compared = (a: unknown, b: unknown) =>
  differencesOf(resultsOf(a, 'a.json'), resultsOf(b, 'b.json'), FILES)

test('two runs: entries, expectations, counts; not how long it took', () => {
  const [difference] = compared([run('p', 'delivered', 0)], [run('p', 'lost', 1)])
  expect(difference).toEqual({
    scenario: 'small',
    a: 'a.json',
    b: 'b.json',
    entries: [{ name: 'm anna own', a: 'delivered', b: 'lost' }],
    violations: [{ name: 'nobody is lost', a: null, b: 'not as expected' }],
    counts: [{ name: 'lost', a: '0', b: '1' }],
  })
  expect(compared([run('p', 'lost', 1)], [run('p', 'lost', 1)]).every(isSame)).toBe(true)
})

test('two searches: ends, what is broken and why, states', () => {
  const broken = { invariant: 'I8', entry: 'm anna own', why: 'gone' }
  const [difference] = compared(search(10, 'delivered lost', [broken]), search(9, 'delivered', []))
  expect(difference).toMatchObject({
    entries: [{ name: 'm anna own', a: 'delivered, lost', b: 'delivered' }],
    violations: [{ name: 'I8 m anna own', a: 'gone', b: null }],
    counts: [{ name: 'states', a: '10', b: '9' }],
  })
})

test('runs are paired by scenario and profile; one without a counterpart differs', () => {
  const other = run('p', 'lost', 1, { scenario: 'other' })
  const found = compared(
    [run('p', 'lost', 1), run('q', 'delivered', 0)],
    [other, run('q', 'delivered', 0)],
  )
  expect(found.map(({ scenario, entries }) => [scenario, entries.length])).toEqual([
    ['small', 2],
    ['small', 0],
    ['other', 2],
  ])
})

test('two profiles of one list, as a table', () => {
  const list = resultsOf([run('old', 'lost', 1), run('new', 'delivered', 0)], 'x')
  expect(renderDifferences(profilesOf(list, 'x')).split('\n')).toEqual([
    'small:',
    '                    old              new',
    '  entries',
    '    m anna own      lost             delivered',
    '  violations',
    '    nobody is lost  not as expected  –',
    '  counts',
    '    lost            1                0',
    '',
  ])
  expect(() => profilesOf(list.slice(1), 'x')).toThrow('has 1 profiles, and two are compared')
  expect(() => compared([run('p', 'lost', 1)], search(1, 'lost', []))).toThrow(
    'a run and a search are not comparable',
  )
})

test.each(['{}', '[]', '[1]', 'null'])('%s is no result', async (text) => {
  await expect(resultsIn(temporaryFile(text))).rejects.toThrow('is not what scenario, check or')
})

describe('as a program', () => {
  const ends = (files: string[]) =>
    startProgram(['services/cli/main.ts', 'diff', ...files]).ended.then(({ code }) => code)

  test('it exits as diff does', async () => {
    const [a, b] = [run('p', 'lost', 1), run('p', 'delivered', 0)].map((one) =>
      temporaryFile(JSON.stringify([one])),
    ) as [string, string]
    expect(await Promise.all([ends([a, a]), ends([a, b]), ends([a, 'none.json'])])).toEqual([
      0, 1, 2,
    ])
  })
})
