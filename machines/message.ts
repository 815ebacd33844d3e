/**
 * The copy of a message for which one MTA is responsible (X.411): its recipients, their retries,
 * their reports.
 *
 * A copy is made by a submission, by a transfer from another MTA, or by a report. It is routed in
 * chunks, since a message may have 10,000 recipients: each chunk's entries are made with the
 * cache's answer for each, and the next chunk is an event to itself. It counts its open entries and
 * never lists them. A distribution list among them adds chunks of its members, which are routed in
 * their turn (`expansion.ts`). A store that has no session with its MTA keeps what it was to hand
 * over, and tries again [ours]; with Q247255 it is deleted.
 *
 * What its originator wants delivered later is held where it was submitted, before it is routed
 * (X.411, deferred-delivery-time), so it goes by the directory as it then is. Nothing cancels it.
 *
 * A transfer that is not answered is repeated, and the first of it may come last. Over SMTP the
 * next MTA cannot tell a repetition from another message, and delivers twice (RFC 1047); X.400
 * numbers what is transferred, so that a repetition is known. Here an entry counts its attempts,
 * and the copy's first answer to an attempt stands, whatever comes late or again [ours]: an attempt
 * that was put off or refused is never taken, and a copy that has taken any of its entries takes
 * them all. So the answer to its last attempt tells the sender who is responsible, and no
 * withdrawal is needed before it reports or goes elsewhere.
 *
 * When the Result stage says that a report is owed, the copy decides what becomes of it: a null
 * sender is never reported to (I4, RFC 5321 §4.5.5) and leaves a dead letter; an originator who
 * wanted none (RFC 3461 NOTIFY=NEVER) is left in silence; else a report is submitted, a message of
 * its own with a null sender. Entries that fail within a few seconds of one another are told of
 * together: what is owed is gathered until the timer rings, until it fills a report, or until the
 * copy has no open entry left that might still fail (`step.ts`), whichever is first. So a failure
 * that is alone is reported at once. [ours]
 *
 * Invariants:
 *
 *   M1. `settled` holds no open entry, and every chunk was routed (I1).
 *   M2. A report is owed to the originator at most once an entry, since an entry fails once (I3).
 *   M3. While chunks remain, the routing timer is armed (I5).
 *   M4. An attempt at a transfer that was put off or refused is never taken, nor is one put off or
 *       refused once any was taken (I3, I8).
 *   M5. While anything is owed and has not left, the report timer is armed (I5); it leaves once
 *       (I3).
 *   M6. While its delivery is deferred, nothing of it is routed, and the timer of that is armed
 *       (I5).
 *
 * Pure: which entries a chunk makes is worked out by `routing.ts` and arrives as a count.
 */
import { assign, setup } from 'xstate'
import { ask, asks, type EventOf, type Found } from './protocol.ts'

export interface MessageContext {
  /** Entries that are not closed. */
  open: number
  /** Chunks routed so far. */
  chunks: number
  /** The originator is the null sender: nothing may be reported. */
  nullSender: boolean
}

const route = asks({ send: 'route.here', to: 'entries' })
const next = asks({ send: 'routing.due', to: 'self' })
const armRouting = asks({ arm: 'routing', by: 'routing' })
const disarmRouting = asks({ disarm: 'routing' })
const taken = asks({ send: 'transfer.taken', to: 'origin' })
const deferred = asks({ send: 'transfer.deferred', to: 'origin' })
const refused = asks({ send: 'transfer.refused', to: 'origin' })

const again = { guard: 'again' } as const
const routes = [
  { guard: 'last', target: '#message.open', actions: ['count', route, disarmRouting] },
  { target: '#message.routing', actions: ['count', route, next, armRouting] },
] as const
const chunk = [again, ...routes] as const

/** Its delivery is deferred; a copy that waits for a session is held when it has one. */
const hold = {
  guard: 'early',
  target: 'scheduled',
  actions: [asks({ arm: 'deferral', by: 'deferral' }), disarmRouting],
} as const

const whole = { target: '#message.open', actions: ['count', route] } as const

const found = (event: EventOf<'message'>, what: Found): boolean =>
  event.type === 'copy.transferred' && event.found === what

/** A fault rule orders this MTA what to answer; never about what it has taken. */
const ordered = (
  { chunks }: MessageContext,
  event: EventOf<'message'>,
  what: 'defer' | 'refuse',
): boolean =>
  event.type === 'copy.transferred' && chunks === 0 && !!event.ordered && what in event.ordered

/** The store has no session with its MTA (Q247255): it keeps the message, and offers it again. */
const kept = { guard: 'noSession', actions: armRouting } as const

export const message = setup({
  types: {
    context: {} as MessageContext,
    events: {} as EventOf<'message'>,
    input: {} as { nullSender: boolean } | undefined,
  },
  actions: {
    ask,
    count: assign(({ context, event }) => ({
      open: context.open + ('count' in event ? event.count : 0),
      chunks: context.chunks + 1,
    })),
    close: assign({ open: ({ context }) => context.open - 1 }),
  },
  guards: {
    /** This chunk was routed before. */
    again: ({ context, event }) => 'chunk' in event && event.chunk !== context.chunks,
    last: ({ event }) => 'last' in event && event.last,
    noSession: ({ context, event }) =>
      event.type === 'mail.submitted' &&
      event.chunk === 0 &&
      context.chunks === 0 &&
      !!event.ordered &&
      'defer' in event.ordered,
    held: ({ event }) => found(event, 'held'),
    putOffBefore: ({ event }) => found(event, 'answered'),
    refusedBefore: ({ event }) => found(event, 'barred'),
    orderedToDefer: ({ context, event }) => ordered(context, event, 'defer'),
    orderedToRefuse: ({ context, event }) => ordered(context, event, 'refuse'),
    early: ({ event }) => 'early' in event && event.early === true,
    none: ({ context }) => context.open === 0,
    nullSender: ({ context }) => context.nullSender,
    wanted: ({ event }) => event.type === 'report.owed' && event.wanted,
  },
}).createMachine({
  id: 'message',
  context: ({ input }) => ({ open: 0, chunks: 0, nullSender: input?.nullSender ?? false }),
  initial: 'accepted',
  on: {
    /** What was answered before is answered again. */
    'copy.transferred': [
      { guard: 'held', actions: taken },
      { guard: 'refusedBefore', actions: refused },
      { guard: 'putOffBefore', actions: deferred },
      {
        guard: 'orderedToDefer',
        target: '#message.open',
        actions: [asks({ keep: 'deferral' }), deferred],
      },
      {
        guard: 'orderedToRefuse',
        target: '#message.open',
        actions: [asks({ keep: 'rejection' }), refused],
      },
      { ...whole, actions: ['count', route, taken] },
    ],
    'transfer.taken': { actions: asks({ send: 'transfer.taken', to: 'entries' }) },
    'transfer.deferred': { actions: asks({ send: 'transfer.deferred', to: 'entries' }) },
    'transfer.refused': { actions: asks({ send: 'transfer.refused', to: 'entries' }) },
    'entry.closed': { actions: 'close' },
    'report.owed': [
      { guard: 'nullSender', actions: asks({ keep: 'deadLetter' }) },
      {
        guard: 'wanted',
        actions: [asks({ keep: 'report' }), asks({ arm: 'report', by: 'gathering' })],
      },
      { actions: asks({ keep: 'silenced' }) },
    ],
    'report.due': [
      { guard: 'nullSender' },
      {
        actions: [
          asks({ send: 'report.submitted', to: 'report' }),
          asks({ drop: 'gathered' }),
          asks({ disarm: 'report' }),
        ],
      },
    ],
  },
  states: {
    accepted: {
      on: {
        'mail.submitted': [kept, again, hold, ...routes],
        'routing.due': [again, hold, ...routes],
        'report.submitted': [
          { guard: 'last', ...whole },
          { target: 'routing', actions: ['count', route, next, armRouting] },
        ],
      },
    },
    scheduled: { on: { 'deferral.due': chunk } },
    routing: { on: { 'routing.due': chunk } },
    open: { always: { guard: 'none', target: 'settled' } },
    settled: {},
  },
})
