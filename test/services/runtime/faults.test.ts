/** Fault rules: when they hit, what they do, and that each event is decided once. */
import { describe, expect, test } from 'vitest'
import type { FaultSpec } from '../../../services/runtime/views-of-driving.ts'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites()
const offered = { event: 'mail.offered' }
const add = (site: string, spec: FaultSpec) => sites.emulator.addFault(site, spec)
const hitsOf = async (site: string, id: string) => (await sites.emulator.fault(site, id)).hits

/** So many messages to bob, one after the other; how many attempts each took. */
async function attempts(site: string, count: number): Promise<number[]> {
  const taken: number[] = []
  for (let i = 0; i < count; i++) {
    const { id } = await sites.send(site, 'bob', { subject: `${i}` })
    const path = { until: 'deferred', timeoutMs: 0 }
    await expect
      .poll(async () => {
        const [entry] = (await sites.emulator.message(site, id)).recipients
        return entry?.outcome === 'delivered' || entry?.state === 'deferred'
      }, soon)
      .toBe(true)
    const { reached } = await sites.emulator.recipient(site, id, 'bob', path)
    taken.push(reached ? 2 : 1)
  }
  return taken
}

describe('when', () => {
  test.each([
    ['always', 'always', [2, 2, 2, 2]],
    ['by default', undefined, [2, 2, 2, 2]],
    ['the third', { nth: 3 }, [1, 1, 2, 1]],
    ['the first two', { first: 2 }, [2, 2, 1, 1]],
    ['before a date that is past', { until: '2001-01-01T00:00:00Z' }, [1, 1, 1, 1]],
    ['since a date that is past', { from: '2001-01-01T00:00:00Z' }, [2, 2, 2, 2]],
    ['never, by chance', { probability: 0, seed: 1 }, [1, 1, 1, 1]],
    ['always, by chance', { probability: 1, seed: 1 }, [2, 2, 2, 2]],
  ] as const)('%s', async (_name, when, expected) => {
    const site = await sites.open()
    const spec = { match: offered, do: { defer: true } as const }
    const rule = await add(site, when === undefined ? spec : { ...spec, when })
    expect(await attempts(site, 4)).toEqual(expected)
    expect(await hitsOf(site, rule.id)).toBe(expected.filter((taken) => taken === 2).length)
  })

  test('a rate lets one a second of site time through the rule', async () => {
    const site = await sites.open()
    await sites.emulator.setClock(site, { stop: true })
    const rule = await add(site, { match: offered, when: { rate: 1 }, do: { defer: true } })
    expect(await attempts(site, 3)).toEqual([2, 1, 1])
    await sites.emulator.advance(site, { ms: 1_000 })
    expect(await attempts(site, 2)).toEqual([2, 1])
    expect(await hitsOf(site, rule.id)).toBe(2)
  })
})

describe('do', () => {
  test('hold keeps the event; taking the rule away lets it go; it was hit once', async () => {
    const site = await sites.open()
    const rule = await add(site, { match: offered, do: { hold: true } })
    const { id } = await sites.send(site, 'bob')
    await expect
      .poll(async () => (await sites.emulator.fault(site, rule.id)).holding, soon)
      .toHaveLength(1)
    const [entry] = (await sites.emulator.message(site, id)).recipients
    expect(entry?.waitsFor).toContainEqual(
      expect.objectContaining({ kind: 'fault', text: expect.stringContaining(rule.id) }),
    )
    expect(await hitsOf(site, rule.id)).toBe(1)
    await sites.emulator.deleteFault(site, rule.id)
    expect(await sites.settled(site, id)).toMatchObject([{ outcome: 'delivered', attempts: 1 }])
    await expect(sites.emulator.fault(site, rule.id)).rejects.toMatchObject({
      code: 'unknown-fault',
    })
  })

  test('hold keeps one ringing of a timer once, whatever changes in the site', async () => {
    const site = await sites.open()
    await add(site, { match: offered, when: { first: 1 }, do: { defer: true } })
    const hold: FaultSpec = {
      match: { event: 'retry.due' },
      when: { first: 1 },
      do: { hold: true },
    }
    const rule = await add(site, hold)
    const { id } = await sites.send(site, 'bob')
    await sites.emulator.recipient(site, id, 'bob', { until: 'deferred', timeoutMs: 5_000 })
    await sites.emulator.advance(site, { ms: 11 * 60_000 })
    // Each of these is another epoch of the settings, under which due timers are rung again.
    await sites.emulator.setClock(site, { scale: 2 })
    await add(site, { match: { event: 'expiry.due' }, do: { hold: true } })
    const idle = await sites.emulator.advance(site, { until: 'idle' })
    expect(idle.blockedBy).toContainEqual(expect.objectContaining({ kind: 'fault' }))
    const held = await sites.emulator.fault(site, rule.id)
    expect(held).toMatchObject({ hits: 1, holding: [expect.stringContaining('retry')] })
    const [entry] = (await sites.emulator.message(site, id)).recipients
    expect(entry).toMatchObject({ state: 'deferred', attempts: 1 })
    expect(entry?.waitsFor).toContainEqual(expect.objectContaining({ kind: 'fault' }))
    await sites.emulator.deleteFault(site, rule.id)
    expect(await sites.settled(site, id)).toMatchObject([{ outcome: 'delivered', attempts: 2 }])
  })

  test('move + holdUntil starts a move and lets the event go in that phase', async () => {
    const site = await sites.open()
    const rule = await add(site, {
      match: { ...offered, mailbox: 'anna' },
      when: { nth: 1 },
      do: { move: { mailbox: 'anna', to: 'lon', holdAt: 'verified' }, holdUntil: 'verified' },
    })
    const { id } = await sites.send(site, 'anna')
    await sites.emulator.recipient(site, id, 'anna', { until: 'deferred', timeoutMs: 10_000 })
    const [move] = await sites.emulator.moves(site)
    expect(move).toMatchObject({ phase: 'verified', held: true })
    expect(await hitsOf(site, rule.id)).toBe(1)
    await sites.emulator.releaseMove(site, move?.id ?? '')
    await sites.settled(site, id)
  })

  test('the move waits in that phase until the event is taken, however late that is', async () => {
    const site = await sites.open({ profile: 'exchange-5.5-sp3' })
    await sites.emulator.setClock(site, { stop: true })
    const match = { ...offered, mailbox: 'anna' }
    const meets = { move: { mailbox: 'anna', to: 'lon' }, holdUntil: 'locked' }
    await add(site, { match, when: { nth: 1 }, do: meets })
    const late = await add(site, { match, when: { nth: 1 }, do: { delayMs: 100 } })
    const { id } = await sites.send(site, 'anna')
    await expect.poll(() => hitsOf(site, late.id), soon).toBe(1)
    await sites.emulator.advance(site, { until: 'idle' })
    const entries = await sites.settled(site, id)
    expect(entries).toContainEqual(expect.objectContaining({ outcome: 'lost', attempts: 2 }))
    expect(await sites.emulator.moves(site)).toMatchObject([{ phase: 'completed' }])
  })

  test('refuse ends it with the code that was given', async () => {
    const site = await sites.open()
    await add(site, {
      match: offered,
      when: { nth: 1 },
      do: { refuse: { reason: 0, diagnostic: 14 } },
    })
    const { id } = await sites.send(site, 'bob')
    const [entry] = await sites.settled(site, id)
    expect(entry).toMatchObject({ outcome: 'reported', report: { to: 'carol' } })
    expect(entry?.report?.code).toMatch(/^0\/14 /)
  })

  test('delay is in site time, and ends early with its rule', async () => {
    const site = await sites.open()
    await sites.emulator.setClock(site, { stop: true })
    const rule = await add(site, { match: offered, do: { delayMs: 60_000 } })
    const first = await sites.send(site, 'bob')
    const waits = async () => (await sites.emulator.message(site, first.id)).recipients[0]?.waitsFor
    await expect.poll(waits, soon).toContainEqual(expect.objectContaining({ kind: 'fault' }))
    await sites.emulator.advance(site, { ms: 59_999 })
    expect(await waits()).toContainEqual(expect.objectContaining({ kind: 'fault' }))
    await sites.emulator.advance(site, { ms: 1 })
    await sites.settled(site, first.id)
    const second = await sites.send(site, 'bob')
    await expect
      .poll(async () => (await sites.emulator.fault(site, rule.id)).holding, soon)
      .toHaveLength(1)
    await sites.emulator.deleteFault(site, rule.id)
    await sites.settled(site, second.id)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2 })
  })

  test('a delay of next to nothing never gets stuck', async () => {
    const site = await sites.open()
    await add(site, { match: offered, do: { delayMs: 1 } })
    const sent = Array.from({ length: 30 }, () => sites.send(site, ['bob', 'dave']))
    await Promise.all(sent)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 60 })
  })

  test('lose the reply: it is offered again and held once', async () => {
    const site = await sites.open()
    const rule = await add(site, { match: offered, when: { first: 1 }, do: { loseReply: true } })
    const { id } = await sites.send(site, 'bob')
    await sites.emulator.advance(site, { until: 'idle' })
    expect(await sites.settled(site, id)).toMatchObject([{ outcome: 'delivered', attempts: 1 }])
    expect(await hitsOf(site, rule.id)).toBe(1)
    expect(await sites.subjects(site, 'bob')).toHaveLength(1)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
  })

  test('lose the reply of a transfer: the other server has it once', async () => {
    const site = await sites.open()
    const event = 'copy.transferred'
    await add(site, { match: { event }, when: { first: 1 }, do: { loseReply: true } })
    await sites.send(site, 'dave')
    await sites.emulator.advance(site, { until: 'idle' })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
    expect(await sites.subjects(site, 'dave')).toHaveLength(1)
  })

  test('defer puts a transfer off as well; refuse returns it', async () => {
    const site = await sites.open()
    const match = { event: 'copy.transferred' }
    await add(site, { match, when: { first: 1 }, do: { defer: true } })
    await sites.send(site, 'dave', { subject: 'deferred' })
    await sites.emulator.advance(site, { until: 'idle' })
    expect(await sites.subjects(site, 'dave')).toEqual(['deferred'])
    await add(site, { match, do: { refuse: { reason: 0, diagnostic: 14 } } })
    await sites.send(site, 'dave')
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1, reported: 1 })
  })

  test('read stale: the MTA believes what it once read, however old', async () => {
    const site = await sites.open()
    await sites.send(site, 'bob')
    await sites.rest(site)
    const move = await sites.emulator.startMove(site, { mailbox: 'bob', to: 'lon' })
    await sites.moveIn(site, move.id, { state: 'completed' })
    await sites.emulator.advance(site, { ms: 3_600_000 })
    const rule = await add(site, { match: { event: 'mail.submitted' }, do: { readStale: true } })
    const { id } = await sites.send(site, 'bob')
    expect(await sites.settled(site, id)).toMatchObject([{ outcome: 'reported' }])
    await sites.emulator.deleteFault(site, rule.id)
    const fresh = await sites.send(site, 'bob')
    expect(await sites.settled(site, fresh.id)).toMatchObject([{ outcome: 'delivered' }])
  })
})

describe('a rule that cannot be', () => {
  test.each([
    ['unknown-server', { server: 'rome' }],
    ['unknown-event', { event: 'mail.eaten' }],
    ['unknown-event', { event: 'entry.deferred' }],
    ['unknown-phase', { phase: 'half way' }],
  ])('%s %j', async (code, match) => {
    const site = await sites.open()
    await expect(add(site, { match, do: { defer: true } })).rejects.toMatchObject({ code })
  })
})
