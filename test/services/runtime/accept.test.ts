/** Accepting, and what becomes of it: repeats, alternates, reports, unknown recipients. */
import type { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openEmulator } from '../../../services/runtime/live.ts'
import { FLAWLESS, liveSites } from '../../support/site.ts'

const sites = liveSites()
const outcomes = (entries: { address: string; outcome: string }[]) =>
  Object.fromEntries(entries.map(({ address, outcome }) => [address, outcome]))

describe('an Idempotency-Key', () => {
  test('answers a repeated request with the first message, and refuses another body', async () => {
    const site = await sites.open()
    const submission = { from: 'carol', to: ['bob'], subject: 'Once' }
    const first = await sites.emulator.accept(site, submission, 'key-1')
    const again = await sites.emulator.accept(site, submission, 'key-1')
    expect(again).toEqual({ ...first, replayed: true })
    await expect(
      sites.emulator.accept(site, { ...submission, subject: 'Twice' }, 'key-1'),
    ).rejects.toMatchObject({ code: 'idempotency-mismatch' })
    await sites.rest(site)
    expect(await sites.subjects(site, 'bob')).toEqual(['Once'])
  })

  test('makes one message of many requests at once, and the site comes to rest', async () => {
    const site = await sites.open()
    const submission = { from: 'carol', to: ['bob', 'dave'], subject: 'Once' }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => sites.emulator.accept(site, submission, 'key-2')),
    )
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    const audit = await sites.rest(site)
    expect(audit).toMatchObject({ ...FLAWLESS, accepted: 2, delivered: 2 })
    const pending = await sites.emulator.messages(site, { state: 'pending', offset: 0, limit: 10 })
    expect(pending.total).toBe(0)
  })

  test('is not used up by a request that was refused', async () => {
    const site = await sites.open()
    const submission = { from: 'carol', to: ['bob'], server: 'rome' }
    await expect(sites.emulator.accept(site, submission, 'key-3')).rejects.toMatchObject({
      code: 'unknown-server',
    })
    const mended = await sites.emulator.accept(site, { ...submission, server: 'nyc' }, 'key-3')
    expect(mended.replayed).toBe(false)
  })

  test('is forgotten with its message, or not at all', async () => {
    const site = await sites.open()
    const door = await openForgetful(site)
    const submission = { from: 'carol', to: ['bob'], subject: 'Once' }
    const first = await door.emulator.accept(site, submission, 'key-4')
    expect(door.times()).toBe(1)
    const again = await sites.emulator.accept(site, submission, 'key-4')
    expect(again).toEqual({ ...first, replayed: true })
    await sites.rest(site)
    expect(await sites.subjects(site, 'bob')).toEqual(['Once'])
  })

  test('of a message that is trimmed at this moment is answered as ever', async () => {
    const site = await sites.open()
    const submission = { from: 'carol', to: ['bob'], subject: 'Once' }
    const first = await sites.emulator.accept(site, submission, 'key-5')
    await sites.rest(site)
    // The key is there, then the message is; then it is read.
    const door = await openMeddled(async (commit, nth) => {
      const answer = await commit()
      if (nth === 2) await sites.client.unlink(sites.key(site, `message:${first.id}`))
      return answer
    })
    const again = await door.emulator.accept(site, submission, 'key-5')
    expect(again).toEqual({ ...first, replayed: true })
    expect(door.times()).toBe(2)
  })
})

/** An emulator whose commits may be meddled with: `meddle` is given each, and which one it is. */
async function openMeddled(
  meddle: (commit: () => Promise<unknown>, nth: number) => Promise<unknown>,
) {
  const opened: Redis[] = []
  const client = () => {
    const one = sites.connection.client() as Redis
    opened.push(one)
    return one
  }
  const emulator = await openEmulator({ ...sites.connection, client })
  onTestFinished(() => emulator.close())
  const [first] = opened as unknown as [Record<'undeliverableCommit', (...args: []) => unknown>]
  const commit = first.undeliverableCommit.bind(first)
  let times = 0
  first.undeliverableCommit = (...args) => {
    times += 1
    return meddle(async () => commit(...args), times)
  }
  return { emulator, times: () => times }
}

/**
 * Before it writes a message, this emulator's Redis forgets what was written since the emulator was
 * opened, as one does that is killed, or replaced by its replica, and comes back without its last
 * moment.
 */
async function openForgetful(site: string) {
  const keys = () => sites.client.keys(sites.key(site, '*'))
  const before = new Set(await keys())
  return openMeddled(async (commit) => {
    for (const key of await keys()) if (!before.has(key)) await sites.client.unlink(key)
    return commit()
  })
}

describe('recipients', () => {
  test('an unknown one is reported to the originator, and says so', async () => {
    const site = await sites.open()
    const { id } = await sites.send(site, ['bob', 'nobody'])
    const entries = await sites.settled(site, id)
    expect(outcomes(entries)).toEqual({ bob: 'delivered', nobody: 'reported' })
    expect(await sites.subjects(site, 'carol')).toEqual(['Undeliverable: Lunch?'])
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1, reported: 1 })
  })

  test('one named like a member of every object is as unknown as any other', async () => {
    const site = await sites.open()
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty']
    const { id } = await sites.send(site, names)
    const entries = await sites.settled(site, id)
    expect(new Set(Object.values(outcomes(entries)))).toEqual(new Set(['reported']))
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 4 })
  })

  test('the same one twice, by alias and by address, is one obligation', async () => {
    const site = await sites.open({
      mailboxes: [{ alias: 'bob', server: 'nyc', addresses: ['robert@elsewhere.example'] }],
    })
    await sites.send(site, ['bob', `BOB@${site}.example`, 'Robert@Elsewhere.example', 'bob'])
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 1, delivered: 1 })
    expect(await sites.subjects(site, 'bob')).toHaveLength(1)
  })

  test('a further address that was taken away reaches nobody', async () => {
    const site = await sites.open({
      mailboxes: [{ alias: 'bob', server: 'nyc', addresses: ['rob@bob.example'] }],
    })
    await sites.emulator.putMailbox(site, { alias: 'bob', server: 'nyc', addresses: [] }, 'now')
    const { id } = await sites.send(site, 'rob@bob.example')
    await sites.settled(site, id)
    expect(await sites.subjects(site, 'bob')).toEqual([])
  })

  test('an address leads to one mailbox only', async () => {
    const taken = { code: 'mailbox-exists' }
    const bob = { alias: 'bob', server: 'nyc', addresses: ['b@two.example'] }
    const site = await sites.open({ mailboxes: [bob] })
    const put = (addresses: string[]) =>
      sites.emulator.putMailbox(site, { alias: 'erin', server: 'nyc', addresses })
    await expect(put(['B@two.example'])).rejects.toMatchObject(taken)
    await expect(put([`bob@${site}.example`])).rejects.toMatchObject(taken)
    expect(await put([`erin@${site}.example`, 'e@two.example'])).toMatchObject({ created: true })
    const both = [bob, { ...bob, alias: 'rob' }]
    await expect(sites.open({ mailboxes: both })).rejects.toMatchObject(taken)
  })

  test('one beyond the site is handed off; its report goes the same way', async () => {
    const site = await sites.open()
    await sites.send(site, 'someone@far.example')
    await sites.send(site, ['nobody'], { from: 'someone@far.example' })
    const audit = await sites.rest(site)
    expect(audit).toMatchObject({ ...FLAWLESS, handedOff: 1, reported: 1 })
  })

  test('on another server they are reached by one transfer for all of them', async () => {
    const site = await sites.open({
      mailboxes: ['a', 'b', 'c'].map((alias) => ({ alias, server: 'lon' })),
    })
    const { id } = await sites.send(site, ['a', 'b', 'c'], { server: 'nyc' })
    const entries = await sites.settled(site, id)
    expect(new Set(entries.map(({ copies }) => copies.join()))).toEqual(new Set(['nyc,lon.1.1']))
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 3 })
  })
})

describe('alternate recipients', () => {
  const both = (alias: string, alternateRecipient: string) => ({
    alias,
    server: 'nyc',
    alternateRecipient,
    deliverToBoth: true,
  })
  const only = (alias: string, alternateRecipient: string) => ({
    ...both(alias, alternateRecipient),
    deliverToBoth: false,
  })

  test('beside the primary there are two obligations; in its place, one', async () => {
    const site = await sites.open({
      mailboxes: [
        both('anna', 'bob'),
        only('carl', 'dora'),
        { alias: 'bob', server: 'nyc' },
        { alias: 'dora', server: 'lon' },
      ],
    })
    const { id } = await sites.send(site, ['anna', 'carl'])
    const entries = await sites.settled(site, id)
    expect(entries.map(({ address, branch, outcome }) => [address, branch, outcome])).toEqual([
      ['anna', 'own', 'delivered'],
      ['bob', 'redirected', 'delivered'],
      ['carl', 'own', 'redirected'],
      ['dora', 'redirected', 'delivered'],
    ])
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 2, obligations: 3 })
  })

  test('chains are followed to their end', async () => {
    const site = await sites.open({
      mailboxes: [both('a', 'b'), only('b', 'c'), both('c', 'd'), { alias: 'd', server: 'lon' }],
    })
    const { id } = await sites.send(site, 'a')
    expect(outcomes(await sites.settled(site, id))).toEqual({
      a: 'delivered',
      b: 'redirected',
      c: 'delivered',
      d: 'delivered',
    })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, obligations: 3, delivered: 3 })
  })

  test('a loop of forwards is reported; a mutual "both" ends by itself', async () => {
    const site = await sites.open({
      mailboxes: [
        only('x', 'y'),
        only('y', 'x'),
        both('p', 'q'),
        both('q', 'p'),
        { alias: 'carol', server: 'nyc' },
      ],
    })
    const { id } = await sites.send(site, ['x', 'p'])
    const entries = await sites.settled(site, id)
    expect(outcomes(entries)).toMatchObject({ p: 'delivered', q: 'delivered' })
    const [looped] = entries.filter(({ outcome }) => outcome === 'reported')
    expect(looped?.report?.code).toMatch(/^1\/27 /)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 1, delivered: 2 })
  })

  test('one that is deleted before routing is reported, in the name of the primary', async () => {
    const site = await sites.open()
    await sites.emulator.deleteMailbox(site, 'bob')
    const { id } = await sites.send(site, 'anna')
    expect(outcomes(await sites.settled(site, id))).toEqual({ anna: 'delivered', bob: 'reported' })
    const { items } = await sites.emulator.items(site, 'carol', { offset: 0, limit: 10 })
    expect(items.map(({ report }) => report?.recipient)).toEqual(['anna'])
  })
})

describe('who is told of a failure', () => {
  test('nobody, when no report was wanted', async () => {
    const site = await sites.open()
    await sites.send(site, 'nobody', { notify: ['never'] })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, silenced: 1 })
    expect(await sites.subjects(site, 'carol')).toEqual([])
  })

  test('nobody, when the originator is the null sender: a dead letter is left', async () => {
    const site = await sites.open()
    await sites.send(site, 'nobody', { from: '' })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, deadLettered: 1 })
  })

  test('nobody, when the report itself cannot be delivered', async () => {
    const site = await sites.open()
    await sites.emulator.deleteMailbox(site, 'carol')
    await sites.send(site, 'nobody', { from: 'carol' })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, deadLettered: 1, reported: 0 })
  })

  test('the originator, when the mailbox is deleted with the mail on its way', async () => {
    const site = await sites.open()
    const rule = await sites.emulator.addFault(site, {
      match: { event: 'mail.offered' },
      do: { hold: true },
    })
    const { id } = await sites.send(site, 'bob')
    await expect
      .poll(async () => (await sites.emulator.fault(site, rule.id)).holding)
      .toHaveLength(1)
    await sites.emulator.deleteMailbox(site, 'bob')
    await sites.emulator.deleteFault(site, rule.id)
    expect(outcomes(await sites.settled(site, id))).toEqual({ bob: 'reported' })
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 1 })
  })
})
