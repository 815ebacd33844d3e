/**
 * How far the search goes: what it leaves out is counted, never taken as proof.
 */
export interface Bounds {
  /** How often each timer of an actor rings. */
  retries: number
  /** Workers that die between a commit and saying so; each makes one event come again. */
  crashes: number
  /** Events that come again though nobody died. */
  duplicates: number
  /** Replies, or answers to a transfer or a move's request, that are lost on their way. */
  lostReplies: number
  /** Times that the clock goes on to the next timer although events are under way. */
  lateReplies: number
  /** Moves that are started; and those of them that are called off. */
  moves: number
  cancels: number
  /** Workers that die or hang with an event in hand, before they commit; not there: none does. */
  stalls?: number
}

export const DEFAULT_BOUNDS: Bounds = {
  retries: 2,
  crashes: 1,
  duplicates: 0,
  lostReplies: 0,
  lateReplies: 0,
  moves: 2,
  cancels: 1,
}

export const BOUND_FLAGS: Record<keyof Bounds, string> = {
  retries: 'retries',
  crashes: 'crashes',
  duplicates: 'duplicates',
  lostReplies: 'lost-replies',
  lateReplies: 'late-replies',
  moves: 'moves',
  cancels: 'cancels',
  stalls: 'stalls',
}
