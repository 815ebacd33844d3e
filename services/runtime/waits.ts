/**
 * Why an entry is where it is: the timer, the event under way, the queue that is paused or has no
 * worker, the hold, the fault rule, the move's phase, the clock that stands still.
 */
import type { MailEvent } from '../../machines/wire.ts'
import { alarmEvent, armedFrom } from './alarms.ts'
import { moveActor, moveOf } from './claims.ts'
import { realDelay } from './clock.ts'
import { decisionKey } from './faults.ts'
import { queuesTaken, SILENCE_MS } from './heartbeat.ts'
import { part, shardOf, shardsOf } from './keys.ts'
import type { Leaf } from './leaves.ts'
import { iso, type Live } from './live-parts.ts'
import { viewOf as moveView } from './moves.ts'
import { type Parked, parkedEvents } from './parked.ts'
import { queueOf } from './queues.ts'
import type { Settings } from './settings.ts'
import { timerMember } from './timer-names.ts'
import type { WaitsFor } from './views-of-mail.ts'

/** Events under way that are looked through for one message. */
const UNDER_WAY_MAX = 20_000

/** What a site's waiting is explained from, read once for all entries of a message. */
export interface Situation {
  events: MailEvent[]
  parked: Map<string, Parked>
  pausedQueues: Set<string>
  /** Does any worker take events of that queue? Where nobody asked: it does. */
  taken?: (queue: string) => boolean
}

export async function situationOf(
  live: Live,
  settings: Settings,
  mentions: string,
): Promise<Situation> {
  const events = await underWay(live, settings, mentions)
  const situation = await situationWith(
    live,
    settings,
    events,
    await parkedEvents(live.client, settings),
  )
  return { ...situation, taken: await queuesTaken(live.client, live.connection.namespace) }
}

export async function situationWith(
  live: Live,
  settings: Settings,
  events: MailEvent[],
  parked: Parked[],
): Promise<Situation> {
  const queues = [...new Set(events.map((event) => queueOf(settings.site, event.to)))]
  const paused = await Promise.all(queues.map((name) => live.queues.get(name).isPaused()))
  return {
    events,
    parked: new Map(parked.map((one) => [one.key, one])),
    pausedQueues: new Set(queues.filter((_, i) => paused[i])),
  }
}

/** Events in the outboxes, of one message or of all. */
export async function underWay(
  live: Live,
  settings: Settings,
  mentions: string,
): Promise<MailEvent[]> {
  const events: MailEvent[] = []
  for (const shard of shardsOf(settings)) {
    let cursor = '0'
    do {
      const outbox = part(settings, shard, 'outbox')
      const [next, flat] = await live.client.hscan(outbox, cursor, 'COUNT', 1_000)
      cursor = next
      for (let i = 1; i < flat.length; i += 2) {
        const text = flat[i] as string
        if (text.includes(mentions)) events.push((JSON.parse(text) as { event: MailEvent }).event)
      }
    } while (cursor !== '0' && events.length < UNDER_WAY_MAX)
  }
  return events
}

export async function waitsFor(
  live: Live,
  settings: Settings,
  id: string,
  leaf: Leaf,
  situation: Situation,
): Promise<WaitsFor[]> {
  if (leaf.outcome !== 'pending') return []
  if (leaf.report) {
    return [{ kind: 'report', text: `the report ${leaf.report.id} to ${leaf.report.to}` }]
  }
  const address = `recipient/${id}/${leaf.copy}/${leaf.key}`
  const mine = situation.events.filter(
    (event) => event.to === address || event.entry === address || concernsCopy(event, id, leaf),
  )
  const events = mine.map((event) => eventWait(settings, event, situation))
  const timers = await timerWaits(live, settings, waiterOf(id, leaf, address), situation)
  const move = leaf.mailbox ? await moveWait(live, settings, leaf.mailbox) : []
  const clock: WaitsFor[] =
    settings.clock.scale === 0 && timers.length > 0
      ? [{ kind: 'clock', text: 'the clock of the site is stopped' }]
      : []
  return [...events, ...move, ...timers, ...clock]
}

/**
 * Before it is routed the copy that holds it waits; and what is owed to its originator is gathered
 * by its copy.
 */
const waiterOf = (id: string, { copy, end, first }: Leaf, address: string): string =>
  copy === null ? `message/${id}/${first}` : end ? `message/${id}/${copy}` : address

/** Before its entry is routed, and while it is transferred, what is under way is the copy's. */
const concernsCopy = (event: MailEvent, id: string, leaf: Leaf): boolean =>
  event.to.startsWith(`message/${id}/`) &&
  (leaf.copy === null ||
    leaf.state === 'transferring' ||
    (event.entries ?? []).some(({ number }) => number === leaf.number))

export function eventWait(settings: Settings, event: MailEvent, situation: Situation): WaitsFor {
  const queue = queueOf(settings.site, event.to)
  const parked = situation.parked.get(decisionKey(event))
  const place = { queue, job: parked?.id ?? event.id }
  if (parked)
    return { kind: parked.kind === 'pause' ? 'hold' : 'fault', text: parked.text, ...place }
  if (situation.pausedQueues.has(queue)) {
    return { kind: 'queue', text: `${event.type} waits in ${queue}, which is paused`, ...place }
  }
  const silent = `, of whose workers nothing was heard for ${SILENCE_MS / 1_000} s`
  const why = (situation.taken?.(queue) ?? true) ? '' : silent
  return { kind: 'event', text: `${event.type} waits in ${queue}${why}`, ...place }
}

const TIMER_TEXTS = {
  deferral: 'the moment before which its originator does not want it delivered',
  routing: 'its MTA to go on with its recipients',
  retry: 'the next attempt',
  reply: 'an answer, or to ask again',
  expiry: 'to be given up',
  report: 'its report, with whatever else fails meanwhile',
} as const

async function timerWaits(
  live: Live,
  settings: Settings,
  address: string,
  situation: Situation,
): Promise<WaitsFor[]> {
  const timers = part(settings, shardOf(settings, address), 'timers')
  const names = Object.keys(TIMER_TEXTS) as (keyof typeof TIMER_TEXTS)[]
  const dues = await Promise.all(
    names.map((name) => live.client.zscore(timers, timerMember(address, name, ''))),
  )
  return names.flatMap((name, i) => {
    const due = dues[i]
    if (!due) return []
    const rung = armedFrom(timerMember(address, name, ''), Number(due))
    const alarm = rung && alarmEvent(settings, rung)
    if (alarm && situation.parked.has(decisionKey(alarm))) {
      return [eventWait(settings, alarm, situation)]
    }
    const left = realDelay(settings.clock, Number(due), Date.now())
    const soon = settings.clock.scale > 0 ? `, in ${Math.ceil(left / 1_000)} s` : ''
    return [{ kind: 'timer' as const, text: `${TIMER_TEXTS[name]}${soon}`, due: iso(Number(due)) }]
  })
}

async function moveWait(live: Live, settings: Settings, mailbox: string): Promise<WaitsFor[]> {
  const id = await moveOf(live, settings, mailbox)
  const actor = id === null ? null : await moveActor(live.client, settings, id)
  if (id === null || !actor) return []
  const { mailbox: alias, phase, held, to } = moveView(id, actor)
  const holds = held ? ' and holds there' : ''
  return [{ kind: 'move', text: `the move ${id} of ${alias} to ${to}, which is ${phase}${holds}` }]
}
