/**
 * Topology and profile to the first state of a site: every replica knows every mailbox and list,
 * every store has its own mailboxes.
 */
import type { DirectoryEntry, ListFacts } from './cache.ts'
import { directory } from './directory.ts'
import { mailbox } from './mailbox.ts'
import type { Address } from './protocol.ts'
import { initial, transition } from './transition.ts'
import { stamped } from './versions.ts'
import { OUTSIDE, type SiteFacts, type Stored } from './wire.ts'

/** A mailbox, or a distribution list, as a person describes it. */
export interface MailboxFacts {
  alias: string
  server: string
  addresses?: string[]
  alternateRecipient?: string | null
  deliverToBoth?: boolean
  /** It is a list: nobody's mailbox, and its server only the one whose replica is written first. */
  list?: ListFacts
  /** Bytes: when it holds so much, it takes no more mail. */
  storageLimit?: number | null
}

export const directoryEntry = (
  facts: MailboxFacts,
  mailboxId: string,
  version: number,
): DirectoryEntry => ({
  alias: facts.alias,
  home: facts.server,
  mailbox: mailboxId,
  alternate: facts.alternateRecipient ?? null,
  both: facts.deliverToBoth ?? false,
  addresses: facts.addresses ?? [],
  version,
  ...(facts.list ? { list: facts.list } : {}),
  ...(facts.storageLimit ? { limit: facts.storageLimit } : {}),
})

/**
 * The first actors: a mailbox each where it lives, its replica everywhere, and the one that stands
 * for outside.
 */
export function firstActors(site: SiteFacts, mailboxes: MailboxFacts[]): Map<Address, Stored> {
  const actors = new Map<Address, Stored>()
  const outside = { alias: OUTSIDE, server: site.servers[0] as string }
  for (const facts of [...mailboxes, outside] as MailboxFacts[]) {
    const record = directoryEntry(facts, facts.alias, 1)
    if (!facts.list) actors.set(`mailbox/${facts.server}/${facts.alias}`, opened(record))
    for (const server of site.servers) {
      actors.set(`directory/${server}/${facts.alias}`, replica(record))
    }
  }
  return actors
}

function opened({ limit }: DirectoryEntry): Stored {
  const first = initial(mailbox)
  const a = { created: true, ...(limit === undefined ? {} : { limit }) }
  const { value, context } = transition(mailbox, first, { type: 'mailbox.created' })
  return stamped('mailbox', { v: 1, s: value, c: context, a })
}

function replica(record: DirectoryEntry): Stored {
  const { value, context } = initial(directory)
  return stamped('directory', { v: 1, s: value, c: context, a: { record } })
}
