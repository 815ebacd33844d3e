/**
 * What a journal of steps does not say, and whoever takes them again must know: with which
 * mailboxes the site began, and when its profile changed or an MTA was restarted.
 */
import type { Profile } from '../../machines/profile.ts'
import type { MailboxFacts } from '../../machines/site.ts'
import type { Client } from './commit.ts'
import { part, shardsOf } from './keys.ts'
import type { Settings } from './settings.ts'

/** A change that is no step, with a position of each shard's journal before it. */
export type SiteChange = { after: string[] } & (
  | { what: 'profile'; before: Profile }
  | { what: 'restart'; server: string }
)
export type ChangeFacts = { what: 'profile'; before: Profile } | { what: 'restart'; server: string }

export interface History {
  /** Null for a site of an earlier version, which did not note them. */
  mailboxes: MailboxFacts[] | null
  changes: SiteChange[]
}

/** Changes that are kept; with more, the first one is what counts, since it ends what is known. */
const CHANGES_MAX = 1_000

const founded = (settings: Settings): string => part(settings, 0, 'founded')
const changed = (settings: Settings): string => part(settings, 0, 'changed')

export async function noteFounding(
  client: Client,
  settings: Settings,
  mailboxes: MailboxFacts[],
): Promise<void> {
  await client.set(founded(settings), JSON.stringify(mailboxes))
}

/** Called before the change is made: what stands in the journal by then is from before it. */
export async function noteChange(
  client: Client,
  settings: Settings,
  facts: ChangeFacts,
): Promise<void> {
  const after = await Promise.all(
    shardsOf(settings).map(async (shard) => {
      const [last] = await client.xrevrange(part(settings, shard, 'journal'), '+', '-', 'COUNT', 1)
      return last?.[0] ?? '0-0'
    }),
  )
  if ((await client.llen(changed(settings))) >= CHANGES_MAX) return
  await client.rpush(changed(settings), JSON.stringify({ after, ...facts }))
}

export async function historyOf(client: Client, settings: Settings): Promise<History> {
  const [mailboxes, changes] = await Promise.all([
    client.get(founded(settings)),
    client.lrange(changed(settings), 0, -1),
  ])
  return {
    mailboxes: mailboxes === null ? null : (JSON.parse(mailboxes) as MailboxFacts[]),
    changes: changes.map((text) => JSON.parse(text) as SiteChange),
  }
}
