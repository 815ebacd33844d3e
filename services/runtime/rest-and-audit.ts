/**
 * One call that waits for rest with a deadline, and then asks the ledger.
 *
 * Where it is asked to, site time jumps from one due timer to the next until nothing is left to do,
 * or until what is left waits for something else than time; then the clock goes on as it was.
 */
import { audit } from './ledger.ts'
import type { Live } from './live-parts.ts'
import { advance } from './time.ts'
import type { RestSpec, RestView } from './views-of-driving.ts'
import type { WaitsFor } from './views-of-mail.ts'

/** A site that says that it is idle is looked at for so long before it is asked again. */
const LOOK_MS = 1_000

export async function restAndAudit(
  live: Live,
  site: string,
  { withinMs, advance: runs }: RestSpec,
  signal: AbortSignal,
): Promise<RestView> {
  const end = performance.now() + withinMs
  const left = (): number => Math.max(0, Math.ceil(end - performance.now()))
  let before = ''
  for (;;) {
    const blockedBy = runs ? await idle(live, site, left(), signal) : []
    const waitMs = blockedBy.length > 0 ? 0 : Math.min(left(), runs ? LOOK_MS : withinMs)
    const found = await audit(live, site, waitMs, signal)
    if (found.atRest) return { audit: found, blockedBy: [] }
    // What is said to block may be about to go on: it must be the same twice.
    const said = blockedBy.map(({ text }) => text).join()
    const stays = said !== '' && said === before
    if (stays || left() === 0 || signal.aborted) return { audit: found, blockedBy }
    before = said
  }
}

async function idle(
  live: Live,
  site: string,
  withinMs: number,
  signal: AbortSignal,
): Promise<WaitsFor[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
  const { blockedBy } = await advance(live, site, { until: 'idle' }, limit)
  // It was this limit that ended it, not anything that it waits for.
  return limit.aborted ? blockedBy.filter(({ kind }) => kind !== 'clock') : blockedBy
}
