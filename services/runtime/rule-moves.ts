/**
 * `{move, holdUntil}`: a move that a fault rule begins when an event comes, and where they meet.
 *
 * The event, its guest, waits until the move has reached the phase; and there the move waits until
 * the guest has been taken. Otherwise a machine that is busy would let the whole move go by before
 * the guest looks again, and the rule would reproduce something else.
 */
import { uuidv7 } from 'uuidv7'
import { kindOf, partsOf } from '../../machines/protocol.ts'
import type { MailEvent } from '../../machines/wire.ts'
import { who } from '../../machines/words.ts'
import { decisionKey, faultKey } from './faults.ts'
import type { Gate } from './gates.ts'
import { hasReached, type Parked } from './parked.ts'
import { queueOf } from './queues.ts'
import type { FaultRule, Settings } from './settings.ts'
import type { FaultSpec } from './views-of-driving.ts'

type Until = NonNullable<Parked['until']>

interface Guest {
  key: string
  id: string
  queue: string
  type: string
  to: string
}

/** What the event waits for; null when the move is there, or could not be begun. */
export async function untilPhase(
  gate: Gate,
  settings: Settings,
  event: MailEvent,
  rule: { id: string; do: Extract<FaultSpec['do'], { holdUntil: string }> },
): Promise<Until | null> {
  const key = faultKey(settings, rule.id)
  const field = `m:${decisionKey(event)}`
  let id = await gate.client.hget(key, field)
  if (id === null) {
    id = await begin(gate, settings, event, rule)
    await gate.client.hset(key, field, id)
  }
  const phase = rule.do.holdUntil
  if (id.startsWith('!') || (await hasReached(gate.client, settings, id, phase))) return null
  return { move: id, phase }
}

/** Whoever dies here begins the same move when the event comes again. */
async function begin(
  { client, startMove }: Gate,
  settings: Settings,
  event: MailEvent,
  rule: Parameters<typeof untilPhase>[3],
): Promise<string> {
  const key = faultKey(settings, rule.id)
  const field = `i:${decisionKey(event)}`
  await client.hsetnx(key, field, uuidv7())
  const id = (await client.hget(key, field)) as string
  const { type, to } = event
  const queue = queueOf(settings.site, to)
  const guest: Guest = { key: decisionKey(event), id: event.id, queue, type, to }
  await client.hset(key, guestField(id), JSON.stringify(guest))
  const started = await startMove(settings, rule.do.move, id)
  return 'id' in started ? started.id : `!${started.refused}`
}

const guestField = (move: string): string => `w:${move}`

/** Why a move's event waits at the phase that its rule names; null when it does not. */
export async function heldForGuest(
  { client, queues }: Gate,
  settings: Settings,
  event: MailEvent,
): Promise<{ rule: FaultRule; until: Until; text: string } | null> {
  if (kindOf(event.to) !== 'move') return null
  const [move] = partsOf(event.to) as [string]
  for (const rule of settings.faults) {
    if (!('holdUntil' in rule.do)) continue
    const text = await client.hget(faultKey(settings, rule.id), guestField(move))
    if (text === null) continue
    const guest = JSON.parse(text) as Guest
    const phase = rule.do.holdUntil
    const isMet = guest.to !== event.to && (await hasReached(client, settings, move, phase))
    if (!isMet || DONE.includes(await queues.get(guest.queue).getJobState(guest.id))) continue
    const why = `until ${guest.type} for ${who(guest.to)} is taken (fault rule ${rule.id})`
    return { rule, until: { move, phase, guest: guest.key }, text: why }
  }
  return null
}

/** Of a job: its event has had its step, or somebody has taken it away. */
const DONE = ['completed', 'failed', 'unknown']
