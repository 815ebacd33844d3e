/**
 * Events that can never be processed: told from trouble with Redis, counted, and given up in the
 * end.
 *
 * What Redis says while it is away, full or changing masters passes, and is never counted: the
 * event comes again for as long as it takes. Anything else that is thrown is thrown again by the
 * same event in the same situation. After a few attempts it is given up (`condemn.ts`): those it
 * was about get an ending, and a dead letter keeps the event with the error. Those behind it
 * went on meanwhile, since an event that is put off does not hold its queue.
 */
import { MissingDefect } from '../../machines/defects.ts'
import { NewerSnapshot } from '../../machines/versions.ts'
import type { Client } from './commit.ts'
import { decisionKey } from './faults.ts'
import { base, part, shardOf, shardsOf } from './keys.ts'
import { iso, type Live, siteOf } from './live-parts.ts'
import type { ArrivedEvent } from './port.ts'
import type { Settings } from './settings.ts'
import type { DeadLetterView } from './views-of-driving.ts'

/** With waits that double from 0.1 s: some 3 s, in which whatever was only for a moment passes. */
export const POISON_ATTEMPTS = 6
/** Attempts of an event that was mended in time are forgotten after a day. */
const COUNTED_SECONDS = 24 * 3_600
/** Dead letters that a shard keeps in full; all of them are counted. */
export const DEAD_LETTERS_MAX = 1_000

/** Redis is away, full, loading, or changing masters; or this process is ending. */
const PASSING_REPLIES = `
  OOM MISCONF CLUSTERDOWN TRYAGAIN LOADING READONLY MASTERDOWN NOREPLICAS BUSY MOVED ASK NOSCRIPT
  UNBLOCKED NOAUTH WRONGPASS NOPERM
`
  .trim()
  .split(/\s+/)
const PASSING = new RegExp(`^(ReplyError: )?(${PASSING_REPLIES.join('|')})\\b`)
const PASSING_WORDS = [
  /^Connection is closed/,
  /^Stream isn't writeable/,
  /max retries per request/i,
  /^Failed to refresh slots|^None of startup nodes/,
  // A fault rule for workers that have their process to themselves.
  /^a rule kills a shared process$/,
  /^Command aborted|^All sub commands/,
  /Missing lock for job|Lock mismatch for job|Missing key for job/,
  /script: .*\b(OOM|MISCONF)\b|\b(OOM|MISCONF) .*script/,
]
const PASSING_CODES = /^(E[A-Z]+|CLUSTER_.*)$/

export function isPassing(error: Error & { code?: unknown }): boolean {
  // A worker that is as new as the snapshot, or has the site's defect, will take it.
  if (error instanceof NewerSnapshot || error instanceof MissingDefect) return true
  if (typeof error.code === 'string' && PASSING_CODES.test(error.code)) return true
  return PASSING.test(error.message) || PASSING_WORDS.some((words) => words.test(error.message))
}

const attemptsKey = (settings: Settings, event: ArrivedEvent): string =>
  `${base(settings, shardOf(settings, event.to))}:attempts:${decisionKey(event)}`

/** One more attempt has failed; how many have. */
export async function countAttempt(
  client: Client,
  settings: Settings,
  event: ArrivedEvent,
): Promise<number> {
  const key = attemptsKey(settings, event)
  const attempts = await client.incr(key)
  if (attempts === 1) await client.expire(key, COUNTED_SECONDS)
  return attempts
}

/** A dead letter as it is kept: the event, what was thrown, and what became of whom. */
export interface DeadLetter {
  at: number
  event: ArrivedEvent
  message: string | null
  error: string
  attempts: number
  endings: string[]
}

/** The newest first, shard by shard. */
export async function deadLetters(
  live: Live,
  site: string,
  { offset, limit }: { offset: number; limit: number },
): Promise<{ total: number; deadLetters: DeadLetterView[] }> {
  const settings = await siteOf(live, site)
  const lists = await Promise.all(
    shardsOf(settings).map((shard) =>
      live.client.lrange(part(settings, shard, 'deadLetters'), 0, DEAD_LETTERS_MAX - 1),
    ),
  )
  const all = lists.flat().map((text) => JSON.parse(text) as DeadLetter)
  all.sort((a, b) => b.at - a.at)
  const views = all.slice(offset, offset + limit).map(({ at, event, ...rest }) => ({
    at: iso(at),
    event: { id: event.id, type: event.type, to: event.to },
    ...rest,
  }))
  return { total: all.length, deadLetters: views }
}
