/**
 * What is under way in a state, and which of it is enough to look at (`independence.ts`).
 */
import { BEGINS_AT } from './interning.ts'
import { List } from './list.ts'
import type { Model } from './model.ts'

export interface Pending {
  /** Cells of events, then of timers that are due at once. */
  cells: List
  events: number
  /** The earliest date of a timer; 0 when none is armed. */
  due: number
}

/** One is made for each state, so the room is kept; what is in it ends with the next state. */
const room: Pending = { cells: new List(), events: 0, due: 0 }
const kinds = new List()

export function pendingIn({ interned, dense, events, timers }: Model): Pending {
  const { cells } = room
  cells.length = 0
  room.due = 0
  for (let i = 0; i < events.length; i++) {
    const cell = events.items[i] as number
    if (dense[cell] !== 0) cells.push(cell)
  }
  room.events = cells.length
  for (let i = 0; i < timers.length; i++) {
    const cell = timers.items[i] as number
    if (dense[cell] === 0) continue
    const date = interned.values[dense[cell] as number] as number
    if (room.due === 0 || date < room.due) room.due = date
    if (date <= BEGINS_AT) cells.push(cell)
  }
  return room
}

/** Which of them are enough to look at, a bit for each; 0 when all of them are needed. */
export function choose(model: Model, { cells, events }: Pending): number {
  const { dense, roots, tally, independence } = model
  kinds.length = 0
  for (let i = 0; i < cells.length; i++) kinds.push(roots.of(cells.items[i] as number).kind)
  for (let place = 0; place < tally.acts.length; place++) {
    if (dense[tally.acts[place] as number] === 0) kinds.push(roots.act(place).kind)
  }
  const chosen = independence.choose(kinds, events)
  // An act may never be done: nothing may wait for it.
  return chosen < 1 << cells.length ? chosen : 0
}
