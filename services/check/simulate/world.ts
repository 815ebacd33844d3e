/**
 * One simulated run: cells, events in flight, timers and a virtual clock, from the first act until
 * nothing is under way.
 *
 * The step is the machines', load and commit are `memory.ts`'s; what is here only says what comes
 * next. Every event travels for a time that is drawn, so they come in any order; timers ring in due
 * order, perhaps late; a fault is drawn for each event until the faults end.
 */
import type { MailboxFacts } from '../../../machines/site.ts'
import { step } from '../../../machines/step.ts'
import type { MailEvent, SiteFacts } from '../../../machines/wire.ts'
import type { Stepped } from '../../../machines/working.ts'
import { timerKeyOf, timerMember } from '../../runtime/timer-names.ts'
import { type Act, eventsOf, found } from '../acts.ts'
import { plainCells } from '../cells.ts'
import { goesOn } from '../edits.ts'
import { commit, load, type MemoryLoaded } from '../memory.ts'
import { writeTimers } from '../memory-port.ts'
import type { Before } from '../plan.ts'
import { Agenda, type Planned } from './agenda.ts'
import { drawn, type Fault, type FaultKind, isReply, ORDERS, RATES, type Rates } from './faults.ts'
import { hashOf, Random } from './random.ts'

export interface TimedAct {
  at: number
  act: Act
}

/** Everything that a run depends on. */
export interface Course {
  seed: number
  site: SiteFacts
  mailboxes: MailboxFacts[]
  /** What has happened before, without faults, each until nothing is under way any more. */
  before: Before[]
  /** With times since then. */
  acts: TimedAct[]
  /** Drawn at these rates; or exactly these, by key. */
  faults: Rates | ReadonlyMap<string, FaultKind>
  /** No fault befalls an event so long after the first act. */
  faultsUntil: number
}

interface Trying {
  act: Act
  /** How often it was refused. */
  tries: number
}
interface Alarm {
  name: string
  event: MailEvent
}

/** Told of what happens, in order. */
export interface Listener {
  act?(at: number, act: Act): void
  took?(at: number, taken: Taken): void
}
export interface Taken {
  event: MailEvent
  loaded: MemoryLoaded
  stepped: Stepped
  fault: FaultKind | null
}

/** An act that is refused is tried again so often, so much later. [ours] */
const TRIES_MAX = 8
const TRY_AGAIN_MS = 3_000

/** Latencies of one event under way; now and then one takes long. [ours] */
const QUICK_MS = 600
const SLOW_MS = 5_000
const SLOW = 0.05
/** How late a timer may be. */
const LATE_MS = 500
/** An event that is delayed, or seen again after a crash. */
const DELAY_MS: readonly [number, number] = [5_000, 900_000]
const AGAIN_MS: readonly [number, number] = [1, 120_000]

export class World {
  readonly cells = plainCells()
  now = 0
  /** Events taken so far. */
  events = 0
  readonly hits: Fault[] = []
  readonly #course: Course
  readonly #listener: Listener
  readonly #flights = new Agenda<MailEvent>()
  readonly #acts = new Agenda<Trying>()
  readonly #alarms = new Agenda<Alarm>()
  readonly #armed = new Map<string, number>()
  /** How often an event of this type came to this actor. */
  readonly #seen = new Map<number, number>()
  readonly #random = new Random()
  /** Between these faults may happen. */
  #faultsFrom = Number.POSITIVE_INFINITY
  #faultsUntil = Number.POSITIVE_INFINITY
  /** The alarm that rings next, and when. */
  #ringing: { alarm: Planned<Alarm>; at: number } | null = null

  constructor(course: Course, listener: Listener = {}) {
    this.#course = course
    this.#listener = listener
    found(this.cells, course.site, course.mailboxes)
  }

  /** Timers that are armed, by name: none at rest. */
  get armed(): ReadonlyMap<string, number> {
    return this.#armed
  }

  /** The next thing happens; false at rest. */
  #next(): boolean {
    const flight = this.#flights.first()?.at ?? Number.POSITIVE_INFINITY
    const act = this.#acts.first()?.at ?? Number.POSITIVE_INFINITY
    const ring = this.#nextRing()
    if (act <= flight && act <= ring) return act < Number.POSITIVE_INFINITY && this.#act()
    if (flight <= ring) return this.#arrive()
    return this.#ring()
  }

  /** What comes before, then the acts, until rest; false when it took more events than this. */
  run(most: number): boolean {
    for (const one of this.#course.before) {
      if ('advance' in one) this.now += one.advance
      else this.#acts.add(this.now, { act: one.act, tries: 0 })
      if (!this.#rest(most)) return false
    }
    const from = this.now
    this.#faultsFrom = from
    this.#faultsUntil = from + this.#course.faultsUntil
    for (const { at, act } of this.#course.acts) {
      this.#acts.add(from + at, { act, tries: 0 })
    }
    return this.#rest(most)
  }

  #rest(most: number): boolean {
    while (this.#next()) if (this.events >= most) return false
    return true
  }

  #act(): boolean {
    const { at, what } = this.#acts.take() as Planned<Trying>
    this.now = Math.max(this.now, at)
    const { act, tries } = what
    const events = eventsOf(this.cells, this.#course.site, act, this.now)
    if (!events) {
      const again = { act, tries: tries + 1 }
      const isEarly = act.do === 'go on' && goesOn(this.cells, act.mailbox)
      const isTried = act.do === 'cancel' && again.tries < TRIES_MAX
      if (isEarly || isTried) this.#acts.add(this.now + TRY_AGAIN_MS, again)
      return true
    }
    this.#listener.act?.(this.now, act)
    const about = hashOf(act.do, hashOf(nameOf(act)))
    const random = this.#random.begin(this.#course.seed, about, tries)
    for (const event of events) this.#flights.add(this.now + latency(random), event)
    return true
  }

  #arrive(): boolean {
    const { at, what } = this.#flights.take() as Planned<MailEvent>
    this.now = Math.max(this.now, at)
    this.#take(what)
    return true
  }

  /** The first alarm that is still for the timer as it is armed; it rings when it is drawn to. */
  #nextRing(): number {
    let first = this.#alarms.first()
    while (first && this.#armed.get(first.what.name) !== first.at) {
      this.#alarms.take()
      first = this.#alarms.first()
    }
    if (!first) return Number.POSITIVE_INFINITY
    if (this.#ringing?.alarm !== first) {
      const late = this.#random.begin(this.#course.seed, hashOf(first.what.name), first.at)
      this.#ringing = { alarm: first, at: first.at + late.between(0, LATE_MS) }
    }
    return this.#ringing.at
  }

  #ring(): boolean {
    if (!this.#ringing) return false
    const { alarm, at } = this.#ringing
    this.#alarms.take()
    this.#ringing = null
    this.now = Math.max(this.now, at)
    this.#take(alarm.what.event)
    return true
  }

  #nth(what: number): number {
    const nth = (this.#seen.get(what) ?? 0) + 1
    this.#seen.set(what, nth)
    return nth
  }

  #take(event: MailEvent): void {
    const what = hashOf(subjectOf(event), hashOf(event.type, hashOf(event.to)))
    const nth = this.#nth(what)
    const random = this.#random.begin(this.#course.seed, what, nth)
    const fault = this.#faultOf(random, event, nth)
    if (fault === 'delay') {
      this.#hit(event, nth, fault)
      this.#flights.add(this.now + random.between(...DELAY_MS), event)
      return
    }
    if (event.timer && !this.#isArmed(event)) return
    this.#step(event, nth, fault, random)
  }

  #isArmed(event: MailEvent): boolean {
    const name = timerMember(event.to, event.timer as string, timerKeyOf(event))
    return this.#armed.get(name) === event.due
  }

  #step(event: MailEvent, nth: number, fault: FaultKind | null, random: Random): void {
    const ordered = fault === null ? undefined : ORDERS[fault]
    const asked = ordered ? { ...event, ordered } : event
    const loaded = this.#load(asked, fault === 'read stale')
    const stepped = step(loaded)
    const happened = fault !== null && this.#befell(fault, loaded, stepped)
    if (happened) this.#hit(event, nth, fault)
    commit(this.cells, loaded, stepped)
    this.#setTimers(event, stepped)
    for (const sent of stepped.events) {
      if (fault === 'lose reply' && isReply(sent.type)) continue
      this.#flights.add(this.now + latency(random), sent)
    }
    if (fault === 'crash') this.#flights.add(this.now + random.between(...AGAIN_MS), event)
    this.events += 1
    this.#listener.took?.(this.now, {
      event: asked,
      loaded,
      stepped,
      fault: happened ? fault : null,
    })
  }

  #load(event: MailEvent, stale: boolean): MemoryLoaded {
    return load(this.cells, this.#course.site, event, { at: this.now, stale })
  }

  /** A fault that was drawn for an event counts only if it made a difference. */
  #befell(fault: FaultKind, loaded: MemoryLoaded, stepped: Stepped): boolean {
    if (fault === 'lose reply') return stepped.events.some(({ type }) => isReply(type))
    if (fault !== 'read stale') return true
    const fresh = this.#load(loaded.event, false)
    return JSON.stringify(fresh.lookups) !== JSON.stringify(loaded.lookups)
  }

  #faultOf(random: Random, event: MailEvent, nth: number): FaultKind | null {
    const { faults } = this.#course
    // Drawn even if it does not count, so that the same numbers follow in a run without it.
    const kind = drawn(random, 'crash' in faults ? faults : RATES, event.type)
    if (this.now < this.#faultsFrom || this.now >= this.#faultsUntil) return null
    return 'crash' in faults ? kind : (faults.get(keyOf(event, nth)) ?? null)
  }

  #hit(event: MailEvent, nth: number, kind: FaultKind): void {
    this.hits.push({ key: keyOf(event, nth), kind })
  }

  #setTimers(event: MailEvent, stepped: Stepped): void {
    writeTimers(this.#armed, event, stepped)
    for (const [name, { actor, timer, key, due }] of stepped.timers) {
      if (due === null) continue
      const version = key === '' ? {} : { version: Number(key) }
      const type = `${timer}.due` as const
      const rings: MailEvent = { id: name, to: actor, type, at: due, due, timer, ...version }
      this.#alarms.add(due, { name, event: rings })
    }
  }
}

/** What an act is about, whatever else it says. */
function nameOf(act: Act): string {
  if (act.do === 'send') return act.as
  if (act.do === 'move') return act.id
  if (act.do === 'cancel' || act.do === 'release') return act.move
  return act.do === 'put' ? act.mailbox.alias : act.mailbox
}

/** What an event is about, so that others to the same actor do not change what befalls it. */
const subjectOf = ({ entry, move, version, record }: MailEvent): string =>
  entry ?? move?.id ?? `${version ?? record?.version ?? ''}`

const keyOf = (event: MailEvent, nth: number): string =>
  `${event.to} ${event.type} ${subjectOf(event)} ${nth}`

function latency(random: Random): number {
  return random.chance(SLOW) ? random.between(QUICK_MS, SLOW_MS) : random.between(1, QUICK_MS)
}
