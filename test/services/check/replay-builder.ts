/**
 * Schedules written by hand: a site in memory whose events are taken in the order that a test
 * wants, each step written down as it is taken.
 */
import { PROFILES } from '../../../machines/profile.ts'
import type { Ordered } from '../../../machines/protocol.ts'
import type { MailboxFacts } from '../../../machines/site.ts'
import { step, type TimerWrite } from '../../../machines/step.ts'
import type { MailEvent, SiteFacts } from '../../../machines/wire.ts'
import { type Act, eventsOf, found, sayAct } from '../../../services/check/acts.ts'
import { plainCells } from '../../../services/check/cells.ts'
import { judge, labelOf } from '../../../services/check/judge.ts'
import { machinesDigest } from '../../../services/check/machines-digest.ts'
import { commit, load } from '../../../services/check/memory.ts'
import type { Content, Schedule, ScheduleStep } from '../../../services/check/schedule.ts'

export const MAILBOXES: MailboxFacts[] = [
  { alias: 'anna', server: 'nyc', alternateRecipient: 'bob', deliverToBoth: true },
  { alias: 'bob', server: 'nyc' },
  { alias: 'carol', server: 'nyc' },
  { alias: 'dave', server: 'lon' },
]

/** An event by its type and a part of the address that it goes to. */
export type Wanted = [type: string, to?: string]
type Armed = TimerWrite & { due: number }
type How = Exclude<ScheduleStep['do'], 'act' | 'ring'>

const REPLY = /^(reply|transfer|request)\./

const is = ({ type, to }: MailEvent, [wanted, part = '']: Wanted): boolean =>
  type === wanted && to.includes(part)

export class Builder {
  at = 0
  readonly #site: SiteFacts
  readonly #mailboxes: MailboxFacts[]
  readonly #cells = plainCells()
  readonly #steps: ScheduleStep[] = []
  readonly #timers = new Map<string, Armed>()
  #underWay: MailEvent[] = []

  constructor(profile: string, mailboxes = MAILBOXES) {
    const figures = PROFILES[profile]
    if (!figures) throw new Error(`there is no profile ${profile}`)
    const servers = ['nyc', 'lon']
    this.#site = { name: 'test', domain: 'test.example', servers, profile: figures }
    this.#mailboxes = mailboxes
    found(this.#cells, this.#site, mailboxes)
  }

  act(act: Act): void {
    const events = eventsOf(this.#cells, this.#site, act, this.at)
    if (!events) throw new Error(`refused: ${sayAct(act)}`)
    this.#steps.push({ at: this.at, text: sayAct(act), do: 'act', act })
    this.#underWay.push(...events)
  }

  take(wanted: Wanted, how: How = 'take'): void {
    this.#take(this.#first(wanted), how)
  }

  /** It is taken with an order of a fault rule to whoever takes it. */
  order(wanted: Wanted, ordered: Ordered): void {
    const event = this.#first(wanted)
    this.#underWay = this.#underWay.filter((other) => other !== event)
    this.#note('take', { ...event, ordered })
    this.#run({ ...event, ordered }, false)
  }

  /** All that is under way, the oldest first, until nothing is, or this is there. */
  takeAll(until?: Wanted): void {
    for (let next = this.#underWay[0]; next; next = this.#underWay[0]) {
      if (until && this.#underWay.some((event) => is(event, until))) return
      this.#take(next, 'take')
    }
  }

  /** The timer's event at its date, or later. */
  ring(name: string, to: string, at = 0): void {
    const armed = [...this.#timers.values()].find(
      ({ actor, timer }) => timer === name && actor.includes(to),
    )
    if (!armed) throw new Error(`no ${name} timer of ${to}: ${[...this.#timers.keys()].join()}`)
    const { actor, timer, key, due } = armed
    this.at = Math.max(this.at, due, at)
    const event: MailEvent = {
      ...{ id: '', to: actor, type: `${timer}.due`, at: due, due, timer },
      ...(key === '' ? {} : { version: Number(key) }),
    }
    this.#note('ring', event)
    this.#run(event, false)
  }

  schedule(): Schedule {
    const { all, get } = this.#cells
    const { leaves } = judge({ get, names: () => all.keys() }, this.#site, false)
    return {
      ...{ v: 1, machines: machinesDigest(), scenario: 'by hand' },
      profile: this.#site.profile.name,
      site: this.#site,
      mailboxes: this.#mailboxes,
      steps: this.#steps,
      outcomes: Object.fromEntries(leaves.map((leaf) => [labelOf(leaf), leaf.outcome])),
    }
  }

  #first(wanted: Wanted): MailEvent {
    const event = this.#underWay.find((one) => is(one, wanted))
    if (event) return event
    const there = this.#underWay.map(({ type, to }) => `${type} ${to}`).join(', ')
    throw new Error(`no ${wanted.join(' for ')}: ${there}`)
  }

  #take(event: MailEvent, how: How): void {
    this.#underWay = this.#underWay.filter((other) => other !== event)
    this.#note(how, event)
    this.#run(event, how === 'take and lose')
    if (how === 'take and die' || how === 'take again') this.#underWay.push(event)
  }

  #note(how: How | 'ring', event: MailEvent): void {
    const { id: _id, at: _at, ...content } = event
    const text = `${event.type} for ${event.to}`
    this.#steps.push({ at: this.at, text, do: how, event: content satisfies Content })
  }

  #run(event: MailEvent, lost: boolean): void {
    const given = load(this.#cells, this.#site, event, { at: this.at })
    const stepped = step(given)
    commit(this.#cells, given, stepped)
    if (event.timer) this.#timers.delete(`${event.to}|${event.timer}|${event.version ?? ''}`)
    for (const [key, timer] of stepped.timers) {
      if (timer.due === null) this.#timers.delete(key)
      else this.#timers.set(key, { ...timer, due: timer.due })
    }
    this.#underWay.push(...stepped.events.filter(({ type }) => !(lost && REPLY.test(type))))
  }
}

export const send = (as: string, from: string, to: string[]): Act => ({
  ...{ do: 'send', as, from, to, server: 'nyc', priority: 'normal', wanted: true },
})

export const move = (mailbox: string, to = 'lon', number = 1): Act => ({
  ...{ do: 'move', id: `move-${number}`, mailbox, to },
})
