/**
 * A live site on which everything happened that a journal can tell of, and its bundle.
 *
 * Mail was delivered, deferred, transferred and reported; one move rolled back, one completed; a
 * mailbox was made and deleted, an item removed, timers rang.
 */
import type { Bundle } from '../../../services/runtime/views-of-bundle.ts'
import type { Sites } from '../../support/site.ts'

export const ALL = { steps: 100_000, recipients: 100_000 }

export async function eventfulSite(sites: Sites, profile: string): Promise<string> {
  const { emulator } = sites
  const site = await sites.open({ profile })
  await emulator.setClock(site, { stop: true })
  const everybody = ['anna', 'bob', 'dave', 'nobody', 'far@away.example']
  await sites.send(site, everybody, { from: 'carol' })
  await sites.rest(site)
  const back = await emulator.startMove(site, { mailbox: 'anna', to: 'lon', holdAt: 'verified' })
  await sites.moveIn(site, back.id, { phase: 'verified', held: true })
  const late = await sites.send(site, ['anna', 'dave'])
  await emulator.recipient(site, late.id, 'anna', { until: 'deferred', timeoutMs: 20_000 })
  await emulator.cancelMove(site, back.id)
  await sites.moveIn(site, back.id, { state: 'rolledBack' })
  await emulator.advance(site, { until: 'idle' })
  await sites.settled(site, late.id)
  const away = await emulator.startMove(site, { mailbox: 'anna', to: 'lon', holdAt: 'copying' })
  await sites.moveIn(site, away.id, { phase: 'copying', held: true })
  const lost = await sites.send(site, 'anna')
  await emulator.recipient(site, lost.id, 'anna', { until: 'deferred', timeoutMs: 20_000 })
  await emulator.releaseMove(site, away.id)
  await sites.moveIn(site, away.id, { state: 'completed' })
  await emulator.advance(site, { until: 'idle' })
  await sites.settled(site, lost.id)
  await emulator.putMailbox(site, { alias: 'erin', server: 'lon' })
  await sites.send(site, 'erin', { from: '' })
  await sites.rest(site)
  const page = { offset: 0, limit: 1 }
  const { items } = await emulator.items(site, 'erin', page)
  await emulator.deleteItem(site, 'erin', items[0]?.id ?? '')
  await emulator.deleteMailbox(site, 'erin')
  await emulator.advance(site, { until: 'idle' })
  await sites.rest(site)
  return site
}

export async function eventfulBundle(sites: Sites, profile: string): Promise<Bundle> {
  return sites.emulator.bundle(await eventfulSite(sites, profile), ALL)
}
