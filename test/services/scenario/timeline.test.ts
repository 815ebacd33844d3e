/**
 * Timelines: lanes told apart by entry, paths read from the changes, lanes of several profiles
 * aligned.
 */
import { expect, test } from 'vitest'
import type {
  EntryView,
  MessageView,
  TimelineEntry,
} from '../../../services/runtime/views-of-mail.ts'
import {
  align,
  goesThrough,
  laneOf,
  pathOf,
  withoutRepeats,
} from '../../../services/scenario/timeline.ts'

const START = '2000-01-26T08:00:00.000Z'
const at = (copy: string, ...changes: string[]): TimelineEntry => ({
  position: '0:1-0',
  at: '2000-01-26T08:01:01.000Z',
  actor: `message/m/${copy}`,
  event: 'routing.due',
  who: 'message at nyc',
  changes,
})
const entry = (address: string, number: number, branch: EntryView['branch']): EntryView => ({
  address,
  number,
  branch,
  state: 'failed',
  outcome: 'lost',
  attempts: 2,
  copies: address.startsWith('carl') ? ['nyc', 'lon.1.1r2'] : ['nyc'],
  report: null,
  waitsFor: [],
})
const recipients = [
  entry('anna@small.example', 1, 'own'),
  entry('bob@small.example', 1, 'redirected'),
  entry('carl@small.example', 1, 'redirected'),
  entry('bob@small.example', 2, 'own'),
]
const message = {
  recipients,
  timeline: [
    at(
      'nyc',
      'message at nyc: accepted → open',
      'recipient 1 (anna): queued → delivering',
      'recipient 1 (bob, alternate): queued → delivering',
      'recipient 1 (carl, alternate): queued → transferring',
    ),
    at('nyc', 'recipient 1 (anna): delivering → deferred, mailbox in transit'),
    at('nyc', 'recipient 2 (bob): queued → delivering'),
    at('lon.1.1r2', 'recipient 1 (carl, alternate): queued → delivering'),
    at('nyc', 'recipient 1 (carl, alternate): transferring → transferred'),
    at('nyc', 'recipient 1 (anna): deferred (reply.deferred, again)'),
    at('nyc', 'report slot 1: open → noReport', 'report slot 1-1: open → perRecipient'),
  ],
} as unknown as MessageView

test('tells entries of one number apart, however often they were redirected', () => {
  const paths = recipients.map((recipient) => pathOf(message, recipient))
  expect(paths).toEqual([
    ['queued', 'delivering', 'deferred'],
    ['queued', 'delivering'],
    ['queued', 'transferring', 'transferred', 'queued', 'delivering'],
    ['queued', 'delivering'],
  ])
})

test('puts what a report slot decided into the lane of its entry', () => {
  const [own, redirected] = recipients.map((recipient) => laneOf(message, recipient, START))
  expect(own?.map(({ text }) => text)).toEqual([
    'queued → delivering',
    'delivering → deferred, mailbox in transit',
    'deferred (reply.deferred, again)',
    'report slot 1: open → noReport',
  ])
  expect(own?.[0]?.afterMs).toBe(61_000)
  expect(redirected?.at(-1)?.text).toBe('report slot 1-1: open → perRecipient')
})

test('says where something happened when it was not at the first server', () => {
  const carl = recipients[2] as EntryView
  expect(laneOf(message, carl, START).map(({ text }) => text)).toEqual([
    'queued → transferring',
    'lon: queued → delivering',
    'transferring → transferred',
    'report slot 1-1: open → perRecipient',
  ])
})

test.each([
  ['abcabcabcabcd', ['a', 'b', 'c', '(the same 3 times more)', 'd']],
  ['aaaa', ['a', '(the same 3 times more)']],
  ['abab', ['a', 'b', 'a', 'b']],
  ['', []],
])('%s is shown without its repetitions', (texts, shown) => {
  const lines = [...texts].map((text) => ({ afterMs: 0, text }))
  expect(withoutRepeats(lines).map(({ text }) => text)).toEqual(shown)
})

test.each([
  [['queued', 'deferred'], true],
  [['deferred', 'queued'], false],
  [['queued', 'delivering', 'deferred', 'failed'], false],
  [[], true],
])('a path through %j: %s', (states, through) => {
  expect(goesThrough(['queued', 'delivering', 'deferred'], states)).toBe(through)
})

test('aligns lanes by what they have in common', () => {
  const lane = (texts: string) => [...texts].map((text) => ({ afterMs: 0, text }))
  const shown = align([lane('abd'), lane('acd'), lane('acde')]).map((row) =>
    [0, 1, 2].map((index) => row[index]?.text ?? '.').join(''),
  )
  expect(shown).toEqual(['aaa', 'b..', '.cc', 'ddd', '..e'])
})
