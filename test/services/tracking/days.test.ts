/** Which days have a log, where each begins and ends, and what a trimmed journal says. */
import { expect, onTestFinished, test } from 'vitest'
import { openEmulator } from '../../../services/runtime/live.ts'
import { dayBounds, dayOf } from '../../../services/tracking/days.ts'
import { startWorkers } from '../../../services/workers.ts'
import { freshConnection } from '../../support/redis.ts'
import { ALL_ROLES, DEMO, liveSites, soon } from '../../support/site.ts'
import { inShort, trackingRecords } from './parsed.ts'

const DAY_MS = 86_400_000
const sites = liveSites()

async function textOf(log: Promise<AsyncIterable<string>>): Promise<string> {
  let text = ''
  for await (const piece of await log) text += piece
  return text
}

const logOf = async (site: string, day: string) =>
  trackingRecords(await textOf(sites.emulator.trackingLog(site, day)))

/** A letter on each of so many days, with a night of two days between; says the days. */
async function onDays(site: string, count: number): Promise<string[]> {
  await sites.emulator.setClock(site, { stop: true })
  const days: string[] = []
  for (let n = 0; n < count; n++) {
    if (n > 0) await sites.emulator.advance(site, { ms: 2 * DAY_MS })
    days.push(dayOf(Date.parse((await sites.emulator.clock(site)).now)))
    const { id } = await sites.send(site, n % 2 === 0 ? 'bob' : 'carol')
    await sites.settled(site, id)
  }
  return days
}

test('each day has its own log, in Greenwich Mean Time of the site', async () => {
  const site = await sites.open()
  const days = await onDays(site, 4)
  const { logs, earlier, trimmedBefore } = await sites.emulator.trackingLogs(site)
  expect(logs).toEqual(days.map((day) => `${day}.log`).toReversed())
  expect([earlier, trimmedBefore]).toEqual([false, null])
  for (const [n, day] of days.entries()) {
    const who = n % 2 === 0 ? 'bob' : 'carol'
    const records = await logOf(site, day)
    expect(records.map(inShort)).toEqual([`4 ${who}`, `9 ${who}`])
    expect(new Set(records.map(({ at }) => dayIn(at)))).toEqual(new Set([day]))
  }
  const between = dayOf(dayBounds(days[0] as string).until)
  expect(await logOf(site, between)).toEqual([])
  const before = await sites.emulator.trackingLogs(site, days[2])
  expect(before.logs).toEqual([`${days[1]}.log`, `${days[0]}.log`])
})

/** `20261123` of `2026.11.23 17:30:48`. */
const dayIn = (at: string): string =>
  (at.split(' ')[0] as string)
    .split('.')
    .map((part) => part.padStart(2, '0'))
    .join('')

test('a site on which nothing happened has none', async () => {
  const site = await sites.open()
  expect(await sites.emulator.trackingLogs(site)).toEqual({
    ...{ logs: [], earlier: false, trimmedBefore: null },
  })
  expect(await textOf(sites.emulator.eventLog(site))).toBe('')
})

test('a trimmed journal says that it is, where something may be missing', async () => {
  const site = await sites.open()
  const [first, second, third] = (await onDays(site, 3)) as [string, string, string]
  const journal = sites.key(site, 'journal')
  await sites.client.xtrim(journal, 'MAXLEN', 4)
  const { trimmedBefore, logs } = await sites.emulator.trackingLogs(site)
  expect(logs).toEqual([`${third}.log`, `${second}.log`])
  expect(trimmedBefore).toMatch(/Z$/)
  const said = `# The journal was trimmed: what happened before ${trimmedBefore} may be missing.\n`
  expect(await textOf(sites.emulator.trackingLog(site, first))).toBe(said)
  const partly = await textOf(sites.emulator.trackingLog(site, second))
  expect(partly.startsWith(said)).toBe(true)
  expect(trackingRecords(partly).map(inShort)).toEqual(['9 carol'])
  const whole = await textOf(sites.emulator.trackingLog(site, third))
  expect(whole.startsWith('#')).toBe(false)
  expect((await textOf(sites.emulator.eventLog(site))).startsWith(said)).toBe(true)
})

test('what retention has cleared away is told with what the journal still says', async () => {
  const site = await sites.open()
  const day = dayOf(Date.parse((await sites.emulator.clock(site)).now))
  const { id } = await sites.send(site, 'anna')
  await sites.send(site, 'nobody')
  await sites.rest(site)
  const all = await logOf(site, day)
  const lies = await sites.client.keys(`${sites.key(site, 'message')}:*`)
  expect(lies.length).toBeGreaterThan(2)
  await sites.client.del(lies)
  const left = await logOf(site, day)
  expect(left.map(({ event }) => event)).toEqual(all.map(({ event }) => event))
  const mine = left.filter((record) => record.id === id)
  const told = mine.map(inShort)
  expect(told.slice(0, 2)).toEqual(['4 anna', '28 bob'])
  // Two stores have them side by side.
  expect(told.slice(2).sort()).toEqual(['9 anna', '9 bob'])
  expect(mine.map(({ originator }) => originator)).toEqual(['', '', '', ''])
  expect((await textOf(sites.emulator.eventLog(site))).split('\n').length).toBeGreaterThan(1)
})

test('of several shards each step is there once, a message’s in order', async () => {
  const connection = { ...freshConnection(), shards: 4 }
  const emulator = await openEmulator(connection, { lagMs: Number.POSITIVE_INFINITY })
  onTestFinished(() => emulator.close())
  const workers = await startWorkers(connection, { roles: [...ALL_ROLES] })
  onTestFinished(() => workers.close())
  await emulator.createSite({ ...DEMO, name: 'wide' })
  const mail = { from: 'carol', to: ['bob'], subject: 'x', text: '' }
  const ids = await Promise.all(
    Array.from({ length: 20 }, async () => (await emulator.accept('wide', mail)).id),
  )
  await expect.poll(async () => (await emulator.audit('wide', 1_000)).atRest, soon).toBe(true)
  const day = dayOf(Date.parse((await emulator.clock('wide')).now))
  const records = trackingRecords(await textOf(emulator.trackingLog('wide', day)))
  expect(new Set(ids.map((id) => Number.parseInt(id.slice(-1), 16) % 4)).size).toBeGreaterThan(1)
  for (const id of ids) {
    const mine = records.filter((record) => record.id === id).map(inShort)
    expect(mine).toEqual(['4 bob', '9 bob'])
  }
  expect(records).toHaveLength(40)
})
