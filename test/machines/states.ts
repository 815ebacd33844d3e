/**
 * The machines under test, and the leaf states that an actor can rest in, in the order of the
 * source.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import type { Kind } from '../../machines/protocol.ts'
import { SUBJECTS } from './worlds/all.ts'

export function machineOf(kind: Kind): AnyStateMachine {
  const [world] = SUBJECTS[kind].worlds
  if (!world) throw new Error(`${kind} has no world`)
  return world.machine
}

export function statesOf(machine: AnyStateMachine): string[] {
  return leaves(machine.root).filter((state) => state !== '')
}

/** A state with an unconditional `always` is only passed through. */
const passedThrough = ({ always }: AnyStateNode): boolean =>
  (always ?? []).some(({ guard, target }) => !guard && target !== undefined)

function leaves(node: AnyStateNode): string[] {
  if (passedThrough(node)) return []
  const children = Object.values(node.states)
  return children.length > 0 ? children.flatMap(leaves) : [node.path.join('.')]
}
