/**
 * The state that the search is at: a value's number for each cell, and its fingerprint.
 *
 * The fingerprint is the sum of a mixed number for each cell and its value, so a change costs what
 * it changes. Changes are undone to come back to the state that was read.
 */

import { step } from '../../../machines/step.ts'
import type { MailEvent } from '../../../machines/wire.ts'
import { eventsOf, found } from '../acts.ts'
import { plainCells } from '../cells.ts'
import { commit, load } from '../memory.ts'
import type { Plan } from '../plan.ts'
import { BEGINS_AT, type Interned, interning, rebasing } from './interning.ts'
import type { Numbers } from './table.ts'
import { openTransitions, type Removed, type Transitions } from './transitions.ts'

/** Cells that one step may add before the arrays are made larger. */
const SLACK = 4_096

/** Whether a cell is in the state that was read, or was written a moment ago. */
const READ = 1
const WRITTEN = 2

export class Model {
  readonly interned: Interned = interning()
  readonly transitions: Transitions
  dense = new Int32Array(SLACK * 2)
  /** Cells of the state that was read, in no order. */
  readonly present: number[] = []
  low = 0
  high = 0
  readonly #start: [number, number][]
  readonly #rebased: ReturnType<typeof rebasing>
  #marks = new Uint8Array(SLACK * 2)
  readonly #touched: number[] = []
  readonly #olds: number[] = []

  readonly plan: Plan
  readonly removed: Removed

  constructor(plan: Plan, removed: Removed = {}) {
    this.plan = plan
    this.removed = removed
    this.transitions = openTransitions(this.interned)
    this.#start = firstCells(plan, this.interned)
    this.#rebased = rebasing(this.interned, plan.site.profile)
  }

  /** Reads the first state. */
  first(): void {
    this.#begin()
    for (const [cell, value] of this.#start) this.#enter(cell, value)
  }

  /** Reads the state that was written at this place; the place after it. */
  read(from: Numbers, place: number): number {
    this.#begin()
    const end = place + 1 + 2 * from.at(place)
    for (let i = place + 1; i < end; i += 2) this.#enter(from.at(i), from.at(i + 1))
    return end
  }

  write(to: Numbers): void {
    const head = to.length
    to.push(0)
    for (const cell of this.present) this.#put(to, cell)
    for (const cell of this.#touched) {
      if (this.#marks[cell] !== 0) continue
      if (this.#put(to, cell)) this.#marks[cell] = WRITTEN
    }
    for (const cell of this.#touched) if (this.#marks[cell] === WRITTEN) this.#marks[cell] = 0
    to.set(head, (to.length - head - 1) / 2)
  }

  set(cell: number, value: number): void {
    const old = this.dense[cell] as number
    if (old === value) return
    this.#touched.push(cell)
    this.#olds.push(old)
    this.#change(cell, old, value)
  }

  add(cell: number, count: number): void {
    this.set(cell, (this.dense[cell] as number) + count)
  }

  /** Back to the state that was read. */
  undo(): void {
    for (let i = this.#touched.length - 1; i >= 0; i--) {
      const cell = this.#touched[i] as number
      this.#change(cell, this.dense[cell] as number, this.#olds[i] as number)
    }
    this.#touched.length = 0
    this.#olds.length = 0
  }

  /** Time passes: the state's dates are told from the new moment. */
  advance(by: number): void {
    if (by === 0) return
    for (const cell of this.present) this.#pass(cell, by)
  }

  #pass(cell: number, by: number): void {
    const value = this.dense[cell] as number
    if (value === 0) return
    const kind = this.interned.kinds[cell]
    if (kind === 'timer') this.set(cell, this.#rebased.date(value, by))
    else if (kind === 'value') this.set(cell, this.#rebased.value(value, by))
    else if (kind === 'event') {
      const content = Number((this.interned.cells[cell] as string).slice('event '.length))
      const then = this.#rebased.value(content, by)
      if (then === content) return
      this.set(cell, 0)
      this.add(this.interned.cell(`event ${then}`, 'event'), value)
    }
  }

  #begin(): void {
    this.undo()
    for (const cell of this.present) {
      this.dense[cell] = 0
      this.#marks[cell] = 0
    }
    this.present.length = 0
    this.low = 0
    this.high = 0
    const cells = this.interned.cells.length
    if (cells + SLACK <= this.dense.length) return
    const larger = new Int32Array(cells * 2 + SLACK * 2)
    larger.set(this.dense)
    this.dense = larger
    this.#marks = new Uint8Array(larger.length)
  }

  #enter(cell: number, value: number): void {
    this.#change(cell, 0, value)
    this.present.push(cell)
    this.#marks[cell] = READ
  }

  #put(to: Numbers, cell: number): boolean {
    const value = this.dense[cell] as number
    if (value === 0) return false
    to.push(cell)
    to.push(value)
    return true
  }

  #change(cell: number, old: number, value: number): void {
    this.dense[cell] = value
    if (old !== 0) {
      this.low = (this.low - mixLow(cell, old)) | 0
      this.high = (this.high - mixHigh(cell, old)) | 0
    }
    if (value !== 0) {
      this.low = (this.low + mixLow(cell, value)) | 0
      this.high = (this.high + mixHigh(cell, value)) | 0
    }
  }
}

/** Two multiply-and-shift mixers with constants of their own (after those of MurmurHash3). */
export function mixLow(cell: number, value: number): number {
  let mixed = Math.imul(cell, 0x9e3779b1) ^ Math.imul(value, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return mixed ^ (mixed >>> 15)
}
export function mixHigh(cell: number, value: number): number {
  let mixed = Math.imul(cell + 0x3c6ef372, 0xc2b2ae35) ^ Math.imul(value + 0x1b873593, 0xcc9e2d51)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return mixed ^ (mixed >>> 16)
}

/** Events under way before a plan's first message, for each of its steps: more is a mistake. */
const BEFORE_MAX = 10_000

/** The site as it is when the first message of interest may be sent. */
function firstCells(plan: Plan, interned: Interned): [number, number][] {
  const cells = plainCells()
  found(cells, plan.site, plan.mailboxes)
  const timers = new Map<string, number>()
  let at = BEGINS_AT
  const settle = (events: MailEvent[]): void => {
    let left = BEFORE_MAX
    for (let event = events.shift(); event; event = events.shift()) {
      if (left-- === 0) throw new Error(`${plan.scenario}: it never comes to rest at first`)
      const loaded = load(cells, plan.site, event, { at })
      const stepped = step(loaded)
      commit(cells, loaded, stepped)
      for (const [name, { due }] of stepped.timers) {
        if (due === null) timers.delete(name)
        else timers.set(name, due)
      }
      events.push(...stepped.events)
    }
  }
  for (const one of plan.before) {
    if ('advance' in one) at += one.advance
    else settle(eventsOf(cells, plan.site, one.act, at) ?? [])
  }
  const rebased = rebasing(interned, plan.site.profile)
  const by = at - BEGINS_AT
  const start: [number, number][] = []
  for (const [name, value] of cells.all) {
    start.push([interned.cell(name, 'value'), rebased.value(interned.value(value), by)])
  }
  for (const [name, due] of timers) {
    start.push([interned.cell(`timer ${name}`, 'timer'), rebased.date(interned.value(due), by)])
  }
  return start
}
