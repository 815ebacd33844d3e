/**
 * What people do to a site while its mail is under way: send, move, cancel, edit, delete.
 *
 * An act becomes events when it is done, from the state as it is then, as the API's handlers do; a
 * refused one (a move of a mailbox that is moving) cannot be done yet. Names are the scenario's:
 * a message's id is its name, a move's is `move-<n>`, so that they grow.
 */
import type { DirectoryEntry } from '../../machines/cache.ts'
import type { Priority } from '../../machines/profile.ts'
import type { EventType } from '../../machines/protocol.ts'
import { CHUNK } from '../../machines/reads.ts'
import { directoryEntry, firstActors, type MailboxFacts } from '../../machines/site.ts'
import type { EntryRecord, Header, MailEvent, SiteFacts, Stored } from '../../machines/wire.ts'
import { phaseName } from '../../machines/words.ts'
import type { Box, Cells } from './cells.ts'

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
    }
  | { do: 'move'; id: string; mailbox: string; to: string }
  | { do: 'cancel'; move: string }
  | { do: 'put'; mailbox: MailboxFacts; now: boolean }
  | { do: 'delete'; mailbox: string }
  | { do: 'remove'; mailbox: string; message: string }

/** The first cells of a site. */
export function found(cells: Cells, site: SiteFacts, mailboxes: MailboxFacts[]): void {
  for (const [address, stored] of firstActors(site, mailboxes))
    cells.set(`actor ${address}`, stored)
}

/** The directory entry that is right: the newest of all replicas. */
export function newestEntry(
  cells: Pick<Cells, 'get'>,
  site: SiteFacts,
  alias: string,
): DirectoryEntry | undefined {
  let newest: DirectoryEntry | undefined
  for (const server of site.servers) {
    const stored = cells.get(`actor directory/${server}/${alias}`) as Stored | undefined
    const record = stored?.a.record
    if (record && record.version > (newest?.version ?? 0)) newest = record
  }
  return newest
}

const ENDED: ReadonlySet<string> = new Set(['completed', 'rolledBack', 'refused'])

/** Phases in which a move may be called off: the directory does not name the target yet. */
const CANCELLABLE: ReadonlySet<string> = new Set(['requested', 'locked', 'created', 'copying'])

/** The events that the act injects now; null when it would be refused. */
export function eventsOf(cells: Cells, site: SiteFacts, act: Act, at: number): MailEvent[] | null {
  switch (act.do) {
    case 'send':
      return [submission(cells, site, act, at)]
    case 'move':
      return moveEvents(cells, site, act, at)
    case 'cancel': {
      const move = cells.get(`actor move/${act.move}`) as Stored | undefined
      if (!move || !CANCELLABLE.has(phaseName(move.s))) return null
      return [eventOf(`move/${act.move}`, 'move.cancelled', at)]
    }
    case 'put':
      return putEvents(cells, site, act, at)
    case 'delete':
      return deleteEvents(cells, site, act, at)
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
  const header: Header = {
    id: act.as,
    originator: act.from,
    subject: act.as,
    size: 0,
    priority: act.priority,
    submittedAt: at,
    expiresAt: at + site.profile.expiryMs[act.priority],
    trace: [act.server],
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

/** One mailbox has one move at a time, and its entry cannot be edited meanwhile. */
function isMoving(cells: Cells, mailbox: string): boolean {
  const claim = cells.get(`claim ${mailbox}`) as string | undefined
  if (claim === undefined) return false
  const move = cells.get(`actor move/${claim}`) as Stored | undefined
  return !move || !ENDED.has(phaseName(move.s))
}

function moveEvents(
  cells: Cells,
  site: SiteFacts,
  act: Extract<Act, { do: 'move' }>,
  at: number,
): MailEvent[] | null {
  const current = newestEntry(cells, site, act.mailbox)
  if (!current || current.deleted || current.home === act.to) return null
  if (isMoving(cells, current.mailbox)) return null
  // Whoever made the mailbox was answered when its store had it, and nobody knows it before.
  if (!cells.get(`actor mailbox/${current.home}/${current.mailbox}`)) return null
  cells.set(`claim ${current.mailbox}`, act.id)
  const record = { ...current, home: act.to, version: current.version + 1 }
  const move = {
    id: act.id,
    alias: act.mailbox,
    mailbox: current.mailbox,
    source: current.home,
    target: act.to,
    record,
  }
  return [eventOf(`move/${act.id}`, 'move.requested', at, { move, holdAt: null })]
}

function putEvents(
  cells: Cells,
  site: SiteFacts,
  { mailbox, now }: Extract<Act, { do: 'put' }>,
  at: number,
): MailEvent[] | null {
  const old = newestEntry(cells, site, mailbox.alias)
  if (old && isMoving(cells, old.mailbox)) return null
  const version = (old?.version ?? 0) + 1
  if (old && !old.deleted) {
    const record = directoryEntry({ ...mailbox, server: old.home }, old.mailbox, version)
    return [eventOf(`directory/${old.home}/${mailbox.alias}`, 'entry.written', at, { record, now })]
  }
  const id = version === 1 ? mailbox.alias : `${mailbox.alias}-${version}`
  const record = directoryEntry(mailbox, id, version)
  return [
    eventOf(`mailbox/${mailbox.server}/${id}`, 'mailbox.created', at),
    eventOf(`directory/${mailbox.server}/${mailbox.alias}`, 'entry.written', at, {
      record,
      now: true,
    }),
  ]
}

function deleteEvents(
  cells: Cells,
  site: SiteFacts,
  act: Extract<Act, { do: 'delete' }>,
  at: number,
): MailEvent[] | null {
  const old = newestEntry(cells, site, act.mailbox)
  if (!old || old.deleted || isMoving(cells, old.mailbox)) return null
  const record = { ...old, version: old.version + 1, deleted: true, addresses: [] }
  return [
    eventOf(`directory/${old.home}/${act.mailbox}`, 'entry.written', at, { record, now: true }),
    eventOf(`mailbox/${old.home}/${old.mailbox}`, 'mailbox.deleted', at),
  ]
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
    case 'put':
      return `the administrator changes the entry of ${act.mailbox.alias}`
    case 'delete':
      return `the administrator deletes the mailbox ${act.mailbox}`
    default:
      return `the reader of ${act.mailbox} deletes "${act.message}"`
  }
}
