/**
 * Limits of the runtime, each with its reason. They are apart from what uses them, so that the
 * table of options loads nothing. The last ones a user may set.
 */

/** Each server has three queues with a worker each; the published sites had a few dozen. */
export const SERVERS_MAX = 50

/** Each event is held against each rule of its site. */
export const FAULTS_MAX = 200
/** The longest that a message may be held for later: as long as one may take (Q178539). */
export const DEFERRAL_MS_MAX = 45 * 86_400_000

/** Events of a site that are under way: about 100 MB, and some minutes of work. */
export const QUEUE_LIMIT = 50_000

/** What a site keeps of its settled mail: whichever of them is reached first. */
export interface Keep {
  /** Since it was accepted, in real time: a site's clock may jump over days. */
  ms: number
  messages: number
  /** Of content, and of what is kept beside it. */
  bytes: number
  /** Steps in the journal. */
  steps: number
}

const DAY_MS = 86_400_000
const MEGABYTE = 1_048_576

/** Somebody may look after a long weekend. */
export const KEEP_DAYS = 7
/** What a person or a test still looks through, and an audit in seconds. */
export const KEEP_MESSAGES = 100_000
/** A quarter of what the embedded Redis may use on a small machine of 8 GB. */
export const KEEP_MEGABYTES = 1_024
/** About 100 MB; those of some 40,000 messages. The commit itself keeps no more, ever. */
export const KEEP_STEPS = 200_000

export const keepFor = (
  days: number,
  messages: number,
  megabytes: number,
  steps: number,
): Keep => ({
  ms: days * DAY_MS,
  messages,
  bytes: megabytes * MEGABYTE,
  steps,
})
export const KEEP = keepFor(KEEP_DAYS, KEEP_MESSAGES, KEEP_MEGABYTES, KEEP_STEPS)
