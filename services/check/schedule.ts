/**
 * A schedule: one run of a site, written down step by step with its times, so that any driver can
 * take the same steps: the search finds it, the simulator shrinks it, the live system replays it.
 *
 * Names are the schedule's own (`acts.ts`): a live system's ids stand for them.
 */
import type { MailboxFacts } from '../../machines/site.ts'
import type { MailEvent, SiteFacts } from '../../machines/wire.ts'
import type { Act } from './acts.ts'

/** An event without its id and the time at which it was sent. */
export type Content = Omit<MailEvent, 'id' | 'at'>

export type ScheduleStep = ActStep | TakeStep

interface StepBase {
  /** Milliseconds of site time since the start. */
  at: number
  /** In the words of the domain. */
  text: string
}

export interface ActStep extends StepBase {
  do: 'act'
  act: Act
}

export interface TakeStep extends StepBase {
  do: Taking
  event: Content
  /** The MTA believes its cache, however old that is. */
  stale?: true
}

export type Taking =
  /** An event that is under way is taken. */
  | 'take'
  /** It is taken and committed, and the worker dies before it can say so: it comes again. */
  | 'take and die'
  /** It is taken, and will be taken once more. */
  | 'take again'
  /** It is taken, and what it answers is lost. */
  | 'take and lose'
  /** Its worker dies with it in hand, and has done nothing: its job is taken up again. */
  | 'stall'
  /** That, once too often: its job has failed for good, and nobody brings the event back. */
  | 'stall and fail'
  /** A timer rings. */
  | 'ring'

export interface Schedule {
  v: 1
  /** A digest of the machines that made it. */
  machines: string
  scenario: string
  profile: string
  site: SiteFacts
  mailboxes: MailboxFacts[]
  steps: ScheduleStep[]
  /** What is so at the end: by `<message> <address> <own|redirected>`. */
  outcomes: Record<string, string>
  violation?: { invariant: string; entry: string }
}
