/**
 * Addressed sends of a mailbox, a move and a directory replica: replies, answers to a move, pages,
 * nudges, announcements.
 */
import { EXPIRED } from './codes.ts'
import type { Send, Sending } from './compose.ts'
import { type Address, partsOf } from './protocol.ts'
import { MAILBOX_FULL } from './quota.ts'
import type { MoveFacts, Seen, Stored } from './wire.ts'
import { phaseName } from './words.ts'
import type { Working } from './working.ts'

export function fromMailbox(
  working: Working,
  self: Address,
  actor: Stored,
  event: Seen,
  { send: type, to: role, more }: Sending,
): Send[] {
  const { found } = working.given
  if (role === 'self') return [{ type, to: self }]
  if (role === 'waiters') {
    return (found.waiters ?? []).map(({ entry, attempt }) => ({ type, to: entry, attempt }))
  }
  const { move } = event
  if (role === 'move')
    return move ? [answer(more ? { ...event, more } : event, move, type, working)] : []
  if (role === 'source' || role === 'target') {
    if (!move) return []
    const to = `mailbox/${role === 'source' ? move.source : move.target}/${move.mailbox}`
    const page = { page: event.page ?? 0, pageItems: found.page ?? [], bars: found.bars ?? [] }
    const census = found.census ? { census: found.census } : {}
    return [{ type, to, move, request: event.type, more: found.more ?? false, ...page, ...census }]
  }
  return event.entry ? [reply(working, event, actor, type)] : []
}

function answer(event: Seen, move: MoveFacts, type: Sending['send'], { given }: Working): Send {
  const { census } = given.found
  const equal =
    !event.census || (census?.items === event.census.items && census?.log === event.census.log)
  return {
    type,
    to: `move/${move.id}`,
    request: event.request ?? event.type,
    more: event.more ?? false,
    equal,
    ...(event.page !== undefined ? { page: event.page } : {}),
    ...(event.pageItems ? { size: event.pageItems.length } : {}),
  }
}

/** States in which a store takes mail as long as there is room. */
const TAKES: ReadonlySet<unknown> = new Set(['open', 'merging'])

/** A store's reply to an offer or a withdrawal. */
function reply({ running }: Working, event: Seen, actor: Stored, type: Sending['send']): Send {
  const answer: Send = { type, to: event.entry as Address, attempt: event.attempt ?? 0 }
  if (event.alias !== undefined) answer.alias = event.alias
  if (type === 'reply.deferred') {
    const known = event.full && TAKES.has(actor.s) ? 'mailbox full' : 'mailbox in transit'
    return { ...answer, why: event.why ?? (event.ordered ? 'deferred by a fault rule' : known) }
  }
  if (type !== 'reply.refused') return answer
  const knows = actor.s !== 'absent' && actor.s !== 'removing'
  if (knows && event.found === 'barred') return { ...answer, code: EXPIRED, unknown: false }
  const ordered = event.ordered && 'refuse' in event.ordered ? event.ordered.refuse : null
  if (ordered && knows) {
    return { ...answer, code: ordered, unknown: false, why: event.why ?? 'refused by a fault rule' }
  }
  return event.full && TAKES.has(actor.s)
    ? { ...answer, code: MAILBOX_FULL, unknown: false, why: 'mailbox full' }
    : { ...answer, ...running.gone(actor.s), why: 'no such mailbox here' }
}

export function fromMove(
  { running }: Working,
  _self: Address,
  actor: Stored,
  _event: Seen,
  { send: type, to: role }: Sending,
): Send[] {
  const move = actor.a.move
  if (!move) return []
  const server = role === 'source' || role === 'sourceDirectory' ? move.source : move.target
  const phase = phaseName(actor.s)
  if (role === 'sourceDirectory' || role === 'targetDirectory') {
    const record = running.published(move)
    return [{ type, to: `directory/${server}/${move.alias}`, move, phase, record }]
  }
  const paged = type === 'page.requested' || type === 'drain.requested'
  const page = paged ? { page: actor.a.page ?? 0 } : {}
  return [{ type, to: `mailbox/${server}/${move.mailbox}`, move, phase, ...page }]
}

export function fromDirectory(
  working: Working,
  self: Address,
  _actor: Stored,
  event: Seen,
  { send: type, to: role }: Sending,
): Send[] {
  const record = event.record
  if (role === 'move') {
    return event.move ? [{ type, to: `move/${event.move.id}`, request: event.type }] : []
  }
  if (!record) return []
  const [here, alias] = partsOf(self)
  return working.given.site.servers
    .filter((server) => server !== here)
    .map((server, peer) => ({
      type,
      to: `directory/${server}/${alias}`,
      record,
      peer,
      now: event.now ?? false,
    }))
}
