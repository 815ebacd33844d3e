/**
 * Deferred delivery: until when the server that a message is submitted to holds it.
 *
 * Its time to expire counts from then: a service that counted it from the submission returned what
 * was to be delivered later than that, on the day on which it was due (Q214682).
 */
import { problem } from '../errors.ts'
import { DEFERRAL_MS_MAX } from './limits.ts'
import type { Submission } from './views-of-mail.ts'

const DAY_MS = 86_400_000

/** The moment in site time; none where it is to be delivered at once, or the moment has passed. */
export function deferralOf(
  { deferUntil, deferForMs }: Submission,
  at: number,
): { deferUntil?: number } {
  const until = deferUntil ?? at + (deferForMs ?? 0)
  if (until <= at) return {}
  if (until - at <= DEFERRAL_MS_MAX) return { deferUntil: until }
  const [most, now] = [DEFERRAL_MS_MAX / DAY_MS, new Date(at).toISOString()]
  const detail = `"deferUntil" is more than ${most} days after ${now}, which is the site's time`
  throw problem('bad-request', detail, {
    errors: [{ path: '/deferUntil', message: `may be at most ${most} days away` }],
  })
}
