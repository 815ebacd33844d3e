/**
 * A schedule played again in memory, with a safeguard or without it: each step that can be taken is
 * taken. What cannot be (it came about only because the safeguard was missing) is left out.
 */
import type { MailEvent } from '../../../../machines/wire.ts'
import { type Act, eventsOf, found } from '../../../../services/check/acts.ts'
import { plainCells } from '../../../../services/check/cells.ts'
import { BEGINS_AT, canonical } from '../../../../services/check/explore/interning.ts'
import {
  isReply,
  type Removed,
  stepWithout,
} from '../../../../services/check/explore/transitions.ts'
import { judge } from '../../../../services/check/judge.ts'
import { commit } from '../../../../services/check/memory.ts'
import { writeTimers } from '../../../../services/check/memory-port.ts'
import type { Plan } from '../../../../services/check/plan.ts'
import type { Schedule, ScheduleStep } from '../../../../services/check/schedule.ts'
import { timerKeyOf, timerMember } from '../../../../services/runtime/timer-names.ts'
import type { SetUp } from './safeguard.ts'

export interface Played {
  /** Invariants that were broken, and for whom, in the order in which it was seen. */
  broken: string[]
  /** Of the schedule's steps, those that were taken and those that could not be. */
  taken: number
  leftOut: number
}

/** Events after the last step of a schedule: a small site that needs more does not rest. */
const EVENTS_MAX = 2_000

interface World {
  plan: Plan
  removed: Removed
  cells: ReturnType<typeof plainCells>
  events: MailEvent[]
  timers: Map<string, number>
  at: number
  broken: Set<string>
}

/** With `onwards`, what is under way at the end is taken too, until rest. */
export function play(
  { plan, removed }: SetUp,
  { steps }: Schedule,
  { onwards }: { onwards: boolean },
): Played {
  const cells = plainCells()
  found(cells, plan.site, plan.mailboxes)
  const none = {
    removed: {},
    events: [],
    timers: new Map(),
    at: BEGINS_AT,
    broken: new Set<string>(),
  }
  const world: World = { plan, cells, ...none }
  const before = begin(world)
  world.removed = removed
  const played: Played = { broken: [], taken: 0, leftOut: 0 }
  for (const step of steps.slice(before)) {
    if (take(world, step)) played.taken += 1
    else played.leftOut += 1
    look(world)
  }
  if (onwards) settle(world)
  return { ...played, broken: [...world.broken] }
}

/** What has happened before the first message of interest; how many steps of a schedule it is. */
function begin(world: World): number {
  let taken = 0
  for (const one of world.plan.before) {
    if ('advance' in one) world.at += one.advance
    else {
      if (!act(world, one.act)) throw new Error(`it cannot be done: ${one.act.do}`)
      taken += 1
      for (; world.events.length > 0; taken++) run(world, world.events.shift() as MailEvent)
    }
  }
  return taken
}

function act({ cells, plan, events, at }: World, one: Act): boolean {
  const made = eventsOf(cells, plan.site, one, at)
  events.push(...(made ?? []))
  return made !== null
}

/** False when it cannot be taken. */
function take(world: World, step: ScheduleStep): boolean {
  world.at = Math.max(world.at, BEGINS_AT + step.at)
  if (step.do === 'act') return act(world, step.act)
  if (step.do === 'ring') return ring(world, step.event as MailEvent)
  const { ordered, ...wanted } = step.event
  const text = comparable(wanted as MailEvent)
  const place = world.events.findIndex((event) => comparable(event) === text)
  const event = world.events[place]
  if (!event) return false
  if (step.do === 'take' || step.do === 'take and lose') world.events.splice(place, 1)
  run(world, ordered ? { ...event, ordered } : event, step.do)
  return true
}

/** Dates are told from another moment where the search begins. */
const comparable = (event: MailEvent): string =>
  canonical({ ...event, id: '', at: 0 }).replace(/"expiresAt":\d+/, '"expiresAt":0')

function ring(world: World, event: MailEvent): boolean {
  const due = world.timers.get(timerMember(event.to, event.timer as string, timerKeyOf(event)))
  if (due === undefined) return false
  world.at = Math.max(world.at, due)
  run(world, { ...event, id: '', at: due, due })
  return true
}

function run(world: World, event: MailEvent, how: ScheduleStep['do'] = 'take'): void {
  const { removed, cells, plan, at } = world
  const dies = how === 'take and die'
  const { loaded, stepped } = stepWithout(removed, cells, plan.site, event, at, dies)
  commit(cells, loaded, stepped)
  writeTimers(world.timers, event, stepped)
  const lost = how === 'take and lose'
  world.events.push(...stepped.events.filter(({ type }) => !(lost && isReply(type))))
}

function look(world: World): void {
  const { cells, plan, events, timers, broken } = world
  const listed = { get: cells.get, names: () => cells.all.keys() }
  const { violations } = judge(listed, plan.site, events.length + timers.size === 0)
  for (const { invariant, entry } of violations) broken.add(`${invariant} ${entry}`)
}

/** All that is under way, then the timers as they are due. */
function settle(world: World): void {
  for (let left = EVENTS_MAX; left > 0; left--) {
    const event = world.events.shift()
    const [first] = [...world.timers].sort(([, a], [, b]) => a - b)
    if (event) run(world, event)
    else if (!first) return
    else ring(world, alarm(first[0]))
    look(world)
  }
  world.broken.add('I5 the site')
}

function alarm(member: string): MailEvent {
  const [to = '', timer = '', key = ''] = member.split('|')
  const version = key === '' ? {} : { version: Number(key) }
  return { id: '', at: 0, to, type: `${timer}.due`, timer, ...version } as MailEvent
}
