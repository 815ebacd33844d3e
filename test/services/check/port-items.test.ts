/**
 * The contract of the commit port for a mailbox's items, case by case the same in memory and on
 * Redis.
 */
import { describe, expect, test } from 'vitest'
import { PAGE } from '../../../machines/reads.ts'
import { liveSites } from '../../support/site.ts'
import { ENTRY, event, found, item, offer, SOURCE, START, write } from './port-steps.ts'
import { subjects } from './port-subjects.ts'

const sites = liveSites({ workers: false })

describe.each(subjects(sites))("a mailbox's items %s", (_name, open) => {
  test('an offer finds its key new, held, barred, or its attempt answered', async () => {
    const subject = await open()
    expect(await found(subject, offer('a'))).toEqual({ key: 'new', bytes: 0 })
    await write(subject, [
      { box: SOURCE, put: 'inbox', items: [item('a')] },
      { box: SOURCE, put: 'inTransit', items: [item('b')] },
      { box: SOURCE, bar: ['c'], at: START },
      { box: SOURCE, remove: 'd', at: START },
      { box: SOURCE, wait: { entry: ENTRY, attempt: 2 } },
    ])
    expect(await found(subject, offer('a'))).toEqual({ key: 'held', bytes: 1 })
    expect(await found(subject, offer('b'))).toEqual({ key: 'held', bytes: 1 })
    expect(await found(subject, offer('c'))).toEqual({ key: 'barred', bytes: 1 })
    expect(await found(subject, offer('d'))).toEqual({ key: 'held', bytes: 1 })
    expect(await found(subject, offer('e', { attempt: 2 }))).toEqual({ key: 'answered', bytes: 1 })
    expect(await found(subject, offer('e', { attempt: 3 }))).toEqual({ key: 'new', bytes: 1 })
    expect(await found(subject, offer('e', { entry: 'recipient/x/nyc/1' }))).toEqual({
      key: 'new',
      bytes: 1,
    })

    await write(subject, [{ box: SOURCE, nudged: [{ entry: ENTRY, attempt: 2 }] }])
    expect(await found(subject, offer('e', { attempt: 2 }))).toEqual({ key: 'answered', bytes: 1 })
  })

  test('a page has delivered keys in the order of arrival, and the last one the bars', async () => {
    const subject = await open()
    const page = (n: number) => event(SOURCE, 'page.requested', { page: n })
    const many = Array.from({ length: PAGE + 1 }, (_, i) => item(`k${i}`, START + 2 * i))
    await write(subject, [
      { box: SOURCE, put: 'inbox', items: many },
      { box: SOURCE, copy: [{ key: 'early', item: null, receivedAt: 1 }], bars: ['c'], at: 5 },
      { box: SOURCE, bar: ['b'], at: 7 },
      { box: SOURCE, remove: 'k3', at: START + 9 },
    ])
    const first = await found(subject, page(0))
    expect(first.more).toBe(true)
    expect(first.bars).toEqual([])
    expect(first.page).toHaveLength(PAGE)
    expect(first.page?.slice(0, 2)).toEqual([
      { key: 'early', item: null, receivedAt: 1 },
      { key: 'k0', item: many[0], receivedAt: START },
    ])
    expect(first.page?.[4]).toEqual({ key: 'k3', item: null, receivedAt: START + 6 })
    const last = await found(subject, page(1))
    expect(last).toMatchObject({ more: false, bars: ['c', 'b'] })
    expect(last.page?.map(({ key }) => key)).toEqual([`k${PAGE - 1}`, `k${PAGE}`])
  })

  test('keys of one instant come in the order of their names', async () => {
    const subject = await open()
    const items = ['b', 'c', 'a'].map((key) => item(key))
    await write(subject, [{ box: SOURCE, put: 'inbox', items }])
    const { page } = await found(subject, event(SOURCE, 'page.requested', { page: 0 }))
    expect(page?.map(({ key }) => key)).toEqual(['a', 'b', 'c'])
  })

  test('the in-transit folder is read by page and merged by key', async () => {
    const subject = await open()
    await write(subject, [
      { box: SOURCE, put: 'inTransit', items: [item('b', START + 1), item('a', START + 2)] },
      { box: SOURCE, put: 'inbox', items: [item('a', START)] },
      { box: SOURCE, bar: ['c'], at: START },
    ])
    const drain = event(SOURCE, 'drain.requested', { page: 0 })
    const before = await found(subject, drain)
    expect(before).toMatchObject({ more: false, bars: ['c'] })
    expect(before.page?.map(({ key }) => key)).toEqual(['a', 'b'])

    await write(subject, [{ box: SOURCE, merge: before.page ?? [] }])

    expect(await found(subject, drain)).toMatchObject({ page: [], more: false })
    const { page } = await found(subject, event(SOURCE, 'page.requested', { page: 0 }))
    expect(page?.map(({ key, receivedAt }) => [key, receivedAt])).toEqual([
      ['a', START],
      ['b', START + 1],
    ])
    expect(await found(subject, event(SOURCE, 'census.requested'))).toEqual({
      census: { log: 2, items: 2 },
    })
  })

  test('a copied key that is there stays as it is, and a removed one stays removed', async () => {
    const subject = await open()
    await write(subject, [
      { box: SOURCE, put: 'inbox', items: [item('a')] },
      { box: SOURCE, remove: 'a', at: START + 1 },
      { box: SOURCE, copy: [{ key: 'a', item: item('a'), receivedAt: 3 }], bars: [], at: 4 },
      { box: SOURCE, copy: [{ key: 'b', item: item('b'), receivedAt: 5 }], bars: [], at: 6 },
    ])
    const { page } = await found(subject, event(SOURCE, 'page.requested', { page: 0 }))
    expect(page).toEqual([
      { key: 'b', item: item('b'), receivedAt: 5 },
      { key: 'a', item: null, receivedAt: START },
    ])
    expect(await found(subject, event(SOURCE, 'census.taken'))).toEqual({
      census: { log: 2, items: 1 },
    })
  })

  test('what waits is read until it has been nudged', async () => {
    const subject = await open()
    const waiter = (i: number) => ({ entry: `recipient/m/nyc/${i}`, attempt: i })
    const nudge = event(SOURCE, 'nudge.requested')
    await write(
      subject,
      [1, 2, 3].map((i) => ({ box: SOURCE, wait: waiter(i) })),
    )
    const before = await found(subject, nudge)
    expect(before.more).toBe(false)
    expect(before.waiters?.sort((a, b) => a.attempt - b.attempt)).toEqual([1, 2, 3].map(waiter))
    await write(subject, [{ box: SOURCE, nudged: [waiter(1), waiter(3)] }])
    expect(await found(subject, nudge)).toEqual({ waiters: [waiter(2)], more: false })
  })

  test('a clearing leaves the bars, and the delivered keys unless they go too', async () => {
    const subject = await open()
    await write(subject, [
      { box: SOURCE, put: 'inbox', items: [item('a')] },
      { box: SOURCE, put: 'inTransit', items: [item('b')] },
      { box: SOURCE, bar: ['c'], at: START },
      { box: SOURCE, trim: true, log: false },
    ])
    expect(await found(subject, event(SOURCE, 'census.requested'))).toEqual({
      census: { log: 1, items: 0 },
    })
    expect(await found(subject, offer('a'))).toEqual({ key: 'held', bytes: 0 })
    expect(await found(subject, offer('b'))).toEqual({ key: 'new', bytes: 0 })
    await write(subject, [{ box: SOURCE, trim: true, log: true }])
    expect(await found(subject, offer('a'))).toEqual({ key: 'new', bytes: 0 })
    expect(await found(subject, offer('c'))).toEqual({ key: 'barred', bytes: 0 })
  })

  test('how much a mailbox holds is what its items are, however they came and went', async () => {
    const subject = await open()
    const sized = (key: string, size: number) => ({ ...item(key), size })
    const bytes = async () => (await found(subject, offer('z'))).bytes
    const told = { ...sized('told', 7), subject: '"size":1000' }
    await write(subject, [{ box: SOURCE, put: 'inbox', items: [sized('a', 10), told] }])
    expect(await bytes()).toBe(17)
    await write(subject, [{ box: SOURCE, put: 'inTransit', items: [sized('b', 100)] }])
    expect(await bytes()).toBe(17)
    const merge = ['b', 'a'].map((key) => ({ key, item: sized(key, 100), receivedAt: START }))
    await write(subject, [{ box: SOURCE, merge }])
    expect(await bytes()).toBe(117)
    const copy = [
      { key: 'c', item: sized('c', 1_000), receivedAt: START },
      { key: 'gone', item: null, receivedAt: START },
    ]
    await write(subject, [{ box: SOURCE, copy, bars: [], at: START }])
    await write(subject, [{ box: SOURCE, copy, bars: [], at: START }])
    expect(await bytes()).toBe(1_117)
    const remove = ['told', 'told', 'gone', 'never', 'c']
    await write(
      subject,
      remove.map((key) => ({ box: SOURCE, remove: key, at: START })),
    )
    expect(await bytes()).toBe(110)
    await write(subject, [{ box: SOURCE, trim: true, log: false }])
    expect(await bytes()).toBe(0)
  })
})
