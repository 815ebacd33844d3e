/** An entry is written as it stands, as in an administrator's raw mode (Q252869). */
import { expect, test } from 'vitest'
import { BUNDLE_STEPS_MAX } from '../../../services/api/limits.ts'
import { conform } from '../../../services/check/conform/conform.ts'
import { homeOf } from '../../../services/check/home/home.ts'
import { FLAWLESS, liveSites } from '../../support/site.ts'

const sites = liveSites()

const subjectsOf = async (site: string, alias: string) => (await sites.subjects(site, alias)).sort()

/** What has happened conforms, and its schedule is one of the machines. */
async function comesHome(site: string): Promise<void> {
  const { emulator } = sites
  const bundle = await emulator.bundle(site, { steps: BUNDLE_STEPS_MAX, recipients: 100 })
  expect(conform(bundle)).toMatchObject({ conforms: true })
  const { schedule } = homeOf(bundle, 'it')
  expect(Object.values(schedule.outcomes)).toEqual(['delivered'])
}

test('raw mode names the server that has the mailbox, and only such a one', async () => {
  const site = await sites.open({ profile: 'exchange-5.5-sp4+Q252869' })
  const { emulator } = sites
  await sites.send(site, 'bob', { subject: 'before' })
  await sites.rest(site)
  const raw = { alias: 'bob', server: 'lon' }
  const exists = { code: 'mailbox-exists' }
  await expect(emulator.putMailbox(site, raw, 'now')).rejects.toMatchObject(exists)
  // Nothing was moved yet.
  await expect(emulator.putMailbox(site, raw, 'now', true)).rejects.toMatchObject(exists)
  const { id } = await emulator.startMove(site, { mailbox: 'bob', to: 'lon' })
  await sites.moveIn(site, id, { state: 'completed' })
  expect(await subjectsOf(site, 'bob')).toEqual([])
  const { mailbox } = await emulator.putMailbox(site, raw, 'now', true)
  expect(mailbox).toMatchObject({ server: 'lon', stores: { lon: { state: 'open' } } })
  await emulator.restartServer(site, 'nyc', 'mta')
  await sites.send(site, 'bob', { subject: 'after' })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2 })
  expect(await subjectsOf(site, 'bob')).toEqual(['after', 'before'])
  const { stores } = await emulator.mailbox(site, 'bob')
  expect(stores.nyc?.state).not.toBe('open')

  await comesHome(site)
})
test('raw mode makes again what was deleted elsewhere, and only there', async () => {
  const site = await sites.open({ profile: 'exchange-5.5-sp4+Q252869' })
  const { emulator } = sites
  await sites.send(site, 'bob', { subject: 'before' })
  await sites.rest(site)
  const { id } = await emulator.startMove(site, { mailbox: 'bob', to: 'lon' })
  await sites.moveIn(site, id, { state: 'completed' })
  await emulator.deleteMailbox(site, 'bob')
  const raw = { alias: 'bob', server: 'lon' }
  const { created, mailbox } = await emulator.putMailbox(site, raw, undefined, true)
  expect([created, mailbox.stores]).toMatchObject([true, { lon: { state: 'open' } }])
  expect(await subjectsOf(site, 'bob')).toEqual(['before'])
  await emulator.restartServer(site, 'nyc', 'mta')
  await sites.send(site, 'bob', { subject: 'after' })
  expect(await sites.rest(site)).toMatchObject({ ...FLAWLESS, delivered: 2 })

  await comesHome(site)

  // What its own server had was deleted with it.
  await emulator.deleteMailbox(site, 'bob')
  await emulator.putMailbox(site, raw, undefined, true)
  expect(await subjectsOf(site, 'bob')).toEqual([])
  // And where there is nothing, one is made.
  await emulator.deleteMailbox(site, 'bob')
  await emulator.putMailbox(site, { ...raw, server: 'nyc' }, undefined, true)
  expect(await subjectsOf(site, 'bob')).toEqual([])
  expect(await sites.rest(site)).toMatchObject(FLAWLESS)
})
