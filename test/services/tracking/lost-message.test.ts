/**
 * What an administrator of the time found of the lost message of Q248839: event 9 for the
 * alternate, and neither 9 nor 34 for the primary; and beside it the fixed MTA.
 */
import { expect, test } from 'vitest'
import { soon } from '../../support/site.ts'
import { liveWorld } from '../api/live-world.ts'
import { eventsOf, inShort, trackingToday } from './parsed.ts'

const world = liveWorld()

/** anna, whose alternate gets all her mail too, is moved while carol writes to her. */
async function moveInMidDelivery(profile: string): Promise<string> {
  const { site } = world
  await world.call('PATCH', site, { profile })
  await world.post(`${site}/clock`, { stop: true })
  const move = await world.post<{ id: string }>(`${site}/moves`, {
    ...{ mailbox: 'anna', to: 'lon', holdAt: 'locked' },
  })
  const { body } = await world.post<{ id: string }>(`${site}/messages`, {
    ...{ from: 'carol', to: ['anna'], subject: 'Lunch?' },
  })
  const anna = `${site}/messages/${body.id}/recipients/anna`
  const { body: waited } = await world.get(`${anna}?until=deferred&timeout=20s`)
  expect(waited).toMatchObject({ reached: true })
  const held = async () => (await world.get(`${site}/moves/${move.body.id}`)).body
  await expect.poll(held, soon).toMatchObject({ held: true })
  await world.post(`${site}/moves/${move.body.id}/release`, {})
  await world.settled(body.id, 'anna')
  await expect.poll(held, soon).toMatchObject({ state: 'completed' })
  await world.get(`${site}/audit?rest=20s`)
  return body.id
}

test('under SP3 there is 9 for the alternate, and neither 9 nor 34 for the primary', async () => {
  const id = await moveInMidDelivery('exchange-5.5-sp3')
  const records = await trackingToday(world)
  expect(records.map(inShort)).toEqual(['4 anna', '28 bob', '9 bob'])
  expect(new Set(records.map((record) => record.id))).toEqual(new Set([id]))

  const events = await eventsOf(world)
  const exchange = events.filter(({ source }) => source === 'MSExchangeMTA')
  expect(exchange.map(({ event }) => event)).toEqual([270])
  expect(exchange[0]?.description).toContain('/CN=SERVERS/CN=NYC/CN=MICROSOFT PRIVATE MDB')
  const own = events.filter(({ event, source }) => source !== 'MSExchangeMTA' && event < 5)
  expect(own.map(({ description }) => description)).toEqual([
    expect.stringMatching(/is deferred for DN:.*anna \(recipient number 1\), mailbox in transit/),
    expect.stringMatching(/no report is made of it: none is required any more \(diagnostic 253\)/),
  ])
})

test('under SP4 the failure is reported: 34 for the primary, 10 for the originator', async () => {
  const id = await moveInMidDelivery('exchange-5.5-sp4')
  const records = await trackingToday(world)
  const told = ['4 anna', '28 bob', '9 bob', '34 anna 1', '10 carol 0']
  expect(records.map(inShort)).toEqual(told)
  expect(records.map((record) => record.id)).toEqual(told.map(() => id))
  expect(records.map(({ report }) => report)).toEqual(['', '', '', `${id}~1`, `${id}~1`])

  const exchange = (await eventsOf(world)).filter(({ source }) => source === 'MSExchangeMTA')
  expect(exchange.map(({ event }) => event)).toEqual([270, 290])
  expect(exchange[1]).toMatchObject({ type: 'Warning', category: 'X.400 Service', computer: 'NYC' })
  expect(exchange[1]?.description).toContain(
    '(reason code unable-to-transfer and diagnostic code unrecognized-OR-name) is being ' +
      `generated for message ${id}. It was originally destined for ` +
      'DN:/o=Undeliverable/ou=test-2/cn=Recipients/cn=anna (recipient number 1), and was to be ' +
      'redirected to .',
  )
})

test('under modern the primary gets it: 7 and 0 for the other server, and 9 there', async () => {
  await moveInMidDelivery('modern')
  const records = await trackingToday(world)
  expect(records.map(inShort).toSorted()).toEqual(
    ['0 anna', '28 bob', '4 anna', '7 anna', '9 anna', '9 bob'].toSorted(),
  )
  const partner = (short: string) => records.find((one) => inShort(one) === short)?.partner
  expect(partner('7 anna')).toMatch(/cn=lon\/cn=Microsoft MTA$/)
  expect(partner('0 anna')).toMatch(/cn=nyc\/cn=Microsoft MTA$/)
  expect(partner('9 anna')).toMatch(/cn=lon\/cn=Microsoft Private MDB$/)
})
