/**
 * The one step function: what was loaded and one event in, what changes and what is asked out.
 *
 * Live, simulated and explored, every transition of the system is this function's. It shows the
 * machine the event with what the role knows, classified (`see.ts`); runs the machine; resolves
 * each ask: a send to an actor of the same copy is applied within the step, any other becomes an
 * event (`compose.ts`), a `keep` changes what the actor remembers or what its store holds
 * (`keep.ts`), a timer gets its date. It never reads a clock and never fails for what mail is like:
 * an event that nobody handles changes nothing.
 */
import { compose, type Send } from './compose.ts'
import { keep } from './keep.ts'
import { nameCaller, nameEvents } from './leaving.ts'
import { partsOfProfile } from './parts.ts'
import {
  type Address,
  type Ask,
  copyOf,
  type EventType,
  type Kind,
  kindOf,
  type Rule,
  recipientAddress,
} from './protocol.ts'
import { REPORTED_MAX } from './reporting.ts'
import { type Dated, delayOf, isDated } from './retry.ts'
import { type Routed, route } from './routing.ts'
import { see } from './see.ts'
import { initial, transition } from './transition.ts'
import { stamped } from './versions.ts'
import type { About, Given, MailEvent, Seen, Stored } from './wire.ts'
import {
  actorOf,
  type Change,
  headerOf,
  type Stepped,
  type TimerWrite,
  type Working,
} from './working.ts'

export function step(given: Given): Stepped {
  const { to } = given.event
  const kind = kindOf(to)
  const copy = OF_COPY.has(kind) ? copyOf(to) : ''
  const working: Working = {
    given,
    running: partsOfProfile(given.site.profile),
    copy,
    message: kind === 'message' ? to : copy && `message/${copy}`,
    routed: NOBODY,
    local: [],
    actors: new Map(),
    items: [],
    timers: new Map(),
    events: [],
    changes: [],
  }
  if (kind === 'message') working.routed = routing(working)
  working.local.push(see(working))
  applyAll(working, 0)
  const applied = working.local.length
  reportWhatIsGathered(working)
  applyAll(working, applied)
  nameEvents(working)
  nameCaller(working)
  return working
}

/** Kinds of actors that belong to a copy of a message. */
const OF_COPY: ReadonlySet<Kind> = new Set(['message', 'recipient', 'slot'])

const NOBODY: Working['routed'] = new Map()

/**
 * What the Router stage makes of an event that brings recipients; those that the copy has already
 * are left out.
 */
function routing({ given, running, copy }: Working): Map<Address, Routed> {
  const { event, actors, found, lookups, site } = given
  const records = event.entries ?? found.entries
  const routed = new Map<Address, Routed>()
  const header = event.header ?? actors.get(event.to)?.a.header
  if (!records || !header) return routed
  for (const one of route(records, lookups, header, site, running, found.addressees)) {
    const address = recipientAddress(copy, one.record)
    if (!actors.has(address)) routed.set(address, one)
  }
  return routed
}

/** Whatever is said within the step meanwhile is applied too. */
function applyAll(working: Working, from: number): void {
  const { local } = working
  for (let i = from; i < local.length; i++) apply(working, local[i] as Seen)
}

/**
 * What a copy has gathered leaves within the step when it fills a report, when none of its entries
 * is open any more, or when all of them are of one recipient, so that nobody else can fail.
 */
function reportWhatIsGathered({ given, actors, local, message: to }: Working): void {
  if (to === '' || kindOf(given.event.to) === 'slot') return
  const message = actors.get(to)
  const { owed = [], recipients } = message?.a ?? {}
  if (owed.length === 0) return
  if (message?.s !== 'settled' && recipients !== 1 && owed.length < REPORTED_MAX) return
  local.push({ to, type: 'report.due' })
}

function apply(working: Working, event: Seen): void {
  const { to } = event
  const kind = kindOf(to)
  const before = current(working, kind, event)
  if (!before) return
  const machine = working.running.machines[kind]
  const moved = transition(machine, { value: before.s, context: before.c }, event)
  const { asks, asked } = moved
  if (!moved.handled && asks.length === 0) return
  const v = (working.given.actors.get(to)?.v ?? 0) + 1
  const a = asked.keeps || asked.makesEntries ? { ...before.a } : before.a
  if (asked.makesEntries) a.recipients = recipientsOf(working, before)
  const after = stamped(kind, { v, s: moved.value, c: moved.context, a })
  working.actors.set(to, after)
  working.changes.push(changeOf(event, before, after, asked.says))
  for (const one of asks) perform(working, to, after, event, one)
}

/** Of a copy that makes entries: how many recipients it has then. */
function recipientsOf({ routed }: Working, { a }: Stored): number {
  const numbers = new Set([...routed.values()].map(({ record }) => record.number))
  return (a.recipients ?? 0) + numbers.size
}

function changeOf(event: Seen, before: Stored, after: Stored, says: EventType[]): Change {
  const absorbed = (after.c.absorbed ?? 0) !== (before.c.absorbed ?? 0)
  const why = absorbed ? 'failure absorbed' : event.why
  const change: Change = { actor: event.to, event: event.type, from: before.s, to: after.s, says }
  if (why) change.why = why
  return change
}

/** The actor in a state that its machine has; made when the event is one that makes it. */
function current(working: Working, kind: Kind, event: Seen): Stored | null {
  const { running } = working
  const known = actorOf(working, event.to)
  if (known) {
    const s = running.known(kind, known.s)
    return s === known.s ? known : { ...known, s }
  }
  const made = birth(working, kind, event)
  if (!made) return null
  const { value, context } = initial(running.machines[kind], made.input)
  return { v: 0, s: value, c: context, a: made.about }
}

/**
 * Which events make an actor that is not there, and with what. A late event never re-creates a
 * trimmed one.
 */
function birth(working: Working, kind: Kind, event: Seen): { input?: object; about: About } | null {
  switch (kind) {
    case 'mailbox':
    case 'directory':
      return { about: {} }
    case 'move':
      return event.move && event.type === 'move.requested'
        ? {
            input: { holdAt: event.holdAt ?? null },
            about: { move: event.move, startedAt: working.given.at, page: 0, moved: 0 },
          }
        : null
    case 'slot':
      return event.type === 'entry.discharged' && event.size === 1 ? null : { about: {} }
    case 'recipient':
      return event.type.startsWith('route.') ? { about: recipientAbout(working, event.to) } : null
    default:
      return event.header && event.entries
        ? { input: { nullSender: event.header.originator === '' }, about: { header: event.header } }
        : null
  }
}

function recipientAbout({ routed }: Working, to: Address): About {
  const one = routed.get(to)
  return one ? { entry: one.record, siblings: one.siblings } : {}
}

function perform(working: Working, self: Address, actor: Stored, event: Seen, one: Ask): void {
  if ('send' in one) {
    for (const send of compose(working, self, actor, event, one)) dispatch(working, send)
  } else if ('arm' in one) {
    const key = one.arm === 'replication' ? `${event.record?.version}` : ''
    const due = isDated(one) ? dateOf(working, one) : timerDue(working, actor, event, one)
    write(working, { actor: self, timer: one.arm, key, due })
  } else if ('disarm' in one) {
    write(working, { actor: self, timer: one.disarm, key: '', due: null })
  } else {
    keep(working, self, actor, event, 'keep' in one ? one.keep : one.drop)
  }
}

/** What is gathered waits from its first on, however much is added. */
const timerDue = (
  { given, running }: Working,
  actor: Stored,
  event: Seen,
  rule: Exclude<Rule, Dated>,
): number => {
  const { profile } = given.site
  const from = rule.by === 'gathering' ? actor.a.owed?.[0]?.failedAt : undefined
  const isStore = rule.by === 'retry' && rule.towards === 'store'
  const delay = isStore
    ? running.storeDelay(profile, rule.attempts)
    : delayOf(rule, profile, event.peer)
  return (from ?? given.at) + delay
}

const dateOf = (working: Working, { by }: Dated): number =>
  headerOf(working)?.[by === 'expiry' ? 'expiresAt' : 'deferUntil'] ?? working.given.at

const write = (working: Working, timer: TimerWrite): void => {
  working.timers.set(`${timer.actor}|${timer.timer}|${timer.key}`, timer)
}

/** Sends between a copy, its entries and its slots are applied within the step. */
function dispatch(working: Working, send: Send): void {
  if (send.local) {
    working.local.push(send)
    return
  }
  const event = send as Send & MailEvent
  event.id = ''
  event.at = working.given.at
  merge(working, event)
}

/** Entries that leave for the same copy leave together (fan-out: one copy for each destination). */
function merge(working: Working, event: MailEvent): void {
  const same =
    event.type === 'copy.transferred' &&
    working.events.find(
      (other) =>
        other.type === event.type && other.to === event.to && other.attempt === event.attempt,
    )
  if (same) same.entries = [...(same.entries ?? []), ...(event.entries ?? [])]
  else working.events.push(event)
}
