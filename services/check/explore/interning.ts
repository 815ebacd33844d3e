/**
 * A state as numbers: every cell has a number, and every value that a cell ever had.
 *
 * Two values are one when they differ only in what no later step looks at: versions (a conflict
 * cannot be, since steps are atomic here) and the times that are only told to people. The first
 * value seen stands for all of them.
 */
/** What a cell is to the search; all else is the machines' business. */
export type CellKind = 'value' | 'event' | 'timer' | 'count' | 'took' | 'stalls'

const TOLD_ONLY: ReadonlySet<string> = new Set([
  'v',
  'id',
  'at',
  'receivedAt',
  'startedAt',
  'failedAt',
  'sentAt',
  'submittedAt',
  'moved',
])

/** A header's and a move's id are theirs; an event's is not part of what it says. */
function strip(this: unknown, key: string, value: unknown): unknown {
  if (value instanceof Map) return [...value].map(mapped).sort()
  return TOLD_ONLY.has(key) && typeof value !== 'object' && !keepsId(this, key) ? undefined : value
}

const keepsId = (holder: unknown, key: string): boolean =>
  key === 'id' && typeof holder === 'object' && holder !== null && !('to' in holder)

const mapped = ([key, value]: [string, unknown]): unknown =>
  // Times of arrival are told only; attempts are not.
  typeof value === 'number' && value > ATTEMPTS_MOST ? [key] : [key, value]

/** Site time begins later than this, so a number in a box is an attempt or a time. */
const ATTEMPTS_MOST = 1_000_000
export const BEGINS_AT = 10_000_000

export const canonical = (value: unknown): string =>
  typeof value === 'number' ? `${value}` : JSON.stringify(value, strip)

export interface Interned {
  /** By number; 0 is no cell. */
  cells: string[]
  kinds: CellKind[]
  /** By number; 0 is no value. */
  values: unknown[]
  cell(name: string, kind: CellKind): number
  value(value: unknown): number
  /** Of a cell that is named by what an event says, the number of that. */
  said(cell: number): number
}

export function interning(): Interned {
  const cells = ['']
  const kinds: CellKind[] = ['value']
  const values: unknown[] = [undefined]
  const byName = new Map<string, number>()
  const byText = new Map<string, number>()
  const said: number[] = []
  return {
    cells,
    kinds,
    values,
    cell(name, kind) {
      const known = byName.get(name)
      if (known !== undefined) return known
      byName.set(name, cells.length)
      kinds.push(kind)
      return cells.push(name) - 1
    },
    said(cell) {
      said[cell] ??= Number((cells[cell] as string).replace(/^(event|took|stalls) /, ''))
      return said[cell]
    },
    value(value) {
      if (value === undefined) return 0
      const text = canonical(value)
      const known = byText.get(text)
      if (known !== undefined) return known
      byText.set(text, values.length)
      return values.push(value) - 1
    },
  }
}

/** How long an MTA believes what it read: older beliefs are all alike. */
export interface Latencies {
  entryLatencyMs: number
  alternateLatencyMs: number
}

/**
 * Beyond this a date stays where it is while time passes by minutes: a message's expiry, days away,
 * is the same for a state and for the one that is a retry later.
 */
export const FAR_MS = 24 * 3_600_000

/** Values as they are when the clock has gone on, and is called `BEGINS_AT` again. */
export function rebasing(interned: Interned, latencies: Latencies) {
  const timed: boolean[] = []
  const moved = new Map<number, Map<number, number>>()
  const isTimed = (value: number): boolean => {
    timed[value] ??= /"(readAt|expiresAt|deferUntil)"/.test(canonical(interned.values[value]))
    return timed[value]
  }
  return {
    /** A timer's: what was due at once stays so, any other is told as `least` or later. */
    date(value: number, by: number, least: number): number {
      const due = interned.values[value] as number
      return due <= BEGINS_AT ? value : interned.value(later(due, by, least))
    },
    value(value: number, by: number): number {
      if (!isTimed(value)) return value
      const known = moved.get(by)?.get(value)
      if (known !== undefined) return known
      const text = JSON.stringify(interned.values[value], function shift(key, one: unknown) {
        if (key === 'expiresAt' || key === 'deferUntil') {
          return later(one as number, by, BEGINS_AT)
        }
        if (key === 'readAt') return later(one as number, by, BEGINS_AT - latencies.entryLatencyMs)
        if (key !== 'alternateReadAt') return one
        return later(one as number, by, BEGINS_AT - latencies.alternateLatencyMs)
      })
      const made = interned.value(JSON.parse(text))
      const all = moved.get(by) ?? new Map<number, number>()
      moved.set(by, all.set(value, made))
      return made
    },
  }
}

const later = (date: number, by: number, least: number): number =>
  date - BEGINS_AT > FAR_MS && by < FAR_MS ? date : Math.max(least, date - by)
