/**
 * Where a message's leaves really are: what the stores hold, and whether the directory points
 * there.
 */
import { repetitionsOf } from '../../machines/item-keys.ts'
import type { Stored } from '../../machines/wire.ts'
import { moveOf } from './claims.ts'
import type { Client } from './commit.ts'
import { newest } from './directory-read.ts'
import { boxKey, directoryKey } from './keys.ts'
import type { Leaf } from './leaves.ts'
import type { Settings } from './settings.ts'

export async function lookUpPlaces(
  client: Client,
  settings: Settings,
  id: string,
  leaves: Leaf[],
): Promise<void> {
  await Promise.all(
    leaves.flatMap((leaf) =>
      leaf.mailbox === null
        ? []
        : settings.servers.map(async (server) => {
            const box = boxKey(settings, server, leaf.mailbox as string)
            const [held, transit, logged] = await Promise.all([
              client.hexists(`${box}:items`, id),
              client.hexists(`${box}:transit`, id),
              client.zscore(`${box}:log`, id),
            ])
            if (held === 1) leaf.places.push(server)
            if (transit === 1) leaf.places.push(`${server} (in transit)`)
            if (held === 0 && logged !== null) leaf.removed.push(server)
            if (leaf.unanswered) await lookUpRepetitions(client, box, server, id, leaf)
          }),
    ),
  )
  for (const leaf of leaves) forgetEarlierStays(leaf)
}

/** Copies that a store took because it did not know that it had the message (RFC 1047). */
async function lookUpRepetitions(
  client: Client,
  box: string,
  server: string,
  id: string,
  leaf: Leaf,
): Promise<void> {
  const pattern = `${repetitionsOf(id)}*`
  const logged = await scanned((at) => client.zscan(`${box}:log`, at, 'MATCH', pattern))
  const moving = await scanned((at) => client.hscan(`${box}:transit`, at, 'MATCH', pattern))
  for (const key of logged) {
    leaf.repetitions.push(key)
    if ((await client.hexists(`${box}:items`, key)) === 1) leaf.places.push(server)
  }
  for (const key of moving) {
    leaf.repetitions.push(key)
    leaf.places.push(`${server} (in transit)`)
  }
}

/** The keys of a scan that answers with keys and values in turn. */
async function scanned(
  scan: (cursor: string) => Promise<[cursor: string, elements: string[]]>,
): Promise<Set<string>> {
  const keys = new Set<string>()
  let cursor = '0'
  do {
    const [next, flat] = await scan(cursor)
    cursor = next
    for (let i = 0; i < flat.length; i += 2) keys.add(flat[i] as string)
  } while (cursor !== '0')
  return keys
}

/** A store remembers what was delivered before the mailbox moved away: that is no removal. */
export function forgetEarlierStays(leaf: { places: string[]; removed: string[] }): void {
  if (leaf.places.length > 0) leaf.removed.length = 0
}

/**
 * What is held where the directory does not point is lost for its reader (I2), unless a move is at
 * work there. It is looked at twice, since a move may end between two readings.
 */
export async function findMisplaced(
  client: Client,
  settings: Settings,
  id: string,
  leaves: Leaf[],
): Promise<void> {
  let suspects = leaves.filter(({ outcome }) => outcome === 'delivered')
  for (let twice = 0; twice < 2 && suspects.length > 0; twice++) {
    if (twice > 0) {
      for (const leaf of suspects) Object.assign(leaf, { places: [], removed: [], repetitions: [] })
      await lookUpPlaces(client, settings, id, suspects)
    }
    const homes = await homesOf(client, settings, suspects)
    const away = suspects.filter((leaf, i) => {
      const home = homes[i]
      return home && ![...leaf.places, ...leaf.removed].includes(home)
    })
    const moves = await Promise.all(
      away.map(({ mailbox }) => moveOf({ client }, settings, mailbox as string)),
    )
    suspects = away.filter((_, i) => moves[i] === null)
  }
  for (const leaf of suspects) {
    const where = [...leaf.places, ...leaf.removed].join(', ')
    leaf.outcome = 'lost'
    leaf.why = `held by ${where || 'nobody'}, and the directory names another server`
  }
}

/** Where the directory says that each leaf's mailbox is; null when its alias is another's now. */
async function homesOf(
  client: Client,
  settings: Settings,
  leaves: Leaf[],
): Promise<(string | null)[]> {
  const aliases = leaves.map(({ address }) => address)
  const texts = await Promise.all(
    settings.servers.map((server) => client.hmget(directoryKey(settings, server), ...aliases)),
  )
  return leaves.map(({ mailbox }, i) => {
    const records = texts.flatMap((replica) => {
      const record = replica[i] ? (JSON.parse(replica[i]) as Stored).a.record : undefined
      return record ? [record] : []
    })
    const entry = newest(records)
    return entry?.mailbox === mailbox ? entry.home : null
  })
}
