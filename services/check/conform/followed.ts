/**
 * The actors of a journal as they are followed through it: what each may be in, how often it has
 * changed, and what its steps may have sent.
 */
import type { Address, EventType, Kind, Role, Timer } from '../../../machines/protocol.ts'
import type { BundleStep } from '../../runtime/views-of-bundle.ts'
import { type Belief, type Believed, type Machines, namesOf } from './belief.ts'
import type { Known } from './variants.ts'

export interface Send {
  type: EventType
  role: Role
}

/** What the step of one actor may have asked to be sent to others. */
export interface Sent {
  by: Address
  sends: Send[]
  /** The event that the step took, and who had sent that. */
  event: EventType
  sender: Address | null
  /** The move for which it was done, if it was for one and that is known. */
  move: Address | null
}

export interface Followed {
  kind: Kind
  belief: Belief
  /** The name of its state. */
  state: string
  /** Versions that it may have had before its first step here; null when nothing is known. */
  bases: number[] | null
  /** Steps that changed it. */
  changes: number
  /** The site time of the last one. */
  at: number
  shard: number
  /** Of the steps that were for it: by the count of its changes then. */
  sent: Map<number, Sent>
  /** Of an entry: how many of its copy have its number, if its making was seen. */
  siblings?: number
  /** Of a mailbox: the move that has it, or had it last; null for none, undefined if unknown. */
  mover?: Address | null
}

/** The journal as far as it was followed. */
export interface World {
  machines: Machines
  actors: Map<Address, Followed>
  /** Whether an actor that was not seen yet may have been there before the journal begins. */
  isOlder(address: Address): boolean
  hasNullSender(message: string): boolean | null
}

/** A step, and what is known of its event beside it. */
export interface Seen {
  step: BundleStep
  type: EventType
  /** The timer that rang, if one did. */
  timer: Timer | null
  known: Known
  /** The move that asks, if one does and it is known. */
  move: Address | null
}

/** One actor's share of a step that was explained. */
export interface Share {
  address: Address
  situations: Believed[]
  sends: Send[]
  /** Of one that is seen for the first time, where not every actor of its kind begins alike. */
  bases?: number[]
  siblings?: number
  /** Of a mailbox that a move has taken. */
  mover?: Address
}

/** What a step says cannot be; `from` and `to` are states' names. */
export class Contradiction extends Error {
  readonly actor: Address
  readonly from: string
  readonly to: string
  constructor(actor: Address, from: string, to: string, text: string) {
    super(text)
    this.name = 'Contradiction'
    this.actor = actor
    this.from = from
    this.to = to
  }
}

/** In which states it may be: for words. */
export function statesIn(world: World, address: Address): string {
  const belief = world.actors.get(address)?.belief
  if (!belief) return world.isOlder(address) ? 'an unknown state' : 'not there'
  if ('named' in belief) return belief.named ?? 'an unknown state'
  return namesOf(belief.situations).join(' or ')
}
