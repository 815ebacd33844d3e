/**
 * The longest waits there are by default: seven days of a retry every ten minutes, and as long for
 * a store that nobody runs.
 */
import { expect, onTestFinished, test } from 'vitest'
import { startWorkers } from '../../../services/workers.ts'
import { FLAWLESS, liveSites } from '../../support/site.ts'

const sites = liveSites()
const storeless = liveSites({ workers: false })
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

test('seven days of 1,008 retries pass in seconds', { timeout: MINUTE }, async () => {
  const site = await sites.open()
  const match = { event: 'mail.offered', mailbox: 'bob' }
  await sites.emulator.addFault(site, { match, do: { defer: true } })
  const { id } = await sites.send(site, 'bob')
  await sites.emulator.recipient(site, id, 'bob', { until: 'deferred', timeoutMs: 10_000 })
  const { blockedBy, advancedMs } = await sites.emulator.advance(site, { until: 'idle' })
  expect(blockedBy).toEqual([])
  expect(advancedMs).toBeGreaterThan(6.9 * DAY)
  expect(advancedMs).toBeLessThan(7.1 * DAY)
  const [entry] = await sites.settled(site, id)
  expect(entry).toMatchObject({ state: 'expired', outcome: 'reported' })
  expect(entry?.attempts).toBeGreaterThanOrEqual(1_000)
  expect(entry?.attempts).toBeLessThanOrEqual(1_009)
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, reported: 1 })
})

test('a store that nobody runs keeps no call waiting', { timeout: 2 * MINUTE }, async () => {
  const roles = ['mta', 'moves', 'directory'] as const
  const workers = await startWorkers(storeless.connection, { roles: [...roles] })
  onTestFinished(() => workers.close())
  const site = await storeless.open()
  await storeless.send(site, 'bob')
  const advanced = await storeless.emulator.advance(site, { until: 'idle' })
  // Waited for at each instant anew it would not have come through the second day.
  expect(advanced.advancedMs).toBeGreaterThan(7 * DAY)
  const where = expect.objectContaining({ queue: `${site}.nyc.store` })
  expect(advanced.blockedBy).toContainEqual(where)
})
