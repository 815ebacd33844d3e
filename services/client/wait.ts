/**
 * Waiting by identity: for a recipient's state or outcome, and for a move's phase.
 *
 * Rule: what does not come in time is an `UndeliverableError` of the code `not-reached`, which says
 * where things stand; nothing is waited for without an end.
 */

import type { Calls } from './api-calls.ts'
import type { Entry } from './api-mail.ts'
import type { Batch, Move } from './api-moves.ts'
import type { Caller } from './call.ts'
import { UndeliverableError } from './problem.ts'

type Recipient = Calls['GET /sites/{site}/messages/{id}/recipients/{address}']
export type Until = NonNullable<Recipient['query']['until']>

/** Enough on a busy machine; what is waited for takes milliseconds. */
export const DEADLINE_MS = 30_000
/** What the service waits in one call, at most. */
export const ONE_WAIT_MS = 60_000

const notReached = (call: string, detail: string): UndeliverableError =>
  new UndeliverableError({ call, code: 'not-reached', status: 0, detail })

/** `anna: deferred (the move … of anna to lon, which is locked and holds there)`. */
function standing({ address, branch, state, outcome, waitsFor }: Entry): string {
  const name = branch === 'own' ? address : `${address} (alternate)`
  const why = waitsFor.map(({ text }) => text).join('; ')
  return `${name}: ${state}, ${outcome}${why === '' ? '' : ` (${why})`}`
}

export async function untilRecipient(
  { call }: Caller,
  path: { site: string; id: string; address: string },
  until: Until,
  { deadlineMs = DEADLINE_MS }: { deadlineMs?: number },
): Promise<Entry[]> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const left = Math.max(0, end - performance.now())
    const timeout = `${Math.round(Math.min(left, ONE_WAIT_MS))}`
    const name = 'GET /sites/{site}/messages/{id}/recipients/{address}'
    const { reached, entries } = await call(name, { path, query: { until, timeout } })
    if (reached) return entries
    if (performance.now() < end) continue
    const stand = entries.map(standing).join('; ')
    const detail = `${path.address} was not ${until} within ${deadlineMs} ms. ${stand}`
    throw notReached(`until ${until}`, detail)
  }
}

export interface MoveWait {
  /** A phase that it has reached, as `locked`. */
  phase?: string
  state?: Move['state']
  held?: boolean
  deadlineMs?: number
}

/** A move has no wait of the service's own, so it is asked for, and this often. */
const ASK_MS = 20

export async function untilMove(
  { call }: Caller,
  site: string,
  id: string,
  { deadlineMs = DEADLINE_MS, ...wanted }: MoveWait,
): Promise<Move> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const move = await call('GET /sites/{site}/moves/{id}', { path: { site, id } })
    const names = Object.keys(wanted) as (keyof typeof wanted)[]
    if (names.every((name) => move[name] === wanted[name])) return move
    if (performance.now() >= end) {
      const { phase, state, held } = move
      const detail = `it is ${JSON.stringify({ phase, state, held })} after ${deadlineMs} ms`
      throw notReached(`the move of ${move.mailbox} until ${JSON.stringify(wanted)}`, detail)
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_MS))
  }
}

/** A batch takes as long as its moves, so it is asked for less often. */
const ASK_BATCH_MS = 200

export async function untilBatch(
  { call }: Caller,
  site: string,
  id: string,
  { deadlineMs = DEADLINE_MS }: { deadlineMs?: number },
): Promise<Batch> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const batch = await call('GET /sites/{site}/batches/{id}', { path: { site, id } })
    const { waiting, running, total } = batch
    if (waiting + running === 0) return batch
    if (performance.now() >= end) {
      const detail = `of ${total} moves ${waiting} wait and ${running} run after ${deadlineMs} ms`
      throw notReached(`the batch ${id} until it has ended`, detail)
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_BATCH_MS))
  }
}
