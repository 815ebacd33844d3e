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
import { BEGINS_AT, type Interned, interning, rebasing } from './interning.ts'
import { Kinds } from './kinds.ts'
import { mixHigh, mixLow } from './mixing.ts'
import { learning, openRoots, type Roots } from './roots.ts'
import { NoRoomError, type Tape } from './table.ts'
import { openTally, type Tally } from './tally.ts'
import { openTransitions, type Removed, type Transitions } from './transitions.ts'

/** Cells that one step may add before the arrays are made larger. */
const SLACK = 4_096

/** Whether a cell is told of a state because it differs from the first one, and is it yet. */
const READ = 1
const WRITTEN = 2

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
  readonly events: number[] = []
  readonly timers: number[] = []
  readonly took: number[] = []
  /** Cells in which the state that was read differs from the first one. */
  readonly differing: number[] = []
  low = 0
  high = 0
  readonly plan: Plan
  readonly engine: EngineParts
  readonly removed: Removed
  /** Cells that have a value in the first state. */
  readonly #first: number[]
  readonly #rebased: ReturnType<typeof rebasing>
  #base = new Int32Array(SLACK * 2)
  #marks = new Uint8Array(SLACK * 2)
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
    }
  }

  /** Goes to the first state. */
  first(): void {
    this.#begin(0, 0)
  }

  /** Goes to the state that is next on the tape, whose fingerprint this is. */
  read(from: Tape, low: number, high: number): void {
    this.#begin(low, high)
    for (let left = from.shift(); left > 0; left--) {
      const packed = from.shift()
      const cell = packed >>> VALUE_BITS
      const value = packed & BESIDE
      this.dense[cell] = value === BESIDE ? from.shift() : value
      this.differing.push(cell)
      this.#marks[cell] = READ
      if (this.#base[cell] === 0) this.#list(cell)
    }
  }

  write(to: Tape): void {
    const { dense, differing } = this
    const base = this.#base
    let count = 0
    for (let i = 0; i < differing.length; i++) {
      const cell = differing[i] as number
      if (dense[cell] !== base[cell]) count += 1
    }
    const touched = this.#touched
    const marks = this.#marks
    const before = count
    for (let i = 0; i < this.#changes; i++) {
      const cell = touched[i] as number
      if (marks[cell] !== 0 || dense[cell] === base[cell]) continue
      marks[cell] = WRITTEN
      count += 1
    }
    to.push(count)
    for (let i = 0; i < differing.length; i++) {
      const cell = differing[i] as number
      if (dense[cell] !== base[cell]) put(to, cell, dense[cell] as number)
    }
    if (count === before) return
    for (let i = 0; i < this.#changes; i++) {
      const cell = touched[i] as number
      if (marks[cell] !== WRITTEN) continue
      marks[cell] = 0
      put(to, cell, dense[cell] as number)
    }
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
    for (const cell of this.differing) {
      if (this.#base[cell] === 0 && this.dense[cell] !== 0) yield cell
    }
  }

  #pass(by: number, least: number): void {
    if (by === 0) return
    const base = this.#base
    for (let i = 0; i < this.#first.length; i++) this.#passIn(this.#first[i] as number, by, least)
    for (let i = 0; i < this.differing.length; i++) {
      const cell = this.differing[i] as number
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
    for (let i = 0; i < this.differing.length; i++) {
      const cell = this.differing[i] as number
      this.dense[cell] = this.#base[cell] as number
      this.#marks[cell] = 0
    }
    this.differing.length = 0
    this.events.length = 0
    this.timers.length = 0
    this.took.length = 0
    this.low = low
    this.high = high
    this.#lowRead = low
    this.#highRead = high
    for (let i = 0; i < this.#first.length; i++) this.#list(this.#first[i] as number)
    this.#room()
  }

  #list(cell: number): void {
    const kind = this.interned.kinds[cell]
    if (kind === 'event') this.events.push(cell)
    else if (kind === 'timer') this.timers.push(cell)
    else if (kind === 'took') this.took.push(cell)
  }

  #room(): void {
    const cells = this.interned.cells.length
    if (cells + SLACK <= this.dense.length) return
    if (cells > BESIDE) throw new NoRoomError(`more than ${BESIDE} cells`)
    const wider = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const made = new Int32Array(cells * 2 + SLACK * 2)
      made.set(old)
      return made
    }
    this.dense = wider(this.dense)
    this.#base = wider(this.#base)
    this.#marks = new Uint8Array(this.dense.length)
  }
}

function put(to: Tape, cell: number, value: number): void {
  if (value < BESIDE) to.push((cell << VALUE_BITS) | value)
  else {
    to.push((cell << VALUE_BITS) | BESIDE)
    to.push(value)
  }
}
