/**
 * From a relative send to addressed ones: who `mailbox`, `slot`, `origin` or `waiters` is for this
 * actor now, and what the event carries. One small function for each kind of sender: here those of
 * an MTA, in `compose-store.ts` the rest.
 */

import { fromDirectory, fromMailbox, fromMove } from './compose-store.ts'
import type { Offered } from './defects.ts'
import { sayMembers } from './expansion.ts'
import { noticesFrom } from './notices.ts'
import { type Address, type Ask, entryKey, kindOf, partsOf, serverOf } from './protocol.ts'
import { reportsOf } from './reporting.ts'
import type { EntryRecord, Header, Item, MailEvent, Seen, Stored } from './wire.ts'
import { actorOf, headerOf, type Working } from './working.ts'

export type Send = Omit<MailEvent, 'id' | 'at'> & { local?: boolean; stale?: boolean }
export type Sending = Extract<Ask, { send: unknown }>
export type Composer = (
  working: Working,
  self: Address,
  actor: Stored,
  event: Seen,
  one: Sending,
) => Send[]

export const compose: Composer = (working, self, actor, event, one) =>
  composers[kindOf(self)](working, self, actor, event, one)

const composers: Record<ReturnType<typeof kindOf>, Composer> = {
  recipient: fromRecipient,
  slot: fromSlot,
  message: fromMessage,
  mailbox: fromMailbox,
  move: fromMove,
  directory: fromDirectory,
}

function fromRecipient(
  working: Working,
  self: Address,
  actor: Stored,
  _event: Seen,
  { send: type, to: role }: Sending,
): Send[] {
  const header = headerOf(working)
  const entry = actor.a.entry
  if (!header || !entry) return []
  if (role === 'message') return [{ type, to: working.message, local: true }]
  if (role === 'report') return noticesFrom(working, self, actor)
  if (role === 'slot') return [toSlot(working, self, actor, entry, type)]
  if (role === 'copy') {
    const to = `message/${header.id}/${actor.a.copy}`
    const from = working.message
    const attempt = transferOf(actor)
    const next = onward(header, serverOf(actor.a.copy ?? ''), working.given.at)
    return [{ type, to, from, attempt, header: next, entries: [entry] }]
  }
  // An offer is withdrawn where it was made, then where the mailbox is now.
  const asksOn = type === 'offer.withdrawn' && (actor.c.tries as number) > 0
  const server = asksOn ? actor.a.home : serverOf(partsOf(self)[1] as string)
  const to = `mailbox/${server}/${actor.a.mailbox}`
  const attempt = actor.c.attempts as number
  const { address: alias, original } = entry
  const key = working.running.itemKey(header.id, actor.c as unknown as Offered)
  return [{ type, to, entry: self, alias, original, attempt, item: itemOf(header, key) }]
}

/** The number of the entry's present attempt at a transfer, or of the next one. */
const transferOf = ({ c }: Stored): number => (c.transfers as number) + 1

/** The copy's header as the next MTA gets it. */
function onward(header: Header, server: string, at: number): Header {
  const next = { ...header, trace: [...header.trace, server] }
  if (header.via) next.via = [...header.via, { server, at }]
  return next
}

function itemOf(header: Header, key: string): Item {
  const { originator: from, subject, size, submittedAt: sentAt, via, report } = header
  const item: Item = { key, from, subject, size, sentAt, receivedAt: 0 }
  if (via) item.via = via
  if (report) item.report = report
  return item
}

/** The slot's size is how many entries have its key: all of the number's, or this one alone. */
function toSlot(
  { running, copy }: Working,
  self: Address,
  actor: Stored,
  entry: EntryRecord,
  type: Sending['send'],
): Send {
  const { number, branch } = entry
  const key = running.slotKey({ number, branch })
  const shares = key === running.slotKey({ number, branch: branch + 1 })
  return {
    type,
    to: `slot/${copy}/${key}`,
    local: true,
    branch,
    size: shares ? (actor.a.siblings ?? 1) : 1,
    entry: self,
    wanted: entry.wanted,
  }
}

function fromSlot(
  { message: to }: Working,
  _self: Address,
  _actor: Stored,
  event: Seen,
  { send: type }: Sending,
): Send[] {
  const { entry, wanted = true } = event
  return [{ type, to, local: true, wanted, ...(entry ? { entry } : {}) }]
}

function fromMessage(
  working: Working,
  self: Address,
  actor: Stored,
  event: Seen,
  { send: type, to: role }: Sending,
): Send[] {
  if (role === 'self') return [{ type, to: self, chunk: actor.c.chunks as number }]
  if (role === 'report') return reportsOf(working, self, actor)
  if (role === 'origin') return answerToTransfer(actor, event, type)
  if (type.startsWith('route.')) {
    return [...working.routed].map(([to, { type: routed, code, members }]) => ({
      type: routed,
      to,
      local: true,
      ...(code ? { code } : {}),
      ...(members ? { why: sayMembers(members) } : {}),
    }))
  }
  const code = event.code ? { code: event.code } : {}
  return (event.keys ?? []).map((key) => {
    const to = `recipient/${working.copy}/${key}`
    const entry = actorOf(working, to)
    const stale = entry !== undefined && event.attempt !== transferOf(entry)
    return { type, to, local: true, stale, ...code }
  })
}

/** To the copy that asked: about all entries that came along, with the attempt's number. */
function answerToTransfer(actor: Stored, event: Seen, type: Sending['send']): Send[] {
  if (!event.from) return []
  const keys = (event.entries ?? []).map(({ number, branch }) => entryKey(number, branch))
  const code = type === 'transfer.refused' && actor.a.code ? { code: actor.a.code } : {}
  return [{ type, to: event.from, keys, attempt: event.attempt ?? 1, ...code }]
}
