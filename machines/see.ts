/**
 * What a machine may see of the event: the payload classified by what is remembered, what the
 * store's items say, and what the MTA believes. Classifying here keeps ids, times and names out of
 * the machines.
 */
import type { Found, Mover } from './protocol.ts'
import { kindOf } from './protocol.ts'
import { isFull } from './quota.ts'
import { aliasOf } from './routing.ts'
import { VISIBLE } from './visible.ts'
import type { Given, Seen } from './wire.ts'
import { headerOf, type Working } from './working.ts'

export function see(working: Working): Seen {
  const { given } = working
  // What is not looked at is not classified: so much of the mail is an answer and nothing else.
  if (VISIBLE[given.event.type]?.length === 0) return given.event
  switch (kindOf(given.event.to)) {
    case 'message':
      return seenByMessage(working)
    case 'recipient':
      return seenByRecipient(working)
    case 'mailbox':
      return seenByMailbox(given)
    case 'move':
      return seenByMove(given)
    case 'directory':
      return seenByDirectory(given)
    default:
      return given.event
  }
}

function seenByMessage(working: Working): Seen {
  const { event, found } = working.given
  const last = (event.last ?? found.last ?? true) && !expands(working)
  const seen: Seen = { ...event, count: working.routed.size, last }
  if (event.type === 'copy.transferred') seen.found = foundOf(working)
  if (isEarly(working.given)) seen.early = true
  return seen
}

/** Members of a list are still to be routed. */
function expands({ routed }: Working): boolean {
  for (const { members = [] } of routed.values()) if (members.length > 0) return true
  return false
}

/** Its originator does not want it delivered yet (X.411, deferred-delivery-time). */
function isEarly({ at, event, actors }: Given): boolean {
  const { deferUntil = 0 } = event.header ?? actors.get(event.to)?.a.header ?? {}
  return deferUntil > at
}

/** What the copy knows of a transfer to it. */
function foundOf({ given, routed }: Working): Found {
  const { putOff = 0, refused = 0 } = given.actors.get(given.event.to)?.a ?? {}
  const { attempt = 1 } = given.event
  if (routed.size === 0) return 'held'
  if (attempt <= refused) return 'barred'
  return attempt <= putOff ? 'answered' : 'new'
}

function seenByRecipient(working: Working): Seen {
  const { event, actors, lookups } = working.given
  const address = actors.get(event.to)?.a.entry?.address
  const found = address === undefined ? undefined : lookups[aliasOf(address)]
  const isRefused = event.type === 'reply.refused'
  if (!found && !isRefused) return event
  const seen: Seen = { ...event }
  // Nobody can be told that a report failed.
  if (isRefused) seen.nullSender = headerOf(working)?.originator === ''
  // What was routed to a mailbox is not for a list that came to have its name.
  if (found) seen.route = found.list ? 'unknown' : found.route
  return seen
}

function seenByMailbox({ event, actors, found }: Given): Seen {
  const about = actors.get(event.to)?.a
  if (found.key) {
    const seen: Seen = { ...event, found: found.key }
    if (isFull(about, found.bytes)) seen.full = true
    return seen
  }
  const mover: Mover | undefined = event.move && moverOf(event.move.id, about?.mover)
  const again = about?.created === true || about?.mover !== undefined
  const seen: Seen = { ...event, more: event.more ?? found.more ?? false, again }
  if (mover) seen.mover = mover
  return seen
}

/** Ids of moves grow with time, so an older move is told from a newer one. */
const moverOf = (id: string, last: string | undefined): Mover =>
  last === id ? 'same' : last === undefined || id > last ? 'new' : 'old'

function seenByMove({ event, actors }: Given): Seen {
  const page = actors.get(event.to)?.a.page
  return {
    ...event,
    stale: event.page !== undefined && event.page !== page,
    more: event.more ?? false,
    equal: event.equal ?? true,
  }
}

function seenByDirectory({ event, actors }: Given): Seen {
  const about = actors.get(event.to)?.a
  const version = event.version ?? event.record?.version ?? event.move?.record.version ?? 0
  return { ...event, newer: version > (about?.record?.version ?? 0), now: event.now ?? false }
}
