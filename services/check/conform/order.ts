/**
 * Whether an event could be there: its id says which change of which actor sent it, or which timer
 * rang. What is consumed was sent before, by a step that may have asked for just that.
 *
 * A second consumption of an event is allowed: delivery is at least once.
 */
import {
  type Address,
  type EventType,
  kindOf,
  partsOf,
  type Role,
} from '../../../machines/protocol.ts'
import type { BundleStep } from '../../runtime/views-of-bundle.ts'
import { Contradiction, type Followed, type Sent, type World } from './followed.ts'
import type { Known } from './variants.ts'

export type Source =
  | { by: 'outside' }
  | { by: 'timer'; actor: Address; timer: string; due: number }
  | { by: 'actor'; sender: Address; version: number }

const ALARM = /^(.+\/.+)\.(routing|deferral|report|retry|reply|expiry|replication)\d*\.(\d+)\.e\d+$/
const SENT = /^(.+\/.+)\.(\d+)\.\d+$/

export function sourceOf(id: string): Source | null {
  const rang = ALARM.exec(id)
  if (rang) {
    const [, actor = '', timer = '', due] = rang
    return { by: 'timer', actor, timer, due: Number(due) }
  }
  const sent = SENT.exec(id)
  if (sent) return { by: 'actor', sender: sent[1] as Address, version: Number(sent[2]) }
  return id.includes('/') ? null : { by: 'outside' }
}

/** What people and fault rules ask for; nothing else comes from outside. */
const ASKED: ReadonlySet<string> = new Set([
  ...['mail.submitted', 'mailbox.created', 'mailbox.limited', 'mailbox.deleted', 'item.deleted'],
  ...['move.requested', 'move.cancelled', 'move.released', 'entry.written'],
])

export function checkOutside({ t, y }: BundleStep): void {
  if (ASKED.has(y)) return
  throw contradiction(t, `${y} comes from an actor of the site, and its id names none`)
}

export function checkTimer(step: BundleStep, { actor, timer, due }: Source & { by: 'timer' }) {
  if (actor !== step.t || step.y !== `${timer}.due`) {
    throw contradiction(step.t, `its event is ${step.y}, and the id is of ${timer} of ${actor}`)
  }
  // Any other may be promoted by hand.
  if (timer === 'expiry' && due > step.a) throw contradiction(step.t, 'it expired before its date')
  if (timer === 'deferral' && due > step.a) throw contradiction(step.t, 'it went before its date')
}

/**
 * The change that sent it, if it was seen; null when that lies before the journal's beginning.
 * `later` when it may still come: in another shard, which has an order of its own.
 */
export function senderOf(
  world: World,
  step: BundleStep,
  { sender, version }: Source & { by: 'actor' },
  apart: (sender: Address) => boolean,
): Sent | null | 'later' {
  const followed = world.actors.get(sender)
  if (!followed) {
    if (world.isOlder(sender)) return null
    if (apart(sender)) return 'later'
    throw contradiction(step.t, `${step.y} comes from ${sender}, which has done nothing yet`)
  }
  const { bases, changes } = followed
  if (bases === null) return null
  const fits = bases.filter((base) => sentAt(followed, version - base, step) !== null)
  if (fits.length > 0) {
    followed.bases = fits
    return sentAt(followed, version - (fits[0] as number), step)
  }
  if (bases.some((base) => base > 0 && version <= base) && world.isOlder(sender)) return null
  const newest = Math.max(...bases) + changes
  if (version > newest) {
    if (apart(sender)) return 'later'
    const text = `${step.y} comes from change ${version} of ${sender}, which is at ${newest}`
    throw contradiction(step.t, `${text}: too early, or a step is missing`)
  }
  throw contradiction(step.t, `change ${version} of ${sender} sent it no ${step.y}`)
}

function sentAt({ sent }: Followed, count: number, step: BundleStep): Sent | null {
  const made = sent.get(count)
  if (!made) return null
  const mine = made.sends.some(({ type, role }) => type === step.y && isFor(role, made, step.t))
  return mine ? made : null
}

/** Whether an actor may be the one that a role stands for. */
function isFor(role: Role, { by, sender }: Sent, to: Address): boolean {
  const kind = kindOf(to)
  const [first, second] = partsOf(to)
  const [mine, other] = partsOf(by)
  switch (role) {
    case 'self':
      return to === by
    case 'copy':
      return kind === 'message' && first === mine && second !== other
    case 'report':
      return kind === 'message' && first?.startsWith(`${mine}~`) === true
    case 'origin':
      return kind === 'message' && first === mine && isCopyOf(sender, to)
    case 'entry':
      return kind === 'recipient' && isCopyOf(sender, to)
    case 'waiters':
      return kind === 'recipient'
    case 'mailbox':
      return kind === 'mailbox'
    case 'move':
      return kind === 'move' && (!sender?.startsWith('move/') || sender === to)
    case 'source':
    case 'target':
      return kind === 'mailbox' && (kindOf(by) !== 'mailbox' || second === other)
    case 'sourceDirectory':
    case 'targetDirectory':
      return kind === 'directory'
    case 'peers':
      return kind === 'directory' && second === other && first !== mine
    default:
      return false
  }
}

/** An answer goes back to the copy that asked, if it is known which that was. */
function isCopyOf(sender: Address | null, to: Address): boolean {
  if (sender === null) return true
  return partsOf(sender).slice(0, 2).join('/') === partsOf(to).slice(0, 2).join('/')
}

/** To which request an answer belongs: to the one that was taken, or was passed on. */
const REQUEST: Partial<Record<EventType, EventType>> = {
  'page.copied': 'page.requested',
  'page.drained': 'drain.requested',
  'census.taken': 'census.requested',
}

export const knownFrom = ({ event }: Sent): Known => ({ request: [REQUEST[event] ?? event] })

export const contradiction = (actor: Address, text: string): Contradiction =>
  new Contradiction(actor, '', '', text)
