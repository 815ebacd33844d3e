/**
 * Timelines: the journal of a message, told apart by entry, and several profiles laid side by side.
 *
 * Pure. A lane is what happened to one entry, in order; a report slot speaks in the lane of its
 * entry. Lanes are aligned by their longest common subsequence, so that what is common stands on
 * one line and what differs is seen at once.
 */
import type { EntryView, MessageView } from '../runtime/views-of-mail.ts'

export interface Line {
  /** Milliseconds of site time since the run began. */
  afterMs: number
  text: string
}

/**
 * `recipient 1 (bob, alternate): queued → delivering`: number, address, branch, and what happened.
 */
const OF_ENTRY = /^recipient (\d+)(?: \((.+?)(, alternate)?\))?: (.*)$/s
/**
 * `report slot 1: …` is shared by all entries of the number; `report slot 1-0: …` is one entry's
 * own.
 */
const OF_SLOT = /^report slot (\d+)(?:-(\d+))?: /
const CHANGE = /(\w+) → (\w+)/

const localPart = (address: string): string => address.split('@')[0] ?? address

const sameAddress = (shown: string, entry: EntryView): boolean =>
  shown === entry.address || shown === localPart(entry.address)

/** What a line of the journal says about an entry; null when it speaks of another. */
function aboutEntry(change: string, entry: EntryView): string | null {
  const match = OF_ENTRY.exec(change)
  if (!match || Number(match[1]) !== entry.number) return null
  const branch = match[3] === undefined ? 'own' : 'redirected'
  return branch === entry.branch && sameAddress(match[2] ?? '', entry) ? (match[4] ?? '') : null
}

/** A slot speaks in the lane of its entry; one that is shared in that of the own entry. */
function aboutSlot(change: string, entry: EntryView): string | null {
  const match = OF_SLOT.exec(change)
  if (!match || Number(match[1]) !== entry.number) return null
  const own = match[2] === undefined || match[2] === '0'
  return own === (entry.branch === 'own') ? change : null
}

/** The copy that an actor belongs to, and the server that has it: `lon.1.2r` is at lon. */
const copyOf = (actor: string): string => actor.split('/')[2] ?? ''
const serverOf = (copy: string): string => copy.split('.')[0] ?? copy

/**
 * The states that an entry went through, copy after copy. A copy begins its work before the one
 * that sent it has heard so; told apart by copy, the path does not depend on which was faster.
 */
export function pathOf(message: MessageView, entry: EntryView): string[] {
  const copies = new Map<string, string[]>()
  for (const line of message.timeline) {
    const path = copies.get(copyOf(line.actor)) ?? []
    for (const change of line.changes) {
      const match = CHANGE.exec(aboutEntry(change, entry) ?? '')
      if (!match) continue
      const [, from = '', to = ''] = match
      if (path.at(-1) !== from) path.push(from)
      path.push(to)
    }
    if (path.length > 0) copies.set(copyOf(line.actor), path)
  }
  return [...copies.values()].flat()
}

/** Does the path go through these states, in this order? */
export function goesThrough(path: readonly string[], states: readonly string[]): boolean {
  let next = 0
  for (const state of path) if (state === states[next]) next += 1
  return next === states.length
}

/** What happened to an entry and to its slot, in order; where, if not at its first server. */
export function laneOf(message: MessageView, entry: EntryView, startedAt: string): Line[] {
  const start = Date.parse(startedAt)
  const home = serverOf(entry.copies[0] ?? '')
  const lines = message.timeline.flatMap((line) =>
    line.changes.flatMap((change) => {
      const told = aboutEntry(change, entry) ?? aboutSlot(change, entry)
      if (told === null) return []
      const server = serverOf(copyOf(line.actor))
      const text = server === home ? told : `${server}: ${told}`
      return [{ afterMs: Date.parse(line.at) - start, text }]
    }),
  )
  return withoutRepeats(lines)
}

/**
 * The longest cycle that is looked for: an attempt, its deferral, and what the slot says to both.
 */
const CYCLE_LINES_MAX = 4
/** Fewer repetitions than this are shown as they are. */
const REPEATS_MIN = 3

/** How often the lines from `start` come again, one after the other. */
function repeats(lines: readonly Line[], start: number, length: number): number {
  let count = 1
  const same = (offset: number): boolean => {
    const again = lines[start + count * length + offset]
    return again !== undefined && again.text === lines[start + offset]?.text
  }
  const offsets = Array.from({ length }, (_, offset) => offset)
  while (offsets.every(same)) count += 1
  return count
}

/**
 * A week of retries in three lines: the first attempt, how often it came again, and what followed.
 */
export function withoutRepeats(lines: readonly Line[]): Line[] {
  const shown: Line[] = []
  let next = 0
  while (next < lines.length) {
    const lengths = Array.from({ length: CYCLE_LINES_MAX }, (_, index) => index + 1)
    const length = lengths.find((size) => repeats(lines, next, size) >= REPEATS_MIN) ?? 0
    const count = length === 0 ? 1 : repeats(lines, next, length)
    shown.push(...lines.slice(next, next + Math.max(1, length)))
    next += Math.max(1, length * count)
    const last = lines[next - 1]
    if (count > 1 && last) shown.push({ ...last, text: `(the same ${count - 1} times more)` })
  }
  return shown
}

/** One line of the table: a cell for each profile, null where it has nothing to say. */
export type AlignedRow = (Line | null)[]

function lengths(rows: readonly string[], lane: readonly string[]): number[][] {
  const table = Array.from({ length: rows.length + 1 }, () => new Array(lane.length + 1).fill(0))
  for (let i = rows.length - 1; i >= 0; i -= 1) {
    for (let j = lane.length - 1; j >= 0; j -= 1) {
      const same = rows[i] === lane[j]
      const [down, right] = [table[i + 1]?.[j] ?? 0, table[i]?.[j + 1] ?? 0]
      const row = table[i]
      if (row) row[j] = same ? (table[i + 1]?.[j + 1] ?? 0) + 1 : Math.max(down, right)
    }
  }
  return table
}

/** Adds one more lane to rows that are aligned already. */
function addLane(rows: AlignedRow[], width: number, lane: Line[]): AlignedRow[] {
  const texts = rows.map((row) => row.find((cell) => cell !== null)?.text ?? '')
  const table = lengths(
    texts,
    lane.map((line) => line.text),
  )
  const merged: AlignedRow[] = []
  let [i, j] = [0, 0]
  while (i < rows.length || j < lane.length) {
    const [row, line] = [rows[i], lane[j]]
    const down = table[i + 1]?.[j] ?? -1
    const right = table[i]?.[j + 1] ?? -1
    if (row && line && texts[i] === line.text) {
      merged.push([...row, line])
      i += 1
      j += 1
    } else if (row && (!line || down >= right)) {
      merged.push([...row, null])
      i += 1
    } else if (line) {
      merged.push([...new Array<null>(width).fill(null), line])
      j += 1
    }
  }
  return merged
}

/** Lanes of several profiles, side by side. */
export function align(lanes: readonly Line[][]): AlignedRow[] {
  return lanes.reduce<AlignedRow[]>((rows, lane, width) => addLane(rows, width, lane), [])
}
