/**
 * One entry of one copy of a message, from queue to outcome.
 *
 * The store's reply decides: accepted, deferred (transient), refused (permanent). No reply is none
 * of these: the mailbox may hold the message already (RFC 1047), so the same key is offered again
 * and the mailbox recognises it. Once an offer has gone unanswered, neither a refusal nor the
 * expiry is believed before the store has been asked to withdraw it: the store answers "had it", or
 * bars the key (I9). The store that the offer was made to is asked first, so that one that is still
 * on its way is never taken; when the mailbox is not there, the store that has it is asked next.
 *
 * A retry comes by timer, or when the store says that the mailbox has settled ("at the end of the
 * move operation, another attempt is made", Q248839). That nudge may overtake the deferral it
 * answers: `nudged` remembers it.
 *
 * A transfer counts its attempts, and only the answer to the present one is heard: what the next
 * MTA answered to an attempt stands (`message.ts`), so from then on it is known which of the two is
 * responsible.
 *
 * Invariants, checked in every reachable state:
 *
 *   R1. Every state but `queued` (the copy's routing timer has it) and the final ones has a timer
 *       of its own (I5).
 *   R2. Each final state has closed its entry at the message exactly once (I1, I8).
 *   R3. `delivered` is entered only on the store's word (I2).
 *   R4. Whether a failure is reported is the Result stage's decision, never this machine's.
 *   R5. A transfer's attempt ends only with the answer to it, so that no other attempt is made, nor
 *       a failure reported, while the next MTA may take it (I3, I8).
 *
 * Pure: no clock, no chance, no ids. A deadline arrives as an event; asks leave as data.
 */
import { and, assign, setup } from 'xstate'
import { ask, asks, type EventOf } from './protocol.ts'

export interface RecipientContext {
  /** Offers to the store that began a new attempt. */
  attempts: number
  /** Transfers that the next MTA put off. */
  transfers: number
  /** Repeats of the request that is open now. */
  tries: number
  /** An offer once went unanswered: what the store holds is not known. */
  unanswered: boolean
  /** The mailbox settled while the offer was still open. */
  nudged: boolean
  /** The withdrawal follows a refusal, not the expiry. */
  refused: boolean
  /** The last attempt was towards another MTA. */
  remote: boolean
}

/** Withdrawals answered with "unknown" before the mailbox counts as gone. [ours] */
export const WITHDRAWALS_MAX = 5

/** Connection retries towards another MTA before the message is returned (Q157630). */
export const TRANSFER_RETRIES_MAX = 144

const keepHome = asks({ keep: 'home' })
const keepCode = asks({ keep: 'code' })
const disarmReply = asks({ disarm: 'reply' })
const armReply = {
  type: 'ask',
  params: ({ context }: { context: RecipientContext }) =>
    ({ arm: 'reply', by: 'reply', tries: context.tries }) as const,
} as const
/** Whoever asked to be told of this (RFC 3461 NOTIFY) is told, once: `notices.ts`. */
const notice = [asks({ send: 'report.submitted', to: 'report' }), asks({ keep: 'notice' })] as const
/** It will fail, once the store has been asked to withdraw. */
const giveUp = ['refuse', keepCode, 'begin'] as const
const toTransfer = { target: 'transferring', actions: ['begin', keepHome] } as const
const retry = [
  { guard: 'here', target: 'delivering', actions: ['attempt', keepHome] },
  { guard: 'elsewhere', ...toTransfer },
  { guard: 'unanswered', target: 'withdrawing', actions: giveUp },
  { target: 'failed', actions: keepCode },
] as const
const closed = asks({ send: 'entry.closed', to: 'message' })
const disarmExpiry = asks({ disarm: 'expiry' })
const discharged = [asks({ send: 'entry.discharged', to: 'slot' }), closed, disarmExpiry] as const

export const recipient = setup({
  types: {
    context: {} as RecipientContext,
    events: {} as EventOf<'recipient'>,
  },
  actions: {
    ask,
    attempt: assign(({ context }) => ({
      attempts: context.attempts + 1,
      tries: 0,
      nudged: false,
      remote: false,
    })),
    begin: assign({ tries: 0, remote: true, nudged: false }),
    again: assign({ tries: ({ context }) => context.tries + 1 }),
    doubt: assign({ unanswered: true }),
    nudge: assign({ nudged: true }),
    refuse: assign({ refused: true }),
    putOff: assign({ transfers: ({ context }) => context.transfers + 1 }),
  },
  guards: {
    /** A profile's part: does the MTA look again when the store no longer knows the mailbox? */
    resolvesAgain: () => false,
    exhausted: ({ context }) => context.transfers >= TRANSFER_RETRIES_MAX,
    stale: ({ context, event }) =>
      ('attempt' in event && event.attempt !== context.attempts) ||
      ('stale' in event && event.stale),
    unanswered: ({ context }) => context.unanswered,
    refusedBefore: ({ context }) => context.refused,
    here: ({ event }) => 'route' in event && event.route === 'here',
    elsewhere: ({ event }) => 'route' in event && event.route === 'elsewhere',
    nowhere: ({ event }) => 'route' in event && event.route === 'unknown',
    unknown: ({ event }) => event.type === 'reply.refused' && event.unknown,
    gone: ({ context }) => context.tries >= WITHDRAWALS_MAX,
  },
}).createMachine({
  id: 'recipient',
  context: {
    attempts: 0,
    transfers: 0,
    tries: 0,
    unanswered: false,
    nudged: false,
    refused: false,
    remote: false,
  },
  initial: 'queued',
  states: {
    queued: {
      on: {
        'route.here': { target: 'delivering', actions: ['attempt', keepHome] },
        'route.elsewhere': toTransfer,
        'route.unknown': { target: 'failed', actions: keepCode },
        'route.looped': { target: 'failed', actions: keepCode },
        'route.prohibited': { target: 'failed', actions: keepCode },
        'route.redirected': 'redirected',
        'route.expanded': { target: 'expanded', actions: asks({ keep: 'members' }) },
        'route.unexpanded': { target: 'failed', actions: keepCode },
      },
    },

    delivering: {
      entry: [asks({ send: 'mail.offered', to: 'mailbox' }), armReply],
      exit: disarmReply,
      on: {
        'reply.accepted': 'delivered',
        'reply.deferred': [{ guard: 'stale' }, { target: 'deferred' }],
        'reply.refused': [
          { guard: 'stale' },
          { guard: and(['unknown', 'resolvesAgain', 'elsewhere']), ...toTransfer },
          { guard: and(['unknown', 'resolvesAgain', 'here']), target: 'deferred' },
          {
            guard: 'unanswered',
            target: 'withdrawing',
            actions: ['refuse', keepCode, 'begin', keepHome],
          },
          { target: 'failed', actions: keepCode },
        ],
        'mailbox.settled': [{ guard: 'stale' }, { actions: 'nudge' }],
        'reply.due': { target: 'delivering', reenter: true, actions: ['doubt', 'again'] },
        'expiry.due': { target: 'withdrawing', actions: ['doubt', 'begin', keepHome] },
      },
    },

    deferred: {
      entry: [
        asks({ send: 'entry.deferred', to: 'slot' }),
        ...notice,
        {
          type: 'ask',
          params: ({ context }) => ({
            arm: 'retry',
            by: 'retry',
            towards: context.nudged ? 'now' : context.remote ? 'transfer' : 'store',
            attempts: context.remote ? context.transfers : context.attempts,
          }),
        },
        asks({ arm: 'expiry', by: 'expiry' }),
      ],
      exit: asks({ disarm: 'retry' }),
      on: {
        'retry.due': retry,
        'mailbox.settled': retry,
        'expiry.due': [
          { guard: 'unanswered', target: 'withdrawing', actions: ['begin', keepHome] },
          { target: 'expired' },
        ],
        'reply.accepted': 'delivered',
      },
    },

    transferring: {
      entry: [asks({ send: 'copy.transferred', to: 'copy' }), armReply],
      exit: disarmReply,
      on: {
        'transfer.taken': 'transferred',
        'transfer.deferred': [
          { guard: 'stale' },
          { guard: and(['exhausted', 'unanswered']), target: 'withdrawing', actions: giveUp },
          { guard: 'exhausted', target: 'failed', actions: keepCode },
          { target: 'deferred', actions: 'putOff' },
        ],
        'transfer.refused': [
          { guard: 'stale' },
          { guard: 'unanswered', target: 'withdrawing', actions: giveUp },
          { target: 'failed', actions: keepCode },
        ],
        'reply.due': { target: 'transferring', reenter: true, actions: 'again' },
      },
    },

    withdrawing: {
      entry: [asks({ send: 'offer.withdrawn', to: 'mailbox' }), armReply],
      exit: disarmReply,
      on: {
        'reply.accepted': 'delivered',
        'reply.withdrawn': [{ guard: 'refusedBefore', target: 'failed' }, { target: 'expired' }],
        'reply.unknown': [
          { guard: and(['gone', 'refusedBefore']), target: 'failed' },
          { guard: 'gone', target: 'expired' },
        ],
        'reply.due': [
          { guard: and(['nowhere', 'refusedBefore']), target: 'failed' },
          { guard: 'nowhere', target: 'expired' },
          { target: 'withdrawing', reenter: true, actions: ['again', keepHome] },
        ],
      },
    },

    delivered: { type: 'final', entry: [...discharged, ...notice] },
    transferred: { type: 'final', entry: discharged },
    redirected: { type: 'final', entry: closed },
    expanded: { type: 'final', entry: [closed, ...notice] },
    failed: {
      type: 'final',
      entry: [asks({ send: 'entry.failed', to: 'slot' }), closed, disarmExpiry],
    },
    expired: {
      type: 'final',
      entry: [asks({ send: 'entry.expired', to: 'slot' }), closed, disarmExpiry],
    },
  },
})
