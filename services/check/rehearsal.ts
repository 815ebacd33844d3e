/**
 * A site in memory that is taken step by step, in whatever order it is told: what a schedule says,
 * done again without a live system, and written down as a schedule while it is done.
 *
 * The steps are the machines', load and commit are `memory.ts`'s. What is under way is kept by whom
 * it is for, the oldest first; which of it is taken, and when, is for the caller to say.
 */
import type { MailboxFacts } from '../../machines/site.ts'
import { step } from '../../machines/step.ts'
import type { MailEvent, SiteFacts } from '../../machines/wire.ts'
import type { Stepped } from '../../machines/working.ts'
import { timerKeyOf, timerMember } from '../runtime/timer-names.ts'
import { type Act, eventsOf, found, sayAct } from './acts.ts'
import { plainCells } from './cells.ts'
import { type Judged, judge, labelOf } from './judge.ts'
import { commit, load } from './memory.ts'
import { writeTimers } from './memory-port.ts'
import { isStall, NOTHING, sayTaken } from './say.ts'
import type { ScheduleStep, Taking } from './schedule.ts'

/** What goes wrong with a step. */
export interface How {
  do: Taking
  ordered?: MailEvent['ordered']
  stale?: boolean
}

/** Then the event is still under way. */
export const COMES_AGAIN: ReadonlySet<Taking> = new Set(['take and die', 'take again', 'stall'])

export class Rehearsal {
  readonly site: SiteFacts
  readonly cells = plainCells()
  readonly steps: ScheduleStep[] = []
  /** Milliseconds since the start. */
  at = 0
  readonly #timers = new Map<string, number>()
  readonly #underWay = new Map<string, MailEvent[]>()
  /** The same, the oldest first. */
  readonly #inOrder = new Set<MailEvent>()
  readonly #isTold: boolean
  #acts = 0

  /** Without words it is quicker. */
  constructor(site: SiteFacts, mailboxes: MailboxFacts[], isTold = true) {
    this.site = site
    this.#isTold = isTold
    found(this.cells, site, mailboxes)
  }

  /** False when it would be refused now. */
  act(act: Act): boolean {
    const events = eventsOf(this.cells, this.site, act, this.at)
    if (!events) return false
    this.steps.push({ at: this.at, text: sayAct(act), do: 'act', act })
    for (const event of events) {
      this.#acts += 1
      this.#add({ ...event, id: `act-${this.#acts}` })
    }
    return true
  }

  /** Events of this type that are under way to this actor, the oldest first. */
  underWay(to: string, type: string): readonly MailEvent[] {
    return this.#underWay.get(`${to} ${type}`) ?? []
  }

  /** All that is under way, the oldest first. */
  all(): Iterable<MailEvent> {
    return this.#inOrder
  }

  get timers(): ReadonlyMap<string, number> {
    return this.#timers
  }

  /** The event of a timer that is armed; null when it is not. */
  alarm(event: Pick<MailEvent, 'to' | 'timer' | 'version'>): MailEvent | null {
    const { to, timer, version } = event
    const name = timerMember(to, timer as string, timerKeyOf(event as MailEvent))
    const due = this.#timers.get(name)
    if (due === undefined || timer === undefined) return null
    const of = version === undefined ? {} : { version }
    return { id: name, to, type: `${timer}.due`, at: due, due, timer, ...of }
  }

  /** Takes an event that is under way, or an alarm. */
  take(event: MailEvent, how: How): Stepped {
    if (!event.timer) this.#remove(event)
    const asked = how.ordered ? { ...event, ordered: how.ordered } : event
    const stale = how.stale === true
    const loaded = load(this.cells, this.site, asked, { at: this.at, stale })
    const stepped = isStall(how.do) ? NOTHING : step(loaded)
    if (stepped !== NOTHING) commit(this.cells, loaded, stepped)
    if (stepped !== NOTHING) writeTimers(this.#timers, event, stepped)
    const loses = how.do === 'take and lose'
    for (const sent of stepped.events) if (!(loses && isReply(sent))) this.#add(sent)
    if (COMES_AGAIN.has(how.do)) this.#add(event)
    const { id: _id, at: _at, ...content } = asked
    this.steps.push({
      at: this.at,
      text: this.#isTold ? sayTaken(loaded, stepped, how.do, stale) : '',
      do: how.do,
      event: content,
      ...(stale ? { stale } : {}),
    })
    return stepped
  }

  /** Nothing is under way and no timer is armed. */
  get isAtRest(): boolean {
    return this.#underWay.size === 0 && this.#timers.size === 0
  }

  judge(): Judged {
    const { all, get } = this.cells
    return judge({ get, names: () => all.keys() }, this.site, this.isAtRest)
  }

  #add(event: MailEvent): void {
    this.#inOrder.add(event)
    const name = `${event.to} ${event.type}`
    const known = this.#underWay.get(name)
    if (known) known.push(event)
    else this.#underWay.set(name, [event])
  }

  #remove(event: MailEvent): void {
    this.#inOrder.delete(event)
    const name = `${event.to} ${event.type}`
    const left = (this.#underWay.get(name) ?? []).filter((one) => one !== event)
    if (left.length > 0) this.#underWay.set(name, left)
    else this.#underWay.delete(name)
  }
}

const REPLY = /^(reply|transfer|request)\./
export const isReply = ({ type }: Pick<MailEvent, 'type'>): boolean => REPLY.test(type)

export const outcomesOf = ({ leaves }: Judged): Record<string, string> =>
  Object.fromEntries(leaves.map((leaf) => [labelOf(leaf), leaf.outcome]))
