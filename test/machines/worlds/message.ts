/**
 * A copy of each origin (submitted, transferred, a report), with and without a null sender, and M1
 * to M5.
 */
import { type MessageContext, message } from '../../../machines/message.ts'
import type { Ask, Found } from '../../../machines/protocol.ts'
import { type Catalogue, NO_FIELDS, ORDERED, variantsIn, yesNo } from '../catalogue.ts'
import type { Edge, Place, Variant, World } from '../walk.ts'
import { armedAfter, drops, keeps, sends } from '../witness.ts'

const ORIGINS = ['submitted', 'transferred', 'report'] as const
type Origin = (typeof ORIGINS)[number]
interface Witness {
  armed: string[]
  /** The last of its recipients was routed. */
  whole: boolean
  /** Entries made and not closed. */
  entries: number
  /** What it answered to a transfer. */
  answered: string[]
  /** Something is owed to the originator and has not left. */
  owed: boolean
}

const chunk = {
  'next chunk': ({ chunks }: MessageContext) => chunks,
  'earlier chunk': ({ chunks }: MessageContext) => chunks - 1,
}
const count = { 'no entry': 0, '2 entries': 2 }
const last = yesNo('last')
const found = { new: 'new', held: 'held', barred: 'barred', answered: 'answered' } as const

export const events: Catalogue<'message', MessageContext> = {
  'mail.submitted': { chunk, count, last, early: yesNo('early'), ordered: ORDERED },
  'routing.due': { chunk, count, last, early: yesNo('early') },
  'deferral.due': { chunk, count, last },
  'copy.transferred': { count, found, ordered: ORDERED },
  'report.submitted': { count: { '1 entry': 1 }, last },
  'transfer.taken': NO_FIELDS,
  'transfer.deferred': NO_FIELDS,
  'transfer.refused': NO_FIELDS,
  'entry.closed': NO_FIELDS,
  'report.owed': { wanted: yesNo('wanted') },
  'report.due': NO_FIELDS,
}

const MAKES: Record<string, readonly Origin[]> = {
  'mail.submitted': ['submitted'],
  'routing.due': ['submitted', 'report'],
  'deferral.due': ['submitted'],
  'copy.transferred': ['transferred'],
  'report.submitted': ['report'],
}
type Known = Exclude<Found, 'new'>
/** What is known of a transfer follows from what was answered to one. */
const ANSWERED: Record<Known, string> = {
  held: 'transfer.taken',
  answered: 'transfer.deferred',
  barred: 'transfer.refused',
}
const answersIn = (asks: Ask[]): string[] =>
  asks.flatMap((ask) => ('send' in ask && ask.to === 'origin' ? [ask.send] : []))
const isTransfer = ({ variant }: Edge<Witness>) => variant.event.type === 'copy.transferred'
const ENTRIES = 4
const CHUNKS = 3

/**
 * A copy's name has its origin in it, so it gets no other's events; an entry that is not open
 * closes nothing.
 */
const possible = (
  origin: Origin,
  { event }: Variant,
  { armed, whole, entries, answered }: Witness,
): boolean =>
  (MAKES[event.type] ?? ORIGINS).includes(origin) &&
  (event.type !== 'routing.due' || armed.includes('routing') || whole) &&
  (event.type !== 'deferral.due' || armed.includes('deferral') || whole) &&
  (event.type !== 'entry.closed' || entries > 0) &&
  (event.type !== 'copy.transferred' ||
    ((event.found === 'held') === (event.count === 0) &&
      (event.found === 'new' || answered.includes(ANSWERED[event.found as Known]))))

const world = (origin: Origin, nullSender: boolean): World<Witness> => ({
  kind: 'message',
  setting: { origin: origin, sender: nullSender ? 'null sender' : 'a sender' },
  machine: message,
  input: { nullSender },
  witness: { armed: [], whole: false, entries: 0, answered: [], owed: false },
  variants: ({ context }, witness) =>
    variantsIn(events, context, witness).filter((variant) => possible(origin, variant, witness)),
  observe: ({ witness, event, asks }) => {
    const routed = sends(asks, 'route.here') > 0
    const closed = event.type === 'entry.closed' ? 1 : 0
    return {
      // A repeated chunk is no timer of this arming: each chunk arms its own.
      armed: armedAfter(witness.armed, routed ? event : { type: '' }, asks),
      whole: witness.whole || (routed && event.last !== false) || event.type === 'copy.transferred',
      answered: [...new Set([...witness.answered, ...answersIn(asks)])].sort(),
      owed: (witness.owed || keeps(asks, 'report')) && !drops(asks, 'gathered'),
      entries: witness.entries + (routed ? Number(event.count) : 0) - closed,
    }
  },
  within: ({ open, chunks }) => Number(open) <= ENTRIES && Number(chunks) <= CHUNKS,
})

export const worlds = ORIGINS.flatMap((origin) => [world(origin, false), world(origin, true)])

export const places = {
  'M1. `settled` holds no open entry, and every chunk was routed': (at: Place<Witness>) =>
    at.state !== 'settled' || (at.witness.entries === 0 && at.witness.whole),
  'M1. It counts exactly the entries that were made and not closed': (at: Place<Witness>) =>
    at.situation.context.open === at.witness.entries,
  'M1. With all routed and closed it is `settled`': (at: Place<Witness>) =>
    at.state === 'settled' || at.witness.entries > 0 || !at.witness.whole,
  'M3. While chunks remain, the routing timer is armed': (at: Place<Witness>) =>
    at.state !== 'routing' || at.witness.armed.includes('routing'),
  'M6. While its delivery is deferred, that timer is armed and nothing is routed': ({
    state,
    witness,
  }: Place<Witness>) =>
    (state === 'scheduled') === witness.armed.includes('deferral') &&
    (state !== 'scheduled' || (!witness.whole && witness.entries === 0)),
  'M5. While anything is owed and has not left, the report timer is armed': (at: Place<Witness>) =>
    at.witness.owed === at.witness.armed.includes('report'),
}

export const edges = {
  'M3. What is kept for want of a session is offered again': ({
    from,
    to,
    variant,
    asks,
  }: Edge<Witness>) =>
    from.state !== 'accepted' ||
    to.state !== 'accepted' ||
    variant.event.type !== 'mail.submitted' ||
    variant.labels.chunk !== 'next chunk' ||
    armedAfter([], { type: '' }, asks).includes('routing'),
  'M2. Each owed report ends in exactly one way': ({ variant, asks }: Edge<Witness>) =>
    ['report', 'silenced', 'deadLetter'].filter((thing) => keeps(asks, thing)).length ===
    (variant.event.type === 'report.owed' ? 1 : 0),
  'M1. A chunk that was routed before makes nothing': ({ variant, ignored }: Edge<Witness>) =>
    variant.labels.chunk !== 'earlier chunk' || ignored,
  'I4. A null sender is never reported to': ({ from, asks }: Edge<Witness>) =>
    !from.situation.context.nullSender || sends(asks, 'report.submitted') === 0,
  'M5. What is owed leaves once, by its timer': ({ from, variant, asks }: Edge<Witness>) =>
    sends(asks, 'report.submitted') === (drops(asks, 'gathered') ? 1 : 0) &&
    (variant.event.type !== 'report.due' || !from.witness.owed || drops(asks, 'gathered')),
  'M4. Every transfer is answered once': (edge: Edge<Witness>) =>
    answersIn(edge.asks).length === (isTransfer(edge) ? 1 : 0),
  'M4. Entries that are here already are taken again': ({ variant, asks }: Edge<Witness>) =>
    variant.event.found !== 'held' || sends(asks, 'transfer.taken') === 1,
  'M4. An attempt that was put off or refused is never taken': ({ variant, asks }: Edge<Witness>) =>
    !['answered', 'barred'].includes(variant.event.found as string) ||
    (sends(asks, 'transfer.taken') === 0 && sends(asks, 'route.here') === 0),
  'M4. Once any was taken, nothing new is put off or refused': ({
    from,
    variant,
    asks,
  }: Edge<Witness>) =>
    !from.witness.answered.includes('transfer.taken') ||
    variant.event.found !== 'new' ||
    sends(asks, 'transfer.taken') === 1,
  'M4. What is put off or refused is remembered, or was': ({ variant, asks }: Edge<Witness>) =>
    variant.event.found !== 'new' ||
    ((sends(asks, 'transfer.deferred') === 1) === keeps(asks, 'deferral') &&
      (sends(asks, 'transfer.refused') === 1) === keeps(asks, 'rejection')),
}
