/**
 * How load is made: a bounded number of messages under way, each followed by the next as soon as it
 * has settled.
 *
 * The same for our messages and for those of the bare chain.
 */
export interface Load {
  inFlight: number
  /** No message is begun after this; those under way are waited for. */
  forMs: number
}

export interface Done {
  messages: number
  /** From the first request to the last message's end. */
  tookMs: number
}

/**
 * Code is compiled and caches are filled before anything is measured; ours is more code than what
 * it is compared with, and each has its time.
 */
export const WARM_UP_MS = 12_000

/** Enough to keep every worker busy. */
const MESSAGES_IN_FLIGHT = 100
/** Large messages keep it busy by themselves. */
const RECIPIENTS_IN_FLIGHT = 5_000

export const inFlightOf = (recipients: number): number =>
  Math.max(2, Math.min(MESSAGES_IN_FLIGHT, Math.floor(RECIPIENTS_IN_FLIGHT / recipients)))

export async function drive(load: Load, deliver: () => Promise<void>): Promise<Done> {
  const began = performance.now()
  let messages = 0
  const one = async (): Promise<void> => {
    do {
      messages++
      await deliver()
    } while (performance.now() - began < load.forMs)
  }
  await Promise.all(Array.from({ length: load.inFlight }, one))
  return { messages, tookMs: performance.now() - began }
}

export const perSecond = (all: Done[]): number =>
  (sum(all.map(({ messages }) => messages)) / sum(all.map(({ tookMs }) => tookMs))) * 1_000

export const sum = (values: number[]): number => values.reduce((all, one) => all + one, 0)

/** By the nearest rank: a value that was measured. */
export function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}

/** Figures with more digits than they are worth only look exact. */
export const round = (value: number, digits = 1): number => Number(value.toFixed(digits))
