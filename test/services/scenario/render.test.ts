/**
 * What people and programs are shown: side by side within 120 columns, and exactly the promised
 * members.
 */
import { expect, test } from 'vitest'
import {
  COLUMNS_MAX,
  jsonOf,
  renderScenario,
  renderSummary,
  sinceStart,
  wrap,
} from '../../../services/scenario/render.ts'
import { sampleRun } from './sample.ts'

const sp3 = sampleRun('exchange-5.5-sp3', 'lost')
const sp4 = sampleRun('exchange-5.5-sp4', 'reported')

test('lays the profiles side by side, what is common on one line', () => {
  const lines = renderScenario([sp3, sp4]).split('\n')
  const twice = lines.filter((line) => line.split('delivering → deferred').length === 3)
  expect(twice).toHaveLength(1)
  expect(lines.find((line) => line.includes('failure absorbed'))).toMatch(
    /^1min 1s +failure absorbed +\.$/,
  )
  expect(lines.find((line) => line.includes('report asked for'))).toMatch(
    /^1min 1s +\. +report asked for$/,
  )
  expect(lines.find((line) => line.startsWith('ends'))).toContain(
    'LOST after 2 attempts, and nobody',
  )
})

test('fits 120 columns with three profiles, and has no colour', () => {
  const text = renderScenario([sp3, sp4, sampleRun('modern', 'reported')])
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(COLUMNS_MAX)
  expect(text).not.toContain('\u001b')
})

test('says what is so where an expectation does not hold', () => {
  const text = renderScenario([sp4])
  expect(text).toContain('exchange-5.5-sp4: NOT as expected (1), in 0.3 s')
  expect(text).toContain('NOT HELD  letter: anna own is lost; but: reported')
  expect(text).toContain('faults, with hits: moved 1')
  expect(renderSummary([sp3, sp4])).toBe('1 of 2 runs as expected; not: small (exchange-5.5-sp4)')
})

test('gives programs the promised members and no others', () => {
  const json = jsonOf(sp4) as Record<string, unknown>
  expect(Object.keys(json)).toEqual([
    'scenario',
    'profile',
    'recipients',
    'audit',
    'expectations',
    'faults',
    'seconds',
  ])
  expect(json.recipients).toEqual([
    {
      message: 'letter',
      address: 'anna@small.example',
      branch: 'own',
      outcome: 'reported',
      attempts: 2,
      report: { id: 'r', to: 'carol', status: '5.1.1', code: '1/0', outcome: 'delivered' },
    },
  ])
  expect(json.expectations).toEqual([
    { text: 'letter: anna own is lost; but: reported', held: false },
    { text: 'the site comes to rest', held: true },
  ])
})

test.each([
  [0, '0s'],
  [61_000, '1min 1s'],
  [600_000, '10min'],
  [7 * 86_400_000 + 600_000, '7d 10min'],
])('%i ms is %s', (ms, text) => {
  expect(sinceStart(ms)).toBe(text)
})

test('wraps at spaces and cuts a word that does not fit', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
  expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl'])
})
