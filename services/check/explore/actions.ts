/** What leads from one state to another, as one number, so that the way to a state can be kept. */

export const DO = ['take', 'die', 'again', 'lose', 'fault', 'ring', 'act'] as const
export type Doing = (typeof DO)[number]

export interface Action {
  do: Doing
  /** The cell of the event or timer; of an act its place in the plan. */
  of: number
  /** Of a fault its place in the plan. */
  fault: number
  /** It is done only when what was believed has grown too old. */
  aged: boolean
}

const KINDS = 8
const FAULTS = 64
/** Faults that a plan may have, so that an action stays one number. */
export const FAULTS_MAX = FAULTS

export const code = ({ do: doing, of, fault, aged }: Action): number =>
  ((of * FAULTS + fault) * 2 + (aged ? 1 : 0)) * KINDS + DO.indexOf(doing)

export function decode(number: number): Action {
  const rest = Math.floor(number / KINDS)
  const aged = rest % 2 === 1
  const cell = Math.floor(rest / 2)
  return {
    do: DO[number % KINDS] as Doing,
    aged,
    fault: cell % FAULTS,
    of: Math.floor(cell / FAULTS),
  }
}
