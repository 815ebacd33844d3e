/**
 * The way to a state, told: its actions done again on plain cells with a clock that goes on, each
 * step in the words of the domain. This is also where a way is found to be one: a step that could
 * not be taken as it is said is an error of the search.
 */
import type { MailEvent } from '../../../machines/wire.ts'
import { eventsOf, found, sayAct } from '../acts.ts'
import { plainCells } from '../cells.ts'
import { judge, labelOf } from '../judge.ts'
import { machinesDigest } from '../machines-digest.ts'
import { commit, load } from '../memory.ts'
import type { Plan } from '../plan.ts'
import { COMES_AGAIN } from '../rehearsal.ts'
import { HOW_IT_WENT, isStall, NOTHING, sayTaken } from '../say.ts'
import type { Content, Schedule, ScheduleStep, TakeStep } from '../schedule.ts'
import { type Action, decode } from './actions.ts'
import { BEGINS_AT, canonical } from './interning.ts'
import type { Model } from './model.ts'
import type { Seen } from './table.ts'
import { isReply, type Removed, stepWithout } from './transitions.ts'

/** The actions that lead to the state, the first one first. */
export function wayTo(seen: Seen, state: number): Action[] {
  const way: Action[] = []
  for (let at = state; seen.parent(at) >= 0; at = seen.parent(at)) way.push(decode(seen.action(at)))
  return way.reverse()
}

interface World {
  plan: Plan
  model: Model
  cells: ReturnType<typeof plainCells>
  /** What is removed now: nothing, before the first message of interest. */
  removed: Removed
  events: MailEvent[]
  /** Events that were taken, each with the step that took it. */
  taken: { event: MailEvent; step: TakeStep }[]
  timers: Map<string, number>
  /** How often the jobs of events have stalled. */
  stalls: Map<MailEvent, number>
  at: number
  steps: ScheduleStep[]
}

/** The schedule that takes these actions. */
export function scheduleOf(model: Model, actions: Action[]): Schedule {
  const { plan } = model
  const cells = plainCells()
  found(cells, plan.site, plan.mailboxes)
  const world: World = {
    plan,
    model,
    cells,
    removed: {},
    events: [],
    taken: [],
    timers: new Map(),
    stalls: new Map(),
    at: BEGINS_AT,
    steps: [],
  }
  begin(world)
  world.removed = model.removed
  for (const action of actions) perform(world, action)
  const names = () => cells.all.keys()
  const { leaves } = judge({ get: cells.get, names }, plan.site, false)
  return {
    v: 1,
    machines: machinesDigest(),
    scenario: plan.scenario,
    profile: plan.profile,
    site: plan.site,
    mailboxes: plan.mailboxes,
    steps: world.steps,
    outcomes: Object.fromEntries(leaves.map((leaf) => [labelOf(leaf), leaf.outcome])),
  }
}

/** What has happened before the first message of interest; what could not be done was not. */
function begin(world: World): void {
  for (const one of world.plan.before) {
    if ('advance' in one) world.at += one.advance
    else {
      if (!act(world, one.act)) continue
      while (world.events.length > 0) take(world, world.events[0] as MailEvent, 'take')
    }
  }
}

/** False when it cannot be done now. */
function act(world: World, done: Plan['acts'][number]): boolean {
  const made = eventsOf(world.cells, world.plan.site, done, world.at)
  if (made === null) return false
  world.events.push(...made)
  world.steps.push({ at: since(world), text: sayAct(done), do: 'act', act: done })
  return true
}

const since = ({ at }: World): number => at - BEGINS_AT

function perform(world: World, action: Action): void {
  if (action.do === 'act') {
    const done = world.plan.acts[action.of] as Plan['acts'][number]
    if (!act(world, done)) throw new Error(`it cannot be done now: ${sayAct(done)}`)
  } else {
    const name = world.model.interned.cells[action.of] as string
    if (action.do === 'ring') ring(world, name, action.aged)
    else if (action.do === 'back') comeBack(world, name)
    else takeOne(world, name, action)
  }
}

function takeOne(world: World, name: string, action: Action): void {
  const event = under(world, name.slice('event '.length), world.events)
  const fault = action.do === 'fault' ? world.plan.faults[action.fault] : undefined
  const ordered = fault && fault.order !== 'lose reply' ? fault.order : undefined
  if (action.aged) world.at = agedAt(world, event)
  if (action.do === 'lose' || fault?.order === 'lose reply') take(world, event, 'take and lose')
  else if (action.do === 'die') take(world, event, 'take and die')
  else if (action.do === 'again') take(world, event, 'take again')
  else if (action.do === 'stall') stall(world, event)
  else take(world, event, 'take', ordered)
}

/** A job that has stalled more often than the engine allows has failed; a sweep brings it back. */
function stall(world: World, event: MailEvent): void {
  const { stallsMax, sweeps } = world.model.engine
  const stalls = (world.stalls.get(event) ?? 0) + 1
  world.stalls.set(event, stalls > stallsMax ? 0 : stalls)
  take(world, event, stalls > stallsMax && !sweeps ? 'stall and fail' : 'stall')
}

/** The event under way that says what this value says. */
function under(world: World, value: string, among: MailEvent[]): MailEvent {
  const wanted = wantedBy(world, value)
  const event = among.find((one) => comparable(one) === wanted)
  if (!event) throw new Error(`it is not under way: ${wanted}`)
  return event
}

const wantedBy = ({ model }: World, value: string): string =>
  comparable(model.interned.values[Number(value)] as MailEvent)

/** Dates are told from another moment in the search. */
const comparable = (event: MailEvent): string =>
  canonical({ ...event, id: '', at: 0 }).replace(/"(expiresAt|deferUntil)":\d+/g, '"$1":0')

/** When what the event's step would believe has become too old. */
function agedAt({ cells, plan, at }: World, event: MailEvent): number {
  const { lookups } = load(cells, plan.site, event, { at })
  const ages = Object.values(lookups).flatMap(({ source, age }) => (source === 'cache' ? age : []))
  return at + Math.max(0, plan.site.profile.entryLatencyMs - Math.max(0, ...ages))
}

/** The worker that took it last had died before it could say so. */
function comeBack(world: World, name: string): void {
  const wanted = wantedBy(world, name.slice('took '.length))
  const last = world.taken.findLastIndex(({ event }) => comparable(event) === wanted)
  const found = world.taken[last]
  if (!found) throw new Error(`it was not taken: ${wanted}`)
  world.taken.splice(last, 1)
  found.step.do = 'take and die'
  found.step.text += HOW_IT_WENT['take and die']
  world.events.push(found.event)
  take(world, found.event, 'take')
}

function ring(world: World, name: string, aged: boolean): void {
  const timer = name.slice('timer '.length)
  const due = world.timers.get(timer)
  if (due === undefined) throw new Error(`it is not armed: ${timer}`)
  world.at = Math.max(world.at, due)
  const [to = '', kind = '', key = ''] = timer.split('|')
  const event = {
    id: '',
    at: due,
    to,
    type: `${kind}.due`,
    due,
    timer: kind,
    ...(key === '' ? {} : { version: Number(key) }),
  } as MailEvent
  if (aged) world.at = agedAt(world, event)
  world.timers.delete(timer)
  commitStep(world, event, 'ring')
}

type Taking = Exclude<ScheduleStep['do'], 'act' | 'ring'>

function take(world: World, event: MailEvent, how: Taking, ordered?: MailEvent['ordered']): void {
  const stays = COMES_AGAIN.has(how)
  if (!stays) world.events.splice(world.events.indexOf(event), 1)
  const step = commitStep(world, ordered ? { ...event, ordered } : event, how)
  if (how === 'take') world.taken.push({ event, step })
}

function commitStep(world: World, event: MailEvent, how: Taking | 'ring'): TakeStep {
  const { cells, plan, at } = world
  const dies = how === 'take and die'
  const taken = stepWithout(world.removed, cells, plan.site, event, at, dies)
  const { loaded } = taken
  const stepped = isStall(how) ? NOTHING : taken.stepped
  commit(cells, loaded, stepped)
  for (const [name, { due }] of stepped.timers) {
    if (due === null) world.timers.delete(name)
    else world.timers.set(name, due)
  }
  const sent = stepped.events.filter(({ type }) => how !== 'take and lose' || !isReply(type))
  world.events.push(...sent)
  const { id: _id, at: _at, ...said } = event
  const content = event.due === undefined ? said : { ...said, due: event.due - BEGINS_AT }
  const text = sayTaken(loaded, stepped, how)
  const told: TakeStep = { at: since(world), text, do: how, event: content as Content }
  world.steps.push(told)
  return told
}
