/**
 * One Move User, in phases: lock, create, copy, verify, commit, publish, flush, remove, nudge; and
 * its way back.
 *
 * The order is our safe design [ours]; what is published: the data is copied before the directory
 * changes (Q252869), the target carries the in-transit flag and its folder is flushed after
 * (Q277911), the store checks for users being moved (Q259541), and another attempt is made at the
 * end of the move (Q248839). Writing the directory at the target is the commit: before it every
 * failure leads back, after it every failure leads forward. The target's replica is written before
 * the source's, or two MTAs could each believe the other. On the way back the target is closed
 * before it is drained, or mail that it accepted in between would be lost.
 *
 * A phase's name says what has been reached; its work is the request that leads to the next. A
 * phase can hold. Each request is repeated until it is answered; asked again, a store answers
 * again. A cancellation waits for the answer to the request that is open, so that no request is in
 * flight when the way back begins.
 *
 * Invariants:
 *
 *   V1. Every state but `held` and the final ones has the reply timer armed (I5).
 *   V2. `committed` and later never lead back; `closing` and later never lead forward (I6).
 *   V3. The source is removed only when both replicas name the target and the in-transit folder is
 *       merged (I2, I6).
 *
 * Pure: whether more pages follow, and whether both sides hold the same keys, arrives with the
 * answer.
 */
import { assign, setup } from 'xstate'
import type { Phase } from './phases.ts'
import {
  type Ask,
  ask,
  asks,
  type DirectoryRequest,
  type EventOf,
  type MoveRequest,
  type Role,
} from './protocol.ts'

export interface MoveContext {
  /** The phase at which to hold, if any. */
  holdAt: string | null
  /** Somebody wants it back. */
  cancelled: boolean
  /** Repeats of the request that is open now. */
  tries: number
  /** The last page is at the target. */
  copied: boolean
}

type Request = MoveRequest | DirectoryRequest
interface Work {
  request: Request
  to: Role
  /** Where an answer with more to come leads; where the last one leads. */
  more?: string
  granted: string
  /** The last one finishes the copying. */
  last?: true
  refused: string
  /** Where a comparison that found a difference leads. */
  unequal?: string
  /** Where a cancellation leads; none when it is of no use. */
  cancelled?: string
  /** Once the request has been sent, it is too late for a cancellation. */
  binding?: true
  /** This state, for its own repetition. */
  self: string
}
/** What a phase does, and what it does then. */
type Path = Omit<Work, 'self'> & {
  next?: Omit<Work, 'self'>
  /** When there is nothing to do but what comes next. */
  done?: 'copied'
}

const parts = setup({
  types: {
    context: {} as MoveContext,
    events: {} as EventOf<'move'>,
    input: {} as { holdAt: string | null } | undefined,
  },
  actions: {
    ask,
    begin: assign({ tries: 0 }),
    again: assign({ tries: ({ context }) => context.tries + 1 }),
    cancel: assign({ cancelled: true }),
    complete: assign({ copied: true }),
    release: assign({
      holdAt: ({ event }) => (event.type === 'move.released' ? event.holdAt : null),
    }),
  },
  guards: {
    /** An answer to another request than the one that is open, or to an earlier page. */
    other: ({ event }, request: string) =>
      'request' in event && (event.stale || event.request !== request),
    more: ({ event }) => event.type === 'request.granted' && event.more,
    unequal: ({ event }) => event.type === 'request.granted' && !event.equal,
    cancelled: ({ context }) => context.cancelled,
    copied: ({ context }) => context.copied,
    holding: ({ context }, name: string) => context.holdAt === name,
  },
})

const turn = asks({ keep: 'cursor' })

/** Sends the request, repeats it until it is answered, and follows the answer. */
const working = (work: Work) => {
  const revocable = work.binding ? undefined : work.cancelled
  return parts.createStateConfig({
    entry: [
      asks({ send: work.request, to: work.to } as Ask),
      {
        type: 'ask',
        params: ({ context }) => ({ arm: 'reply', by: 'reply', tries: context.tries }),
      },
    ],
    exit: asks({ disarm: 'reply' }),
    on: {
      'request.granted': [
        { guard: { type: 'other', params: work.request } },
        ...(revocable ? [{ guard: 'cancelled', target: revocable } as const] : []),
        ...(work.more
          ? [{ guard: 'more', target: work.more, reenter: true, actions: turn } as const]
          : []),
        ...(work.unequal ? [{ guard: 'unequal', target: work.unequal } as const] : []),
        {
          target: work.granted,
          actions: [...(work.last ? (['complete'] as const) : []), 'begin', turn],
        },
      ],
      'request.refused': [
        { guard: { type: 'other', params: work.request } },
        { target: work.refused, actions: 'begin' },
      ],
      'reply.due': { target: work.self, reenter: true, actions: 'again' },
      ...(revocable ? { 'move.cancelled': { actions: 'cancel' } as const } : {}),
    },
  })
}

/** A phase: it holds if it is asked to, then works. */
const phase = (name: Phase, given: Path) => {
  const work = { ...given, self: `#move.${name}.working` }
  const done = given.done ? [{ guard: given.done, target: 'next' } as const] : []
  return parts.createStateConfig({
    initial: 'reached',
    states: {
      reached: {
        always: [
          { guard: { type: 'holding', params: name }, target: 'held' },
          ...done,
          { target: 'working' },
        ],
      },
      held: {
        on: {
          'move.released': [
            ...done.map((next) => ({ ...next, actions: 'release' }) as const),
            { target: 'working', actions: 'release' },
          ],
          ...(work.cancelled
            ? { 'move.cancelled': { target: work.cancelled, actions: 'cancel' } as const }
            : {}),
        },
      },
      working: working(work),
      ...(work.next ? { next: working({ ...work.next, self: `#move.${name}.next` }) } : {}),
    },
  })
}

const copied = {
  request: 'page.requested',
  to: 'source',
  more: '#move.copying',
  granted: '#move.copying',
  last: true,
  refused: '#move.closing',
  cancelled: '#move.closing',
} as const

export const move = parts.createMachine({
  id: 'move',
  context: ({ input }) => ({
    holdAt: input?.holdAt ?? null,
    cancelled: false,
    tries: 0,
    copied: false,
  }),
  initial: 'asked',
  on: { 'move.released': { actions: 'release' } },
  states: {
    asked: { on: { 'move.requested': 'requested' } },
    requested: phase('requested', {
      request: 'lock.requested',
      to: 'source',
      granted: '#move.locked',
      refused: '#move.refused',
      cancelled: '#move.unlocking',
    }),
    locked: phase('locked', {
      request: 'target.requested',
      to: 'target',
      granted: '#move.created',
      refused: '#move.unlocking',
      cancelled: '#move.closing',
    }),
    created: phase('created', copied),
    copying: phase('copying', {
      ...copied,
      done: 'copied',
      next: {
        request: 'census.requested',
        to: 'source',
        unequal: '#move.closing',
        granted: '#move.verified',
        refused: '#move.closing',
        cancelled: '#move.closing',
      },
    }),
    verified: phase('verified', {
      request: 'commit.requested',
      to: 'targetDirectory',
      granted: '#move.committed',
      refused: '#move.verified.working',
      cancelled: '#move.closing',
      binding: true,
    }),
    committed: phase('committed', {
      request: 'publish.requested',
      to: 'sourceDirectory',
      granted: '#move.published',
      refused: '#move.committed.working',
    }),
    published: phase('published', {
      request: 'flush.requested',
      to: 'target',
      more: '#move.published',
      granted: '#move.flushed',
      refused: '#move.published.working',
    }),
    flushed: phase('flushed', {
      request: 'removal.requested',
      to: 'source',
      granted: '#move.removed',
      refused: '#move.flushed.working',
    }),
    removed: phase('removed', {
      request: 'nudge.requested',
      to: 'source',
      more: '#move.removed',
      granted: '#move.completed',
      refused: '#move.completed',
    }),

    closing: phase('closing', {
      request: 'close.requested',
      to: 'target',
      granted: '#move.draining',
      refused: '#move.draining',
    }),
    draining: phase('draining', {
      request: 'drain.requested',
      to: 'target',
      more: '#move.draining',
      granted: '#move.discarding',
      refused: '#move.discarding',
    }),
    discarding: phase('discarding', {
      request: 'discard.requested',
      to: 'target',
      granted: '#move.unlocking',
      refused: '#move.unlocking',
    }),
    unlocking: phase('unlocking', {
      request: 'unlock.requested',
      to: 'source',
      granted: '#move.unlocking.next',
      refused: '#move.rolledBack',
      next: {
        request: 'nudge.requested',
        to: 'source',
        more: '#move.unlocking.next',
        granted: '#move.rolledBack',
        refused: '#move.rolledBack',
      },
    }),
    completed: { type: 'final' },
    rolledBack: { type: 'final' },
    refused: { type: 'final' },
  },
})
