/** The command line of the chaos run. */
import { expect, test } from 'vitest'
import { readOptions } from '../../../services/chaos/options.ts'

test('what is not said', () => {
  expect(readOptions([])).toEqual({
    ...{ seconds: 60, seed: 1, profile: 'modern', durability: 'always', spare: [], rate: 10 },
    ...{ folder: null, verbose: false, json: false, help: false },
  })
})

test('what is said', () => {
  const args = ['--seconds', '20', '--seed', '7', '--durability', 'everysec', '--json']
  const more = ['--spare', 'redis,api', '--profile', 'exchange-5.5-sp3', '--rate', '5']
  expect(readOptions([...args, ...more])).toMatchObject({
    ...{ seconds: 20, seed: 7, durability: 'everysec', json: true, rate: 5 },
    ...{ spare: ['redis', 'api'], profile: 'exchange-5.5-sp3' },
  })
})

test('in memory Redis is spared', () => {
  expect(readOptions(['--durability', 'memory']).spare).toEqual(['redis'])
})

test.each([
  [['--seconds', '4'], '--seconds: 4 is not a whole number from 5 to 3600'],
  [['--seed', 'x'], '--seed: x is not a whole number'],
  [['--profile', 'exchange-4'], 'no profile exchange-4; known: '],
  [['--durability', 'sometimes'], '--durability: one of always, everysec, memory'],
  [['--spare', 'cats'], '--spare: cats is none of api, mta, store, moves, redis'],
  [['--rate', '0'], '--rate: 0 is not a whole number from 1'],
  [['now'], 'nothing is known of "now"'],
  [['--loud'], "Unknown option '--loud'"],
])('%j is refused in words', (args, words) => {
  expect(() => readOptions(args)).toThrow(words)
})
