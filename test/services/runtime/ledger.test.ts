/** The ledger does not trust the machines: what somebody spoils in Redis is found. */
import { describe, expect, test } from 'vitest'
import { FLAWLESS, liveSites, total } from '../../support/site.ts'

const sites = liveSites()

/** A message that bob holds. */
async function delivered(site: string, to = 'bob'): Promise<string> {
  const { id } = await sites.send(site, to)
  await sites.settled(site, id)
  return id
}

const box = (site: string, name: string, part: string) => sites.key(site, `box:${name}:${part}`)

describe('the totals sum to the obligations', () => {
  test('while everything happens at once, at every look', async () => {
    const site = await sites.open({ profile: 'exchange-5.5-sp3' })
    const rule = await sites.emulator.addFault(site, {
      match: { event: 'mail.offered' },
      when: { probability: 0.3, seed: 7 },
      do: { defer: true },
    })
    const sending = Array.from({ length: 40 }, (_, i) =>
      sites.send(site, ['anna', 'dave', 'nobody', 'far@away.example'], {
        from: i % 4 === 0 ? '' : 'carol',
        notify: i % 5 === 0 ? ['never'] : ['failure'],
      }),
    )
    const { id } = await sites.emulator.startMove(site, { mailbox: 'anna', to: 'lon' })
    for (let look = 0; look < 5; look++) {
      const audit = await sites.emulator.audit(site)
      expect(total(audit)).toBe(audit.obligations)
    }
    await Promise.all(sending)
    await sites.moveIn(site, id, { state: 'completed' })
    await sites.emulator.deleteFault(site, rule.id)
    await sites.emulator.advance(site, { until: 'idle' })
    const audit = await sites.rest(site)
    expect(audit).toMatchObject({ accepted: 160, handedOff: 40, duplicated: [], unexpected: [] })
    expect(audit.silenced + audit.deadLettered + audit.reported).toBeGreaterThanOrEqual(40)
  })
})

describe('what is spoiled by hand', () => {
  test('an item that nobody holds any more, and that nobody removed, is lost', async () => {
    const site = await sites.open()
    const id = await delivered(site)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
    for (const part of ['items', 'order', 'log']) await sites.client.del(box(site, 'nyc/bob', part))
    const audit = await sites.rest(site)
    expect(audit).toMatchObject({ ...FLAWLESS, delivered: 0, lost: [{ message: id }] })
  })

  test('an item that a user removed is not lost', async () => {
    const site = await sites.open()
    const id = await delivered(site)
    await sites.emulator.deleteItem(site, 'bob', id)
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
  })

  test('an item that lies where nobody looks for it is lost', async () => {
    const site = await sites.open()
    const id = await delivered(site)
    for (const part of ['items', 'order', 'log']) {
      await sites.client.rename(box(site, 'nyc/bob', part), box(site, 'lon/bob', part))
    }
    expect(await sites.rest(site)).toMatchObject({ lost: [{ message: id, address: 'bob' }] })
  })

  test('an item in two stores of one mailbox is duplicated', async () => {
    const site = await sites.open()
    const id = await delivered(site)
    await sites.client.copy(box(site, 'nyc/bob', 'items'), box(site, 'lon/bob', 'items'))
    const duplicated = [{ message: id, mailbox: 'bob', places: ['nyc', 'lon'] }]
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, duplicated })
  })

  test('an item in a mailbox that nobody sent it to is unexpected', async () => {
    const site = await sites.open()
    const id = await delivered(site)
    await sites.client.copy(box(site, 'nyc/bob', 'items'), box(site, 'nyc/carol', 'items'))
    const unexpected = [{ message: id, mailbox: 'carol', place: 'nyc' }]
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, unexpected })
  })

  test('a report that its originator no longer holds is lost, and its recipient too', async () => {
    const site = await sites.open()
    const id = await delivered(site, 'nobody')
    expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 1 })
    for (const part of ['items', 'order', 'log']) {
      await sites.client.del(box(site, 'nyc/carol', part))
    }
    expect(await sites.rest(site)).toMatchObject({ reported: 0, lost: [{ message: id }] })
  })

  test('a report about what was delivered is a false one', async () => {
    const site = await sites.open()
    const id = await delivered(site, 'nobody')
    const message = sites.key(site, `message:${id}`)
    const [field = ''] = (await sites.client.hkeys(message)).filter((key) => key.startsWith('r/'))
    const stored = JSON.parse((await sites.client.hget(message, field)) ?? '{}')
    stored.a.mailbox = 'bob'
    await sites.client.hset(message, field, JSON.stringify(stored))
    await sites.client.hset(box(site, 'nyc/bob', 'items'), id, JSON.stringify({ key: id }))
    expect((await sites.rest(site)).falseReports).toMatchObject([{ message: id }])
  })

  test('a failure of which nobody was told is lost', async () => {
    const site = await sites.open()
    const id = await delivered(site, 'nobody')
    const message = sites.key(site, `message:${id}`)
    const ends = (await sites.client.hkeys(message)).filter((key) => key.startsWith('e/'))
    await sites.client.hdel(message, ...ends)
    const audit = await sites.rest(site)
    expect(audit).toMatchObject({ reported: 0, lost: [{ message: id }] })
    expect(audit.unexpected).toMatchObject([{ mailbox: 'carol' }])
  })
})
