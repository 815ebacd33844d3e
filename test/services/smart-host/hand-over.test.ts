/**
 * What the hand-over adds to a smart host so that it is a store to the machines: an offer that
 * comes again is answered as before, and a withdrawal is true. Without what is kept for that, each
 * goes wrong.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MailEvent } from '../../../machines/wire.ts'
import { messageKey } from '../../../services/runtime/keys.ts'
import {
  openSettings,
  type Settings,
  type SettingsStore,
} from '../../../services/runtime/settings.ts'
import { type HandOver, openHandOver } from '../../../services/smart-host/hand-over.ts'
import { soon } from '../../support/site.ts'
import { smartHosted } from '../../support/smart-host.ts'

const hosted = smartHosted({ workers: false })
let store: SettingsStore
let handOver: HandOver

beforeAll(async () => {
  store = await openSettings(hosted.connection)
  handOver = openHandOver(store.client, { host: '127.0.0.1', port: hosted.port })
})
afterAll(() => store.close())

interface Entry {
  settings: Settings
  offer(attempt: number): MailEvent
  withdrawal: MailEvent
  /** Where the answer is kept. */
  kept: [key: string, field: string]
}

/** A message that nobody has taken up: no workers run. */
async function entryTo(alias: string): Promise<Entry> {
  const site = await hosted.open()
  const { id } = await hosted.send(site, alias)
  const settings = (await store.get(site)) as Settings
  const item = { key: id, from: 'carol', subject: 'Lunch?', size: 8, sentAt: 0, receivedAt: 0 }
  const about = { to: 'mailbox/nyc/outside', at: 0, alias, entry: `recipient/${id}/nyc/1`, item }
  return {
    settings,
    offer: (attempt) => ({ ...about, id: `o${attempt}`, type: 'mail.offered', attempt }),
    withdrawal: { ...about, id: 'w', type: 'offer.withdrawn', attempt: 1 },
    kept: [messageKey(settings, id), 'out/nyc/1'],
  }
}

const kinds = (to: string) => hosted.at(to).map(({ type }) => type)

test('an offer that comes again is answered as before; unkept, it arrives twice', async () => {
  const { settings, offer, kept } = await entryTo('again@far.example')
  expect(await handOver.ask(settings, offer(1))).toMatchObject({ kind: 'taken' })
  expect(await handOver.ask(settings, offer(1))).toMatchObject({ kind: 'taken' })
  expect(await handOver.ask(settings, offer(2))).toMatchObject({ kind: 'taken' })
  expect(kinds('again@far.example')).toEqual(['taken'])
  await store.client.hdel(...kept)
  expect(await handOver.ask(settings, offer(1))).toMatchObject({ kind: 'taken' })
  await expect.poll(() => kinds('again@far.example'), soon).toEqual(['taken', 'taken'])
})

test('an attempt that was put off stays so, and the next one is made', async () => {
  const { settings, offer } = await entryTo('busy-2@far.example')
  for (let again = 0; again < 3; again++) {
    expect(await handOver.ask(settings, offer(1))).toMatchObject({ kind: 'deferred' })
  }
  expect(kinds('busy-2@far.example')).toEqual(['deferred'])
  expect(await handOver.ask(settings, offer(2))).toMatchObject({ kind: 'deferred' })
  expect(await handOver.ask(settings, offer(3))).toMatchObject({ kind: 'taken' })
  await expect.poll(() => kinds('busy-2@far.example'), soon).toHaveLength(3)
})

test('what is withdrawn is never handed over; without the bar it would be', async () => {
  const { settings, offer, withdrawal, kept } = await entryTo('barred@far.example')
  expect(await handOver.ask(settings, withdrawal)).toEqual({ kind: 'open' })
  expect(await handOver.ask(settings, offer(1))).toMatchObject({ kind: 'barred' })
  expect(kinds('barred@far.example')).toEqual([])
  await store.client.hdel(...kept)
  expect(await handOver.ask(settings, offer(1))).toMatchObject({ kind: 'taken' })
  await expect.poll(() => kinds('barred@far.example'), soon).toEqual(['taken'])
})

test('a withdrawal waits for what is under way, and then tells the truth', async () => {
  const to = 'slow@far.example'
  const { settings, offer, withdrawal, kept } = await entryTo(to)
  const taking = handOver.ask(settings, offer(1))
  await expect.poll(() => kinds(to), soon).toEqual(['read'])
  expect(await handOver.ask(settings, withdrawal)).toHaveProperty('putOff')
  expect(await handOver.ask(settings, offer(1))).toHaveProperty('putOff')
  expect(await taking).toMatchObject({ kind: 'taken' })
  expect(await handOver.ask(settings, withdrawal)).toMatchObject({ kind: 'taken' })
  await expect.poll(() => kinds(to), soon).toEqual(['read', 'taken'])

  // Without the mark that it is under way, the withdrawal is believed, and what was taken reported.
  const other = await entryTo('slow-2@far.example')
  const second = handOver.ask(other.settings, other.offer(1))
  await expect.poll(() => kinds('slow-2@far.example'), soon).toEqual(['read'])
  await store.client.del(other.kept.join(':'))
  expect(await handOver.ask(other.settings, other.withdrawal)).toEqual({ kind: 'open' })
  expect(await second).toMatchObject({ kind: 'taken' })
  expect(kept).not.toEqual(other.kept)
})

test('one that is cut off from here is put off, and leaves no mark', async () => {
  const { settings, offer, kept } = await entryTo('slow-3@far.example')
  const own = openHandOver(store.client, { host: '127.0.0.1', port: hosted.port })
  const taking = own.ask(settings, offer(1))
  await expect.poll(() => kinds('slow-3@far.example'), soon).toEqual(['read'])
  own.close()
  expect(await taking).toMatchObject({ kind: 'deferred' })
  expect(await store.client.exists(kept.join(':'))).toBe(0)
})
