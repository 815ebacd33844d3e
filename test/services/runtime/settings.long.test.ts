/** Copies of a site's settings: an announcement that nobody heard makes none of them old. */
import { expect, onTestFinished, test } from 'vitest'
import { openSettings, type Settings } from '../../../services/runtime/settings.ts'
import { liveSites, soon } from '../../support/site.ts'

const sites = liveSites({ workers: false })

test('a change that was not announced is seen soon', async () => {
  const site = await sites.open()
  const store = await openSettings(sites.connection)
  onTestFinished(() => store.close())
  const old = (await store.get(site)) as Settings
  const changed: Settings = { ...old, paused: true, epoch: old.epoch + 1 }
  await sites.client.set(sites.key(site, 'settings'), JSON.stringify(changed))
  await sites.client.set(sites.key(site, 'epoch'), changed.epoch)
  expect(await store.get(site)).toMatchObject({ paused: false })
  await expect.poll(() => store.get(site), soon).toMatchObject({ paused: true })
})
