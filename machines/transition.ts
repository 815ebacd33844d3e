/**
 * One machine, one event: the state and context before and after, and what was asked.
 *
 * XState's public `transition` builds a throw-away actor at each call; here its inner call is used
 * with one reused scope, which is several times as fast. And since contexts hold no ids, names or
 * times, the same situation comes again and again: what a machine did in it is remembered. A test
 * holds all of this equal to the public call.
 *
 * What is returned is shared: nobody may change it.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate'
import type { Ask, EventType } from './protocol.ts'
import { VISIBLE } from './visible.ts'
import type { StateValue } from './wire.ts'

export interface Situation {
  value: StateValue
  context: Record<string, unknown>
}
export interface Moved extends Situation {
  asks: Ask[]
  /** The machine had a transition for the event (it may have changed nothing). */
  handled: boolean
}

/** Situations remembered for each machine; then the oldest half is forgotten. */
const REMEMBERED_MAX = 20_000

type Scope = Parameters<AnyStateMachine['transition']>[2]
interface Prepared {
  scope: Scope
  collected: Ask[]
  initials: Map<string, Situation>
  moves: Map<string, Moved>
}

const prepared = new WeakMap<AnyStateMachine, Prepared>()

function prepare(machine: AnyStateMachine): Prepared {
  const known = prepared.get(machine)
  if (known) return known
  const self = createActor(machine)
  const collected: Ask[] = []
  const nothing = (): void => undefined
  const scope = {
    self,
    defer: nothing,
    id: '',
    logger: nothing,
    sessionId: '',
    stopChild: nothing,
    system: self.system,
    emit: nothing,
    actionExecutor: (action: { type: string; params: unknown }) => {
      if (action.type === 'ask') collected.push(action.params as Ask)
    },
  } as unknown as Scope
  const made = { scope, collected, initials: new Map(), moves: new Map() }
  prepared.set(machine, made)
  return made
}

/** The first situation of a machine; none of ours asks for anything on its way there. */
export function initial(machine: AnyStateMachine, input?: unknown): Situation {
  const { scope, initials } = prepare(machine)
  const key = input === undefined ? '' : JSON.stringify(input)
  const known = initials.get(key)
  if (known) return known
  const snapshot = machine.getInitialSnapshot(scope, input) as AnyMachineSnapshot
  const made = { value: snapshot.value as StateValue, context: snapshot.context }
  initials.set(key, made)
  return made
}

/** Throws what a guard or an assignment throws, and on a state that the machine does not have. */
export function transition(
  machine: AnyStateMachine,
  before: Situation,
  event: { type: string },
): Moved {
  const { scope, collected, moves } = prepare(machine)
  const key = keyOf(before, event)
  const known = moves.get(key)
  if (known) return known
  collected.length = 0
  const snapshot = machine.resolveState({ value: before.value, context: before.context })
  const after = machine.transition(snapshot, event, scope) as AnyMachineSnapshot
  const moved: Moved = {
    value: after.value as StateValue,
    context: after.context,
    asks: collected.slice(),
    handled: after !== snapshot,
  }
  remember(moves, key, moved)
  return moved
}

function keyOf({ value, context }: Situation, event: { type: string }): string {
  let key = `${event.type}|${typeof value === 'string' ? value : JSON.stringify(value)}`
  for (const name in context) key += `|${text(context[name])}`
  const payload = event as Record<string, unknown>
  for (const name of VISIBLE[event.type as EventType] ?? NONE) {
    const seen = payload[name]
    key += seen === undefined ? '|' : `|${text(seen)}`
  }
  return key
}

/** Of a type that is not in the protocol: no machine has a transition for it. */
const NONE: readonly string[] = []

const text = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value)

function remember(moves: Map<string, Moved>, key: string, moved: Moved): void {
  if (moves.size >= REMEMBERED_MAX) {
    let half = REMEMBERED_MAX / 2
    for (const old of moves.keys()) if (half-- > 0) moves.delete(old)
  }
  moves.set(key, moved)
}
