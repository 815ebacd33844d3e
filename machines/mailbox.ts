/**
 * A mailbox as one store sees it.
 *
 * Rule [ours; local delivery by the store itself is published]: a store delivers to a mailbox that
 * it holds, whatever the directory says. While it is the source of a move it defers (the check is
 * published, Q259541; that the answer is "defer" is ours); while it is the target, what is
 * delivered goes to the in-transit folder (Q277911). What the store holds of a key decides first: a
 * key delivered before is accepted again, a barred one refused, and an attempt that was deferred
 * before is deferred again, so that no event seen twice delivers twice or late (I2, I9).
 *
 * The machine never starts anything: a move drives it, page by page, and each request is answered;
 * asked again, it answers again. Messages, delivered and barred keys, and those who wait are keyed
 * items, not context.
 *
 * Invariants:
 *
 *   B1. Every offer, withdrawal and request is answered, in every state (I5).
 *   B2. `locked` and `closing` never take mail; `absent` and `removing` never hold any that counts
 *       (I6), but know which keys were delivered here and which offers they refused (I9).
 *   B3. Who was deferred is kept as a waiter until nudged (I5).
 *
 * Pure: the store's knowledge of a key arrives with the event, classified.
 */
import { and, setup } from 'xstate'
import { ask, asks, type EventOf } from './protocol.ts'

/** What is known of the key is answered the same in every state that knows keys. */
const accept = asks({ send: 'reply.accepted', to: 'entry' })
const defer = asks({ send: 'reply.deferred', to: 'entry' })
const refuse = asks({ send: 'reply.refused', to: 'entry' })
const wait = asks({ keep: 'waiter' })
/** Refused is answered: the same offer, seen again when the mailbox is here, is not taken. */
const refuseForGood = [asks({ keep: 'refusal' }), refuse] as const
const known = [
  { guard: 'held', actions: accept },
  { guard: 'barred', actions: refuse },
  { guard: 'answered', actions: defer },
  { guard: 'orderedToDefer', actions: [wait, defer] },
  { guard: 'orderedToRefuse', actions: refuseForGood },
] as const
/** What is said of mail when the mailbox holds as much as it may (`quota.ts`). */
const full = [
  { guard: and(['full', 'putsOffWhenFull']), actions: [wait, defer] },
  { guard: 'full', actions: refuseForGood },
] as const
const takesMail = [...known, ...full, { actions: [asks({ keep: 'item' }), accept] }] as const
const takesInTransit = [...known, { actions: [asks({ keep: 'inTransit' }), accept] }] as const
const defersMail = [...known, { actions: [wait, defer] }] as const
const withdraws = [
  { guard: 'held', actions: accept },
  { actions: [asks({ keep: 'bar' }), asks({ send: 'reply.withdrawn', to: 'entry' })] },
] as const
/** What was delivered here was, also when the mailbox has gone and taken it along (I9). */
const gone = [{ guard: 'held', actions: accept }, { actions: refuseForGood }] as const
/**
 * Only the store that has the mailbox knows all that was delivered to it; what comes from another
 * may not be here yet. But an offer that is still on its way here is never taken (I9).
 */
const withdrawsHere = [
  { guard: 'held', actions: accept },
  { actions: [asks({ keep: 'bar' }), asks({ send: 'reply.unknown', to: 'entry' })] },
] as const
const deletes = { guard: 'held', actions: asks({ keep: 'removal' }) } as const

/** A request of the move is granted or declined; one of an older move is always declined. */
const grant = asks({ send: 'request.granted', to: 'move' })
const decline = asks({ send: 'request.refused', to: 'move' })
const foreign = { guard: 'foreign', actions: decline } as const
const again = [foreign, { actions: grant }] as const
const declined = { actions: decline } as const
const nudge = [asks({ send: 'mailbox.settled', to: 'waiters' }), asks({ keep: 'nudged' })] as const
const nudges = [foreign, { actions: [...nudge, grant] }] as const
const trim = asks({ send: 'trim.due', to: 'self' })
const take = asks({ keep: 'hold' })
/** Keys of an earlier stay come again with the mailbox, and their items with them. */
const empty = asks({ keep: 'emptied' })

export const mailbox = setup({
  types: { context: {} as Record<string, never>, events: {} as EventOf<'mailbox'> },
  actions: { ask },
  guards: {
    /** It was here before: made, or moved here; a mailbox made anew has another id. */
    again: ({ event }) => 'again' in event && event.again,
    held: ({ event }) => 'found' in event && event.found === 'held',
    barred: ({ event }) => 'found' in event && event.found === 'barred',
    answered: ({ event }) => 'found' in event && event.found === 'answered',
    orderedToDefer: ({ event }) =>
      'ordered' in event && !!event.ordered && 'defer' in event.ordered,
    orderedToRefuse: ({ event }) =>
      'ordered' in event && !!event.ordered && 'refuse' in event.ordered,
    full: ({ event }) => 'full' in event && event.full === true,
    /** A profile's part: does mail wait for room, or is it refused? */
    putsOffWhenFull: () => false,
    newMover: ({ event }) => 'mover' in event && event.mover === 'new',
    foreign: ({ event }) => 'mover' in event && event.mover !== 'same',
    more: ({ event }) => 'more' in event && event.more,
  },
}).createMachine({
  id: 'mailbox',
  context: {},
  initial: 'absent',
  on: {
    'mailbox.limited': { actions: asks({ keep: 'limit' }) },
    /** A request that makes no sense in a state is declined, or its move would wait for ever. */
    'lock.requested': declined,
    'target.requested': declined,
    'page.requested': declined,
    'census.requested': declined,
    'flush.requested': declined,
    'removal.requested': declined,
    'nudge.requested': declined,
    'close.requested': declined,
    'drain.requested': declined,
    'discard.requested': declined,
    'unlock.requested': declined,
    'page.copied': declined,
    'page.drained': declined,
    'census.taken': declined,
  },
  states: {
    absent: {
      on: {
        'mail.offered': gone,
        'offer.withdrawn': withdrawsHere,
        'mailbox.created': [
          { guard: 'again' },
          { target: 'open', actions: asks({ keep: 'creation' }) },
        ],
        'target.requested': [
          { guard: and(['newMover', 'orderedToRefuse']), actions: [take, decline] },
          { guard: 'newMover', target: 'inTransit', actions: [take, empty, grant] },
          declined,
        ],
        'removal.requested': again,
        'discard.requested': again,
        'nudge.requested': nudges,
      },
    },

    open: {
      on: {
        'mail.offered': takesMail,
        'offer.withdrawn': withdraws,
        'item.deleted': deletes,
        'mailbox.deleted': { target: 'removing', actions: [asks({ keep: 'deletion' }), trim] },
        'lock.requested': [
          { guard: and(['newMover', 'orderedToRefuse']), actions: [take, decline] },
          { guard: 'newMover', target: 'locked', actions: [take, grant] },
          declined,
        ],
        'flush.requested': again,
        'unlock.requested': again,
        'nudge.requested': nudges,
      },
    },

    /** The source of a move: on the list of users being moved (Q259541). */
    locked: {
      on: {
        'mail.offered': defersMail,
        'offer.withdrawn': withdraws,
        'lock.requested': again,
        'page.requested': [foreign, { actions: asks({ send: 'page.copied', to: 'target' }) }],
        'census.requested': [foreign, { actions: asks({ send: 'census.taken', to: 'target' }) }],
        'page.drained': [foreign, { actions: [asks({ keep: 'drained' }), grant] }],
        'removal.requested': [foreign, { target: 'removing', actions: grant }],
        'unlock.requested': [foreign, { target: 'open', actions: grant }],
      },
    },

    /**
     * The target of a move, made with its flag in one commit: mail goes to the in-transit folder
     * (Q277911).
     */
    inTransit: {
      on: {
        'mail.offered': takesInTransit,
        'offer.withdrawn': withdrawsHere,
        'target.requested': again,
        'page.copied': [
          foreign,
          { guard: 'orderedToRefuse', actions: decline },
          { actions: [asks({ keep: 'page' }), grant] },
        ],
        'census.taken': again,
        'flush.requested': [
          foreign,
          { guard: 'more', target: 'merging', actions: [asks({ keep: 'merged' }), grant] },
          { target: 'open', actions: [asks({ keep: 'merged' }), grant] },
        ],
        'close.requested': [foreign, { target: 'closing', actions: grant }],
      },
    },

    /** The flag is off; the in-transit folder is merged into the mailbox, by key, page by page. */
    merging: {
      on: {
        'mail.offered': takesMail,
        'offer.withdrawn': withdraws,
        'item.deleted': deletes,
        'flush.requested': [
          foreign,
          { guard: 'more', actions: [asks({ keep: 'merged' }), grant] },
          { target: 'open', actions: [asks({ keep: 'merged' }), grant] },
        ],
      },
    },

    /**
     * The target of a move on its way back: closed first, so that the drain sees all of its mail.
     */
    closing: {
      on: {
        'mail.offered': defersMail,
        'offer.withdrawn': withdrawsHere,
        'close.requested': again,
        'drain.requested': [foreign, { actions: asks({ send: 'page.drained', to: 'source' }) }],
        'discard.requested': [foreign, { target: 'removing', actions: [trim, grant] }],
      },
    },

    /** Gone for everybody; who waits is nudged page by page, then what it held is cleared away. */
    removing: {
      on: {
        'mail.offered': gone,
        'offer.withdrawn': withdrawsHere,
        'removal.requested': again,
        'discard.requested': again,
        /** A move back waits, and asks again when this is cleared. */
        'target.requested': {},
        'nudge.requested': [
          foreign,
          { guard: 'more', actions: [...nudge, grant] },
          { actions: [...nudge, grant, trim] },
        ],
        'trim.due': [
          { guard: 'more', actions: [...nudge, trim] },
          { target: 'absent', actions: [...nudge, asks({ keep: 'trimmed' })] },
        ],
      },
    },
  },
})
