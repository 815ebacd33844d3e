/**
 * What may happen next in a state, each with the state that it leads to.
 *
 * A worker that dies after its commit lets its event come back when its lock has run out: that is
 * seconds later, so no site time has passed, but all that was under way has been taken. It makes no
 * difference meanwhile who died. So a state remembers what was taken since the clock last went on,
 * and which of it comes back is chosen at the moment at which it does.
 */
import type { MailEvent } from '../../../machines/wire.ts'
import { ACT, AGAIN, AGED, BACK, code, DIE, FAULT, LOSE, RING, STALL, TAKE } from './actions.ts'
import type { Bounds } from './bounds.ts'
import { BEGINS_AT } from './interning.ts'
import type { Model } from './model.ts'
import { choose, type Pending, pendingIn } from './pending.ts'
import { DYING, FAULTING, LOSING } from './roots.ts'
import { alarm, doAct, type Effect, isReply, type Root, takeEvent } from './transitions.ts'

/** Called for each action with the model in the state that it leads to. */
type Emit = (action: number, own: boolean) => void

export interface Expanded {
  /** A bound has left something out. */
  cut: boolean
  /** Some of what is under way was left for later. */
  reduced: boolean
}

/** All that may happen next; with `reduce`, of what nothing else can meet only that. */
export function successors(model: Model, bounds: Bounds, emit: Emit, reduce: boolean): Expanded {
  const pending = pendingIn(model)
  const busy = pending.events > 0
  const mayBeLate = spent(model, model.tally.late) < bounds.lateReplies
  const chosen = reduce && busy && !mayBeLate ? choose(model, pending) : 0
  if (chosen !== 0) return { cut: some(model, bounds, pending, chosen, emit), reduced: true }
  const { interned, dense, tally } = model
  let cut = false
  for (let i = 0; i < pending.events; i++) {
    events(model, bounds, pending.cells.items[i] as number, emit)
  }
  if ((!busy || mayBeLate) && spent(model, tally.died) < bounds.crashes) {
    const { items, length } = model.took
    for (let i = 0; i < length; i++) comeBack(model, bounds, items[i] as number, busy, emit)
  }
  const { items, length } = model.timers
  for (let i = 0; i < length; i++) {
    const cell = items[i] as number
    if (dense[cell] === 0) continue
    const due = interned.values[dense[cell] as number] as number
    if (due === pending.due && !ring(model, bounds, cell, due, busy, emit)) cut = true
  }
  acts(model, bounds, emit)
  return { cut, reduced: false }
}

function some(
  model: Model,
  bounds: Bounds,
  { cells, events: first }: Pending,
  chosen: number,
  emit: Emit,
): boolean {
  let cut = false
  for (let i = 0; i < cells.length; i++) {
    if ((chosen & (1 << i)) === 0) continue
    const cell = cells.items[i] as number
    if (i < first) events(model, bounds, cell, emit)
    else if (!ring(model, bounds, cell, BEGINS_AT, true, emit)) cut = true
  }
  return cut
}

/** What the step does here: from memory, or by taking it. */
const take = (model: Model, root: Root, event: MailEvent, more: More = NO_MORE): Effect =>
  model.transitions.known(root, model.dense) ??
  model.transitions.run(root, model.dense, (cells) =>
    takeEvent(model.plan.site, event, BEGINS_AT, model.removed, more)(cells),
  )

type More = Parameters<typeof takeEvent>[4]
const NO_MORE: More = {}

function apply(model: Model, { writes, timers, sent }: Effect): void {
  for (let i = 0; i < writes.length; i += 2) {
    model.set(writes[i] as number, writes[i + 1] as number)
  }
  for (let i = 0; i < timers.length; i += 2) {
    model.set(timers[i] as number, timers[i + 1] as number)
  }
  for (let i = 0; i < sent.length; i++) model.add(sent[i] as number, 1)
}

const spent = (model: Model, counter: number): number => model.dense[counter] as number

const contentOf = ({ interned }: Model, cell: number): MailEvent =>
  interned.values[interned.said(cell)] as MailEvent

/** It is under way no more, and its job is done. */
function consume(model: Model, bounds: Bounds, cell: number): void {
  model.add(cell, -1)
  if (bounds.stalls) model.set(model.tally.stalls(cell), 0)
}

/** The event has been taken; while a worker may still die, it may come back. */
function taken(model: Model, bounds: Bounds, cell: number): void {
  consume(model, bounds, cell)
  const { tally } = model
  if (spent(model, tally.died) < bounds.crashes && !model.removed.dying) {
    model.set(tally.took(cell), 1)
  }
}

function events(model: Model, bounds: Bounds, cell: number, emit: Emit): void {
  const { tally, roots } = model
  const event = contentOf(model, cell)
  const effect = take(model, roots.of(cell), event)
  apply(model, effect)
  taken(model, bounds, cell)
  emit(code(TAKE, cell), true)
  model.undo()
  if (effect.agesAt > 0) {
    model.grow(effect.agesAt - BEGINS_AT)
    takeLater(model, bounds, cell, event)
    emit(code(TAKE, cell, AGED), true)
    model.undo()
  }
  if (spent(model, tally.again) < bounds.duplicates) {
    apply(model, effect)
    model.add(tally.again, 1)
    emit(code(AGAIN, cell), false)
    model.undo()
  }
  if (model.removed.dying && spent(model, tally.died) < bounds.crashes) {
    apply(model, take(model, roots.of(cell, DYING), event, { dies: true }))
    model.add(tally.died, 1)
    emit(code(DIE, cell), false)
    model.undo()
  }
  if (spent(model, tally.lost) < bounds.lostReplies && answers(model, effect)) {
    apply(model, take(model, roots.of(cell, LOSING), event, { loseReply: true }))
    consume(model, bounds, cell)
    model.add(tally.lost, 1)
    emit(code(LOSE, cell), false)
    model.undo()
  }
  if (spent(model, tally.stalled) < (bounds.stalls ?? 0)) {
    stall(model, bounds, cell)
    emit(code(STALL, cell), false)
    model.undo()
  }
  faults(model, bounds, cell, event, emit)
}

/**
 * A worker dies or hangs with the event in hand, and has done nothing yet. The engine takes its job
 * up again, so often; then the job has failed, and the event is brought back by the sweep, if any.
 */
function stall(model: Model, bounds: Bounds, cell: number): void {
  const { tally, engine } = model
  const stalls = tally.stalls(cell)
  model.add(tally.stalled, 1)
  if (spent(model, stalls) < engine.stallsMax) model.add(stalls, 1)
  else if (engine.sweeps) model.set(stalls, 0)
  else consume(model, bounds, cell)
}

const answers = (model: Model, { sent }: Effect): boolean =>
  sent.some((cell) => isReply(contentOf(model, cell).type))

/** The plan's faults that may befall this event. */
function faults(model: Model, bounds: Bounds, cell: number, event: MailEvent, emit: Emit): void {
  model.plan.faults.forEach(({ event: type, mailbox, times, order }, fault) => {
    if (type !== event.type) return
    const counter = model.tally.faults[fault] as number
    if (mailbox !== null && event.alias !== mailbox) return
    if (spent(model, counter) >= times) return
    const more = order === 'lose reply' ? { loseReply: true } : { ordered: order }
    apply(model, take(model, model.roots.of(cell, FAULTING + fault), event, more))
    taken(model, bounds, cell)
    model.add(counter, 1)
    emit(code(FAULT, cell, 0, fault), false)
    model.undo()
  })
}

/** The event as it is now that time has passed, which may be another cell. */
function takeLater(model: Model, bounds: Bounds, cell: number, event: MailEvent): void {
  const rebased = model.dense[cell] === 0 ? laterCell(model, event) : cell
  apply(model, take(model, model.roots.of(rebased), contentOf(model, rebased)))
  taken(model, bounds, rebased)
}

/** An event with a header has its expiry in it, which has come nearer. */
function laterCell(model: Model, { to, type }: MailEvent): number {
  const { kinds, cells } = model.interned
  for (let cell = cells.length - 1; cell > 0; cell--) {
    if (kinds[cell] !== 'event' || (model.dense[cell] as number) === 0) continue
    const content = contentOf(model, cell)
    if (content.to === to && content.type === type) return cell
  }
  throw new Error(`${type} for ${to} is not under way`)
}

/** An event whose worker had died comes back; one that would change nothing is not looked at. */
function comeBack(model: Model, bounds: Bounds, took: number, busy: boolean, emit: Emit): void {
  const { tally, roots, dense } = model
  if (dense[took] === 0) return
  const effect = take(model, roots.of(took), contentOf(model, took))
  if (changesNothing(dense, effect)) return
  apply(model, effect)
  model.add(tally.died, 1)
  if (busy) model.add(tally.late, 1)
  if (spent(model, tally.died) >= bounds.crashes) forget(model)
  emit(code(BACK, took), false)
  model.undo()
}

function changesNothing(dense: Int32Array, { writes, timers, sent }: Effect): boolean {
  if (sent.length > 0) return false
  for (let i = 0; i < writes.length; i += 2) {
    if (dense[writes[i] as number] !== writes[i + 1]) return false
  }
  for (let i = 0; i < timers.length; i += 2) {
    if (dense[timers[i] as number] !== timers[i + 1]) return false
  }
  return true
}

/** What was taken cannot come back any more. */
function forget(model: Model): void {
  const { items, length } = model.took
  for (let i = 0; i < length; i++) model.set(items[i] as number, 0)
}

/** False when the timer has rung as often as it may. */
function ring(
  model: Model,
  bounds: Bounds,
  cell: number,
  due: number,
  busy: boolean,
  emit: Emit,
): boolean {
  const { tally } = model
  const overtakes = busy && due > BEGINS_AT
  if (overtakes && spent(model, tally.late) >= bounds.lateReplies) return true
  if (spent(model, tally.rung(cell)) >= bounds.retries) return false
  const agesAt = ringAt(model, cell, due, busy, emit, 0)
  if (agesAt > 0) ringAt(model, cell, due, busy, emit, agesAt - BEGINS_AT)
  return true
}

/** It rings, so much later than it might; when a belief that is then looked at will be too old. */
function ringAt(
  model: Model,
  cell: number,
  due: number,
  busy: boolean,
  emit: Emit,
  older: number,
): number {
  const { tally } = model
  const overtakes = busy && due > BEGINS_AT
  model.set(cell, 0)
  if (due > BEGINS_AT && !busy) forget(model)
  model.advance(Math.max(0, due - BEGINS_AT))
  model.grow(older)
  const effect = take(model, model.roots.of(cell), alarm(model.interned, cell))
  apply(model, effect)
  model.add(tally.rung(cell), 1)
  if (overtakes) model.add(tally.late, 1)
  emit(code(RING, cell, older > 0 ? AGED : 0), !overtakes)
  model.undo()
  return effect.agesAt
}

function acts(model: Model, bounds: Bounds, emit: Emit): void {
  const { tally, plan, dense } = model
  for (let place = 0; place < plan.acts.length; place++) {
    const done = tally.acts[place] as number
    if (dense[done] !== 0) continue
    const act = plan.acts[place] as (typeof plan.acts)[number]
    const limit = act.do === 'move' ? bounds.moves : act.do === 'cancel' ? bounds.cancels : null
    const kind = act.do === 'move' ? tally.moves : tally.cancels
    if (limit !== null && spent(model, kind) >= limit) continue
    const root = model.roots.act(place)
    const { known, run } = model.transitions
    const effect = known(root, dense) ?? run(root, dense, doAct(plan.site, act, BEGINS_AT))
    if (!effect.possible) continue
    apply(model, effect)
    model.set(done, 1)
    if (limit !== null) model.add(kind, 1)
    emit(code(ACT, place), false)
    model.undo()
  }
}
