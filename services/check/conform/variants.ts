/**
 * An event as its machine may have seen it. The journal keeps the type alone; what else the machine
 * may look at is named by `machines/visible.ts`, and each field has the few values that can make a
 * difference. What the journal does tell (how many entries were made, to which request an answer
 * belongs) is given, and is the only value.
 */
import type { EventType, Kind } from '../../../machines/protocol.ts'
import type { Situation } from '../../../machines/transition.ts'
import { VISIBLE } from '../../../machines/visible.ts'
import { HOLDS, type Variant } from './belief.ts'

/** What is known of this event. */
export type Known = Partial<Record<string, readonly unknown[]>>

const YES_NO = [true, false] as const
const ORDERED = [undefined, { defer: true }, { refuse: { reason: 1, diagnostic: 0 } }] as const
const REQUESTS = [
  ...['lock', 'target', 'page', 'census', 'flush', 'removal', 'nudge'],
  ...['close', 'drain', 'discard', 'unlock', 'commit', 'publish'],
].map((name) => `${name}.requested`)

/** Values by field; a count is relative to the situation. */
const DOMAINS: Record<string, (context: Record<string, unknown>) => readonly unknown[]> = {
  chunk: ({ chunks }) => [chunks, Number(chunks) - 1],
  count: () => [0, 1],
  last: () => YES_NO,
  ordered: () => ORDERED,
  wanted: () => YES_NO,
  attempt: ({ attempts }) => [attempts, Number(attempts) - 1],
  unknown: () => YES_NO,
  nullSender: () => YES_NO,
  // Without an address to look up there is no answer.
  route: () => ['here', 'elsewhere', 'unknown', undefined],
  branch: () => [0, 1],
  size: () => [1, 2],
  again: () => YES_NO,
  more: () => YES_NO,
  full: () => YES_NO,
  early: () => YES_NO,
  found: () => ['new', 'held', 'barred', 'answered'],
  mover: () => ['new', 'same', 'old'],
  holdAt: () => HOLDS,
  request: () => REQUESTS,
  stale: () => YES_NO,
  equal: () => YES_NO,
  newer: () => YES_NO,
  now: () => YES_NO,
}

/** All variants of an event in a situation. */
export const variantsOf =
  (type: EventType, known: Known = {}) =>
  ({ context }: Situation): Variant[] =>
    VISIBLE[type].reduce<Variant[]>(
      (all, field) => {
        const values = known[field] ?? DOMAINS[field]?.(context) ?? [undefined]
        return all.flatMap((event) => values.map((value) => ({ ...event, [field]: value })))
      },
      [{ type }],
    )

/** Which events may be addressed to an actor of a kind; what a copy says within itself is not. */
export const ADDRESSED: Record<Kind, ReadonlySet<string>> = {
  message: new Set([
    ...['mail.submitted', 'routing.due', 'deferral.due', 'copy.transferred', 'report.submitted'],
    ...['transfer.taken', 'transfer.deferred', 'transfer.refused', 'report.due'],
  ]),
  recipient: new Set([
    ...['reply.accepted', 'reply.withdrawn', 'reply.unknown', 'reply.deferred', 'reply.refused'],
    ...['retry.due', 'reply.due', 'expiry.due', 'mailbox.settled'],
  ]),
  slot: new Set(),
  mailbox: new Set([
    ...['mailbox.created', 'mailbox.deleted', 'trim.due', 'mail.offered', 'offer.withdrawn'],
    ...['mailbox.limited', 'item.deleted', 'page.copied', 'page.drained', 'census.taken'],
    ...REQUESTS.slice(0, 11),
  ]),
  move: new Set([
    ...['move.requested', 'move.cancelled', 'reply.due', 'move.released'],
    ...['request.granted', 'request.refused'],
  ]),
  directory: new Set([
    ...['entry.written', 'commit.requested', 'publish.requested', 'entry.announced'],
    'replication.due',
  ]),
}

/** The Router stage's answers: each entry that a copy makes gets one. */
export const ROUTES = [
  'route.here',
  'route.elsewhere',
  'route.unknown',
  'route.looped',
  'route.prohibited',
  'route.redirected',
  'route.expanded',
  'route.unexpanded',
] as const satisfies EventType[]
