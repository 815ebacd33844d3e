/**
 * Deferred delivery, live: a message is held where it was submitted until its moment, also by a
 * service that was stopped meanwhile, and says what it waits for.
 */
import { expect, test } from 'vitest'
import { Problem } from '../../../services/errors.ts'
import { startWorkers } from '../../../services/workers.ts'
import { ALL_ROLES, FLAWLESS, liveSites, soon } from '../../support/site.ts'

const sites = liveSites({ workers: false })

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

test('it is held until then, and says so', async () => {
  const workers = await startWorkers(sites.connection, { roles: [...ALL_ROLES] })
  const site = await sites.open()
  const { now } = await sites.emulator.setClock(site, { stop: true })
  const deferUntil = Date.parse(now) + DAY_MS
  const { id } = await sites.send(site, 'dave', { deferUntil, priority: 'urgent' })
  const waits = async () => (await sites.emulator.message(site, id)).recipients[0]?.waitsFor
  const text = 'the moment before which its originator does not want it delivered'
  const due = new Date(deferUntil).toISOString()
  await expect.poll(waits, soon).toEqual([
    { kind: 'timer', text, due },
    { kind: 'clock', text: 'the clock of the site is stopped' },
  ])
  // Its time to expire counts from then.
  const message = await sites.emulator.message(site, id)
  expect(message).toMatchObject({ state: 'pending', deferUntil: due })
  expect(Date.parse(message.expiresAt)).toBe(deferUntil + 2 * DAY_MS)
  expect(await sites.emulator.audit(site)).toMatchObject({ accepted: 1, pending: 1, lost: [] })

  // The timer is data, so that a stop makes no difference.
  await workers.close()
  const others = await startWorkers(sites.connection, { roles: [...ALL_ROLES] })
  await sites.emulator.advance(site, { ms: DAY_MS - HOUR_MS })
  expect((await sites.emulator.message(site, id)).state).toBe('pending')
  await sites.emulator.advance(site, { ms: HOUR_MS })
  await sites.settled(site, id)
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 1 })
  await others.close()
})

test('a moment that has passed is none, and one that is too far off is refused', async () => {
  const workers = await startWorkers(sites.connection, { roles: [...ALL_ROLES] })
  const site = await sites.open()
  const { id } = await sites.send(site, 'dave', { deferUntil: Date.now() - DAY_MS })
  await sites.settled(site, id)
  expect(await sites.emulator.message(site, id)).not.toHaveProperty('deferUntil')
  const far = sites.send(site, 'dave', { deferUntil: Date.now() + 46 * DAY_MS })
  await expect(far).rejects.toThrow(Problem)
  await expect(far).rejects.toThrow('more than 45 days after')
  expect((await sites.rest(site)).accepted).toBe(1)
  await workers.close()
})
