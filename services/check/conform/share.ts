/**
 * One actor's share of a step, and what is said when there is none that the machines allow.
 */
import type { Address } from '../../../machines/protocol.ts'
import type { Believed, Taken } from './belief.ts'
import { Contradiction, type Seen, type Share, statesIn, type World } from './followed.ts'

/** Only situations in which the timer that rang is armed. */
export function ringing({ step, timer }: Seen, before: Believed[], from: string): Believed[] {
  if (timer === null) return before
  const armed = before.filter((one) => one.armed === null || one.armed.includes(timer))
  if (armed.length > 0) return armed
  throw new Contradiction(step.t, from, 'the same', `its ${timer} timer rang and was not armed`)
}

/** What the ways in which an actor may have taken its event come to; none is a contradiction. */
export function shareOf(
  { step, move }: Seen,
  address: Address,
  from: string,
  to: string,
  taken: readonly Taken[],
): Share {
  if (taken.length === 0) {
    const text = `the machines do not lead from ${from} to ${to} by ${step.y}`
    throw new Contradiction(address, from, to, text)
  }
  const sends = taken.flatMap(({ moved }) =>
    moved.asks.flatMap((ask) => {
      return 'send' in ask ? [{ type: ask.send, role: ask.to }] : []
    }),
  )
  const holds = taken.some(({ moved }) =>
    moved.asks.some((ask) => 'keep' in ask && ask.keep === 'hold'),
  )
  const mover = holds && move !== null ? { mover: move } : {}
  return { address, situations: taken.map(({ after }) => after), sends, ...mover }
}

export function unreached(world: World, { step }: Seen, address: Address, to: string) {
  const text = `nothing in a step of ${step.t} by ${step.y} reaches it`
  return new Contradiction(address, statesIn(world, address), to, text)
}
