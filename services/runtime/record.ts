/**
 * What the journal keeps of a step.
 */

import type { MailEvent } from '../../machines/wire.ts'
import { stateName, who } from '../../machines/words.ts'
import type { Stepped } from '../../machines/working.ts'
import type { Passed } from './gates.ts'
import type { Asked, Befell, JournalRecord, Loaded } from './port.ts'
import { messageOf } from './queues.ts'

/** What fault rules did; none when they let it pass as it was. */
export function befell({ ordered, readStale, lost }: Passed): Befell | undefined {
  if (!ordered && !readStale && !lost) return undefined
  return {
    ...(ordered ? { ordered } : {}),
    ...(readStale ? { stale: true } : {}),
    ...(lost ? { lost: true } : {}),
  }
}

/** What somebody outside asked for, whose events have ids without an actor in them. */
function askedOutside({ id, type, move, holdAt, record, now, item }: MailEvent): Asked | undefined {
  if (id.includes('/') || type === 'mail.submitted') return undefined
  return {
    ...(move ? { move } : {}),
    ...(holdAt === undefined ? {} : { holdAt }),
    ...(record ? { record } : {}),
    ...(now === undefined ? {} : { now }),
    ...(item ? { item: item.key } : {}),
  }
}

export function recordOf(
  loaded: Loaded,
  stepped: Stepped,
  told: string[],
  faults?: Befell,
): JournalRecord {
  const { event, at } = loaded
  const message = messageOf(event)
  const asked = askedOutside(event)
  const actor = stepped.actors.get(event.to) ?? loaded.actors.get(event.to)
  // Who releases or cancels a move need not be who began it.
  const caller = (asked && event.caller) ?? stepped.caller
  return {
    i: event.id,
    a: at,
    t: event.to,
    y: event.type,
    w: who(event.to, actor),
    c: told,
    s: [...stepped.actors].map(([address, { s }]) => [address, stateName(s)]),
    ...(message ? { m: message } : {}),
    ...(asked ? { e: asked } : {}),
    ...(faults ? { f: faults } : {}),
    ...(caller ? { x: caller.traceparent } : {}),
  }
}
