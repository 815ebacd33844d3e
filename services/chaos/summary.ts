/**
 * What a run is summed up to, and whether it is what was required.
 *
 * Required of every run: nothing is pending, held twice or there without reason, no key was given
 * two messages, no client got a wrong answer, the journal conforms, and each kind that was not
 * spared was killed often enough. Nothing is lost either, unless the profile has a defect that
 * explains each loss. Broken promises: none; with durability `everysec` only those of the last
 * second before a kill of Redis.
 */
import { PROFILES } from '../../machines/profile.ts'
import { KILLS_LEAST, KINDS, type Kind } from './plan.ts'
import { explains } from './predicate.ts'
import type { Promised } from './promises.ts'
import type { Ran } from './run.ts'

export interface Summary {
  seed: number
  seconds: number
  profile: string
  durability: string
  /** Messages that a client was told are accepted, and their recipients. */
  accepted: number
  recipients: number
  delivered: number
  reported: number
  silenced: number
  deadLettered: number
  handedOff: number
  pending: number
  lost: number
  duplicated: number
  unexpected: number
  falseReports: number
  brokenPromises: number
  /** Lost entries that no defect of the profile explains. */
  unexplained: number
  givenTwice: number
  moves: number
  kills: Record<Kind, number>
  stops: Record<Kind, number>
  cuts: Record<string, { times: number; touched: number }>
  /** Requests: without an answer, put off, repeated after their answer. */
  requests: { answered: number; unanswered: number; putOff: number; repeated: number }
  recoverySecondsMax: number
  tookSeconds: number
  conforms: boolean
  /** What is not as required, in words; empty when all is. */
  wrong: string[]
}

/**
 * Redis writes once a second under `everysec`; the answer, and the kill as it was seen, are a
 * moment late.
 */
const FORGOTTEN_MS = 1_000
const SEEN_LATE_MS = 100

/** Of broken promises, those that the durability does not allow for. */
export function unexcused(
  broken: readonly Promised[],
  durability: string,
  redisKilledAt: readonly number[],
): Promised[] {
  if (durability !== 'everysec') return [...broken]
  return broken.filter(
    ({ at }) =>
      !redisKilledAt.some(
        (killed) => at > killed - FORGOTTEN_MS - SEEN_LATE_MS && at < killed + SEEN_LATE_MS,
      ),
  )
}

export function summaryOf(ran: Ran): Summary {
  const { options, judged, nemesis, load } = ran
  const { audit, bundle, promised, broken, givenTwice, verdict } = judged
  const first = new Map(promised.map((one) => [one.id, one]))
  const recipients = [...first.values()].reduce((sum, one) => sum + one.recipients.length, 0)
  const { answered, unanswered, putOff, repeated } = load
  const summary: Summary = {
    seed: options.seed,
    seconds: options.seconds,
    profile: options.profile,
    durability: options.durability,
    accepted: first.size,
    recipients,
    delivered: audit.delivered,
    reported: audit.reported,
    silenced: audit.silenced,
    deadLettered: audit.deadLettered,
    handedOff: audit.handedOff,
    pending: audit.pending,
    lost: audit.lost.length,
    duplicated: audit.duplicated.length,
    unexpected: audit.unexpected.length,
    falseReports: audit.falseReports.length,
    brokenPromises: broken.length,
    unexplained: audit.lost.filter((entry) => !explains(bundle, entry)).length,
    givenTwice: givenTwice.length,
    moves: ran.moves,
    kills: nemesis.kills,
    stops: nemesis.stops,
    cuts: nemesis.cuts,
    requests: { answered, unanswered, putOff, repeated },
    recoverySecondsMax: Math.round(nemesis.recoveryMsMax / 100) / 10,
    tookSeconds: Math.round(ran.tookMs / 1_000),
    conforms: verdict.conforms,
    wrong: [],
  }
  return { ...summary, wrong: wrongWith(ran, summary) }
}

function wrongWith({ options, judged, nemesis, load }: Ran, summary: Summary): string[] {
  const wrong: string[] = []
  const none = ['pending', 'duplicated', 'unexpected', 'falseReports', 'givenTwice'] as const
  for (const name of none) if (summary[name] > 0) wrong.push(`${name}: ${summary[name]}`)
  if (!judged.audit.atRest) wrong.push('the site did not come to rest')
  for (const text of judged.blockedBy) wrong.push(`it waits: ${text}`)
  if (PROFILES[options.profile]?.defects.length === 0) {
    if (summary.lost > 0) wrong.push(`lost: ${summary.lost}, under a profile without defects`)
  } else {
    if (summary.lost === 0) wrong.push('nothing was lost, under a profile whose defect loses mail')
    if (summary.unexplained > 0) wrong.push(`lost for no known reason: ${summary.unexplained}`)
  }
  const bad = unexcused(judged.broken, options.durability, nemesis.redisKilledAt)
  if (bad.length > 0) wrong.push(`broken promises that nothing excuses: ${bad.length}`)
  for (const kind of KINDS) {
    if (options.spare.includes(kind) || summary.kills[kind] >= KILLS_LEAST) continue
    wrong.push(`${kind} was killed ${summary.kills[kind]} times, not ${KILLS_LEAST}`)
  }
  for (const words of load.wrong) wrong.push(`a client was answered ${words}`)
  const { failure } = judged.verdict
  if (failure) wrong.push(`the journal does not conform at line ${failure.line}: ${failure.text}`)
  return wrong
}
