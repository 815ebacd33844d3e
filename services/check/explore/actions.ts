/** What leads from one state to another, as one number, so that the way to a state can be kept. */

export const DO = ['take', 'die', 'back', 'again', 'lose', 'fault', 'ring', 'act', 'stall'] as const
export type Doing = (typeof DO)[number]
export const [TAKE, DIE, BACK, AGAIN, LOSE, FAULT, RING, ACT, STALL] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8,
] as const

export interface Action {
  do: Doing
  /** The cell of the event, the timer, or what was taken; of an act its place in the plan. */
  of: number
  /** Of a fault its place in the plan. */
  fault: number
  /** It is done only when what was believed has grown too old. */
  aged: boolean
}

const KINDS = DO.length
const FAULTS = 64
/** Faults that a plan may have, so that an action stays one number. */
export const FAULTS_MAX = FAULTS
export const AGED = 1

export const code = (doing: number, of: number, aged = 0, fault = 0): number =>
  ((of * FAULTS + fault) * 2 + aged) * KINDS + doing

export function decode(number: number): Action {
  const rest = Math.floor(number / KINDS)
  const aged = rest % 2 === AGED
  const cell = Math.floor(rest / 2)
  return {
    do: DO[number % KINDS] as Doing,
    aged,
    fault: cell % FAULTS,
    of: Math.floor(cell / FAULTS),
  }
}
