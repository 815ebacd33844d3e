/**
 * What may keep an event from its step, or tell the step what to do with it: pause, and fault
 * rules.
 *
 * An event that is kept is parked: its job is put far away as a delayed one, and what keeps it is
 * written down in `parked`, for `waitsFor` and for whoever lets it go. BullMQ's own pause is left
 * to whoever watches the queues.
 */
import { kindOf, type Ordered } from '../../machines/protocol.ts'
import type { MailEvent, Stored } from '../../machines/wire.ts'
import { who } from '../../machines/words.ts'
import { PARKED_MS } from './clock.ts'
import type { Client } from './commit.ts'
import { decisionKey, faultKey, hits, SPENT } from './faults.ts'
import { messageKey, part, placeOf, shardOf } from './keys.ts'
import { timeOf } from './messages.ts'
import { delayMember, type Parked, steppingKey } from './parked.ts'
import { messageOf, type Queues, queueOf } from './queues.ts'
import { heldForGuest, untilPhase } from './rule-moves.ts'
import type { FaultRule, Settings } from './settings.ts'
import type { DeathPoint, MoveSpec } from './views-of-driving.ts'

export type Verdict = { putOff: number; why: string; parked: true } | { dropped: string } | Passed

/** What a step that may happen is told. */
export interface Passed {
  ordered: Ordered | null
  readStale: boolean
  loseReply: boolean
  /** Said by the engine: there was an answer, and it was lost. */
  lost: boolean
  /** The rule by which the event comes again: the worker dies there, or does not acknowledge it. */
  again: { rule: string; dies: DeathPoint | null } | null
  told: string[]
}

export interface Gate {
  client: Client
  queues: Queues
  /** Of each site: messages from before this may have been trimmed (`trim.ts`). */
  floors: ReadonlyMap<string, number>
  /** Starts a move for a rule; says why not when it cannot be started. */
  startMove(
    settings: Settings,
    spec: MoveSpec,
    id: string,
  ): Promise<{ id: string } | { refused: string }>
}

/** How soon an event that waits for a move's phase looks again. */
const LOOK_AGAIN_MS = 20

export async function passGates(
  gate: Gate,
  settings: Settings,
  event: MailEvent,
  at: number,
): Promise<Verdict> {
  if (await isGone(gate, settings, event)) {
    return { dropped: 'it is about what is no longer kept, or of an earlier site of this name' }
  }
  const passed: Passed = {
    ordered: null,
    readStale: false,
    loseReply: false,
    lost: false,
    again: null,
    told: [],
  }
  if (settings.paused && !(await isStepping(gate, settings, event))) {
    return park(gate, settings, event, 'pause', 'the site is paused')
  }
  if (settings.faults.length === 0) return passed
  const held = await heldForGuest(gate, settings, event)
  if (held) return park(gate, settings, event, 'move', held.text, held.rule, held.until)
  if (kindOf(event.to) === 'move') await unparked(gate, settings, event)
  const actor = await actorOf(gate, settings, event)
  for (const { rule, decision } of await hits(gate.client, settings, event, actor, at)) {
    const kept = await keepBack(gate, settings, event, rule, at)
    if (kept) return kept
    if (decision !== SPENT) apply(passed, rule)
  }
  return passed
}

/**
 * A job that was left behind when an earlier site of the name was erased, or when its message
 * was trimmed, must not begin a message here. Ids begin with the real time at which they were
 * made; one that seems older than the site (clocks differ) is looked for.
 */
async function isGone(
  { client, floors }: Gate,
  settings: Settings,
  event: MailEvent,
): Promise<boolean> {
  const message = messageOf(event)
  if (message !== undefined) {
    if (!mayBeGone(floors, settings, message)) return false
    const root = message.split('~')[0] as string
    return (await client.exists(messageKey(settings, root))) === 0
  }
  const { move } = event
  if (!move || timeOf(move.id) >= settings.createdAt) return false
  const { key, field } = placeOf(settings, `move/${move.id}`)
  if ((await client.hexists(key, field)) === 1) return false
  const claim = await client.hget(part(settings, 0, 'moving'), move.mailbox)
  return !claim?.includes(move.id)
}

const mayBeGone = (
  floors: ReadonlyMap<string, number>,
  { site, createdAt }: Settings,
  message: string,
): boolean => timeOf(message) < Math.max(createdAt, floors.get(site) ?? 0)

/** Whether the gate must be asked about the event, even where nobody has ordered anything. */
export function mayBeLate({ floors }: Gate, settings: Settings, event: MailEvent): boolean {
  const message = messageOf(event)
  return message !== undefined && mayBeGone(floors, settings, message)
}

const isStepping = async ({ client }: Gate, settings: Settings, event: MailEvent) =>
  (await client.sismember(steppingKey(settings), event.id)) === 1

async function actorOf(
  gate: Gate,
  settings: Settings,
  event: MailEvent,
): Promise<Stored | undefined> {
  const { key, field } = placeOf(settings, event.to)
  const text = await gate.client.hget(key, field)
  return text ? (JSON.parse(text) as Stored) : undefined
}

function apply(passed: Passed, { id, do: act }: FaultRule): void {
  if ('defer' in act) passed.ordered = { defer: true }
  if ('refuse' in act) passed.ordered = { refuse: act.refuse }
  if ('loseReply' in act) passed.loseReply = true
  if ('readStale' in act) passed.readStale = true
  if ('die' in act || 'again' in act) {
    passed.again = { rule: id, dies: 'die' in act ? act.die : null }
  }
}

/** The verdict of a rule that keeps the event back, or null when it does not (any more). */
async function keepBack(
  gate: Gate,
  settings: Settings,
  event: MailEvent,
  rule: FaultRule,
  at: number,
): Promise<Verdict | null> {
  const act = rule.do
  if ('hold' in act)
    return park(gate, settings, event, 'hold', `held by fault rule ${rule.id}`, rule)
  if ('delayMs' in act) return delay(gate, settings, event, rule, act.delayMs, at)
  if ('move' in act) {
    const until = await untilPhase(gate, settings, event, { id: rule.id, do: act })
    if (until === null) return unparked(gate, settings, event)
    const text = `until the move ${until.move} is ${until.phase} (fault rule ${rule.id})`
    return park(gate, settings, event, 'move', text, rule, until)
  }
  return null
}

async function unparked({ client }: Gate, settings: Settings, event: MailEvent): Promise<null> {
  await client.hdel(part(settings, 0, 'parked'), decisionKey(event))
  return null
}

async function park(
  gate: Gate,
  settings: Settings,
  event: MailEvent,
  kind: Parked['kind'],
  text: string,
  rule?: FaultRule,
  until?: Parked['until'],
): Promise<Verdict> {
  const parked: Parked = {
    key: decisionKey(event),
    id: event.id,
    queue: queueOf(settings.site, event.to),
    type: event.type,
    to: event.to,
    text: `${event.type} for ${who(event.to)}: ${text}`,
    kind,
    at: Date.now(),
    ...(rule ? { rule: rule.id } : {}),
    ...(until ? { until } : {}),
  }
  if (await isTwin(gate, settings, parked)) {
    return { dropped: 'this ringing of the timer is kept back already' }
  }
  const wait = until ? LOOK_AGAIN_MS : PARKED_MS
  return { putOff: Date.now() + wait, why: text, parked: true }
}

/**
 * Parks it, and says whether another alarm of the same ringing was parked before and is still
 * there.
 */
async function isTwin(gate: Gate, settings: Settings, parked: Parked): Promise<boolean> {
  const all = part(settings, 0, 'parked')
  if ((await gate.client.hsetnx(all, parked.key, JSON.stringify(parked))) === 1) return false
  const text = await gate.client.hget(all, parked.key)
  const first = text ? (JSON.parse(text) as Parked) : parked
  if (first.id === parked.id) return false
  if (await gate.queues.get(first.queue).getJob(first.id)) return true
  await gate.client.hset(all, parked.key, JSON.stringify(parked))
  return false
}

async function delay(
  gate: Gate,
  settings: Settings,
  event: MailEvent,
  rule: FaultRule,
  delayMs: number,
  at: number,
): Promise<Verdict | null> {
  const key = faultKey(settings, rule.id)
  const field = `d:${decisionKey(event)}`
  await gate.client.hsetnx(key, field, `${at + delayMs}`)
  const until = Number(await gate.client.hget(key, field))
  const timers = part(settings, shardOf(settings, event.to), 'timers')
  const member = delayMember(queueOf(settings.site, event.to), event.id)
  if (at >= until) {
    await gate.client.hdel(part(settings, 0, 'parked'), decisionKey(event))
    await gate.client.zrem(timers, member)
    return null
  }
  await gate.client.zadd(timers, until, member)
  return park(gate, settings, event, 'delay', `delayed by fault rule ${rule.id}`, rule)
}
