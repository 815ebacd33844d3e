/**
 * One call that waits for rest with a deadline, and then audits: site time jumps from one due timer
 * to the next until nothing is left to do, or until what is left waits for something else than
 * time.
 */

import type { WaitsFor } from './api-mail.ts'
import type { Rest } from './api-moves.ts'
import type { Caller } from './call.ts'
import { DEADLINE_MS, ONE_WAIT_MS } from './wait.ts'

export interface RestOptions {
  deadlineMs?: number
  /** Whether site time runs; otherwise it is only waited for. Default: it does. */
  advance?: boolean
}

/** A deadline that is longer than what the service waits in one call takes several. */
export async function restOf(
  { call }: Caller,
  site: string,
  { deadlineMs = DEADLINE_MS, advance = true }: RestOptions,
): Promise<Rest> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const left = Math.max(0, end - performance.now())
    const within = Math.round(Math.min(left, ONE_WAIT_MS))
    const body = { within, advance }
    const rest = await call('POST /sites/{site}/rest', { path: { site }, body })
    if (rest.audit.atRest || rest.blockedBy.length > 0) return rest
    if (performance.now() >= end) return { ...rest, blockedBy: [late(deadlineMs)] }
  }
}

const late = (ms: number): WaitsFor => ({
  kind: 'clock',
  text: `it did not come to rest within ${Math.round(ms)} ms`,
})
