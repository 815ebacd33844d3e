/**
 * A mailbox with a limit, live: whoever comes first is taken, what is deleted makes room, and the
 * limit is where the mailbox is.
 */
import { expect, test } from 'vitest'
import { FLAWLESS, liveSites } from '../../support/site.ts'

const sites = liveSites()

/** The text alone is more than the limit. */
const LIMIT = 100
const TEXT = 'x'.repeat(LIMIT)
const anna = { alias: 'anna', server: 'nyc' }
const mailboxes = [
  { ...anna, storageLimit: LIMIT },
  { alias: 'carol', server: 'nyc' },
]

test('of letters that come at once one is taken, and all others are told of', async () => {
  const site = await sites.open({ mailboxes })
  const letter = { from: 'carol', to: ['anna'], text: TEXT }
  const many = Array.from({ length: 30 }, () => sites.emulator.accept(site, letter))
  await Promise.all(many)
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, accepted: 30, delivered: 1, reported: 29 })
  const { items } = await sites.emulator.items(site, 'carol', { offset: 0, limit: 100 })
  expect(items.map(({ report }) => report?.status)).toEqual(Array(29).fill('5.2.2'))
  expect(items[0]?.report).toMatchObject({ reason: 1, diagnostic: 4, recipient: 'anna' })
})

test('how much is held is shown, and what is deleted is room again', async () => {
  const site = await sites.open({ mailboxes })
  const { id } = await sites.emulator.accept(site, { from: 'carol', to: ['anna'], text: TEXT })
  await sites.rest(site)
  const { items } = await sites.emulator.items(site, 'anna', { offset: 0, limit: 10 })
  const held = await sites.emulator.mailbox(site, 'anna')
  expect(held.storageLimit).toBe(LIMIT)
  expect(held.stores.nyc).toMatchObject({ messages: 1, bytes: items[0]?.size })
  await sites.emulator.deleteItem(site, 'anna', id)
  expect((await sites.emulator.mailbox(site, 'anna')).stores.nyc?.bytes).toBe(0)
  await sites.emulator.accept(site, { from: 'carol', to: ['anna'], text: TEXT })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2, reported: 0 })
})

test('a limit that is put reaches the store, and one that is left out is none', async () => {
  const site = await sites.open({ mailboxes })
  const send = () => sites.emulator.accept(site, { from: 'carol', to: ['anna'], text: TEXT })
  await send()
  await sites.rest(site)
  await sites.emulator.putMailbox(site, anna, 'now')
  expect((await sites.emulator.mailbox(site, 'anna')).storageLimit).toBeNull()
  await send()
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2, reported: 0 })
  await sites.emulator.putMailbox(site, { ...anna, storageLimit: 1 }, 'now')
  await send()
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2, reported: 1 })
})

test('a mailbox that was filled before anybody counted is counted once', async () => {
  const site = await sites.open({ mailboxes: [anna, { alias: 'carol', server: 'nyc' }] })
  const send = () => sites.emulator.accept(site, { from: 'carol', to: ['anna'], text: TEXT })
  await send()
  await send()
  await sites.rest(site)
  const counted = (await sites.emulator.mailbox(site, 'anna')).stores.nyc?.bytes ?? 0
  expect(await sites.client.hdel(sites.key(site, 'box:nyc/anna'), 'bytes')).toBe(1)
  await sites.emulator.putMailbox(site, { ...anna, storageLimit: counted }, 'now')
  await send()
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2, reported: 1 })
  expect((await sites.emulator.mailbox(site, 'anna')).stores.nyc?.bytes).toBe(counted)
})
