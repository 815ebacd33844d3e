/**
 * What every part of the live emulator is given.
 */
import { missingDefect } from '../../machines/defects.ts'
import type { Caller } from '../../machines/wire.ts'
import { type ProblemCode, problem } from '../errors.ts'
import type { Connection } from '../redis/connect.ts'
import type { Admission } from './admission.ts'
import type { Alarms } from './alarms.ts'
import type { Client } from './commit.ts'
import type { Confirmation } from './confirm.ts'
import type { Queues } from './queues.ts'
import type { Settings, SettingsStore } from './settings.ts'
import type { Watch } from './watch.ts'

export interface Live {
  connection: Connection
  client: Client
  confirmation: Confirmation
  admission: Admission
  queues: Queues
  alarms: Alarms
  settings: SettingsStore
  watch: Watch
  /** The trace context of whoever asks, where the calls are on somebody's behalf. */
  caller?: Caller
}

export async function siteOf(live: Live, site: string): Promise<Settings> {
  const settings = await live.settings.get(site)
  if (!settings) throw problem('unknown-site', `There is no site "${site}".`)
  return settings
}

/** The same, where something is to begin: the machines of its profile are here. */
export async function runnableSite(live: Live, site: string): Promise<Settings> {
  const settings = await siteOf(live, site)
  const missing = missingDefect(settings.profile)
  if (missing !== null) throw problem('missing-defect', `Of the site ${site} ${missing}.`)
  return settings
}

export function serverIn(settings: Settings, server: string): string {
  if (settings.servers.includes(server)) return server
  const known = settings.servers.join(', ')
  throw problem('unknown-server', `The site ${settings.site} has no server "${server}": ${known}.`)
}

/** What a site's change of settings could not be, since the site went away meanwhile. */
export function still<T>(found: T | null, site: string, code: ProblemCode = 'unknown-site'): T {
  if (found === null) throw problem(code, `There is no "${site}" any more.`)
  return found
}

/**
 * How long the API waits for an event that it injected itself before it says that it is taking
 * long.
 */
export const OWN_EVENT_MS = 5_000
export const iso = (at: number): string => new Date(at).toISOString()
