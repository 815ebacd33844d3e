/** All six machines with their worlds, events and invariants. */
import type { Kind } from '../../../machines/protocol.ts'
import type { Edge, Place, World } from '../walk.ts'
import * as directory from './directory.ts'
import * as mailbox from './mailbox.ts'
import * as message from './message.ts'
import * as move from './move.ts'
import * as recipient from './recipient.ts'
import * as slot from './slot.ts'

export interface Subject {
  worlds: World<unknown>[]
  events: Record<string, object>
  /** What holds in every reachable situation, and of every step. */
  places: Record<string, (place: Place<unknown>) => boolean>
  edges: Record<string, (edge: Edge<unknown>) => boolean>
}

/** Each module speaks of its own witness; outside of it nobody looks inside one. */
export const SUBJECTS: Record<Kind, Subject> = {
  recipient: recipient as unknown as Subject,
  message: message as unknown as Subject,
  slot: slot as unknown as Subject,
  mailbox: mailbox as unknown as Subject,
  move: move as unknown as Subject,
  directory: directory as unknown as Subject,
}
