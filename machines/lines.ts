/**
 * A machine with some of its lines changed; the machine itself stays as it is.
 *
 * So a defect, or a test that takes a safeguard out, says which line differs.
 */
import { type AnyStateMachine, createMachine } from 'xstate'

/** Where an event leads, under which guard, and what is done then. */
export interface Line {
  guard?: unknown
  target?: string
  actions?: unknown
  reenter?: boolean
}
export type Way = string | Line

export interface Lines {
  initial?: string
  on?: Record<string, Way | readonly Way[]>
  states?: Record<string, Lines>
  entry?: unknown
  exit?: unknown
}

export function rewritten(
  machine: AnyStateMachine,
  change: (lines: Lines) => void,
): AnyStateMachine {
  const lines = copied(machine.config) as Lines
  change(lines)
  const made = createMachine(lines as Parameters<typeof createMachine>[0])
  return made.provide(machine.implementations as object)
}

/** Functions are shared. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copied(one)]))
}

/** The lines of a state, `flushed.working` for one within another; it is an error if it is not. */
export function state(lines: Lines, path: string): Lines & { on: NonNullable<Lines['on']> } {
  let at: Lines | undefined = lines
  for (const name of path.split('.')) at = at?.states?.[name]
  if (!at) throw new Error(`there is no state ${path}`)
  at.on ??= {}
  return at as Lines & { on: NonNullable<Lines['on']> }
}

/** Where an event may lead in a state, the first guard that holds first. */
export const ways = (lines: Lines, path: string, event: string): Way[] =>
  [state(lines, path).on[event] ?? []].flat()

/** Whatever leads to the one state leads to the other. */
export function redirected(lines: unknown, from: string, to: string): void {
  if (Array.isArray(lines)) for (const one of lines) redirected(one, from, to)
  else if (typeof lines === 'object' && lines !== null) {
    if ('target' in lines && lines.target === from) lines.target = to
    for (const one of Object.values(lines)) redirected(one, from, to)
  }
}
