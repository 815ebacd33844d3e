/**
 * One call that waits for rest with a deadline, and then audits: site time jumps from one due timer
 * to the next until nothing is left to do, or until what is left waits for something else than
 * time.
 */
import type { Audit } from './api-answers.ts'
import type { WaitsFor } from './api-mail.ts'
import { UndeliverableError } from './problem.ts'
import type { Site } from './site.ts'
import { DEADLINE_MS, ONE_WAIT_MS } from './wait.ts'

export interface Rest {
  audit: Audit
  /** What keeps the site from rest; empty when it is at rest. */
  blockedBy: WaitsFor[]
}

export async function restOf(
  site: Pick<Site, 'clock' | 'audit'>,
  { deadlineMs = DEADLINE_MS }: { deadlineMs?: number },
): Promise<Rest> {
  const end = performance.now() + deadlineMs
  const left = (): number => Math.max(0, end - performance.now())
  let before = ''
  for (;;) {
    const blockedBy = await idle(site, left())
    const waitMs = blockedBy.length > 0 ? 0 : Math.min(left(), ONE_WAIT_MS)
    const audit = await site.audit({ rest: Math.round(waitMs) })
    if (audit.atRest) return { audit, blockedBy: [] }
    // What is said to block may be about to go on: it must be the same twice.
    const said = blockedBy.map(({ text }) => text).join()
    if (said !== '' && said === before) return { audit, blockedBy }
    if (left() === 0) return { audit, blockedBy: said === '' ? [late(deadlineMs)] : blockedBy }
    before = said
  }
}

const late = (ms: number): WaitsFor => ({
  kind: 'clock',
  text: `it did not come to rest within ${Math.round(ms)} ms`,
})

async function idle(site: Pick<Site, 'clock'>, withinMs: number): Promise<WaitsFor[]> {
  try {
    const signal = AbortSignal.timeout(Math.ceil(withinMs))
    return (await site.clock.untilIdle({ signal })).blockedBy
  } catch (error) {
    const known = error instanceof UndeliverableError && error.code === 'unanswered'
    if (known) return [late(withinMs)]
    throw error
  }
}
