/**
 * What of a site's mailboxes and its directory must be so at rest (I6).
 */
import type { DirectoryEntry } from '../../machines/cache.ts'
import { partsOf } from '../../machines/protocol.ts'
import type { SiteFacts, Stored } from '../../machines/wire.ts'
import { stateName } from '../../machines/words.ts'
import { newestEntry } from './edits.ts'
import type { Listed, Sorted, Violation } from './judge.ts'

/** States of a mailbox at a store that has it for good. */
const OPEN = 'open'
const GONE: ReadonlySet<string> = new Set(['absent', 'removing'])

/** Exactly one store has each mailbox, and the directory names it (I6). */
export function judgeMailboxes(
  cells: Listed,
  site: SiteFacts,
  { stores: held, aliases }: Sorted,
): Violation[] {
  const stores = new Map<string, { server: string; state: string }[]>()
  for (const name of held) {
    const [server, mailbox] = partsOf(name) as [string, string]
    const state = stateName((cells.get(name) as Stored).s)
    if (GONE.has(state)) continue
    stores.set(mailbox, [...(stores.get(mailbox) ?? []), { server, state }])
  }
  const found: Violation[] = []
  for (const alias of aliases) {
    const entry = newestEntry(cells, site, alias)
    if (entry) found.push(...oldReplicas(cells, site, entry))
    if (!entry || entry.deleted || entry.list) continue
    const there = stores.get(entry.mailbox) ?? []
    const right = there.length === 1 && there[0]?.server === entry.home && there[0].state === OPEN
    if (right) continue
    const where = there.map(({ server, state }) => `${server} (${state})`).join(', ') || 'nobody'
    const why = `the directory names ${entry.home}, and ${where} has it`
    found.push({ invariant: 'I6', entry: `mailbox ${alias}`, why })
  }
  return found
}

/** At rest each write has reached each replica. */
function oldReplicas(cells: Listed, site: SiteFacts, newest: DirectoryEntry): Violation[] {
  return site.servers.flatMap((server) => {
    const replica = cells.get(`directory/${server}/${newest.alias}`) as Stored | undefined
    const version = replica?.a.record?.version ?? 0
    if (version === newest.version) return []
    const why = `the replica at ${server} has version ${version}, the newest is ${newest.version}`
    return [{ invariant: 'I6', entry: `mailbox ${newest.alias}`, why }]
  })
}
