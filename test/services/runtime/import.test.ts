/** Many mailboxes at once: all or nothing where the list is wrong, and each by name where not. */
import { expect, test } from 'vitest'
import { liveSites } from '../../support/site.ts'

const sites = liveSites()

test('they are made, changed, or left as they are; their alternates are among them', async () => {
  const site = await sites.open()
  const { emulator } = sites
  const list = [
    { alias: 'eve', server: 'nyc', alternateRecipient: 'finn', deliverToBoth: true },
    { alias: 'finn', server: 'lon', addresses: ['finn@far.example'] },
    { alias: 'carol', server: 'nyc', alternateRecipient: 'eve' },
  ]
  const made = { created: 2, changed: 1, unchanged: 0, refused: [] }
  expect(await emulator.importMailboxes(site, list)).toEqual(made)
  const again = { created: 0, changed: 0, unchanged: 3, refused: [] }
  expect(await emulator.importMailboxes(site, list)).toEqual(again)
  const { id } = await sites.send(site, 'finn@far.example', { from: 'anna' })
  expect(await sites.settled(site, id)).toMatchObject([{ address: 'finn', outcome: 'delivered' }])
  const { id: both } = await sites.send(site, 'eve', { from: 'anna' })
  expect((await sites.settled(site, both)).map(({ address }) => address)).toEqual(['eve', 'finn'])
})

test.each([
  [[{ alias: 'eve', server: 'rome' }], 'unknown-server'],
  [[{ alias: 'outside', server: 'nyc' }], 'reserved-mailbox'],
  [[{ alias: 'eve', server: 'nyc', alternateRecipient: 'nobody' }], 'unknown-mailbox'],
  [[{ alias: 'anna', server: 'lon' }], 'mailbox-exists'],
  [
    [
      { alias: 'x', server: 'lon' },
      { alias: 'x', server: 'lon' },
    ],
    'mailbox-exists',
  ],
  [[{ alias: 'x', server: 'lon', addresses: ['bob@site-2.example'] }], 'mailbox-exists'],
])('%j changes nothing', async (wrong, code) => {
  const site = await sites.open({ domain: 'site-2.example' })
  const list = [{ alias: 'finn', server: 'lon' }, ...wrong]
  await expect(sites.emulator.importMailboxes(site, list)).rejects.toMatchObject({ code })
  expect((await sites.emulator.site(site)).mailboxes).toEqual(['anna', 'bob', 'carol', 'dave'])
})

test('one that is being moved is told of, and the others are written', async () => {
  const site = await sites.open()
  const { emulator } = sites
  const { id } = await emulator.startMove(site, { mailbox: 'dave', to: 'nyc', holdAt: 'locked' })
  await sites.moveIn(site, id, { held: true })
  const list = [
    { alias: 'dave', server: 'lon', addresses: ['d@far.example'] },
    { alias: 'eve', server: 'nyc' },
  ]
  expect(await emulator.importMailboxes(site, list)).toEqual({
    created: 1,
    changed: 0,
    unchanged: 0,
    refused: [
      {
        alias: 'dave',
        code: 'mailbox-in-transit',
        detail: `The mailbox dave has a move already: ${id}. Its entry cannot be changed now.`,
      },
    ],
  })
})

test('a mailbox is filled with mail that the ledger knows', async () => {
  const site = await sites.open()
  const { emulator } = sites
  const done = await emulator.prefill(site, 'dave', { messages: 70, bytes: 5_000 })
  expect(done).toEqual({ accepted: 70, stopped: null })
  expect(await sites.rest(site)).toMatchObject({ obligations: 70, delivered: 70, lost: [] })
  const { total, items } = await emulator.items(site, 'dave', { offset: 0, limit: 100 })
  expect(total).toBe(70)
  const numbers = items.map(({ subject }) => Number(/^pre-filled (\d+) of 70$/.exec(subject)?.[1]))
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 70 }, (_, i) => i + 1))
  expect(Math.min(...items.map(({ size }) => size))).toBeGreaterThanOrEqual(5_000)
  const move = await emulator.startMove(site, { mailbox: 'dave', to: 'nyc' })
  await sites.moveIn(site, move.id, { state: 'completed' })
  expect((await emulator.items(site, 'dave', { offset: 0, limit: 1 })).total).toBe(70)
  const none = emulator.prefill(site, 'nobody', { messages: 1, bytes: 1 })
  await expect(none).rejects.toMatchObject({ code: 'unknown-mailbox' })
})
