/**
 * What may happen next in a state, each with the state that it leads to.
 */
import type { EventType } from '../../../machines/protocol.ts'
import type { MailEvent } from '../../../machines/wire.ts'
import type { Action } from './actions.ts'
import type { Bounds } from './bounds.ts'
import { BEGINS_AT } from './interning.ts'
import type { Model } from './model.ts'
import { doAct, type Effect, eventCell, isReply, type Root, takeEvent } from './transitions.ts'

/** Called for each action with the model in the state that it leads to. */
type Emit = (action: Action, own: boolean) => void

interface Roots {
  of(key: number): Root
}

/** Trees of what was read, for each action by itself. */
const roots = new WeakMap<Model, Roots>()
function rootsOf(model: Model): Roots {
  const known = roots.get(model)
  if (known) return known
  const all = new Map<number, Root>()
  const made: Roots = {
    of(key) {
      let root = all.get(key)
      if (!root) {
        root = {}
        all.set(key, root)
      }
      return root
    },
  }
  roots.set(model, made)
  return made
}

/** True when a bound has left something out. */
export function successors(model: Model, bounds: Bounds, emit: Emit): boolean {
  const { interned, dense, present } = model
  let busy = 0
  let due = 0
  for (let i = 0; i < present.length; i++) {
    const cell = present[i] as number
    const kind = interned.kinds[cell]
    if (kind === 'event') busy += 1
    else if (kind === 'timer') {
      const date = interned.values[dense[cell] as number] as number
      if (due === 0 || date < due) due = date
    }
  }
  const count = present.length
  let cut = false
  for (let i = 0; i < count; i++) {
    const cell = present[i] as number
    if (interned.kinds[cell] === 'event') events(model, bounds, cell, emit)
    else if (interned.kinds[cell] === 'timer') {
      const date = interned.values[dense[cell] as number] as number
      if (date === due && !ring(model, bounds, cell, date, busy > 0, emit)) cut = true
    }
  }
  acts(model, bounds, emit)
  return cut
}

const take = (
  model: Model,
  key: number,
  event: () => MailEvent,
  more: Parameters<typeof takeEvent>[4] = {},
): Effect =>
  model.transitions.take(rootsOf(model).of(key), model.dense, (cells) =>
    takeEvent(model.plan.site, event(), BEGINS_AT, model.removed, more)(cells),
  )

function apply(model: Model, effect: Effect, died = false): void {
  const { writes, timers, sent } = effect
  for (let i = 0; i < writes.length; i += 2) {
    model.set(writes[i] as number, writes[i + 1] as number)
  }
  for (let i = 0; i < timers.length; i += 2) {
    model.set(timers[i] as number, timers[i + 1] as number)
  }
  if (died && model.removed.outbox) return
  for (let i = 0; i < sent.length; i++) model.add(sent[i] as number, 1)
}

const counter = (model: Model, name: string): number => model.interned.cell(name, 'count')
const spent = (model: Model, name: string): number => model.dense[counter(model, name)] as number

/**
 * A job whose worker died comes back when its lock has run out: no site time has passed, since that
 * is seconds, but all that was under way has been taken.
 */
export const BACK = 'timer back|'
const timerOf = (model: Model, cell: number): number =>
  model.interned.cell(`${BACK}${(model.interned.cells[cell] as string).slice(6)}`, 'timer')

/** Keys of roots: the cell and in what way it is taken. */
const PLAIN = 0
const LOSING = 1
const ACT = 2
const FAULT = 3
const WAYS = 128

const contentOf = (model: Model, cell: number): MailEvent =>
  model.interned.values[Number((model.interned.cells[cell] as string).slice(6))] as MailEvent

function events(model: Model, bounds: Bounds, cell: number, emit: Emit): void {
  const content = contentOf(model, cell)
  const event = () => content
  const one = (doing: Action['do'], aged = false): Action => ({
    do: doing,
    of: cell,
    fault: 0,
    aged,
  })
  const effect = take(model, cell * WAYS + PLAIN, event)
  apply(model, effect)
  model.add(cell, -1)
  emit(one('take'), true)
  model.undo()

  if (effect.agesAt > 0) {
    model.advance(effect.agesAt - BEGINS_AT)
    takeLater(model, content)
    emit(one('take', true), true)
    model.undo()
  }
  if (spent(model, 'again') < bounds.duplicates) {
    apply(model, effect)
    model.add(counter(model, 'again'), 1)
    emit(one('again'), false)
    model.undo()
  }
  if (spent(model, 'died') < bounds.crashes) {
    const comesBack = timerOf(model, cell)
    if (model.dense[comesBack] === 0) {
      apply(model, effect, true)
      model.add(cell, -1)
      model.add(counter(model, 'died'), 1)
      model.set(comesBack, model.interned.value(BEGINS_AT))
      emit(one('die'), false)
      model.undo()
    }
  }
  const replies = effect.sent.some((sent) => isReply(contentOf(model, sent).type))
  if (replies && spent(model, 'lost') < bounds.lostReplies) {
    apply(model, take(model, cell * WAYS + LOSING, event, { loseReply: true }))
    model.add(cell, -1)
    model.add(counter(model, 'lost'), 1)
    emit(one('lose'), false)
    model.undo()
  }
  if (content.type === 'mail.offered') faults(model, cell, content, emit)
}

/** The plan's faults that may befall this offer. */
function faults(model: Model, cell: number, content: MailEvent, emit: Emit): void {
  model.plan.faults.forEach(({ mailbox, times, order }, fault) => {
    if (mailbox !== null && content.alias !== mailbox) return
    if (spent(model, `fault ${fault}`) >= times) return
    const more = order === 'lose reply' ? { loseReply: true } : { ordered: order }
    apply(
      model,
      take(model, cell * WAYS + FAULT + fault, () => content, more),
    )
    model.add(cell, -1)
    model.add(counter(model, `fault ${fault}`), 1)
    emit({ do: 'fault', of: cell, fault, aged: false }, false)
    model.undo()
  })
}

/** The event as it is now that time has passed, which may be another cell. */
function takeLater(model: Model, content: MailEvent): void {
  const cell = eventCell(model.interned, content)
  const rebased = model.dense[cell] === 0 ? laterCell(model, content) : cell
  apply(
    model,
    take(model, rebased * WAYS + PLAIN, () => contentOf(model, rebased)),
  )
  model.add(rebased, -1)
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

/** False when the timer has rung as often as it may. */
function ring(
  model: Model,
  bounds: Bounds,
  cell: number,
  due: number,
  busy: boolean,
  emit: Emit,
): boolean {
  const name = model.interned.cells[cell] as string
  const back = name.startsWith(BACK)
  const overtakes = busy && (back || due > BEGINS_AT)
  if (overtakes && spent(model, 'late') >= bounds.lateReplies) return true
  const rung = `rung ${name}`
  if (!back && spent(model, rung) >= bounds.retries) return false
  const go = (aged: boolean, wait: number): number => {
    model.set(cell, 0)
    model.advance(wait)
    const effect = take(model, cell * WAYS + PLAIN, () => ringing(model, name))
    apply(model, effect)
    if (!back) model.add(counter(model, rung), 1)
    if (overtakes) model.add(counter(model, 'late'), 1)
    emit({ do: 'ring', of: cell, fault: 0, aged }, !overtakes)
    model.undo()
    return effect.agesAt
  }
  const wait = Math.max(0, due - BEGINS_AT)
  const agesAt = go(false, wait)
  if (agesAt > 0) go(true, wait + agesAt - BEGINS_AT)
  return true
}

/** What a timer's ringing brings: its own event, or the one that comes back. */
export function ringing(model: Model, name: string): MailEvent {
  if (!name.startsWith(BACK)) return alarm(name, BEGINS_AT)
  return model.interned.values[Number(name.slice(BACK.length))] as MailEvent
}

/** The event of a timer that rings; the cell is `timer <actor>|<timer>|<key>`. */
function alarm(cell: string, due: number): MailEvent {
  const [actor = '', timer = '', key = ''] = cell.slice('timer '.length).split('|')
  return {
    id: '',
    at: due,
    to: actor,
    type: `${timer}.due` as EventType,
    due,
    timer: timer as NonNullable<MailEvent['timer']>,
    ...(key === '' ? {} : { version: Number(key) }),
  }
}

function acts(model: Model, bounds: Bounds, emit: Emit): void {
  model.plan.acts.forEach((act, place) => {
    const done = counter(model, `act ${place}`)
    if (model.dense[done] !== 0) return
    const limit = act.do === 'move' ? bounds.moves : act.do === 'cancel' ? bounds.cancels : null
    const kind = counter(model, `acts ${act.do}`)
    if (limit !== null && (model.dense[kind] as number) >= limit) return
    const root = rootsOf(model).of(place * WAYS + ACT)
    const run = doAct(model.plan.site, act, BEGINS_AT)
    const effect = model.transitions.take(root, model.dense, run)
    if (!effect.possible) return
    apply(model, effect)
    model.set(done, 1)
    if (limit !== null) model.add(kind, 1)
    emit({ do: 'act', of: place, fault: 0, aged: false }, false)
    model.undo()
  })
}
