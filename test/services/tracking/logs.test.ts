/** The tracking log and the event log over HTTP: each kind of end, and what bad requests get. */
import { describe, expect, test } from 'vitest'
import { eventLines } from '../../../services/tracking/event-log.ts'
import type { Party } from '../../../services/tracking/happenings.ts'
import { trackingLines } from '../../../services/tracking/tracking-log.ts'
import { liveWorld } from '../api/live-world.ts'
import { eventsOf, inShort, logEvents, today, trackingRecords, trackingToday } from './parsed.ts'

const world = liveWorld()

async function sent(message: object): Promise<string> {
  const { body } = await world.post<{ id: string }>(`${world.site}/messages`, message)
  await world.get(`${world.site}/audit?rest=20s`)
  return body.id
}

const exchangeEvents = async () =>
  (await eventsOf(world)).filter(({ source }) => source === 'MSExchangeMTA')
const numbers = async () => (await exchangeEvents()).map(({ event }) => event)
const shortToday = async () => (await trackingToday(world)).map(inShort)

describe('a line of the tracking log', () => {
  test('has the fields of Q173280', async () => {
    const id = await sent({ from: 'carol', to: ['bob'], subject: 'Lunch?', priority: 'urgent' })
    const name = world.site.split('/').at(-1)
    const [submitted, delivered] = await trackingToday(world)
    const carol = `/o=Undeliverable/ou=${name}/cn=Recipients/cn=carol`
    const servers = `/o=Undeliverable/ou=${name}/cn=Configuration/cn=Servers`
    const store = `${servers}/cn=nyc/cn=Microsoft Private MDB`
    const { body } = await world.get<{ size: number }[] & { items: { size: number }[] }>(
      `${world.site}/mailboxes/bob/messages`,
    )
    const size = submitted?.fields[8]
    expect(Number(size)).toBeGreaterThan(0)
    expect(Number(size)).toBeLessThanOrEqual(body.items[0]?.size ?? 0)
    const at = submitted?.at ?? ''
    expect(at).toMatch(/^\d{4}\.[1-9]\d?\.[1-9]\d? \d{1,2}:\d{1,2}:\d{1,2}$/)
    expect(submitted?.fields).toEqual([
      id,
      '4',
      at,
      '',
      store,
      '',
      carol,
      '1',
      size,
      '0',
      '1',
      '',
      '1',
    ] as string[])
    expect(delivered).toMatchObject({ id, event: 9, partner: store, originator: carol })
  })

  test('is written for each hop, of reports too', async () => {
    await world.post(`${world.site}/faults`, {
      match: { event: 'mail.offered', mailbox: 'dave' },
      do: { refuse: { reason: 1, diagnostic: 4 } },
    })
    const id = await sent({ from: 'carol', to: ['dave'] })
    const all = await trackingToday(world)
    const told = ['4 dave', '0 dave', '7 dave', '34 dave 1', '2 carol', '8 carol', '10 carol 0']
    expect(all.map(inShort).toSorted()).toEqual(told.toSorted())
    expect(all.filter(({ report }) => report === `${id}~1`).map(inShort)).toEqual(told.slice(3))
    expect(all.every((record) => record.id === id)).toBe(true)
    const mta = (server: string) => new RegExp(`cn=${server}/cn=Microsoft MTA$`)
    for (const [short, partner] of [
      ['7 dave', 'lon'],
      ['0 dave', 'nyc'],
      ['8 carol', 'nyc'],
      ['2 carol', 'lon'],
    ] as const) {
      expect(all.find((one) => inShort(one) === short)?.partner).toMatch(mta(partner))
    }
  })

  test('has the connector for what comes from beyond the site, and goes there', async () => {
    await sent({ from: 'ann@far.example', to: ['bob', 'eve@far.example'], notify: ['success'] })
    const all = await trackingToday(world)
    const told = all.map(inShort)
    expect(told).toEqual(expect.arrayContaining(['0 bob eve@far.example', '9 bob']))
    expect(told).toEqual(expect.arrayContaining(['7 eve@far.example', '8 ann@far.example']))
    expect(told.filter((one) => one.startsWith('34'))).toEqual(
      expect.arrayContaining(['34 bob 0', '34 eve@far.example 0']),
    )
    const [first] = all
    expect(first?.partner).toMatch(/cn=Connections\/cn=Internet Mail Service \(nyc\)$/)
    expect(first?.originator).toBe('SMTP:ann@far.example')
    expect(await numbers()).toEqual([])
  })

  test('names all whom a large message was for', async () => {
    const to = Array.from({ length: 450 }, (_, i) => `guest${i}@far.example`)
    await sent({ from: 'carol', to })
    const all = await trackingToday(world)
    expect(all[0]?.recipients.map(({ name }) => name)).toEqual(to.map((one) => `SMTP:${one}`))
    expect(all.filter(({ event }) => event === 7)).toHaveLength(450)
  })
})

describe('what fails', () => {
  test('is 2245, 142 and 290 where the directory does not have the name', async () => {
    await sent({ from: 'carol', to: ['nobody'] })
    expect(await numbers()).toEqual([2245, 142, 290])
    expect(await shortToday()).toEqual(['4 nobody', '34 nobody 1', '10 carol 0'])
  })

  test('is told by one name on every line, however the address was typed', async () => {
    const name = world.site.split('/').at(-1)
    await sent({ from: 'carol', to: [`Nobody@${name}.example`] })
    expect(await shortToday()).toEqual(['4 nobody', '34 nobody 1', '10 carol 0'])
    const last = (await exchangeEvents()).at(-1)
    expect(last?.description).toContain(`destined for DN:/o=Undeliverable/ou=${name}/cn=Recip`)
    expect(last?.description).toContain('/cn=nobody (recipient number 1)')
  })

  test('is on one line where one report tells of several, and 290 for each', async () => {
    await sent({ from: 'carol', to: ['nobody', 'noone'] })
    expect(await shortToday()).toEqual(['4 nobody noone', '34 nobody 1 noone 1', '10 carol 0'])
    expect((await numbers()).filter((event) => event === 290)).toHaveLength(2)
  })

  test('is 145 where alternates lead back to one another', async () => {
    const put = (alias: string, alternateRecipient: string | null) =>
      world.call('PUT', `${world.site}/mailboxes/${alias}`, { server: 'nyc', alternateRecipient })
    await put('erin', null)
    await put('frank', 'erin')
    await put('erin', 'frank')
    await sent({ from: 'carol', to: ['erin'] })
    expect(await numbers()).toEqual([145, 290])
    const [, report] = await exchangeEvents()
    expect(report?.description).toMatch(/cn=erin \(recipient number 1\), and was to be redirected/)
    expect(report?.description).toMatch(/redirected to DN:.*cn=frank\. \[MTA/)
  })

  test('is 201 where a message has passed too many systems', async () => {
    await world.call('PATCH', world.site, { profile: { extends: 'modern', hopLimit: 0 } })
    await sent({ from: 'carol', to: ['bob'] })
    const [first] = await exchangeEvents()
    expect(first).toMatchObject({ event: 201, description: expect.stringMatching(/loop-detected/) })
  })

  test('is 208 and 290 where its time has run out', async () => {
    await world.post(`${world.site}/faults`, {
      ...{ match: { event: 'mail.offered', mailbox: 'bob' }, do: { defer: true } },
    })
    const profile = { extends: 'exchange-5.5-sp4', expiryMs: { normal: 600_000 } }
    await world.call('PATCH', world.site, { profile })
    await world.post(`${world.site}/messages`, { from: 'carol', to: ['bob'] })
    await world.post(`${world.site}/clock`, { advance: '1h' })
    await world.get(`${world.site}/audit?rest=20s`)
    const events = await exchangeEvents()
    expect(events.map(({ event }) => event)).toEqual([208, 290])
    expect(events[0]?.description).toMatch(/has expired \(10 minutes after a submission\)/)
    expect(events[1]?.description).toMatch(/diagnostic code maximum-time-expired/)
  })

  test('is 43 and 141 where it is a report, and no second report', async () => {
    await world.post(`${world.site}/faults`, {
      match: { event: 'mail.offered', mailbox: 'carol' },
      do: { refuse: { reason: 1, diagnostic: 4 } },
    })
    const id = await sent({ from: 'carol', to: ['nobody'] })
    expect(await shortToday()).toEqual(['4 nobody', '34 nobody 1', '43 carol 1'])
    expect(await numbers()).toEqual([2245, 142, 290, 270, 141])
    const last = (await exchangeEvents()).at(-1)
    expect(last?.description).toContain(`unable to route a report for message ${id}~1.`)
  })

  test('leaves no event of Exchange’s where its originator wanted none', async () => {
    await sent({ from: 'carol', to: ['nobody'], notify: ['never'] })
    expect(await numbers()).toEqual([2245, 142])
    const own = (await eventsOf(world)).filter(({ source }) => source === 'Undeliverable')
    expect(own).toMatchObject([
      { event: 3, description: expect.stringMatching(/wanted no report/) },
    ])
  })
})

describe('requests', () => {
  test('are text; a day of which there is nothing is empty', async () => {
    await sent({ from: 'carol', to: ['bob'] })
    const file = await today(world)
    const log = await world.get(`${world.site}/tracking.log/${file}`)
    expect(log.headers['content-type']).toBe('text/tab-separated-values; charset=utf-8')
    const events = await world.get(`${world.site}/event.log`)
    expect(events.headers['content-type']).toBe('text/plain; charset=utf-8')
    const past = await world.get(`${world.site}/tracking.log/19991123.log`)
    expect([past.status, past.body]).toEqual([200, ''])
  })

  test.each([
    ['/tracking.log/20260231.log', 400, 'bad-request'],
    ['/tracking.log/today.log', 400, 'bad-request'],
    ['/tracking.log?before=20261301', 400, 'bad-request'],
  ])('of %s get %i %s', async (path, status, code) => {
    const answer = await world.get(`${world.site}${path}`)
    expect(answer).toMatchObject({ status, body: { code } })
  })

  test.each(['/tracking.log', '/tracking.log/20261123.log', '/event.log'])(
    'of %s of a site that is not there get 404',
    async (path) => {
      const answer = await world.get(`/sites/nowhere${path}`)
      expect(answer).toMatchObject({ status: 404, body: { code: 'unknown-site' } })
    },
  )
})

test('an address cannot begin a field or a line of its own', () => {
  const party: Party = {
    ...{ number: 1, branch: 0, name: '"a\tb\r\nc\u2028"@far.example', about: {} },
    ...{ remote: false, end: null, why: 'x\ty' },
  }
  const what = { at: 0, server: 'nyc', id: 'one', header: null, parties: [party], by: '' }
  const lines = trackingLines('demo', { ...what, what: 'delivered' }, [])
  expect(trackingRecords(lines)[0]?.recipients).toEqual([
    { name: 'SMTP:"a b  c "@far.example', status: '' },
  ])
  expect(logEvents(eventLines('demo', { ...what, what: 'deferred' }))).toHaveLength(1)
})
