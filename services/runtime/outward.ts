/**
 * Events about entries that the smart host gets, on their way to their step: what it answered comes
 * first, then the step is taken with that.
 *
 * The gates are asked before the smart host is, so that a site that is paused hands nothing over,
 * and a fault rule that orders an answer is given it without a transaction. They are asked again
 * for the step; a rule's hit is counted once for an event.
 */
import type { Found } from '../../machines/protocol.ts'
import { type HandOver, orderOf } from '../smart-host/hand-over.ts'
import type { Outward } from '../smart-host/kept.ts'
import { siteTime } from './clock.ts'
import { type Gate, type Passed, passGates } from './gates.ts'
import type { ArrivedEvent, Loaded } from './port.ts'
import type { SettingsStore } from './settings.ts'

interface Asking {
  settings: SettingsStore
  gate: Gate
  handOver?: HandOver
}

/** Nothing is known of the entry, and nobody is asked. */
const OPEN = { kind: 'open' } as const

/** Whether the event waits for a smart host, and must not keep others waiting. */
export async function goesOutside(
  { settings: store, handOver }: Asking,
  event: ArrivedEvent,
): Promise<boolean> {
  if (!handOver?.concerns(event)) return false
  const settings = await store.get(event.site)
  return settings !== null && handOver.serves(settings)
}

/** The event with the answer; as it is where the gates keep it; or when to look again. */
export async function askOutside(
  { settings: store, gate, handOver }: Asking,
  event: ArrivedEvent,
): Promise<ArrivedEvent | { putOff: number; why: string }> {
  const settings = await store.get(event.site)
  if (!settings || !handOver?.concerns(event) || !handOver.serves(settings)) return event
  const at = siteTime(settings.clock, Date.now())
  const verdict = await passGates(gate, settings, event, at)
  if (!('ordered' in verdict)) return event
  const outward = verdict.ordered ? OPEN : await handOver.ask(settings, event)
  if ('putOff' in outward) return outward
  const why = 'reply' in outward ? { why: `the smart host says ${outward.reply}` } : {}
  return { ...event, outward, ...why }
}

/** The smart host's answer orders that of the store, where no fault rule does. */
export function obey(verdict: Passed, { outward }: ArrivedEvent): void {
  if (outward) verdict.ordered ??= orderOf(outward)
}

/**
 * The mailbox `outside` knows keys of messages, and one of several recipients may have been refused
 * where another was taken: so what is known is the entry's own.
 */
export function knownOutside(loaded: Loaded, { outward }: ArrivedEvent): Loaded {
  if (!outward) return loaded
  return { ...loaded, found: { ...loaded.found, key: foundBy(outward, loaded) } }
}

function foundBy(outward: Outward, { event, found }: Loaded): Found {
  if (outward.kind === 'barred') return 'barred'
  if (outward.kind !== 'taken') return 'new'
  // The entry was taken; the item that says so may not be there yet.
  return event.type === 'offer.withdrawn' || found.key === 'held' ? 'held' : 'new'
}
