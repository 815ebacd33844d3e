/**
 * What an MTA believes of recipients, whoever reads for it: a look-up asks for what is in its cache
 * and its server's replica, alias by alias until no alternate is missing, then for what the store
 * beside it holds. The driver answers, from Redis or from memory.
 */
import {
  atOwnStore,
  type Cached,
  type DirectoryEntry,
  type Lookup,
  lookup,
} from '../../machines/cache.ts'
import { partsOfProfile } from '../../machines/parts.ts'
import type { Profile } from '../../machines/profile.ts'
import type { Beliefs } from '../../machines/reads.ts'
import { missing, routed } from '../../machines/routing.ts'

export interface Believed {
  lookups: Record<string, Lookup>
  refreshed: Record<string, Cached>
}

/** Asked for: what is known of aliases, or the states of mailboxes at the own store. */
export type Question = { aliases: string[] } | { mailboxes: string[] }

/** The answer to either, in its order. */
export interface Answer {
  known?: { cached: Cached | null; replica: DirectoryEntry | null }[]
  states?: unknown[]
}

export function* believing(
  { server, records, bypass: wanted }: Beliefs,
  { at, stale = false }: { at: number; stale?: boolean },
  profile: Profile,
): Generator<Question, Believed, Answer> {
  const bypass = wanted && partsOfProfile(profile).readsPast
  // Without a prototype: a recipient may be called `constructor`.
  const lookups: Believed['lookups'] = Object.create(null)
  const refreshed: Believed['refreshed'] = Object.create(null)
  for (let aliases = missing(records, lookups); aliases.length > 0; ) {
    const { known = [] } = yield { aliases }
    aliases.forEach((alias, i) => {
      const { cached = null, replica = null } = known[i] ?? {}
      const answer = lookup({ alias, server, cached, replica, at, bypass, stale }, profile)
      lookups[alias] = answer.lookup
      if (answer.refreshed) refreshed[alias] = answer.refreshed
    })
    aliases = missing(records, lookups)
  }
  // Of mailboxes that are believed elsewhere: does the store beside this MTA hold them?
  const away = routed(records, lookups).filter(
    ({ route, mailbox }) => route === 'elsewhere' && mailbox !== null,
  )
  if (away.length > 0) {
    const { states = [] } = yield { mailboxes: away.map(({ mailbox }) => mailbox as string) }
    away.forEach((found, i) => {
      lookups[found.alias] = atOwnStore(found, server, states[i])
    })
  }
  return { lookups, refreshed }
}
