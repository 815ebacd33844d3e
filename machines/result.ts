/**
 * The Result stage's report slot: what is still owed to the originator for one key.
 *
 * An MTA has Router, Fanout and Result stages, and Result handles non-delivery reports (Q234280).
 * The diagnostics 253 "No Report required" and 254 "Per-recip failure" exist (Q174175). How they
 * combine here is ours.
 *
 * The slot's code is the same in every profile. It hears how each of its entries stands; when the
 * pass over them has ended with the copy kept (one discharged, one deferred, nothing queued or
 * failed), it notes "no report required". The defect Q248839 is in the key alone: with it the
 * entries of one recipient number share a slot, so that the alternate's delivery closes the
 * primary's slot too. Without it each entry has a slot of its own, the guard can never hold, and
 * `noReport` is never reached.
 *
 * Invariants:
 *
 *   S1. A failure in `open` or `perRecipient` asks for exactly one report decision (I3).
 *   S2. `noReport` is reached only in a slot of two entries or more.
 *   S3. An expiry does not pass this stage: it always asks (events 208 and 310).
 *
 * Pure; the context holds branches (0 own, 1 and up redirected) and how they stand, no ids.
 */
import { assign, setup } from 'xstate'
import { ask, asks, type EventOf } from './protocol.ts'

export type Standing = 'deferred' | 'discharged' | 'failed'

export interface SlotContext {
  /** How many entries share this slot. */
  size: number
  /** How each branch stands; one that is not here is queued. */
  standing: Partial<Record<number, Standing>>
  /** Failures that were not reported because no report was required any more. */
  absorbed: number
}

const owed = asks({ send: 'report.owed', to: 'message' })

/**
 * The pass has ended with the copy kept: nothing queued, none failed, one discharged, one deferred.
 */
const passEnded = ({ size, standing }: SlotContext): boolean => {
  const all = Object.values(standing)
  return (
    all.length >= size &&
    !all.includes('failed') &&
    all.includes('discharged') &&
    all.includes('deferred')
  )
}

export const slot = setup({
  types: { context: {} as SlotContext, events: {} as EventOf<'slot'> },
  actions: {
    ask,
    record: assign(({ context, event }) => ({
      size: Math.max(context.size, event.size),
      standing: { ...context.standing, [event.branch]: standingAfter[event.type] },
    })),
    absorb: assign({ absorbed: ({ context }) => context.absorbed + 1 }),
  },
  guards: { passEnded: ({ context }) => passEnded(context) },
}).createMachine({
  id: 'slot',
  context: { size: 1, standing: {}, absorbed: 0 },
  initial: 'open',
  on: { 'entry.expired': { actions: ['record', owed] } },
  states: {
    open: {
      always: { guard: 'passEnded', target: 'noReport' },
      on: {
        'entry.discharged': { actions: 'record' },
        'entry.deferred': { actions: 'record' },
        'entry.failed': { target: 'perRecipient', actions: ['record', owed] },
      },
    },
    /** Diagnostic 253. */
    noReport: {
      on: {
        'entry.discharged': { actions: 'record' },
        'entry.deferred': { actions: 'record' },
        'entry.failed': { actions: ['record', 'absorb'] },
      },
    },
    /** Diagnostic 254. */
    perRecipient: {
      on: {
        'entry.discharged': { actions: 'record' },
        'entry.deferred': { actions: 'record' },
        'entry.failed': { actions: ['record', owed] },
      },
    },
  },
})

const standingAfter = {
  'entry.discharged': 'discharged',
  'entry.deferred': 'deferred',
  'entry.failed': 'failed',
  'entry.expired': 'failed',
} as const
