/** Moves: held and released in each phase, cancelled in each, with mail arriving all the while. */
import { describe, expect, test } from 'vitest'
import { PHASES, PHASES_BACK } from '../../../machines/phases.ts'
import { FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites()

const BEFORE = PHASES.slice(0, PHASES.indexOf('committed'))
const AFTER = PHASES.slice(PHASES.indexOf('committed'))

async function held(site: string, mailbox: string, to: string, holdAt: string) {
  const { id } = await sites.emulator.startMove(site, { mailbox, to, holdAt })
  return sites.moveIn(site, id, { phase: holdAt, held: true })
}

const subjectsOf = async (site: string, alias: string) => (await sites.subjects(site, alias)).sort()

/** Until the entry has been deferred or has ended. */
async function tried(site: string, id: string): Promise<void> {
  const standing = async () => (await sites.emulator.message(site, id)).recipients[0]?.state
  await expect.poll(standing, soon).toMatch(/deferred|delivered|transferred|failed/)
}

describe('a move', () => {
  test('holds in each phase and goes on from each when it is released', async () => {
    const site = await sites.open({ profile: 'modern' })
    await sites.send(site, 'bob', { subject: 'before' })
    await sites.rest(site)
    const { id } = await held(site, 'bob', 'lon', PHASES[0])
    for (const phase of PHASES.slice(1)) {
      const begun = Date.now()
      await sites.emulator.releaseMove(site, id, phase)
      await sites.moveIn(site, id, { phase, held: true, state: 'running' })
      expect(Date.now() - begun).toBeLessThan(4_000)
    }
    await sites.emulator.releaseMove(site, id)
    await sites.moveIn(site, id, { state: 'completed', held: false })
    expect(await sites.emulator.mailbox(site, 'bob')).toMatchObject({
      server: 'lon',
      move: null,
      stores: { lon: { state: 'open', messages: 1 } },
    })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
    await expect(sites.emulator.releaseMove(site, id)).rejects.toMatchObject({
      code: 'move-finished',
    })
  })

  test('holds in each phase of its way back', async () => {
    const site = await sites.open()
    await sites.send(site, 'bob', { subject: 'before' })
    await sites.rest(site)
    const { id } = await held(site, 'bob', 'lon', 'verified')
    await sites.send(site, 'bob', { subject: 'in transit', server: 'lon', from: 'dave' })
    await sites.emulator.cancelMove(site, id)
    await sites.moveIn(site, id, { state: 'rolledBack' })
    const again = await sites.emulator.startMove(site, {
      mailbox: 'bob',
      to: 'lon',
      holdAt: 'created',
    })
    await sites.moveIn(site, again.id, { phase: 'created', held: true })
    await sites.emulator.addFault(site, {
      match: { event: 'page.copied' },
      do: { refuse: { reason: 0, diagnostic: 1 } },
    })
    await sites.emulator.releaseMove(site, again.id, PHASES_BACK[0])
    for (const [i, phase] of PHASES_BACK.entries()) {
      await sites.moveIn(site, again.id, { phase, held: true })
      await sites.emulator.releaseMove(site, again.id, PHASES_BACK[i + 1])
    }
    await sites.moveIn(site, again.id, { state: 'rolledBack' })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2 })
  })

  test.each(BEFORE)('cancelled while %s goes back and neither loses nor doubles', async (phase) => {
    const site = await sites.open({ profile: 'modern' })
    await sites.send(site, 'bob', { subject: 'kept' })
    const removed = await sites.send(site, 'bob', { subject: 'removed' })
    await sites.rest(site)
    await sites.emulator.deleteItem(site, 'bob', removed.id)
    const { id } = await held(site, 'bob', 'lon', phase)
    const deferred = await sites.send(site, 'bob', { subject: 'from the source' })
    const sent = await sites.send(site, 'bob', { subject: 'from the target', server: 'lon' })
    await tried(site, deferred.id)
    await tried(site, sent.id)
    await sites.emulator.cancelMove(site, id)
    await sites.moveIn(site, id, { state: 'rolledBack' })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 4 })
    expect(await subjectsOf(site, 'bob')).toEqual(['from the source', 'from the target', 'kept'])
    expect((await sites.emulator.mailbox(site, 'bob')).stores).toMatchObject({
      nyc: { state: 'open', messages: 3, inTransit: 0, waiters: 0 },
    })
  })

  test.each(AFTER)('cancelled once %s goes on: 409', async (phase) => {
    const site = await sites.open({ profile: 'modern' })
    await sites.send(site, 'bob', { subject: 'kept' })
    await sites.rest(site)
    const { id } = await held(site, 'bob', 'lon', phase)
    await expect(sites.emulator.cancelMove(site, id)).rejects.toMatchObject({
      code: 'move-committed',
      status: 409,
    })
    const { id: message } = await sites.send(site, 'bob', { subject: 'during' })
    await tried(site, message)
    await sites.emulator.releaseMove(site, id)
    await sites.moveIn(site, id, { state: 'completed' })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2 })
    expect(await subjectsOf(site, 'bob')).toEqual(['during', 'kept'])
  })

  test('mail in the in-transit folder of the target comes back when it is cancelled', async () => {
    const site = await sites.open({ profile: 'modern' })
    const { id } = await held(site, 'bob', 'lon', 'verified')
    // lon's MTA believes the directory that the move will write; its store takes what it holds.
    const cache = sites.key(site, 'cache:lon')
    const now = Date.now()
    const belief = { home: 'lon', mailbox: 'bob', version: 2, readAt: now, alternate: null }
    const cached = JSON.stringify({ ...belief, both: false, alternateReadAt: now })
    await sites.client.hset(cache, 'bob', cached)
    const { id: message } = await sites.send(site, 'bob', { subject: 'early', server: 'lon' })
    expect(await sites.settled(site, message)).toMatchObject([{ outcome: 'delivered' }])
    expect((await sites.emulator.mailbox(site, 'bob')).stores.lon).toMatchObject({ inTransit: 1 })
    expect(await sites.emulator.audit(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
    await sites.emulator.cancelMove(site, id)
    await sites.moveIn(site, id, { state: 'rolledBack' })
    expect(await sites.subjects(site, 'bob')).toEqual(['early'])
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
  })

  test('of 1,200 messages holds while copying; all arrive, and what came meanwhile', async () => {
    const site = await sites.open({ profile: 'modern' })
    const send = (subject: string) => sites.send(site, 'bob', { subject })
    await Promise.all(Array.from({ length: 1_200 }, (_, i) => send(`${i}`)))
    await sites.rest(site)
    const { id } = await held(site, 'bob', 'lon', 'copying')
    await expect(
      sites.emulator.deleteItem(site, 'bob', (await first(site, 'bob'))?.id ?? ''),
    ).rejects.toMatchObject({ code: 'mailbox-in-transit', status: 409 })
    const during = Array.from({ length: 50 }, (_, i) => send(`during ${i}`))
    await sites.emulator.releaseMove(site, id)
    await Promise.all(during)
    const move = await sites.moveIn(site, id, { state: 'completed' })
    expect(move.items).toBe(1_200)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1_250 })
    const { total } = await sites.emulator.items(site, 'bob', { offset: 0, limit: 1 })
    expect(total).toBe(1_250)
    expect((await sites.emulator.mailbox(site, 'bob')).stores.nyc).toMatchObject({ messages: 0 })
  })

  test('there and back again keeps every message, and what was removed stays so', async () => {
    const site = await sites.open({ profile: 'modern' })
    await sites.send(site, 'bob', { subject: 'kept' })
    const removed = await sites.send(site, 'bob', { subject: 'removed' })
    await sites.rest(site)
    await sites.emulator.deleteItem(site, 'bob', removed.id)
    for (const to of ['lon', 'nyc', 'lon', 'nyc']) {
      const { id } = await sites.emulator.startMove(site, { mailbox: 'bob', to })
      await sites.moveIn(site, id, { state: 'completed' })
    }
    expect(await sites.subjects(site, 'bob')).toEqual(['kept'])
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2 })
  })
})

const first = async (site: string, alias: string) =>
  (await sites.emulator.items(site, alias, { offset: 0, limit: 1 })).items[0]

describe('a mailbox that is being moved', () => {
  test('is not changed, deleted or read from by a user', async () => {
    const site = await sites.open()
    const { id } = await held(site, 'bob', 'lon', 'copying')
    const busy = { code: 'mailbox-in-transit', status: 409 }
    const { emulator } = sites
    await expect(emulator.deleteMailbox(site, 'bob')).rejects.toMatchObject(busy)
    const edit = emulator.putMailbox(site, { alias: 'bob', server: 'nyc', addresses: ['b@c.de'] })
    await expect(edit).rejects.toMatchObject(busy)
    await emulator.cancelMove(site, id)
    await sites.moveIn(site, id, { state: 'rolledBack' })
    await emulator.deleteMailbox(site, 'bob')
    const { id: message } = await sites.send(site, 'b@c.de')
    expect(await sites.settled(site, message)).toMatchObject([{ outcome: 'handedOff' }])
  })

  test('made by many at once is made once', async () => {
    const site = await sites.open()
    const spec = { alias: 'erin', server: 'nyc' }
    const answers = await Promise.allSettled(
      Array.from({ length: 6 }, () => sites.emulator.putMailbox(site, spec)),
    )
    const made = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(made.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(made.map(({ mailbox }) => mailbox.mailbox))).toEqual(new Set(['erin']))
  })
})

describe('a move that is not begun', () => {
  test('of a mailbox that has one, however many ask at once', async () => {
    const site = await sites.open()
    const spec = { mailbox: 'bob', to: 'lon', holdAt: 'locked' }
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.allSettled(
        Array.from({ length: 8 }, () => sites.emulator.startMove(site, spec)),
      )
      const refusals = answers.flatMap((one) => (one.status === 'rejected' ? one.reason.code : []))
      expect(refusals).toEqual(Array.from({ length: 7 }, () => 'mailbox-moving'))
      const [move] = (await sites.emulator.moves(site)).filter(({ state }) => state === 'running')
      await sites.moveIn(site, move?.id ?? '', { phase: 'locked', held: true })
      await sites.emulator.cancelMove(site, move?.id ?? '')
      await sites.moveIn(site, move?.id ?? '', { state: 'rolledBack' })
    }
    expect(await sites.emulator.moves(site)).toHaveLength(3)
  })

  test.each([
    ['same-server', { mailbox: 'bob', to: 'nyc' }],
    ['unknown-server', { mailbox: 'bob', to: 'rome' }],
    ['unknown-mailbox', { mailbox: 'nobody', to: 'lon' }],
    ['unknown-phase', { mailbox: 'bob', to: 'lon', holdAt: 'completed' }],
    ['reserved-mailbox', { mailbox: 'outside', to: 'lon' }],
  ])('%s', async (code, spec) => {
    const site = await sites.open()
    await expect(sites.emulator.startMove(site, spec)).rejects.toMatchObject({ code })
    expect(await sites.emulator.moves(site)).toEqual([])
    const { id } = await sites.emulator.startMove(site, { mailbox: 'bob', to: 'lon' })
    await sites.moveIn(site, id, { state: 'completed' })
  })

  test('a move that does not hold is not released', async () => {
    const site = await sites.open()
    const { id } = await held(site, 'bob', 'lon', 'locked')
    await expect(sites.emulator.move(site, 'no-such')).rejects.toMatchObject({
      code: 'unknown-move',
    })
    await sites.emulator.addFault(site, { match: { kind: 'mailbox' }, do: { hold: true } })
    await sites.emulator.releaseMove(site, id)
    await expect(sites.emulator.releaseMove(site, id)).rejects.toMatchObject({ code: 'not-held' })
  })
})

describe('an alias that is deleted and made again', () => {
  test('is another mailbox: empty, and nothing of the old one comes back', async () => {
    const site = await sites.open()
    await sites.send(site, 'bob', { subject: 'old' })
    await sites.rest(site)
    await sites.emulator.deleteMailbox(site, 'bob')
    await expect(sites.emulator.mailbox(site, 'bob')).rejects.toMatchObject({
      code: 'unknown-mailbox',
    })
    await sites.emulator.putMailbox(site, { alias: 'bob', server: 'lon' })
    expect(await sites.subjects(site, 'bob')).toEqual([])
    await sites.emulator.restartServer(site, 'nyc', 'mta')
    await sites.send(site, 'bob', { subject: 'new' })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2 })
    expect(await sites.subjects(site, 'bob')).toEqual(['new'])
    const { id } = await sites.emulator.startMove(site, { mailbox: 'bob', to: 'nyc' })
    await sites.moveIn(site, id, { state: 'completed' })
    expect(await sites.subjects(site, 'bob')).toEqual(['new'])
  })
})
