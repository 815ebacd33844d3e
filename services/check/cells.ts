/**
 * What a site is made of when it is kept in memory: named cells, each a plain value.
 *
 *   <address>                          an actor as it is stored
 *   box <mailbox address>              a mailbox's keyed items as one store holds them
 *   cache <server>/<alias>             an MTA's belief
 *   accepted <id>                      an accepted message's recipients, in chunks
 *   end <id>/<copy>/<entry>            how an entry that failed ended for its originator
 *   removal <mailbox>/<id>             a reader has deleted the message: no step looks at it, the
 *                                      judge does
 *
 * A value is never changed in place, but for a box that was got by `edit`. So one driver may keep
 * every value that a cell ever had and tell states apart by them, and another only the last one.
 */
import type { Item } from '../../machines/wire.ts'

export interface Cells {
  get(name: string): unknown
  set(name: string, value: unknown): void
  /** The box of this cell, to be changed in place; empty when there was none. */
  edit(name: string): Box
}

/** As the box keys of Redis: see `services/runtime/boxes.ts`. */
export interface Box {
  items: Map<string, Item>
  /** How much the items are, so that nobody needs to add them up. */
  bytes: number
  /** Keys ever delivered, and when: in that order. */
  log: Map<string, number>
  transit: Map<string, Item>
  /** Keys that were withdrawn. */
  bars: Map<string, number>
  /** Entries with the attempt that was deferred, and those that have been nudged. */
  waiters: Map<string, number>
  answered: Map<string, number>
}

export const removalCell = (mailbox: string, key: string): string => `removal ${mailbox}/${key}`

export const emptyBox = (): Box => ({
  items: new Map(),
  bytes: 0,
  log: new Map(),
  transit: new Map(),
  bars: new Map(),
  waiters: new Map(),
  answered: new Map(),
})

export const copyOfBox = (box: Box): Box => ({
  items: new Map(box.items),
  bytes: box.bytes,
  log: new Map(box.log),
  transit: new Map(box.transit),
  bars: new Map(box.bars),
  waiters: new Map(box.waiters),
  answered: new Map(box.answered),
})

/** Cells of which only the last value is kept. */
export function plainCells(): Cells & { all: Map<string, unknown> } {
  const all = new Map<string, unknown>()
  return {
    all,
    get: (name) => all.get(name),
    set(name, value) {
      if (value === undefined) all.delete(name)
      else all.set(name, value)
    },
    edit(name) {
      const known = all.get(name) as Box | undefined
      if (known) return known
      const made = emptyBox()
      all.set(name, made)
      return made
    },
  }
}
