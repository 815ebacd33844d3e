/** What a run is judged by: promises against what the site knows, and the causes of losses. */
import { expect, test } from 'vitest'
import { brokenOf, givenTwiceOf } from '../../../services/chaos/judge.ts'
import { explains } from '../../../services/chaos/predicate.ts'
import type { Promised } from '../../../services/chaos/promises.ts'
import { unexcused } from '../../../services/chaos/summary.ts'
import type { Bundle } from '../../../services/runtime/views-of-bundle.ts'
import { liveSites } from '../../support/site.ts'
import { eventfulBundle } from '../check/conform-site.ts'

const sites = liveSites()

const promise = (key: string, id: string, at = 0): Promised => ({
  ...{ key, id, at, recipients: ['anna', 'bob'] },
})

test('a promise is broken by a message that is not there, or is there with others', () => {
  const promised = [promise('1', 'a'), promise('1', 'a', 5), promise('2', 'b'), promise('3', 'c')]
  const known = new Map([
    ['a', 2],
    ['b', 1],
  ])
  expect(brokenOf(promised, known).map(({ id }) => id)).toEqual(['b', 'c'])
})

test('one key, one message; and no message without a promise', () => {
  const promised = [promise('1', 'a'), promise('1', 'b'), promise('2', 'c')]
  const known = (...ids: string[]) => new Map(ids.map((id) => [id, 2]))
  expect(givenTwiceOf(promised, known('a', 'c'))).toEqual([])
  expect(givenTwiceOf(promised, known('a', 'b', 'c'))).toEqual(['b'])
  expect(givenTwiceOf(promised, known('a', 'c', 'd'))).toEqual(['d'])
})

test('everysec excuses the last second before a kill of Redis, and nothing else', () => {
  const broken = [8_500, 9_500, 9_999, 11_000].map((at) => promise(`${at}`, `${at}`, at))
  const at = (durability: string, killed: number[]) =>
    unexcused(broken, durability, killed).map((one) => one.at)
  expect(at('everysec', [10_000])).toEqual([8_500, 11_000])
  expect(at('everysec', [])).toEqual([8_500, 9_500, 9_999, 11_000])
  expect(at('always', [10_000])).toEqual([8_500, 9_500, 9_999, 11_000])
})

test('a loss is explained by each of its causes together, and by none alone', async () => {
  const whole = await eventfulBundle(sites, 'exchange-5.5-sp3')
  const { lost } = whole.audit
  expect(lost.map((entry) => explains(whole, entry))).toEqual([true])
  const [entry] = lost as [(typeof lost)[0]]
  const { message, number } = entry
  const own = new RegExp(`^recipient/${message}/[^/]+/${number}$`)
  const without = (change: (bundle: Bundle) => void) => {
    const bundle = structuredClone(whole)
    change(bundle)
    return explains(bundle, entry)
  }
  const states = (bundle: Bundle, address: RegExp, from: string, to: string) => {
    for (const { s } of bundle.journal.steps) {
      for (const one of s) if (address.test(one[0]) && one[1] === from) one[1] = to
    }
  }
  const alternate = new RegExp(`^recipient/${message}/[^/]+/${number}r$`)
  expect(explains(whole, { ...entry, branch: 'redirected' })).toBe(false)
  expect(without((b) => states(b, own, 'deferred', 'delivering'))).toBe(false)
  expect(without((b) => states(b, own, 'failed', 'delivered'))).toBe(false)
  expect(without((b) => states(b, alternate, 'delivered', 'deferred'))).toBe(false)
  const unrefused = without(({ journal }) => {
    for (const step of journal.steps) if (own.test(step.t)) step.c = []
  })
  expect(unrefused).toBe(false)
  const unwanted = without(({ accepted }) => {
    for (const { recipients } of accepted.messages) for (const one of recipients) one.wanted = false
  })
  expect(unwanted).toBe(false)
})
