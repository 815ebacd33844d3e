/**
 * From the addresses of a submission to the names by which the site knows them.
 */
import { OUTSIDE, type Stored } from '../../machines/wire.ts'
import { load } from './commit.ts'
import { entryOf, newest } from './directory-read.ts'
import { directoryKey, part } from './keys.ts'
import type { Live } from './live-parts.ts'
import type { Settings } from './settings.ts'

interface Resolved {
  /** An address of the site becomes its alias; one beyond the site stays what it is. */
  addresses: string[]
  /** The originator's home; null for one who has none here. */
  home: string | null
}

/**
 * One call for all addresses and the originator's entry at each server, guessed from the address.
 */
export async function resolveAll(
  live: Live,
  settings: Settings,
  given: string[],
): Promise<Resolved> {
  const lower = given.map((address) => address.toLowerCase())
  const aliases = lower.map((address, i) => aliasOf(settings, address, given[i] as string))
  const guess = aliases[0] as string
  const [known = [], ...replicas] = await load(live.client, [
    { key: part(settings, 0, 'addresses'), fields: lower },
    ...settings.servers.map((server) => ({ key: directoryKey(settings, server), fields: [guess] })),
  ])
  const addresses = aliases.map((alias, i) => known[i] ?? alias)
  const originator = addresses[0] as string
  if (originator !== guess) {
    const entry = await entryOf(live.client, settings, originator)
    return { addresses, home: entry && !entry.deleted ? entry.home : null }
  }
  const records = replicas.flatMap(([text]) =>
    text ? [(JSON.parse(text) as Stored).a.record] : [],
  )
  const entry = newest(records.filter((record) => record !== undefined))
  const here = entry && !entry.deleted && entry.alias !== OUTSIDE
  return { addresses, home: here ? entry.home : null }
}

function aliasOf({ domain }: Settings, lower: string, given: string): string {
  const at = lower.lastIndexOf('@')
  if (at < 0) return lower
  return lower.slice(at + 1) === domain ? lower.slice(0, at) : given
}
