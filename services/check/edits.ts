/**
 * Edits of directory entries while they are under way, in memory: the claim that keeps others off
 * the mailbox, and what the handler asks for next once what it asked for before has been done.
 *
 * Live this is `changeEntry` in `services/runtime/mailboxes.ts`; a cell `edit <alias>` has it here.
 */
import type { DirectoryEntry } from '../../machines/cache.ts'
import type { EventType } from '../../machines/protocol.ts'
import type { MailEvent, SiteFacts, Stored } from '../../machines/wire.ts'
import type { Cells } from './cells.ts'

export interface Edit {
  /** The mailbox that nobody else may move or edit meanwhile. */
  claimed: string
  record: DirectoryEntry
  /** Each replica has the entry before the handler goes on. */
  now: boolean
  /** What follows: the entry of which the store was told, or the end of a mailbox. */
  next: 'write' | 'empty' | null
  /** The server that a raw change takes the mailbox from: its store lets go of what it has. */
  left?: string
}

type Known = Pick<Cells, 'get'>

const replica = (cells: Known, server: string, alias: string): DirectoryEntry | undefined =>
  (cells.get(`directory/${server}/${alias}`) as Stored | undefined)?.a.record

/** The directory entry that is right: the newest of all replicas. */
export function newestEntry(
  cells: Known,
  site: SiteFacts,
  alias: string,
): DirectoryEntry | undefined {
  let newest: DirectoryEntry | undefined
  for (const server of site.servers) {
    const record = replica(cells, server, alias)
    if (record && record.version > (newest?.version ?? 0)) newest = record
  }
  return newest
}

const editOf = (cells: Known, alias: string): Edit | undefined =>
  cells.get(`edit ${alias}`) as Edit | undefined

/** The entry is written where that was asked for: at its home, or everywhere. */
function isWritten(cells: Known, { servers }: SiteFacts, { record, now }: Edit): boolean {
  const has = (server: string) =>
    (replica(cells, server, record.alias)?.version ?? 0) >= record.version
  return now ? servers.every(has) : has(record.home)
}

/** An edit of the alias has this mailbox for itself. */
export function isEdited(cells: Known, site: SiteFacts, alias: string, mailbox: string): boolean {
  const edit = editOf(cells, alias)
  if (edit?.claimed !== mailbox) return false
  return edit.next !== null || !isWritten(cells, site, edit)
}

/** Has more to ask for, now or later. */
export const goesOn = (cells: Known, alias: string): boolean =>
  (editOf(cells, alias)?.next ?? null) !== null

export interface Next {
  to: string
  type: EventType
  payload: Partial<MailEvent>
  edit: Edit
}

/** What the edit of this alias asks for next; null when there is nothing, or not yet. */
export function nextOf(cells: Known, site: SiteFacts, alias: string): Next | null {
  const edit = editOf(cells, alias)
  if (!edit || edit.next === null) return null
  const { record, left } = edit
  if (edit.next === 'empty') {
    if (!isWritten(cells, site, edit)) return null
    const to = `mailbox/${left ?? record.home}/${record.mailbox}`
    return { to, type: 'mailbox.deleted', payload: {}, edit: { ...edit, next: null } }
  }
  const store = cells.get(`mailbox/${record.home}/${record.mailbox}`) as Stored | undefined
  if (!store || store.a.limit !== record.limit) return null
  const after: Edit = { ...edit, next: left === undefined ? null : 'empty' }
  const to = `directory/${record.home}/${alias}`
  return { to, type: 'entry.written', payload: { record, now: edit.now }, edit: after }
}
