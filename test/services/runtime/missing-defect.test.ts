/**
 * A site with a defect of the user's own, at a service that was started without its file: nothing
 * is accepted, nothing runs, and it is said why; with the file all goes on.
 */
import { afterEach, expect, test, vi } from 'vitest'
import { settingsChannel } from '../../../services/runtime/keys.ts'
import type { Settings } from '../../../services/runtime/settings.ts'
import { liveSites, soon } from '../../support/site.ts'

const sites = liveSites()

afterEach(() => vi.restoreAllMocks())

/** As if another service, which has the file, had made it so. */
async function withDefects(site: string, defects: string[]): Promise<void> {
  const { client, connection } = sites
  const settings = JSON.parse((await client.get(sites.key(site, 'settings'))) ?? '') as Settings
  const epoch = settings.epoch + 1
  const profile = { ...settings.profile, defects }
  await client.set(sites.key(site, 'settings'), JSON.stringify({ ...settings, profile, epoch }))
  await client.set(sites.key(site, 'epoch'), epoch)
  await client.publish(settingsChannel(connection.namespace), site)
}

test('it waits in words, and goes on when the defect is known', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const site = await sites.open()
  const { emulator } = sites
  const held = await emulator.startMove(site, { mailbox: 'dave', to: 'nyc', holdAt: 'locked' })
  await sites.moveIn(site, held.id, { held: true })
  await withDefects(site, ['of-mine'])

  const words = 'the defect "of-mine" is not known here: name its file, --defect FILE'
  await expect
    .poll(() => said.mock.calls.flat(), soon)
    .toContain(`The site ${site} waits here: ${words}.`)
  const refused = { code: 'missing-defect', detail: `Of the site ${site} ${words}.` }
  const letter = { from: 'carol', to: ['dave'] }
  await expect(emulator.accept(site, letter)).rejects.toMatchObject(refused)
  const move = { mailbox: 'anna', to: 'lon' }
  await expect(emulator.startMove(site, move)).rejects.toMatchObject(refused)
  const put = { alias: 'eve', server: 'nyc' }
  await expect(emulator.putMailbox(site, put)).rejects.toMatchObject(refused)
  const other = emulator.changeProfile(site, 'modern')
  await expect(other).rejects.toMatchObject({ code: 'missing-defect' })

  await withDefects(site, [])
  await emulator.releaseMove(site, held.id)
  await sites.moveIn(site, held.id, { state: 'completed' })
  const { id } = await sites.send(site, 'dave')
  expect(await sites.settled(site, id)).toMatchObject([{ outcome: 'delivered' }])
})
