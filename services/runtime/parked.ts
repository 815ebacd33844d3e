/**
 * Events that are kept back: written down in `parked`, for `waitsFor` and for whoever lets them go.
 */
import { ENDS, PHASES, PHASES_BACK } from '../../machines/phases.ts'
import type { MailEvent, Stored } from '../../machines/wire.ts'
import { phaseName } from '../../machines/words.ts'
import type { Client } from './commit.ts'
import { decisionKey } from './faults.ts'
import { journalChannel, part, placeOf, shardOf } from './keys.ts'
import type { Queues } from './queues.ts'
import type { Settings } from './settings.ts'

export interface Parked {
  /** What it is parked under: one ringing of a timer once, though its alarm may be made again. */
  key: string
  id: string
  queue: string
  type: string
  to: string
  text: string
  kind: 'pause' | 'hold' | 'move' | 'delay'
  rule?: string
  /**
   * The phase of a move that it waits for, or what is parked under `guest` and is to meet the move
   * there; it looks again by itself.
   */
  until?: { move: string; phase: string; guest?: string }
  /** Order of arrival: real time. */
  at: number
}

/** Events of a paused site that may pass all the same. */
export const steppingKey = (settings: Settings): string => `${part(settings, 0, 'parked')}:stepping`

/** It has had its step; whoever waits for that looks now. */
export async function hasStepped(client: Client, settings: Settings, id: string): Promise<void> {
  await client.srem(steppingKey(settings), id)
  await client.publish(journalChannel(settings.namespace, settings.site), '')
}

/** A pseudo-timer of a parked event, told from an actor's by its first character. */
export const delayMember = (queue: string, id: string): string => `!${queue}|${id}`

const ORDER: readonly string[] = [...PHASES, ...PHASES_BACK, ...ENDS]

export async function hasReached(
  client: Client,
  settings: Settings,
  id: string,
  phase: string,
): Promise<boolean> {
  const { key, field } = placeOf(settings, `move/${id}`)
  const text = await client.hget(key, field)
  if (!text) return false
  return ORDER.indexOf(phaseName((JSON.parse(text) as Stored).s)) >= ORDER.indexOf(phase)
}

export async function parkedEvents(client: Client, settings: Settings): Promise<Parked[]> {
  const all = await client.hvals(part(settings, 0, 'parked'))
  return all.map((text) => JSON.parse(text) as Parked).sort((a, b) => a.at - b.at)
}

/**
 * Lets parked events go. Their jobs are promoted; one that is still on its way to being put off is
 * promoted by its own worker, which looks at `parked` once more when it has put it off.
 */
export async function letGo(
  client: Client,
  queues: Queues,
  settings: Settings,
  parked: Parked[],
): Promise<void> {
  for (const one of parked) {
    await client.hdel(part(settings, 0, 'parked'), one.key)
    if (one.kind === 'delay') {
      const timers = part(settings, shardOf(settings, one.to), 'timers')
      await client.zrem(timers, delayMember(one.queue, one.id))
    }
    await promoteJob(queues, one.queue, one.id)
  }
}

/** Promotes a delayed job; false when it is not there or not delayed. */
export async function promoteJob(queues: Queues, queue: string, id: string): Promise<boolean> {
  const job = await queues.get(queue).getJob(id)
  if (!job || !(await job.isDelayed())) return false
  await job.promote().catch((error: Error) => {
    // It left the delayed set between the two calls: then it runs, which is all that was wanted.
    if (!/not in the delayed state/i.test(error.message)) throw error
  })
  return true
}

export async function isParked(
  client: Client,
  settings: Settings,
  event: MailEvent,
): Promise<boolean> {
  const text = await client.hget(part(settings, 0, 'parked'), decisionKey(event))
  return text !== null && (JSON.parse(text) as Parked).id === event.id
}
