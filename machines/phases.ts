/**
 * The names of a move's phases: what has been reached. `move.ts` says what each does.
 */

/** The phases in order. At each but the last ones a move can hold. */
export const PHASES = [
  'requested',
  'locked',
  'created',
  'copying',
  'verified',
  'committed',
  'published',
  'flushed',
  'removed',
] as const
export const PHASES_BACK = ['closing', 'draining', 'discarding', 'unlocking'] as const
export const ENDS = ['completed', 'rolledBack', 'refused'] as const
export type Phase = (typeof PHASES)[number] | (typeof PHASES_BACK)[number] | (typeof ENDS)[number]
