/**
 * Names for a live system's ids: messages and moves are numbered in the order of their making, so
 * that what is told of them can be read, and compared as text as the ids could be.
 */
import { kindOf, partsOf } from '../../../machines/protocol.ts'
import type { Bundle } from '../../runtime/views-of-bundle.ts'

export interface Naming {
  /** Text with names for ids, wherever they stand. */
  told(text: string): string
}

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

export function namingOf({ accepted, journal }: Bundle): Naming {
  const names = new Map<string, string>()
  const give = (ids: readonly string[], kind: string): void => {
    const digits = `${ids.length}`.length
    ids.forEach((id, i) => {
      names.set(id, `${kind}-${`${i + 1}`.padStart(digits, '0')}`)
    })
  }
  give(
    accepted.messages.map(({ header }) => header.id),
    'message',
  )
  const moves = journal.steps.filter(({ t, y }) => kindOf(t) === 'move' && y === 'move.requested')
  const ids = [...new Set(moves.map(({ t }) => partsOf(t)[0] as string))]
  // Ids grow with the time at which they were given, which may not be the order of the first steps.
  give(ids.sort(), 'move')
  return { told: (text) => text.replace(ID, (id) => names.get(id) ?? id) }
}
