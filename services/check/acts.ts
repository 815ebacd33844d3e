/**
 * What people do to a site while its mail is under way: send, move, cancel, edit, delete.
 *
 * An act becomes events when it is done, from the state as it is then, as the API's handlers do; a
 * refused one (a move of a mailbox that is moving) cannot be done yet. Where a handler waits before
 * it asks for more, the rest is an act of its own (`go on`). Names are the scenario's: a message's
 * id is its name; moves' ids grow with time when they are compared as text, as live ones do.
 */
import type { DirectoryEntry } from '../../machines/cache.ts'
import type { Priority } from '../../machines/profile.ts'
import type { EventType } from '../../machines/protocol.ts'
import { CHUNK } from '../../machines/reads.ts'
import { directoryEntry, firstActors, type MailboxFacts } from '../../machines/site.ts'
import type { EntryRecord, Header, MailEvent, SiteFacts, Stored } from '../../machines/wire.ts'
import { phaseName, stateName } from '../../machines/words.ts'
import type { Box, Cells } from './cells.ts'
import { type Edit, isEdited, newestEntry, nextOf } from './edits.ts'

export type Act =
  | {
      do: 'send'
      /** The message's name. */
      as: string
      /** An alias, an address beyond the site, or '' for the null sender. */
      from: string
      to: string[]
      server: string
      priority: Priority
      /** A failure report is wanted. */
      wanted: boolean
      /** No alternate recipient may get it. */
      reassignmentProhibited?: true
      /** No list is to be expanded. */
      expansionProhibited?: true
      /** Bytes; not there: none, as where nothing depends on it. */
      size?: number
      /** How long its delivery is deferred. */
      deferForMs?: number
    }
  | { do: 'move'; id: string; mailbox: string; to: string; holdAt?: string }
  | { do: 'release'; move: string; holdAt: string | null }
  | { do: 'cancel'; move: string }
  | { do: 'put'; mailbox: MailboxFacts; now: boolean; raw?: true }
  | { do: 'delete'; mailbox: string }
  /** What follows a `put` that makes a mailbox, changes its limit or is raw, or a `delete`. */
  | { do: 'go on'; mailbox: string }
  | { do: 'remove'; mailbox: string; message: string }

/** The first cells of a site. */
export function found(cells: Cells, site: SiteFacts, mailboxes: MailboxFacts[]): void {
  for (const [address, stored] of firstActors(site, mailboxes)) cells.set(address, stored)
}

const ENDED: ReadonlySet<string> = new Set(['completed', 'rolledBack', 'refused'])

/** States in which a move may be called off: the directory does not name the target yet. */
const CANCELLABLE: ReadonlySet<string> = new Set([
  ...['requested', 'locked', 'created', 'copying'],
  ...['requested (held)', 'locked (held)', 'created (held)', 'copying (held)', 'verified (held)'],
])

/** The events that the act injects now; null when it would be refused. */
export function eventsOf(cells: Cells, site: SiteFacts, act: Act, at: number): MailEvent[] | null {
  switch (act.do) {
    case 'send':
      return [submission(cells, site, act, at)]
    case 'move':
      return moveEvents(cells, site, act, at)
    case 'cancel': {
      const move = cells.get(`move/${act.move}`) as Stored | undefined
      if (!move || !CANCELLABLE.has(stateName(move.s))) return null
      return [eventOf(`move/${act.move}`, 'move.cancelled', at)]
    }
    case 'release': {
      const move = cells.get(`move/${act.move}`) as Stored | undefined
      if (!move || ENDED.has(phaseName(move.s))) return null
      return [eventOf(`move/${act.move}`, 'move.released', at, { holdAt: act.holdAt })]
    }
    case 'put':
      return putEvents(cells, site, act, at)
    case 'delete':
      return deleteEvents(cells, site, act, at)
    case 'go on': {
      const next = nextOf(cells, site, act.mailbox)
      if (!next) return null
      cells.set(`edit ${act.mailbox}`, next.edit)
      return [eventOf(next.to, next.type, at, next.payload)]
    }
    default: {
      const entry = newestEntry(cells, site, act.mailbox)
      if (!entry || entry.deleted) return null
      const box = cells.get(`box mailbox/${entry.home}/${entry.mailbox}`) as Box | undefined
      if (!box?.items.has(act.message)) return null
      const item = { key: act.message, from: '', subject: '', size: 0, sentAt: at, receivedAt: at }
      return [eventOf(`mailbox/${entry.home}/${entry.mailbox}`, 'item.deleted', at, { item })]
    }
  }
}

const eventOf = (
  to: string,
  type: EventType,
  at: number,
  payload: Partial<MailEvent> = {},
): MailEvent => ({ ...payload, id: '', to, type, at })

function submission(
  cells: Cells,
  site: SiteFacts,
  act: Extract<Act, { do: 'send' }>,
  at: number,
): MailEvent {
  const { size = 0, deferForMs = 0 } = act
  const header: Header = {
    id: act.as,
    originator: act.from,
    subject: act.as,
    size,
    priority: act.priority,
    submittedAt: at,
    expiresAt: at + deferForMs + site.profile.expiryMs[act.priority],
    ...(deferForMs > 0 ? { deferUntil: at + deferForMs } : {}),
    trace: [act.server],
    ...(act.reassignmentProhibited ? { reassignmentProhibited: true } : {}),
    ...(act.expansionProhibited ? { expansionProhibited: true } : {}),
  }
  const entries = [...new Set(act.to)].map(
    (address, i): EntryRecord => ({
      number: i + 1,
      branch: 0,
      address,
      original: address,
      history: [],
      wanted: act.wanted,
      split: false,
    }),
  )
  const chunks: EntryRecord[][] = []
  for (let i = 0; i < entries.length; i += CHUNK) chunks.push(entries.slice(i, i + CHUNK))
  cells.set(`accepted ${act.as}`, chunks)
  return eventOf(`message/${act.as}/${act.server}`, 'mail.submitted', at, {
    header,
    entries: chunks[0] ?? [],
    chunk: 0,
    last: chunks.length === 1,
  })
}

/** One mailbox has one move, or one edit of its entry, at a time. */
function isClaimed(cells: Cells, site: SiteFacts, alias: string, mailbox: string): boolean {
  if (isEdited(cells, site, alias, mailbox)) return true
  const claim = cells.get(`claim ${mailbox}`) as string | undefined
  if (claim === undefined) return false
  const move = cells.get(`move/${claim}`) as Stored | undefined
  return !move || !ENDED.has(phaseName(move.s))
}

function moveEvents(
  cells: Cells,
  site: SiteFacts,
  act: Extract<Act, { do: 'move' }>,
  at: number,
): MailEvent[] | null {
  const current = newestEntry(cells, site, act.mailbox)
  if (!current || current.deleted || current.list || current.home === act.to) return null
  const { mailbox } = current
  if (isClaimed(cells, site, act.mailbox, mailbox)) return null
  // Whoever made the mailbox was answered when its store had it, and nobody knows it before.
  if (!cells.get(`mailbox/${current.home}/${mailbox}`)) return null
  const last = cells.get(`claim ${mailbox}`) as string | undefined
  // A store takes a move with an older id for one that came too late; nobody begins such a one.
  if (last !== undefined && last >= act.id) return null
  cells.set(`claim ${mailbox}`, act.id)
  const record = { ...current, home: act.to, version: current.version + 1 }
  const { id, mailbox: alias, to: target, holdAt = null } = act
  const move = { id, alias, mailbox, source: current.home, target, record }
  return [eventOf(`move/${id}`, 'move.requested', at, { move, holdAt })]
}

function putEvents(
  cells: Cells,
  site: SiteFacts,
  { mailbox, now, raw }: Extract<Act, { do: 'put' }>,
  at: number,
): MailEvent[] | null {
  const { alias } = mailbox
  const old = newestEntry(cells, site, alias)
  const claimed = old?.mailbox ?? alias
  if (isClaimed(cells, site, alias, claimed)) return null
  const version = (old?.version ?? 0) + 1
  const begin = (edit: Edit) => cells.set(`edit ${alias}`, edit)
  if (old && !old.deleted) {
    const server = raw ? mailbox.server : old.home
    const box = cells.get(`mailbox/${server}/${old.mailbox}`) as Stored | undefined
    if (server !== old.home && (!box || stateName(box.s) !== 'open')) return null
    const record = directoryEntry({ ...mailbox, server }, old.mailbox, version)
    const left = server === old.home ? {} : { left: old.home }
    if (record.limit !== old.limit) {
      begin({ claimed, record, now, next: 'write', ...left })
      const to = `mailbox/${server}/${old.mailbox}`
      return [eventOf(to, 'mailbox.limited', at, limitOf(record))]
    }
    begin({ claimed, record, now, next: server === old.home ? null : 'empty', ...left })
    return [eventOf(`directory/${server}/${alias}`, 'entry.written', at, { record, now })]
  }
  const kept = raw && old ? leftAt(cells, old, mailbox.server) : null
  const id = kept ?? (version === 1 ? alias : `${alias}-${version}`)
  const record = directoryEntry(mailbox, id, version)
  if (kept !== null && record.limit !== old?.limit) {
    begin({ claimed, record, now: true, next: 'write' })
    return [eventOf(`mailbox/${record.home}/${id}`, 'mailbox.limited', at, limitOf(record))]
  }
  if (mailbox.list || kept !== null) {
    begin({ claimed, record, now: true, next: null })
    return [
      eventOf(`directory/${record.home}/${alias}`, 'entry.written', at, { record, now: true }),
    ]
  }
  begin({ claimed, record, now: true, next: 'write' })
  const to = `mailbox/${mailbox.server}/${id}`
  return [eventOf(to, 'mailbox.created', at, limitOf(record))]
}

/** What a store has of a mailbox that was deleted at another server: it is that one again. */
function leftAt(cells: Cells, old: DirectoryEntry, server: string): string | null {
  if (old.list || old.home === server) return null
  const box = cells.get(`mailbox/${server}/${old.mailbox}`) as Stored | undefined
  return box && stateName(box.s) === 'open' ? old.mailbox : null
}

const limitOf = ({ limit }: DirectoryEntry) => (limit === undefined ? {} : { limit })

function deleteEvents(
  cells: Cells,
  site: SiteFacts,
  { mailbox: alias }: Extract<Act, { do: 'delete' }>,
  at: number,
): MailEvent[] | null {
  const old = newestEntry(cells, site, alias)
  if (!old || old.deleted || isClaimed(cells, site, alias, old.mailbox)) return null
  const record = { ...old, version: old.version + 1, deleted: true, addresses: [] }
  const next = old.list ? null : 'empty'
  const edit: Edit = { claimed: old.mailbox, record, now: true, next }
  cells.set(`edit ${alias}`, edit)
  return [eventOf(`directory/${old.home}/${alias}`, 'entry.written', at, { record, now: true })]
}

/** An act in words: `carol sends "letter" to anna`. */
export function sayAct(act: Act): string {
  switch (act.do) {
    case 'send':
      return `${act.from || 'the null sender'} sends "${act.as}" to ${act.to.join(', ')}`
    case 'move':
      return `the administrator starts to move ${act.mailbox} to ${act.to}`
    case 'cancel':
      return `the administrator cancels ${act.move}`
    case 'release':
      return `the administrator lets ${act.move} go on`
    case 'put':
      return `the administrator changes the entry of ${act.mailbox.alias}`
    case 'delete':
      return `the administrator deletes ${act.mailbox}`
    case 'go on':
      return `the change of ${act.mailbox} goes on`
    default:
      return `the reader of ${act.mailbox} deletes "${act.message}"`
  }
}
