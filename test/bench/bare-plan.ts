/**
 * The shape of a bare message: as many jobs as one of ours made, across the same two queues, in the
 * same order.
 *
 * One of ours is submitted to an MTA, which routes it in chunks (each chunk's job adds the next
 * one's), offers it to the store once for each recipient, and hears an answer to each offer.
 */
export interface Plan {
  /** Jobs of the first queue that follow one another. */
  chunks: number
  /** Jobs of the second queue, shared out among the chunks. */
  offers: number
  /** Jobs of the first queue again, one for each of the first so many offers. */
  answers: number
}

/** What a bare job carries. */
export interface BareJob {
  message: number
  plan: Plan
  /** Which chunk, or which offer, from 0; none of an answer. */
  chunk?: number
  offer?: number
}

export interface BareReady {
  type: 'ready'
}
/** Messages all of whose jobs have run. */
export interface BareSettled {
  type: 'settled'
  messages: number[]
}

export const QUEUES = { mta: 'bare.mta', store: 'bare.store' } as const

/** Known to nobody else in its queue. */
export const idOf = ({ message, chunk, offer }: BareJob): string =>
  chunk === undefined ? `${message}.${offer}` : `${message}.chunk-${chunk}`

/** From the jobs that one message of ours made in its MTA's queue, in the store's, and in all. */
export function planFor(mta: number, store: number, all: number): Plan {
  const offers = Math.round(store)
  const answers = Math.min(offers, Math.max(0, Math.round(mta) - 1))
  return { offers, answers, chunks: Math.max(1, Math.round(all) - offers - answers) }
}

export const jobsOf = ({ chunks, offers, answers }: Plan): number => chunks + offers + answers

/** The offers that the chunk's job adds. */
export function offersOf({ chunks, offers }: Plan, chunk: number): number[] {
  const from = Math.floor((offers * chunk) / chunks)
  const to = Math.floor((offers * (chunk + 1)) / chunks)
  return Array.from({ length: to - from }, (_, i) => from + i)
}
