/**
 * The site `demo`, made at the first start so that there is something to try at once.
 *
 * That it was made once is remembered in Redis: whoever deletes it does not get it back at the next
 * start. The mark is set after the site is made, so a crash between the two makes it again, which
 * finds it there.
 */
import type { Connection } from './redis/connect.ts'
import type { Emulator } from './runtime/emulator.ts'
import type { SiteSpec } from './runtime/views-of-mail.ts'

export const DEMO_SITE: SiteSpec = {
  name: 'demo',
  domain: 'demo.example',
  profile: 'exchange-5.5-sp3',
  servers: ['nyc', 'lon'],
  mailboxes: [
    { alias: 'anna', server: 'nyc', alternateRecipient: 'bob', deliverToBoth: true },
    { alias: 'bob', server: 'nyc' },
    { alias: 'carol', server: 'nyc' },
    { alias: 'dave', server: 'lon' },
  ],
}

export type DemoState = 'made' | 'present' | 'deleted'

export async function ensureDemo(
  emulator: Pick<Emulator, 'createSite' | 'sites'>,
  connection: Connection,
): Promise<DemoState> {
  const mark = `${connection.namespace}:demo-was-made`
  const client = connection.client()
  try {
    // The mark first: it is set only when the site is there, so one that is gone was deleted.
    const wasMade = (await client.exists(mark)) === 1
    const present = (await emulator.sites()).some((site) => site.name === DEMO_SITE.name)
    if (present) await client.set(mark, '1')
    if (present || wasMade) return present ? 'present' : 'deleted'
    const state = await create(emulator)
    await client.set(mark, '1')
    return state
  } finally {
    client.disconnect()
  }
}

async function create(emulator: Pick<Emulator, 'createSite'>): Promise<DemoState> {
  try {
    await emulator.createSite(DEMO_SITE)
    return 'made'
  } catch (error) {
    // Another API process of this namespace was quicker.
    if ((error as { code?: unknown }).code === 'site-exists') return 'present'
    throw error
  }
}
