/**
 * A debugger for mail: pause a site, step one event, go on. It does not use BullMQ's pause, which
 * is the watcher's.
 */
import type { MailEvent } from '../../machines/wire.ts'
import { problem } from '../errors.ts'
import { instant } from './instant.ts'
import { stepOf } from './journal.ts'
import { type Live, OWN_EVENT_MS, siteOf, still } from './live-parts.ts'
import { letGo, type Parked, parkedEvents, steppingKey } from './parked.ts'
import type { JobData } from './queues.ts'
import type { HeldEvent, JournalEntry, Standing, WholeEvent } from './views-of-driving.ts'

const heldOf = ({ id, queue, type, to, text }: Parked): HeldEvent => ({ id, queue, type, to, text })

export async function held(live: Live, site: string): Promise<HeldEvent[]> {
  const settings = await siteOf(live, site)
  const parked = await parkedEvents(live.client, settings)
  return parked.filter(({ kind }) => kind === 'pause').map(heldOf)
}

/**
 * Each held event whole, as its job has it. One whose job is not put off yet still moves, and so
 * does an alarm that is being made again; one that nobody waits for any more is no event.
 */
export async function standing(live: Live, site: string): Promise<Standing> {
  const settings = await siteOf(live, site)
  const { moving, stuck } = await instant(live, settings)
  const wanted = new Set(stuck.map(({ job }) => job))
  const parked = await parkedEvents(live.client, settings)
  const whole = parked.map(async (one): Promise<(WholeEvent | 'moving')[]> => {
    const job = await live.queues.get(one.queue).getJob(one.id)
    if (one.kind !== 'pause') return []
    if (!job) return wanted.has(one.id) ? ['moving'] : []
    if (!(await job.isDelayed())) return ['moving']
    const event = eventFrom(job.data as JobData)
    return [{ ...heldOf(one), event, stalls: job.stalledCounter }]
  })
  const all = (await Promise.all(whole)).flat()
  const held = all.filter((one) => one !== 'moving')
  return { held, moving: moving.length + all.length - held.length }
}

/** The event without what its job carries for a watcher. */
function eventFrom({ site: _site, who: _who, message: _message, ...job }: JobData): MailEvent {
  const { alarmAt: _alarmAt, ...event } = job
  return event
}

export async function pause(live: Live, site: string): Promise<{ held: HeldEvent[] }> {
  await siteOf(live, site)
  await live.settings.change(site, (old) => ({ ...old, paused: true }))
  return { held: await held(live, site) }
}

export async function step(
  live: Live,
  site: string,
  eventId?: string,
): Promise<{ stepped: JournalEntry | null; held: HeldEvent[] }> {
  const settings = await siteOf(live, site)
  if (!settings.paused) throw problem('not-held', `The site ${site} is not paused.`)
  const parked = (await parkedEvents(live.client, settings)).filter(({ kind }) => kind === 'pause')
  const wanted = eventId ? parked.find(({ id }) => id === eventId) : parked[0]
  if (!wanted && eventId) throw problem('unknown-event', `No event "${eventId}" is held.`)
  if (!wanted) return { stepped: null, held: [] }
  await live.client.sadd(steppingKey(settings), wanted.id)
  await letGo(live.client, live.queues, settings, [wanted])
  // It has had its step; or it was nothing any more; or a fault rule keeps it.
  const look = async () => {
    if ((await live.client.sismember(steppingKey(settings), wanted.id)) === 0) return true
    const now = await parkedEvents(live.client, settings)
    if (now.some(({ id }) => id === wanted.id)) return true
    return (await live.queues.get(wanted.queue).getJobState(wanted.id)) === 'completed' || null
  }
  await live.watch.until(site, look, { timeoutMs: OWN_EVENT_MS })
  const stepped = await stepOf(live.client, settings, wanted.id)
  return { stepped, held: await held(live, site) }
}

export async function resume(live: Live, site: string): Promise<void> {
  await siteOf(live, site)
  const settings = await live.settings.change(site, (old) => ({ ...old, paused: false }))
  const parked = await parkedEvents(live.client, still(settings, site))
  const mine = parked.filter(({ kind }) => kind === 'pause')
  await live.client.del(steppingKey(still(settings, site)))
  await letGo(live.client, live.queues, still(settings, site), mine)
}
