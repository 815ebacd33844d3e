/**
 * A step's changes in the words of the domain: `recipient 1 (anna): delivering → deferred, mailbox
 * in transit`.
 */
import { type Address, entryOf, kindOf, partsOf, serverOf } from './protocol.ts'
import type { StateValue, Stored } from './wire.ts'
import type { Change, Stepped } from './working.ts'

/** The name of a state's outermost part: a move's phase. */
export const phaseName = (value: StateValue): string =>
  typeof value === 'string' ? value : (Object.keys(value)[0] ?? '')

/** A state's name; of a phase that holds, `locked (held)`. */
export function stateName(value: StateValue): string {
  if (typeof value === 'string') return value
  const [name, inner] = Object.entries(value)[0] ?? ['?', '']
  return inner === 'held' ? `${name} (held)` : name
}

/** For whom it is: an actor in words. */
export function who(address: Address, stored?: Stored, alias?: string): string {
  const [first = '', second = '', third = ''] = partsOf(address)
  switch (kindOf(address)) {
    case 'message':
      return `${stored?.a.header?.report ? 'report' : 'message'} at ${serverOf(second)}`
    case 'recipient': {
      const { number, branch } = entryOf(third)
      const address = stored?.a.entry?.address ?? alias
      const alternate = branch > 0 ? ', alternate' : ''
      return `recipient ${number}${address ? ` (${address}${alternate})` : alternate}`
    }
    case 'slot':
      return `report slot ${third}`
    case 'mailbox':
      return `mailbox ${second} at ${first}`
    case 'move':
      return stored?.a.move ? `move of ${stored.a.move.alias} to ${stored.a.move.target}` : 'move'
    default:
      return `directory entry ${second} at ${first}`
  }
}

/**
 * What a step changed, one line a change; a line for an event that changed no state says what it
 * did.
 */
export function tell(stepped: Stepped): string[] {
  return stepped.changes
    .filter(({ event, from, to }) => event !== 'entry.closed' || stateName(from) !== stateName(to))
    .map((change) => line(change, stepped))
}

function line(change: Change, stepped: Stepped): string {
  const from = stateName(change.from)
  const to = stateName(change.to)
  const why = change.why ? `, ${change.why}` : ''
  const name = who(change.actor, stepped.actors.get(change.actor))
  if (from !== to) return `${name}: ${from} → ${to}${why}`
  const says = change.says.length > 0 ? ` → ${[...new Set(change.says)].join(', ')}` : ''
  return `${name}: ${to}, ${change.event}${says}${why}`
}
