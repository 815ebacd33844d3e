/**
 * The contract of the commit port, case by case the same in memory and on Redis: what is committed
 * and refused, timers, chunks, look-ups.
 */
import { describe, expect, test } from 'vitest'
import { step } from '../../../machines/step.ts'
import type { MailEvent } from '../../../machines/wire.ts'
import { chain } from '../../../services/runtime/chain.ts'
import type { Taken } from '../../../services/runtime/port.ts'
import { liveSites } from '../../support/site.ts'
import {
  ENTRY,
  event,
  found,
  journalRecord,
  lookups,
  offer,
  record,
  SOURCE,
  START,
  submission,
  take,
} from './port-steps.ts'
import { type Subject, subjects } from './port-subjects.ts'

const sites = liveSites({ workers: false })

describe.each(subjects(sites))('%s', (_name, open) => {
  describe('a commit', () => {
    test('writes actors, events, timers and the journal', async () => {
      const subject = await open()
      const sent = submission('m', ['bob'])
      await subject.inject(sent)
      expect(await subject.outbox()).toEqual([sent.id])

      const { outcome, stepped } = await take(subject, sent)

      expect(outcome.done).toBe(true)
      expect(await subject.outbox()).toEqual(stepped.events.map(({ id }) => id))
      expect(Object.keys(await subject.timers())).toEqual([`${ENTRY}|reply|`])
      expect((await subject.journal()).map(({ i }) => i)).toEqual([sent.id])
      const again = await subject.port.load(subject.settings, event(ENTRY, 'reply.unknown'), {
        at: START,
      })
      expect(again.actors.get(ENTRY)).toEqual(stepped.actors.get(ENTRY))
      expect(again.actors.get('message/m/nyc')?.v).toBe(1)
    })

    test('is refused when an actor has changed, and then writes nothing', async () => {
      const subject = await open()
      const { port, settings } = subject
      const sent = submission('m', ['bob'])
      await subject.inject(sent)
      const loaded = await port.load(settings, sent, { at: START })
      await take(subject, sent)
      const before = [await subject.outbox(), await subject.timers(), await subject.journal()]

      const late = { ...event('message/m/nyc', 'entry.closed'), id: 'message/m/nyc.9.9' }
      const stepped = { ...step(loaded), events: [late] }
      const refused = await port.commit([{ loaded, stepped, record: journalRecord(loaded) }])

      expect(refused).toEqual({ done: false, why: 'conflict' })
      expect([await subject.outbox(), await subject.timers(), await subject.journal()]).toEqual(
        before,
      )
    })

    test('is refused when the settings have changed, and then writes nothing', async () => {
      const subject = await open()
      const sent = submission('m', ['bob'])
      await subject.inject(sent)
      await subject.turnEpoch()

      expect((await take(subject, sent)).outcome).toEqual({ done: false, why: 'epoch' })
      expect(await subject.outbox()).toEqual([sent.id])
      expect(await subject.journal()).toEqual([])
    })

    test('of several steps counts what the first puts into a mailbox for the next', async () => {
      const subject = await open()
      const { port, settings } = subject
      const limited = event(SOURCE, 'mailbox.limited', { limit: 2 })
      await subject.inject(limited)
      await take(subject, limited)
      const keys = ['a', 'b', 'c']
      const sent = keys.map((key, i) => offer(key, { entry: `recipient/${key}/nyc/${i}` }))
      for (const one of sent) await subject.inject(one)
      const taken = chain(await port.loadTogether(settings, sent, { at: START }))

      expect((await port.commit(taken)).done).toBe(true)

      expect(taken.flatMap(({ stepped }) => stepped.events.map(({ type }) => type))).toEqual([
        ...['reply.accepted', 'reply.accepted', 'reply.refused'],
      ])
      expect(await found(subject, offer('d'))).toEqual({ key: 'new', bytes: 2 })
    })

    test('of several steps writes all of them, or none', async () => {
      const subject = await open()
      const { port, settings } = subject
      const sent = [offer('a'), offer('b', { entry: 'recipient/n/nyc/1' })]
      for (const one of sent) await subject.inject(one)
      const all = await port.loadTogether(settings, sent, { at: START })
      const actors = new Map(all[0]?.actors)
      const taken = all.map((loaded): Taken => {
        const stepped = step({ ...loaded, actors })
        for (const [address, stored] of stepped.actors) actors.set(address, stored)
        return { loaded, stepped, record: journalRecord(loaded) }
      })

      expect((await port.commit(taken)).done).toBe(true)

      expect(await found(subject, offer('a'))).toEqual({ key: 'held', bytes: 2 })
      expect(await found(subject, offer('b'))).toEqual({ key: 'held', bytes: 2 })
      expect((await subject.journal()).map(({ i }) => i)).toEqual(sent.map(({ id }) => id))
      expect(await subject.outbox()).toHaveLength(2)
      expect(await port.commit(taken)).toEqual({ done: false, why: 'conflict' })
      expect(await subject.journal()).toHaveLength(2)
    })

    test('that changed nothing consumes its event and leaves no line', async () => {
      const subject = await open()
      const late = event('message/gone/nyc', 'transfer.taken', { keys: ['1'] })
      await subject.inject(late)
      expect((await take(subject, late)).outcome.done).toBe(true)
      expect(await subject.outbox()).toEqual([])
      expect(await subject.journal()).toEqual([])
    })
  })

  describe('a timer', () => {
    const due = (at: number) => event(ENTRY, 'reply.due', { timer: 'reply', due: at })
    const armed = async (subject: Subject, one: MailEvent) =>
      (await subject.port.load(subject.settings, one, { at: START })).armedFor

    test('that rings is disarmed, unless the step armed it again', async () => {
      const subject = await open()
      await take(subject, submission('m', ['bob']))
      const [first = 0] = Object.values(await subject.timers())
      expect(await armed(subject, due(first))).toBe(first)

      await take(subject, due(first), first)
      const [second = 0] = Object.values(await subject.timers())
      expect(second).toBeGreaterThan(first)
      expect(await armed(subject, due(first))).toBe(second)

      await take(subject, event(ENTRY, 'reply.accepted', { attempt: 1 }), second)
      expect(await subject.timers()).toEqual({})
      expect(await armed(subject, due(second))).toBeNull()
    })

    test('of a replication is told from others of its entry by the version', async () => {
      const subject = await open()
      const to = 'directory/lon/bob'
      const entry = { alias: 'bob', mailbox: 'bob', alternate: null, both: false, addresses: [] }
      for (const version of [2, 3]) {
        const written = { ...entry, home: 'nyc', version }
        await take(subject, event(to, 'entry.announced', { record: written, peer: 0 }))
      }
      expect(Object.keys(await subject.timers()).sort()).toEqual([
        `${to}|replication|2`,
        `${to}|replication|3`,
      ])
      const [at = 0] = Object.values(await subject.timers())
      const rings = event(to, 'replication.due', { timer: 'replication', due: at, version: 3 })
      expect(await armed(subject, rings)).toBe(at)
      await take(subject, rings, at)
      expect(Object.keys(await subject.timers())).toEqual([`${to}|replication|2`])
    })
  })

  test("an accepted message's chunks are read one at a time, the copy knowing which", async () => {
    const subject = await open()
    const chunks = [[record('bob')], [record('dave', 2)]]
    await subject.accept('m', chunks)
    const routing = event('message/m/nyc', 'routing.due', { chunk: 1 })
    expect(await found(subject, routing)).toEqual({ entries: chunks[1], last: true })
    expect(await found(subject, { ...routing, chunk: 0 })).toEqual({
      entries: chunks[0],
      last: false,
    })
    await take(subject, submission('m', ['bob'], { last: false }))
    const { chunk: _, ...unsaid } = routing
    expect(await found(subject, { ...unsaid, timer: 'routing' })).toEqual({
      entries: chunks[1],
      last: true,
    })
  })

  describe('a look-up', () => {
    test('follows alternates, and asks the directory', async () => {
      const subject = await open()
      const believed = await lookups(subject, ['anna', 'dave', 'nobody'], START)
      expect(Object.keys(believed).sort()).toEqual(['anna', 'bob', 'dave', 'nobody'])
      expect(believed.anna).toMatchObject({ route: 'here', alternate: 'bob', source: 'directory' })
      expect(believed.dave).toMatchObject({ route: 'elsewhere', home: 'lon' })
      expect(believed.nobody).toMatchObject({ route: 'unknown', home: null })
    })

    test('believes the cache while it is young, or when it is told to', async () => {
      const subject = await open()
      await take(subject, submission('m', ['bob']))
      const cached = async (after: number, stale = false) =>
        (await lookups(subject, ['bob'], START + after, stale)).bob
      expect(await cached(59_999)).toMatchObject({ source: 'cache', age: 59_999 })
      expect(await cached(60_000)).toMatchObject({ source: 'directory', age: 0 })
      expect(await cached(60_000, true)).toMatchObject({ source: 'cache', age: 60_000 })
    })

    test('goes past the cache for what comes back, and leaves it as it is', async () => {
      const subject = await open()
      await take(subject, submission('m', ['bob']))
      const { header } = submission('m2', ['bob'])
      const back = submission('m2', ['bob'], {
        header: { ...(header as NonNullable<typeof header>), trace: ['nyc', 'lon', 'nyc'] },
      })
      const { loaded } = await take(subject, back, START + 30_000)
      expect(loaded.lookups.bob).toMatchObject({ source: 'directory', age: 0 })
      const after = await lookups(subject, ['bob'], START + 40_000)
      expect(after.bob).toMatchObject({ source: 'cache', age: 40_000 })
    })

    test('asks the own store for a mailbox that is on its way here', async () => {
      const subject = await open()
      const entry = { alias: 'dave', mailbox: 'dave', alternate: null, both: false, addresses: [] }
      const written = { ...entry, home: 'nyc', version: 2 }
      const facts = {
        ...{ id: 'm1', alias: 'dave', mailbox: 'dave' },
        source: 'lon',
        target: 'nyc',
      }
      const move = { ...facts, record: written }
      expect((await lookups(subject, ['dave'], START)).dave).toMatchObject({ route: 'elsewhere' })
      await take(subject, event('mailbox/nyc/dave', 'target.requested', { move, phase: 'locked' }))
      expect((await lookups(subject, ['dave'], START)).dave).toMatchObject({
        route: 'here',
        home: 'nyc',
        source: 'store',
      })
    })

    test('knows a recipient whose name is one that objects have', async () => {
      const subject = await open()
      const { loaded } = await take(subject, submission('m', ['constructor']))
      expect(loaded.lookups.constructor).toMatchObject({ route: 'elsewhere', home: 'lon' })
      const again = await lookups(subject, ['constructor'], START + 1)
      expect(again.constructor).toMatchObject({ source: 'cache', age: 1 })
      expect((await lookups(subject, ['toString'], START)).toString).toMatchObject({
        route: 'unknown',
      })
    })
  })
})
