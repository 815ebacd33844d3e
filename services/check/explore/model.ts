/**
 * The state that the search is at: a value's number for each cell, and its fingerprint.
 *
 * The fingerprint is the sum of a mixed number for each cell and its value, so a change costs what
 * it changes. Changes are undone to come back to the state that was read.
 */

import { type EngineParts, engineWith } from '../../../machines/defects.ts'
import { partsOfProfile } from '../../../machines/parts.ts'
import type { Plan } from '../plan.ts'
import { firstCells } from './beginning.ts'
import { Independence } from './independence.ts'
import { BEGINS_AT, type CellKind, type Interned, interning, rebasing } from './interning.ts'
import { Kinds } from './kinds.ts'
import { List } from './list.ts'
import { mixHigh, mixLow } from './mixing.ts'
import { learning, openRoots, type Roots } from './roots.ts'
import { NoRoomError } from './table.ts'
import { openTally, type Tally } from './tally.ts'
import type { Tape } from './tape.ts'
import { openTransitions, type Removed, type Transitions } from './transitions.ts'

/** Cells that one step may add before the arrays are made larger. */
const SLACK = 4_096

/** Kinds of cells of which a state has a list. */
const LISTED: readonly CellKind[] = ['event', 'timer', 'took']

/** A cell and its value in one number, while the value is less than this. */
const VALUE_BITS = 16
const BESIDE = (1 << VALUE_BITS) - 1

export class Model {
  readonly interned: Interned = interning()
  readonly transitions: Transitions
  readonly independence: Independence
  readonly roots: Roots
  readonly tally: Tally
  /** The value's number of each cell. */
  dense = new Int32Array(SLACK * 2)
  /** Of the state that was read: cells of events, of timers, and of what was taken. */
  readonly events = new List()
  readonly timers = new List()
  readonly took = new List()
  /** Cells in which the state that was read differs from the first one. */
  readonly differing = new List()
  low = 0
  high = 0
  readonly plan: Plan
  readonly engine: EngineParts
  readonly removed: Removed
  /** Cells that have a value in the first state. */
  readonly #first: number[]
  /** By kind as `LISTED` has them; and how many of each are of the first state. */
  readonly #lists = [this.events, this.timers, this.took] as const
  readonly #firstListed: number[]
  readonly #rebased: ReturnType<typeof rebasing>
  #base = new Int32Array(SLACK * 2)
  /** By cell, the reading or the writing that came upon it last. */
  #marks = new Int32Array(SLACK * 2)
  /** Counts both. */
  #passes = 0
  #reading = 0
  /** By cell that has no value at first, the place of its list plus 1; 0: it is in none. */
  #listOf = new Uint8Array(SLACK * 2)
  #listed = 0
  /** Cells that were changed since, with what they were. */
  readonly #touched: number[] = []
  readonly #olds: number[] = []
  #changes = 0
  #lowRead = 0
  #highRead = 0

  constructor(plan: Plan, removed: Removed = {}) {
    this.plan = plan
    this.engine = engineWith(plan.site.profile.defects)
    this.removed = removed
    const kinds = new Kinds(this.interned)
    this.independence = new Independence(kinds)
    this.tally = openTally(this.interned, plan)
    this.roots = openRoots(this.interned, kinds)
    const learn = learning(this.interned, kinds, partsOfProfile(plan.site.profile))
    this.transitions = openTransitions(this.interned, learn)
    const first = firstCells(plan, this.interned)
    this.#first = first.map(([cell]) => cell)
    this.#rebased = rebasing(this.interned, plan.site.profile)
    this.#room()
    for (const [cell, value] of first) {
      this.#base[cell] = value
      this.dense[cell] = value
      this.#lists[LISTED.indexOf(this.interned.kinds[cell] as CellKind)]?.push(cell)
    }
    this.#firstListed = this.#lists.map(({ length }) => length)
    this.#listed = 0
    this.#room()
  }

  /** Goes to the first state. */
  first(): void {
    this.#begin(0, 0)
  }

  /** Goes to the state that is next on the tape, whose fingerprint this is. */
  read(tape: Tape, low: number, high: number): void {
    this.#begin(low, high)
    let at = tape.next()
    const { dense, differing } = this
    const { from } = tape
    const marks = this.#marks
    const listOf = this.#listOf
    const reading = this.#reading
    for (let left = from[at++] as number; left > 0; left--) {
      const packed = from[at++] as number
      const cell = packed >>> VALUE_BITS
      const value = packed & BESIDE
      dense[cell] = value === BESIDE ? (from[at++] as number) : value
      differing.push(cell)
      marks[cell] = reading
      const list = listOf[cell] as number
      if (list !== 0) (this.#lists[list - 1] as List).push(cell)
    }
    tape.done(at)
  }

  write(tape: Tape): void {
    const { dense, differing } = this
    const base = this.#base
    const touched = this.#touched
    const marks = this.#marks
    const reading = this.#reading
    this.#passes += 1
    const writing = this.#passes
    const begins = tape.open(1 + 2 * (differing.length + this.#changes))
    const { into } = tape
    let at = begins + 1
    let count = 0
    for (let i = 0; i < differing.length; i++) {
      const cell = differing.items[i] as number
      const value = dense[cell] as number
      if (value === base[cell]) continue
      count += 1
      at = put(into, at, cell, value)
    }
    for (let i = 0; i < this.#changes; i++) {
      const cell = touched[i] as number
      const value = dense[cell] as number
      if (marks[cell] === reading || marks[cell] === writing || value === base[cell]) continue
      marks[cell] = writing
      count += 1
      at = put(into, at, cell, value)
    }
    into[begins] = count
    tape.close(at)
  }

  set(cell: number, value: number): void {
    const old = this.dense[cell] as number
    if (old === value) return
    this.#touched[this.#changes] = cell
    this.#olds[this.#changes] = old
    this.#changes += 1
    this.dense[cell] = value
    this.low = (this.low - mixLow(cell, old) + mixLow(cell, value)) | 0
    this.high = (this.high - mixHigh(cell, old) + mixHigh(cell, value)) | 0
  }

  add(cell: number, count: number): void {
    this.set(cell, (this.dense[cell] as number) + count)
  }

  /** Back to the state that was read. */
  undo(): void {
    const touched = this.#touched
    for (let i = this.#changes - 1; i >= 0; i--) {
      this.dense[touched[i] as number] = this.#olds[i] as number
    }
    this.#changes = 0
    this.low = this.#lowRead
    this.high = this.#highRead
  }

  /** Time passes until a timer is due: the state's dates are told from the new moment. */
  advance(by: number): void {
    this.#pass(by, BEGINS_AT)
  }

  /**
   * Time passes while something is under way. What comes due meanwhile has not overtaken it: it is
   * late, and still to ring.
   */
  grow(by: number): void {
    this.#pass(by, BEGINS_AT + 1)
  }

  /** Every cell of the state that has a value. */
  *present(): Generator<number> {
    for (const cell of this.#first) if (this.dense[cell] !== 0) yield cell
    for (let i = 0; i < this.differing.length; i++) {
      const cell = this.differing.items[i] as number
      if (this.#base[cell] === 0 && this.dense[cell] !== 0) yield cell
    }
  }

  #pass(by: number, least: number): void {
    if (by === 0) return
    const base = this.#base
    for (let i = 0; i < this.#first.length; i++) this.#passIn(this.#first[i] as number, by, least)
    for (let i = 0; i < this.differing.length; i++) {
      const cell = this.differing.items[i] as number
      if (base[cell] === 0) this.#passIn(cell, by, least)
    }
  }

  #passIn(cell: number, by: number, least: number): void {
    const value = this.dense[cell] as number
    if (value === 0) return
    const kind = this.interned.kinds[cell]
    if (kind === 'timer') this.set(cell, this.#rebased.date(value, by, least))
    else if (kind === 'value') this.set(cell, this.#rebased.value(value, by))
    else if (kind === 'event' || kind === 'took' || kind === 'stalls') {
      const said = this.interned.said(cell)
      const then = this.#rebased.value(said, by)
      if (then === said) return
      this.set(cell, 0)
      this.add(this.interned.cell(`${kind} ${then}`, kind), value)
    }
  }

  #begin(low: number, high: number): void {
    this.undo()
    const { dense, differing } = this
    const base = this.#base
    for (let i = 0; i < differing.length; i++) {
      const cell = differing.items[i] as number
      dense[cell] = base[cell] as number
    }
    differing.length = 0
    for (let i = 0; i < LISTED.length; i++) {
      ;(this.#lists[i] as List).length = this.#firstListed[i] as number
    }
    this.low = low
    this.high = high
    this.#lowRead = low
    this.#highRead = high
    this.#passes += 1
    this.#reading = this.#passes
    this.#room()
  }

  /** Room for the cells that there are, and for those of one step more. */
  #room(): void {
    const { kinds } = this.interned
    const cells = kinds.length
    if (cells === this.#listed) return
    if (cells > BESIDE) throw new NoRoomError(`more than ${BESIDE} cells`)
    if (cells + SLACK > this.dense.length) {
      const wider = (old: Int32Array): Int32Array<ArrayBuffer> => {
        const made = new Int32Array(cells * 2 + SLACK * 2)
        made.set(old)
        return made
      }
      this.dense = wider(this.dense)
      this.#base = wider(this.#base)
      this.#marks = new Int32Array(this.dense.length)
      const lists = this.#listOf
      this.#listOf = new Uint8Array(this.dense.length)
      this.#listOf.set(lists)
    }
    for (; this.#listed < cells; this.#listed++) {
      const cell = this.#listed
      this.#listOf[cell] = this.#base[cell] === 0 ? 1 + LISTED.indexOf(kinds[cell] as CellKind) : 0
    }
  }
}

/** Writes a cell with its value; the place behind it. */
function put(into: Int32Array, at: number, cell: number, value: number): number {
  if (value < BESIDE) {
    into[at] = (cell << VALUE_BITS) | value
    return at + 1
  }
  into[at] = (cell << VALUE_BITS) | BESIDE
  into[at + 1] = value
  return at + 2
}
