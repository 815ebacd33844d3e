/**
 * The first state: a plan's mailboxes are made, and what comes before its messages has happened.
 */
import { step } from '../../../machines/step.ts'
import type { MailEvent } from '../../../machines/wire.ts'
import { eventsOf, found } from '../acts.ts'
import { plainCells } from '../cells.ts'
import { commit, load } from '../memory.ts'
import type { Plan } from '../plan.ts'
import { BEGINS_AT, type Interned, rebasing } from './interning.ts'

/** Events under way before a plan's first message, for each of its steps: more is a mistake. */
const BEFORE_MAX = 10_000

/** The site as it is when the first message of interest may be sent. */
export function firstCells(plan: Plan, interned: Interned): [number, number][] {
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
    const date = rebased.date(interned.value(due), by, BEGINS_AT)
    start.push([interned.cell(`timer ${name}`, 'timer'), date])
  }
  return start
}
