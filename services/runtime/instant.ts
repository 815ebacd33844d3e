/**
 * What is under way in a site at this instant of its time: what still moves, and what cannot.
 */
import type { MailEvent } from '../../machines/wire.ts'
import { alarmEvent, armedFrom } from './alarms.ts'
import { siteTime } from './clock.ts'
import { decisionKey } from './faults.ts'
import { part, shardOf, shardsOf } from './keys.ts'
import type { Live } from './live-parts.ts'
import { delayMember, hasReached, type Parked, parkedEvents } from './parked.ts'
import type { Settings } from './settings.ts'
import type { WaitsFor } from './views-of-mail.ts'
import { eventWait, situationWith, underWay } from './waits.ts'

interface Instant {
  moving: WaitsFor[]
  stuck: WaitsFor[]
  /** Changes when anything moves. */
  key: string
}

/** What is under way at this instant, and what of it cannot move. */
export async function instant(live: Live, settings: Settings): Promise<Instant> {
  const events = await underWayNow(live, settings)
  if (events.length === 0) return { moving: [], stuck: [], key: '' }
  const all = await parkedEvents(live.client, settings)
  const over = await Promise.all(all.map((one) => isOver(live, settings, one)))
  // One whose delay is over is no longer kept back: only its worker has not taken it yet.
  const parked = all.filter((_, index) => !over[index])
  const situation = await situationWith(live, settings, events, parked)
  const ready = await readyOf(live, settings, situation.parked)
  const moving: WaitsFor[] = []
  const stuck: WaitsFor[] = []
  for (const event of events) {
    const wait = eventWait(settings, event, situation)
    const goesOn = wait.kind === 'event' || ready.has(decisionKey(event))
    ;(goesOn ? moving : stuck).push(wait)
  }
  return { moving, stuck, key: events.map(({ id }) => id).join() }
}

/** Events whose phase of a move has come look again by themselves, any moment now. */
async function readyOf(
  { client }: Live,
  settings: Settings,
  parked: ReadonlyMap<string, Parked>,
): Promise<ReadonlySet<string>> {
  const ready = new Set<string>()
  for (const { key, until } of parked.values()) {
    const isThere = until && (await hasReached(client, settings, until.move, until.phase))
    const guest = parked.get(until?.guest ?? '')
    if (isThere && (!guest || guest.until)) ready.add(key)
  }
  return ready
}

/**
 * A delay that a fault rule ordered, and whose time has come; or that its worker has taken off
 * since `parked` was read.
 */
async function isOver(live: Live, settings: Settings, { kind, to, queue, id }: Parked) {
  if (kind !== 'delay') return false
  const timers = part(settings, shardOf(settings, to), 'timers')
  const until = await live.client.zscore(timers, delayMember(queue, id))
  return until === null || Number(until) <= siteTime(settings.clock, Date.now())
}

/** Events in the outboxes, and alarms of timers that are due and have not been taken. */
async function underWayNow(live: Live, settings: Settings): Promise<MailEvent[]> {
  const now = siteTime(settings.clock, Date.now())
  const due = await Promise.all(
    shardsOf(settings).map((shard) =>
      live.client.zrangebyscore(part(settings, shard, 'timers'), '-inf', `${now}`, 'WITHSCORES'),
    ),
  )
  const alarms = due.flatMap((flat) =>
    flat.flatMap((member, i) => {
      const armed = i % 2 === 0 ? armedFrom(member, Number(flat[i + 1])) : null
      return armed ? [alarmEvent(settings, armed)] : []
    }),
  )
  return [...(await underWay(live, settings, '')), ...alarms]
}
