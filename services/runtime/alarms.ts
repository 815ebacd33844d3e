/**
 * Alarms: what makes an armed timer ring.
 *
 * A timer is data, committed with the actor that armed it (`timers`, in site time). Its alarm is a
 * job, and only a projection: a retry's is made at once, as a delayed job that a watcher can see
 * and promote; any other's when it is due, by the timekeeper, which also makes again what somebody
 * cleaned away. An alarm's id holds its date and the settings' epoch, so the same one is never made
 * twice and one for a clock that has been changed is another.
 */

import type { Caller, MailEvent } from '../../machines/wire.ts'
import type { Stepped, TimerWrite } from '../../machines/working.ts'
import { realDelay } from './clock.ts'
import type { Client } from './commit.ts'
import { part, shardOf } from './keys.ts'
import { JOB_OPTIONS, jobData, type Queues, queueOf, queuePrefix } from './queues.ts'
import type { Settings } from './settings.ts'

export interface Alarms {
  /** Makes the alarms of these timers, each for its date. */
  set(settings: Settings, timers: Armed[]): Promise<void>
  /** The timers as they are armed now, of those that are about to be disarmed. */
  armed(settings: Settings, timers: TimerWrite[]): Promise<Armed[]>
  /**
   * Takes away alarms that nobody needs any more. One that rings already finds its timer disarmed.
   */
  remove(settings: Settings, timers: Armed[]): Promise<void>
}
export type Armed = TimerWrite & {
  due: number
  /** Of an entry: for whom it is. */
  alias?: string
  caller?: Caller
}

/** Timers that a watcher sees waiting: those whose promotion by hand means something. */
const VISIBLE = new Set(['retry'])

export const alarmsOf = (stepped: Stepped): Armed[] =>
  [...stepped.timers.values()].flatMap((timer) => {
    if (timer.due === null || !VISIBLE.has(timer.timer)) return []
    const alias = stepped.actors.get(timer.actor)?.a.entry?.address
    const caller = stepped.caller ? { caller: stepped.caller } : {}
    return [{ ...timer, due: timer.due, ...(alias === undefined ? {} : { alias }), ...caller }]
  })

/** Visible timers that something else than their own alarm disarms. */
export const disarmedBy = (stepped: Stepped, event: MailEvent): TimerWrite[] =>
  [...stepped.timers.values()].filter(
    ({ actor, timer, due }) =>
      due === null && VISIBLE.has(timer) && !(event.to === actor && event.timer === timer),
  )

export const alarmId = (settings: Settings, { actor, timer, key, due }: Armed): string =>
  `${actor}.${timer}${key}.${due}.e${settings.epoch}`

export function alarmEvent(settings: Settings, armed: Armed): MailEvent {
  const version = armed.key === '' ? {} : { version: Number(armed.key) }
  return {
    id: alarmId(settings, armed),
    to: armed.actor,
    type: `${armed.timer}.due`,
    at: armed.due,
    due: armed.due,
    timer: armed.timer,
    ...(armed.alias === undefined ? {} : { alias: armed.alias }),
    ...(armed.caller === undefined ? {} : { caller: armed.caller }),
    ...version,
  }
}

/** Alarms that rang leave nothing to see but a line; a few are enough. */
const KEPT = { count: 200, age: 3_600 }

export function openAlarms(queues: Queues, client: Client): Alarms {
  return {
    async set(settings, timers) {
      await Promise.all(
        timers.map(async (armed) => {
          const now = Date.now()
          const delay = realDelay(settings.clock, armed.due, now)
          const event = alarmEvent(settings, armed)
          const data = { ...jobData(settings.site, event), alarmAt: now + delay }
          await forgetRung(client, queues, settings, [event])
          await queues.get(queueOf(settings.site, armed.actor)).add(event.type, data, {
            ...JOB_OPTIONS,
            jobId: event.id,
            delay,
            removeOnComplete: KEPT,
          })
        }),
      )
    },
    async armed(settings, timers) {
      const found = timers.map(async (timer): Promise<Armed[]> => {
        const all = part(settings, shardOf(settings, timer.actor), 'timers')
        const due = await client.zscore(all, `${timer.actor}|${timer.timer}|${timer.key}`)
        return due === null ? [] : [{ ...timer, due: Number(due) }]
      })
      return (await Promise.all(found)).flat()
    },
    async remove(settings, timers) {
      for (const armed of timers) {
        const queue = queues.get(queueOf(settings.site, armed.actor))
        const job = await queue.getJob(alarmId(settings, armed))
        if (job && (await job.isDelayed())) await queue.remove(job.id as string)
      }
    },
  }
}

/**
 * A timer may be armed again for the very instant for which it was armed before (a clock that
 * stands and a retry that was promoted, a retry "now"): then the job that has rung must not stand
 * in the way of the one that shall.
 */
export async function forgetRung(
  client: Client,
  queues: Queues,
  settings: Settings,
  events: MailEvent[],
): Promise<void> {
  await Promise.all(
    events.map(async ({ to, id }) => {
      const queue = queueOf(settings.site, to)
      const key = `${queuePrefix(settings.namespace, queue)}:${queue}:${id}`
      if ((await client.hget(key, 'finishedOn')) !== null) await queues.get(queue).remove(id)
    }),
  )
}

/** A member of `timers`, taken apart. */
export function armedFrom(member: string, due: number): Armed | null {
  const [actor, timer, key] = member.split('|')
  if (actor === undefined || timer === undefined || key === undefined) return null
  return { actor, timer: timer as Armed['timer'], key, due }
}
