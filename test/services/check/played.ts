/**
 * A schedule played in memory, and every invariant judged after each of its steps.
 *
 * The schedule may be of other machines: a step is taken if there is such an event under way, or
 * such a timer armed; what is left over at the end is run until rest. So what once broke an
 * invariant is tried for ever, however the machines change.
 */
import type { MailEvent } from '../../../machines/wire.ts'
import { eventsOf, found } from '../../../services/check/acts.ts'
import { plainCells } from '../../../services/check/cells.ts'
import { type Removed, stepWithout } from '../../../services/check/explore/transitions.ts'
import { judge, labelOf } from '../../../services/check/judge.ts'
import { commit } from '../../../services/check/memory.ts'
import { writeTimers } from '../../../services/check/memory-port.ts'
import type { Content, Schedule, ScheduleStep } from '../../../services/check/schedule.ts'

/** Events until rest: of one message it needs some hundreds. */
const EVENTS_MAX = 20_000
const REPLY = /^(reply|transfer|request)\./

export interface Played {
  /** `<invariant> <entry>: <why>`, each once, in the order in which they came. */
  broken: string[]
  /** By `<message> <address> <own|redirected>`. */
  outcomes: Record<string, string>
  /** Of the schedule's steps, those that could not be taken. */
  skipped: string[]
}

class Site {
  at = 0
  readonly cells = plainCells()
  readonly timers = new Map<string, number>()
  underWay: MailEvent[] = []
  readonly broken = new Set<string>()
  readonly schedule: Schedule
  readonly removed: Removed

  constructor(schedule: Schedule, removed: Removed) {
    this.schedule = schedule
    this.removed = removed
    found(this.cells, schedule.site, schedule.mailboxes)
  }

  run(event: MailEvent, how: ScheduleStep['do']): void {
    const { site } = this.schedule
    const { loaded, stepped } = stepWithout(this.removed, this.cells, site, event, this.at)
    commit(this.cells, loaded, stepped)
    writeTimers(this.timers, event, stepped)
    const lost = how === 'take and lose'
    this.underWay.push(...stepped.events.filter(({ type }) => !(lost && REPLY.test(type))))
    if (how === 'take again' || how === 'take and die') this.underWay.push(event)
    this.judge(false)
  }

  judge(atRest: boolean) {
    const { get, all } = this.cells
    const judged = judge({ get, names: () => all.keys() }, this.schedule.site, atRest)
    for (const { invariant, entry, why } of judged.violations) {
      this.broken.add(`${invariant} ${entry}: ${why}`)
    }
    return judged
  }

  /** False when there is no such event, or timer, now. */
  take(one: ScheduleStep): boolean {
    this.at = Math.max(this.at, one.at)
    if (one.do === 'act') {
      const events = eventsOf(this.cells, this.schedule.site, one.act, this.at)
      this.underWay.push(...(events ?? []))
      return events !== null
    }
    if (one.do === 'ring') return this.ring(`${one.event.to}|${one.event.timer}|`)
    const event = this.underWay.find((other) => isLike(other, one.event))
    if (!event) return false
    this.underWay.splice(this.underWay.indexOf(event), 1)
    const { ordered } = one.event
    this.run(ordered ? { ...event, ordered } : event, one.do)
    return true
  }

  ring(prefix: string): boolean {
    const armed = [...this.timers].find(([name]) => name.startsWith(prefix))
    if (!armed) return false
    const [name, due] = armed
    const [to = '', timer = '', key = ''] = name.split('|')
    this.at = Math.max(this.at, due)
    const version = key === '' ? {} : { version: Number(key) }
    this.run(
      { id: '', to, type: `${timer}.due`, at: due, due, timer, ...version } as MailEvent,
      'ring',
    )
    return true
  }

  rest(): void {
    for (let left = EVENTS_MAX; left > 0; left--) {
      const event = this.underWay.shift()
      if (event) this.run(event, 'take')
      else if (!this.ring(this.nextTimer() ?? ' ')) return
    }
    throw new Error(`it is not at rest after ${EVENTS_MAX} events`)
  }

  nextTimer(): string | undefined {
    return [...this.timers].sort(([, a], [, b]) => a - b)[0]?.[0]
  }
}

const isLike = (event: MailEvent, wanted: Content): boolean =>
  event.type === wanted.type && event.to === wanted.to && event.entry === wanted.entry

export function played(schedule: Schedule, removed: Removed = {}): Played {
  const site = new Site(schedule, removed)
  const skipped = schedule.steps.filter((one) => !site.take(one)).map(({ text }) => text)
  site.rest()
  const { leaves } = site.judge(true)
  return {
    broken: [...site.broken],
    outcomes: Object.fromEntries(leaves.map((leaf) => [labelOf(leaf), leaf.outcome])),
    skipped,
  }
}
