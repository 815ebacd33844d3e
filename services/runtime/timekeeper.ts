/**
 * The timekeeper: rings timers that are due, and brings back events whose jobs got lost or failed.
 *
 * Every worker process has one. What it does can be done twice without harm: an alarm's id is its
 * timer's date, and a job that is there already is left as it is. Without it a timer whose job was
 * cleaned away would never ring, and what a crash left in an outbox would never be sent.
 */
import type { MailEvent } from '../../machines/wire.ts'
import { alarmEvent, armedFrom, forgetRung } from './alarms.ts'
import { siteTime } from './clock.ts'
import type { Client } from './commit.ts'
import { part, shardsOf } from './keys.ts'
import { letGo, parkedEvents, promoteJob } from './parked.ts'
import { type Queues, queueOf, queuePrefix } from './queues.ts'
import type { Settings } from './settings.ts'

/** How late a timer that is no retry may ring, in real time. */
export const TICK_MS = 200
/** Timers rung together. */
const RUNG_MAX = 1_000
/** An event that is this long in the outbox is looked for in its queue. */
export const OVERDUE_MS = 3_000
/** How often the outboxes are looked through, and how much of one at a time. */
export const SWEEP_MS = 1_000
const SWEPT_MAX = 500
const SCANNED = 250

export interface Ringing {
  client: Client
  queues: Queues
}

export interface Timekeeping extends Ringing {
  namespace: string
  /** Of each outbox: where the next look begins. */
  cursors: Map<string, string>
}

/** Makes the alarms of all timers that are due by now; says how many. */
export async function ring(keeping: Ringing, settings: Settings): Promise<number> {
  const now = siteTime(settings.clock, Date.now())
  let rung = 0
  for (const shard of shardsOf(settings)) {
    const timers = part(settings, shard, 'timers')
    for (let from = 0; ; from += RUNG_MAX) {
      const page = ['WITHSCORES', 'LIMIT', from, RUNG_MAX] as const
      const due = await keeping.client.zrangebyscore(timers, '-inf', `${now}`, ...page)
      const members = due.filter((_, i) => i % 2 === 0)
      const scores = due.filter((_, i) => i % 2 === 1).map(Number)
      rung += await ringAll(keeping, settings, timers, members, scores)
      if (members.length < RUNG_MAX) break
    }
  }
  return rung
}

async function ringAll(
  keeping: Ringing,
  settings: Settings,
  timers: string,
  members: string[],
  scores: number[],
): Promise<number> {
  const events: MailEvent[] = []
  for (const [i, member] of members.entries()) {
    if (member.startsWith('!')) await endDelay(keeping, timers, member)
    const armed = member.startsWith('!') ? null : armedFrom(member, scores[i] as number)
    if (armed) events.push(alarmEvent(settings, armed))
  }
  await forgetRung(keeping.client, keeping.queues, settings, events)
  if (events.length > 0) await keeping.queues.add(settings.site, events)
  return members.length
}

/**
 * A delay that a fault rule ordered is over: the event's job runs now, and sees that it may pass.
 * Then it takes the delay off itself; one that is still being put off is promoted at the next tick.
 */
async function endDelay(
  { client, queues }: Ringing,
  timers: string,
  member: string,
): Promise<void> {
  const [queue = '', id = ''] = member.slice(1).split('|')
  if (await promoteJob(queues, queue, id)) return
  const state = await queues.get(queue).getJobState(id)
  if (state === 'unknown' || state === 'completed') await client.zrem(timers, member)
}

/** Brings back each event that is overdue and whose job will not run any more; says how many. */
export async function sweep(keeping: Timekeeping, settings: Settings): Promise<number> {
  let swept = 0
  for (const shard of shardsOf(settings)) {
    const outbox = part(settings, shard, 'outbox')
    const overdue = await overdueEvents(keeping, outbox)
    const fates = await Promise.all(overdue.map((event) => fateOf(keeping, settings, event)))
    for (const fate of ['resent', 'retried', 'repeated'] as const) {
      const lost = overdue.filter((_, i) => fates[i] === fate)
      swept += await bringBack(keeping, settings, shard, fate, lost)
    }
  }
  await letGoLeft(keeping, settings)
  return swept
}

/**
 * What is to be done about an event: nothing while its job will still run; else it is sent again,
 * since a crash came before its job was made; or retried, since its job failed for good; or
 * repeated, since its job ended and what it did is not there (a fail-over has lost it).
 */
type JobFate = 'runs' | 'resent' | 'retried' | 'repeated'

async function fateOf(
  { client, namespace }: Timekeeping,
  settings: Settings,
  { id, to }: MailEvent,
): Promise<JobFate> {
  const queue = queueOf(settings.site, to)
  const job = `${queuePrefix(namespace, queue)}:${queue}:${id}`
  const fields = await client.hmget(job, 'timestamp', 'finishedOn', 'failedReason')
  const [made, finished, reason] = fields
  if (!made) return 'resent'
  if (!finished) return 'runs'
  return reason ? 'retried' : 'repeated'
}

async function bringBack(
  { client, queues }: Timekeeping,
  settings: Settings,
  shard: number,
  fate: Exclude<JobFate, 'runs'>,
  events: MailEvent[],
): Promise<number> {
  if (events.length === 0) return 0
  // Its step may have been committed between the two looks: then all is well with it.
  const outbox = part(settings, shard, 'outbox')
  const there = await client.hmget(outbox, ...events.map(({ id }) => id))
  const lost = events.filter((_, i) => there[i] !== null)
  if (lost.length === 0) return 0
  if (fate !== 'resent') {
    await Promise.all(lost.map(({ id, to }) => queues.get(queueOf(settings.site, to)).remove(id)))
  }
  await queues.add(settings.site, lost)
  await client.hincrby(part(settings, shard, 'counts'), fate, lost.length)
  return lost.length
}

/** The next part of the outbox: what in it was sent long ago, from where the last look ended. */
async function overdueEvents(keeping: Timekeeping, outbox: string): Promise<MailEvent[]> {
  const before = Date.now() - OVERDUE_MS
  const events: MailEvent[] = []
  let looked = 0
  do {
    const from = keeping.cursors.get(outbox) ?? '0'
    const [next, flat] = await keeping.client.hscan(outbox, from, 'COUNT', SCANNED)
    keeping.cursors.set(outbox, next)
    for (let i = 1; i < flat.length; i += 2) {
      const sent = JSON.parse(flat[i] as string) as { sentAt: number; event: MailEvent }
      if (sent.sentAt < before) events.push(sent.event)
    }
    looked += flat.length / 2
  } while (looked < SWEPT_MAX && keeping.cursors.get(outbox) !== '0')
  return events
}

/**
 * Events that were parked by a step which did not know yet that the pause had been lifted, or the
 * rule taken away.
 */
async function letGoLeft({ client, queues }: Timekeeping, settings: Settings): Promise<void> {
  const parked = await parkedEvents(client, settings)
  const left = parked.filter(({ kind, rule }) =>
    kind === 'pause' ? !settings.paused : !settings.faults.some(({ id }) => id === rule),
  )
  await letGo(client, queues, settings, left)
}
