/**
 * With RFC1047 a lost acknowledgement is a second copy: told as a duplicate, readable, and gone
 * when its message is trimmed.
 */
import { expect, onTestFinished, test } from 'vitest'
import { startBareWorkers } from '../../support/bare-workers.ts'
import { FLAWLESS, liveSites } from '../../support/site.ts'

const sites = liveSites({ workers: false })
const page = { offset: 0, limit: 100 }

/** Carol's message to dave, whose store was asked twice and answered once. */
async function repeated(profile: string) {
  const site = await sites.open({ profile })
  const workers = await startBareWorkers(sites.connection, site)
  onTestFinished(() => workers.close())
  await sites.emulator.setClock(site, { stop: true })
  const match = { event: 'mail.offered', mailbox: 'bob' }
  const rule = { match, when: { first: 1 }, do: { loseReply: true } } as const
  const { id: fault } = await sites.emulator.addFault(site, rule)
  const { id } = await sites.send(site, 'bob', { from: 'carol', text: 'Twice?' })
  await sites.emulator.advance(site, { until: 'idle' })
  await sites.settled(site, id)
  expect(await sites.emulator.fault(site, fault)).toMatchObject({ hits: 1 })
  const { items } = await sites.emulator.items(site, 'bob', page)
  return { site, workers, id, items: items.map((item) => item.id) }
}

async function textOf(site: string, item: string): Promise<string> {
  const { pieces } = await sites.emulator.rawItem(site, 'bob', item)
  const all: Buffer[] = []
  for await (const piece of pieces()) all.push(Buffer.from(piece))
  return Buffer.concat(all).toString()
}

test('without the defect there is one', async () => {
  const { site, id, items } = await repeated('modern')
  expect(items).toEqual([id])
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
})

test('with it there are two, of one message, and the ledger tells of them', async () => {
  const { site, id, items } = await repeated('modern+RFC1047')
  expect(items).toHaveLength(2)
  const again = items.find((item) => item !== id) as string
  expect(again.startsWith(`${id}+`)).toBe(true)
  const messageId = (text: string) => /^Message-ID: (.*)\r$/m.exec(text)?.[1]
  const [first, second] = await Promise.all(items.map((item) => textOf(site, item)))
  expect(messageId(first as string)).toBeDefined()
  expect(messageId(second as string)).toBe(messageId(first as string))
  const audit = await sites.rest(site)
  expect(audit).toMatchObject({ ...FLAWLESS, duplicated: expect.anything(), delivered: 1 })
  const [told, ...others] = audit.duplicated
  expect(told).toMatchObject({ message: id, mailbox: 'bob' })
  expect(told?.places.sort()).toEqual(['nyc', `nyc, as ${again}`])
  expect(others).toEqual([])
})

test('both go with their message', async () => {
  const { site, workers } = await repeated('modern+RFC1047')
  const known = () => sites.client.zcard(`${sites.key(site, 'box:nyc/bob')}:log`)
  expect(await known()).toBe(2)
  expect(await workers.trim({ messages: 0 })).toBe(1)
  expect((await sites.emulator.items(site, 'bob', page)).items).toEqual([])
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, trimmed: 1 })
  expect(await known()).toBe(0)
})
