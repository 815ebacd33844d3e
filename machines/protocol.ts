/**
 * The protocol: who can be addressed, every event an actor may be sent, and the five asks.
 *
 * Addresses are paths; their first part is the kind of actor:
 *
 *   message/<id>/<copy>           the copy of a message for which one MTA is responsible
 *   recipient/<id>/<copy>/<key>   one entry of that copy: `3` the third recipient, `3r` the
 *     alternate it was split to
 *   slot/<id>/<copy>/<key>        the Result stage's report slot
 *   mailbox/<server>/<mailbox>    a mailbox as one store sees it
 *   move/<id>                     one Move User
 *   directory/<server>/<alias>    a server's replica of a directory entry
 *
 * A copy is named by the transfer that made it: `<server>` where it was submitted, then
 * `<server>.<hop>.<key>` with the first entry that went along. An entry is in one copy at a time,
 * so (hop, key) never repeats and the name stays short however far the message travels.
 */
import type { Code } from './codes.ts'

export type Kind = 'message' | 'recipient' | 'slot' | 'mailbox' | 'move' | 'directory'
export type Address = string

/**
 * Where a recipient lives, as an MTA believes it: the cache's answer, classified before the machine
 * sees it.
 */
export type Route = 'here' | 'elsewhere' | 'unknown'

/**
 * What a store knows of a key that is offered: delivered before, barred, or deferred in this very
 * attempt. And what an MTA knows of a transfer: that it has all of its entries, or refused or put
 * off this attempt.
 */
export type Found = 'new' | 'held' | 'barred' | 'answered'

/** What a fault rule orders the answerer to say instead of what it would. */
export type Ordered = { defer: true } | { refuse: Code }

/** A store's refusal, and whether anybody could be told of it. */
export interface Refused {
  attempt: number
  unknown: boolean
  nullSender: boolean
}

/** A chunk of a message's recipients, and how many entries they make. */
export interface Chunk {
  chunk: number
  count: number
  last: boolean
}

/** The events, by kind of actor, with the fields that a machine may look at. */
export interface Protocol {
  message:
    | ({ type: 'mail.submitted'; early?: boolean; ordered?: Ordered } & Chunk)
    | ({ type: 'routing.due'; early?: boolean } & Chunk)
    | ({ type: 'deferral.due' } & Chunk)
    | { type: 'copy.transferred'; count: number; found: Found; ordered?: Ordered }
    | { type: 'report.submitted'; count: number; last: boolean }
    | { type: 'transfer.taken' | 'transfer.deferred' | 'transfer.refused' }
    | { type: 'entry.closed' }
    | { type: 'report.owed'; wanted: boolean }
    | { type: 'report.due' }
  recipient:
    | { type: 'route.here' | 'route.elsewhere' | 'route.unknown' | 'route.looped' }
    | { type: 'route.redirected' | 'route.prohibited' | 'route.expanded' | 'route.unexpanded' }
    | { type: 'reply.accepted' | 'reply.withdrawn' | 'reply.unknown' }
    | { type: 'reply.deferred'; attempt: number }
    | (Refused & { type: 'reply.refused'; route: Route })
    | { type: 'transfer.taken' }
    | { type: 'transfer.deferred' | 'transfer.refused'; stale: boolean }
    | { type: 'retry.due' | 'reply.due' | 'expiry.due'; route: Route }
    | { type: 'mailbox.settled'; attempt: number; route: Route }
  slot:
    | { type: 'entry.discharged' | 'entry.deferred'; branch: number; size: number }
    | { type: 'entry.failed' | 'entry.expired'; branch: number; size: number }
  mailbox:
    | { type: 'mailbox.created'; again: boolean }
    | { type: 'mailbox.deleted' | 'mailbox.limited' }
    | { type: 'trim.due'; more: boolean }
    | { type: 'mail.offered'; found: Found; full?: boolean; ordered?: Ordered }
    | { type: 'offer.withdrawn' | 'item.deleted'; found: Found }
    | ({ type: MoveRequest | 'page.copied' | 'page.drained' | 'census.taken' } & Requested)
  move:
    | { type: 'move.requested' | 'move.cancelled' | 'reply.due' }
    | { type: 'move.released'; holdAt: string | null }
    | { type: 'request.granted'; request: string; stale: boolean; more: boolean; equal: boolean }
    | { type: 'request.refused'; request: string; stale: boolean }
  directory:
    | { type: 'entry.written' | DirectoryRequest; newer: boolean }
    | { type: 'entry.announced'; newer: boolean; now: boolean }
    | { type: 'replication.due'; newer: boolean }
}

/** What a move asks of a store, in the order of its phases, then of its way back. */
export type MoveRequest =
  | 'lock.requested'
  | 'target.requested'
  | 'page.requested'
  | 'census.requested'
  | 'flush.requested'
  | 'removal.requested'
  | 'nudge.requested'
  | 'close.requested'
  | 'drain.requested'
  | 'discard.requested'
  | 'unlock.requested'

/**
 * What a move asks of a server's replica: the target's write is the commit, the source's comes
 * after.
 */
export type DirectoryRequest = 'commit.requested' | 'publish.requested'

/**
 * Whose request it is: of a move not seen before, of the one that has the mailbox (or had it last),
 * of an older one.
 */
export type Mover = 'new' | 'same' | 'old'
export interface Requested {
  mover: Mover
  /** More pages follow this one. */
  more: boolean
  ordered?: Ordered
}

export type EventOf<K extends Kind> = Protocol[K]
export type EventType = Protocol[Kind]['type']

/** A timer's name; its event is `<timer>.due`. */
export type Timer = 'routing' | 'deferral' | 'report' | 'retry' | 'reply' | 'expiry' | 'replication'

/** How long a timer runs is for the step to say; a machine says by which rule. */
export type Rule =
  | { by: 'expiry' | 'deferral' }
  | { by: 'replication' | 'routing' | 'gathering' }
  | { by: 'retry'; towards: 'store' | 'transfer' | 'now'; attempts: number }
  | { by: 'reply'; tries: number }

/** A role in the sender's own situation, never an address: the step resolves it. */
export type Role =
  | 'self'
  | 'message'
  | 'entries'
  | 'entry'
  | 'slot'
  | 'mailbox'
  | 'copy'
  | 'report'
  | 'origin'
  | 'waiters'
  | 'move'
  | 'source'
  | 'target'
  | 'targetDirectory'
  | 'sourceDirectory'
  | 'peers'

/** The keyed items an actor may keep: what it must remember that is a name, a time or a content. */
export type Thing =
  | 'home'
  | 'code'
  | 'silenced'
  | 'deadLetter'
  | 'report'
  | 'gathered'
  | 'notice'
  | 'members'
  | 'item'
  | 'inTransit'
  | 'waiter'
  | 'refusal'
  | 'deferral'
  | 'rejection'
  | 'bar'
  | 'removal'
  | 'page'
  | 'merged'
  | 'nudged'
  | 'trimmed'
  | 'emptied'
  | 'drained'
  | 'cursor'
  | 'entry'
  | 'pending'
  | 'hold'
  | 'creation'
  | 'deletion'
  | 'limit'

/** An effect as data. An answer may say that there is more to do. */
export type Ask =
  | { send: EventType; to: Role; more?: true }
  | ({ arm: Timer } & Rule)
  | { disarm: Timer }
  | { keep: Thing }
  | { drop: Thing }

/** An ask as a machine writes it down. */
export const asks = <A extends Ask>(params: A) => ({ type: 'ask' as const, params })

/** Names the one effect for `setup()`; the body is empty because machines only ask. */
export const ask = (_: unknown, _ask: Ask): void => {}

/** The key of an entry within a message: the number, and how often it was redirected. */
export const entryKey = (number: number, branch: number): string =>
  branch === 0 ? `${number}` : branch === 1 ? `${number}r` : `${number}r${branch}`

/** Number and branch of an entry's key: `3`, `3r`, `3r2`. */
export function entryOf(key: string): { number: number; branch: number } {
  const mark = key.indexOf('r')
  if (mark < 0) return { number: Number(key), branch: 0 }
  return { number: Number(key.slice(0, mark)), branch: Number(key.slice(mark + 1) || 1) }
}

/** An entry's address; `copy` is `<id>/<copy>`. */
export const recipientAddress = (
  copy: string,
  { number, branch }: { number: number; branch: number },
): Address => `recipient/${copy}/${entryKey(number, branch)}`

const KINDS: readonly Kind[] = ['message', 'recipient', 'slot', 'mailbox', 'move', 'directory']
/** No two have the same third letter. */
const BY_THIRD_LETTER: Kind[] = []
for (const kind of KINDS) BY_THIRD_LETTER[kind.charCodeAt(2)] = kind

/**
 * Asked several times in each step, so it is always the same string, and no piece is cut from an
 * address.
 */
export function kindOf(address: Address): Kind {
  const kind = BY_THIRD_LETTER[address.charCodeAt(2)]
  if (kind !== undefined && address.startsWith(kind) && address[kind.length] === '/') return kind
  return address.slice(0, address.indexOf('/')) as Kind
}

/** `<id>/<copy>`: the copy that this address is in; of a copy, an entry or a slot. */
export function copyOf(address: Address): string {
  const id = address.indexOf('/') + 1
  const key = address.indexOf('/', address.indexOf('/', id) + 1)
  return key < 0 ? address.slice(id) : address.slice(id, key)
}

/** The parts of an address after its kind. Asked often, so it does not split and gather. */
export function partsOf(address: Address): string[] {
  const first = address.indexOf('/') + 1
  const second = address.indexOf('/', first) + 1
  if (second === 0) return [address.slice(first)]
  const third = address.indexOf('/', second) + 1
  if (third === 0) return [address.slice(first, second - 1), address.slice(second)]
  return [address.slice(first, second - 1), address.slice(second, third - 1), address.slice(third)]
}

/** The server of a copy's name. */
export const serverOf = (copy: string): string => {
  const dot = copy.indexOf('.')
  return dot < 0 ? copy : copy.slice(0, dot)
}

/** The copy that was made where the message was submitted, by its name. */
export const isFirstCopy = (copy: string): boolean => !copy.includes('.')
