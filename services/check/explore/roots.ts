/**
 * Where what is remembered of each action begins, and of what kind of step each is.
 */
import type { Parts } from '../../../machines/defects.ts'
import { reads as readsOf } from '../../../machines/reads.ts'
import type { MailEvent, Stored } from '../../../machines/wire.ts'
import { BEGINS_AT, type Interned } from './interning.ts'
import type { Kinds } from './kinds.ts'
import type { Learn, Root } from './transitions.ts'

/** In what way an event is taken. */
export const PLAIN = 0
export const LOSING = 1
const ACT = 2
export const FAULTING = 3
const WAYS = 128
export const DYING = WAYS - 1

export interface Roots {
  /** Of an event or a timer, by its cell. */
  of(cell: number, way?: number): Root
  act(place: number): Root
}

export function openRoots(interned: Interned, kinds: Kinds): Roots {
  const roots = new Map<number, Root>()
  const plain: Root[] = []
  const at = (key: number, make: () => Root): Root => {
    const known = roots.get(key)
    if (known) return known
    const made = make()
    roots.set(key, made)
    return made
  }
  const make = (cell: number): Root => {
    const name = interned.cells[cell] as string
    return { event: eventIn(interned, name), kind: kinds.kind(kindOf(interned, name)) }
  }
  return {
    of(cell, way = PLAIN) {
      if (way !== PLAIN) return at(cell * WAYS + way, () => make(cell))
      plain[cell] ??= make(cell)
      return plain[cell]
    },
    act: (place) =>
      at(place * WAYS + ACT, () => ({ event: null, kind: kinds.kind(`act ${place}`) })),
  }
}

/** What a step did, told to those who learn what may be left for later. */
export const learning =
  (interned: Interned, kinds: Kinds, parts: Parts): Learn =>
  ({ event, kind }, effect, reads, on) => {
    const { writes, sent, timers } = effect
    const now = interned.value(BEGINS_AT)
    const due = timers.filter((_, i) => i % 2 === 0 && timers[i + 1] === now)
    const leads = [...sent, ...due].map((cell) => {
      const name = interned.cells[cell] as string
      const to = eventIn(interned, name)?.to ?? ''
      return { kind: kinds.kind(kindOf(interned, name)), to }
    })
    // What was read and is written as it was is not written.
    const changed = writes.filter((_, i) => {
      const cell = writes[i - (i % 2)] as number
      return on[cell] !== writes[i - (i % 2) + 1] || !reads.includes(cell)
    })
    const box = event && readsOf(event, parts).box
    const key = box?.what === 'key' ? box.key : null
    const by = event?.to ?? null
    // In a mailbox with a limit what comes first leaves less room for the next.
    const together = reads.some((cell) => hasLimit(interned, cell, on[cell] ?? 0))
    const done = { by, effect: { ...effect, writes: changed }, reads, key, together, leads }
    kinds.learn(kind, done)
  }

function hasLimit({ cells, values }: Interned, cell: number, value: number): boolean {
  if (!cells[cell]?.startsWith('mailbox/')) return false
  return (values[value] as Stored | undefined)?.a.limit !== undefined
}

function kindOf(interned: Interned, cell: string): string {
  const event = eventIn(interned, cell)
  return event ? `${event.type} ${event.to} ${event.item?.key ?? ''}` : cell
}

function eventIn({ values }: Interned, cell: string): MailEvent | null {
  const prefix = ['event ', 'took '].find((one) => cell.startsWith(one))
  return prefix === undefined ? null : (values[Number(cell.slice(prefix.length))] as MailEvent)
}
