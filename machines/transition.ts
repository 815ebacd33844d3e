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
import { type Asked, askedOf } from './asked.ts'
import type { Ask, EventType } from './protocol.ts'
import { VISIBLE } from './visible.ts'
import type { StateValue } from './wire.ts'

export interface Situation {
  value: StateValue
  context: Record<string, unknown>
}
export interface Moved extends Situation {
  asks: Ask[]
  asked: Asked
  /** The machine had a transition for the event (it may have changed nothing). */
  handled: boolean
}

/** Situations remembered for each machine; then all of them are forgotten. */
const REMEMBERED_MAX = 20_000

type Scope = Parameters<AnyStateMachine['transition']>[2]
interface Prepared {
  scope: Scope
  collected: Ask[]
  initials: Map<string, Situation>
  trail: Trail
  remembered: number
}

/** After what has been looked at so far: what the machine did then, or what it looks at next. */
class Trail {
  moved: Moved | undefined = undefined
  readonly #next = new Map<unknown, Trail>()

  next(value: unknown): Trail {
    const plain = typeof value === 'object' ? JSON.stringify(value) : value
    const known = this.#next.get(plain)
    if (known) return known
    const made = new Trail()
    this.#next.set(plain, made)
    return made
  }
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
  const made = { scope, collected, initials: new Map(), trail: new Trail(), remembered: 0 }
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
  const memory = prepare(machine)
  const trail = lookedAt(memory.trail, before, event)
  if (trail.moved) return trail.moved
  const { scope, collected } = memory
  collected.length = 0
  const snapshot = machine.resolveState({ value: before.value, context: before.context })
  const after = machine.transition(snapshot, event, scope) as AnyMachineSnapshot
  const asks = collected.slice()
  const moved: Moved = {
    value: after.value as StateValue,
    context: after.context,
    asks,
    asked: askedOf(asks),
    handled: after !== snapshot,
  }
  trail.moved = moved
  memory.remembered += 1
  if (memory.remembered > REMEMBERED_MAX) {
    memory.remembered = 0
    memory.trail = new Trail()
  }
  return moved
}

/** All that a machine can go by, one after the other. */
function lookedAt(from: Trail, { value, context }: Situation, event: { type: string }): Trail {
  let trail = from.next(event.type).next(value)
  for (const name in context) trail = trail.next(context[name])
  const payload = event as Record<string, unknown>
  for (const name of VISIBLE[event.type as EventType] ?? NONE) trail = trail.next(payload[name])
  return trail
}

/** Of a type that is not in the protocol: no machine has a transition for it. */
const NONE: readonly string[] = []
