/**
 * Events that are committed together end as they would alone: in order, once, and none is dragged
 * down by another.
 */
import { describe, expect, test } from 'vitest'
import { commit, withCommit } from '../../../services/runtime/commit.ts'
import { exclusively } from '../../../services/runtime/mutex.ts'
import { gathering, TOGETHER_MAX } from '../../../services/runtime/together.ts'
import { FLAWLESS, liveSites } from '../../support/site.ts'

const sites = liveSites()

describe('gathering', () => {
  const done = (items: number[]) =>
    items.map((value) => ({ status: 'fulfilled' as const, value: value * 10 }))

  test('what waits meanwhile is taken in one go, in order, up to the most', async () => {
    const goes: number[][] = []
    const gathered = gathering<number, number>(
      () => true,
      async (items) => {
        goes.push(items)
        await new Promise((resolve) => setImmediate(resolve))
        return done(items)
      },
    )
    const numbers = Array.from({ length: TOGETHER_MAX + 10 }, (_, i) => i)
    const results = await Promise.all(numbers.map((item) => gathered.take('a', item)))
    expect(results).toEqual(numbers.map((item) => item * 10))
    expect(goes.map((items) => items.length)).toEqual([1, TOGETHER_MAX, 9])
    expect(goes.flat()).toEqual(numbers)
  })

  test('what may not join waits for its turn, and another key does not wait', async () => {
    const goes: string[] = []
    const gathered = gathering<number, number>(
      (first, next) => first.every((item) => item !== next),
      async (items) => {
        goes.push(items.join())
        await new Promise((resolve) => setImmediate(resolve))
        return done(items)
      },
    )
    const all = [1, 2, 2, 3].map((item) => gathered.take('a', item))
    await Promise.all([...all, gathered.take('b', 9)])
    expect(goes).toEqual(['1', '9', '2', '2,3'])
  })

  test('what waits is taken as soon as those before let it, and not before', async () => {
    const told: string[] = []
    const gathered = gathering<number, number>(
      () => true,
      async (items, next) => {
        told.push(`began ${items}`)
        await new Promise((resolve) => setImmediate(resolve))
        if (items.includes(1)) next()
        await new Promise((resolve) => setTimeout(resolve, 5))
        told.push(`ended ${items}`)
        return done(items)
      },
    )
    const all = [gathered.take('a', 1)]
    all.push(gathered.take('a', 2))
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    all.push(gathered.take('a', 3))
    expect(await Promise.all(all)).toEqual([10, 20, 30])
    expect(told).toEqual(['began 1', 'began 2', 'ended 1', 'ended 2', 'began 3', 'ended 3'])
  })

  test('a failure is told to those whom it concerns, and the next ones are taken', async () => {
    let broken = true
    const gathered = gathering<number, number>(
      () => true,
      async (items) => {
        if (broken) throw new Error('no Redis')
        return done(items)
      },
    )
    await expect(gathered.take('a', 1)).rejects.toThrow('no Redis')
    broken = false
    await expect(gathered.take('a', 2)).resolves.toBe(20)
  })
})

describe('exclusively', () => {
  const turn = (told: string[], name: string) => async () => {
    told.push(`${name} begins`)
    await new Promise((resolve) => setImmediate(resolve))
    told.push(`${name} ends`)
    if (name === 'b') throw new Error('b failed')
  }

  test('who needs several keys waits for all, and nobody waits in a circle', async () => {
    const told: string[] = []
    const failed: string[] = []
    const all = [
      exclusively(['k', 'l'], turn(told, 'a')),
      exclusively(['l', 'm'], turn(told, 'b')).catch(() => void failed.push('b')),
      exclusively(['m', 'k'], turn(told, 'c')),
    ]
    await Promise.all(all)
    expect(failed).toEqual(['b'])
    const turns = ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`])
    expect(told).toEqual(turns)
  })

  test('other keys do not wait', async () => {
    const told: string[] = []
    await Promise.all([exclusively(['x'], turn(told, 'a')), exclusively(['y'], turn(told, 'c'))])
    expect(told).toEqual(['a begins', 'c begins', 'a ends', 'c ends'])
  })
})

describe('one commit of many', () => {
  test('writes nothing at all when one actor has changed', async () => {
    const site = await sites.open()
    const client = withCommit(sites.connection.client())
    const key = sites.key(site, 'message:x')
    await client.hset(key, 'b', '{"v":7}')
    const write = (field: string, version: number) => ({ key, field, version, value: '{"v":1}' })
    const batch = {
      base: sites.key(site, '').slice(0, -1),
      epoch: Number(await client.get(sites.key(site, 'epoch'))),
      events: [['e1', '{}']] as [string, string][],
      consumed: [],
      timers: [],
      journal: [{ text: '{}', message: null }],
      channel: '',
      commands: [],
    }
    const refused = await commit(client, { ...batch, actors: [write('a', 0), write('b', 6)] })
    expect(refused).toEqual({ done: false, why: 'conflict' })
    expect(await client.hgetall(key)).toEqual({ b: '{"v":7}' })
    expect(await client.hlen(sites.key(site, 'outbox'))).toBe(0)
    const done = await commit(client, { ...batch, actors: [write('a', 0), write('b', 7)] })
    expect(done.done).toBe(true)
    await client.quit()
  })

  test('a hundred messages to one mailbox, each entry of them delivered once', async () => {
    const site = await sites.open()
    const ids = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        sites.emulator.accept(site, { from: 'carol', to: ['bob', 'anna'], subject: `${i}` }),
      ),
    )
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, obligations: 300, delivered: 300 })
    const { total } = await sites.emulator.items(site, 'bob', { offset: 0, limit: 1 })
    expect(total).toBe(ids.length)
  })
})
