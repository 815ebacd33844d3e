/**
 * What may befall an event: the kinds of the live fault rules, and how often each is drawn.
 *
 * A fault is drawn for the nth event of one type to one actor about one thing, so that it stays
 * where it is when other parts of a run are left out.
 */
import type { EventType, Ordered } from '../../../machines/protocol.ts'
import type { Random } from './random.ts'

export type FaultKind = 'defer' | 'refuse' | 'lose reply' | 'delay' | 'read stale' | 'crash'
export const FAULT_KINDS: readonly FaultKind[] = [
  'defer',
  'refuse',
  'lose reply',
  'delay',
  'read stale',
  'crash',
]

/** One that happened: `<actor> <event> <what it is about> <nth>`. */
export interface Fault {
  key: string
  kind: FaultKind
}

/** How often each befalls an event to which it can happen. */
export type Rates = Record<FaultKind, number>
export const RATES: Rates = {
  defer: 0.03,
  refuse: 0.005,
  'lose reply': 0.02,
  delay: 0.01,
  'read stale': 0.01,
  crash: 0.02,
}

const DEFERRABLE: ReadonlySet<EventType> = new Set(['mail.offered', 'copy.transferred'])
const REFUSABLE: ReadonlySet<EventType> = new Set([
  'mail.offered',
  'copy.transferred',
  'lock.requested',
  'target.requested',
  'page.copied',
])

/** What the answerer is ordered to say; refused as a store's policy refuses (X.400 5/29). */
export const ORDERS: { [kind in FaultKind]?: Ordered } = {
  defer: { defer: true },
  refuse: { refuse: { reason: 5, diagnostic: 29 } },
}

export function canBefall(kind: FaultKind, type: EventType): boolean {
  if (kind === 'defer') return DEFERRABLE.has(type)
  return kind !== 'refuse' || REFUSABLE.has(type)
}

/** One draw decides; null when nothing befalls it. */
export function drawn(random: Random, rates: Rates, type: EventType): FaultKind | null {
  let left = random.unit()
  for (const kind of FAULT_KINDS) {
    left -= rates[kind]
    if (left < 0) return canBefall(kind, type) ? kind : null
  }
  return null
}

/** What a reply is, for a rule that loses it: as the live rule has it. */
export const isReply = (type: EventType): boolean =>
  type.startsWith('reply.') || type.startsWith('transfer.') || type.startsWith('request.')
