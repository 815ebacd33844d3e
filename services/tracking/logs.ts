/**
 * The logs of a site, as Exchange 5.5 wrote them, derived from the journal while they are read:
 * nothing is recorded for them, so they cannot disagree with it.
 *
 * Line by line, with the next page read when the last one was taken. What the journal does not have
 * any more is said in a first line that begins with `#`.
 */
import { kindOf } from '../../machines/protocol.ts'
import { iso, type Live, siteOf } from '../runtime/live-parts.ts'
import type { JournalRecord } from '../runtime/port.ts'
import { dayBounds, daysOf } from './days.ts'
import { eventLines, moveLines } from './event-log.ts'
import { type Happening, happeningsOf } from './happenings.ts'
import { addressees, withRecords } from './records.ts'
import { missingBefore, stepsOf } from './steps.ts'
import { trackingLines } from './tracking-log.ts'

/** Days that are listed at a time: each is looked for in the journal. */
export const DAYS_LISTED_MAX = 100

export interface TrackingLogs {
  /** `yyyymmdd.log`, the newest first. */
  logs: string[]
  /** There are more before these. */
  earlier: boolean
  /** Site time before which the journal was trimmed, ISO 8601; or null. */
  trimmedBefore: string | null
}

/** The days of which there is a log; `before` is one of them. */
export async function trackingLogs(
  live: Live,
  site: string,
  before?: string,
): Promise<TrackingLogs> {
  const settings = await siteOf(live, site)
  const span = before === undefined ? undefined : dayBounds(before)
  const { days, earlier } = await daysOf(live.client, settings, DAYS_LISTED_MAX, span)
  const missing = await missingBefore(live.client, settings)
  return {
    logs: days.map((day) => `${day}.log`),
    earlier,
    trimmedBefore: missing === null ? null : iso(missing),
  }
}

/** The lines of one day's tracking log. */
export async function trackingLog(
  live: Live,
  site: string,
  day: string,
): Promise<AsyncIterable<string>> {
  const settings = await siteOf(live, site)
  const span = dayBounds(day)
  const missing = await missingBefore(live.client, settings)
  const steps = filtered(stepsOf(live.client, settings, span), isAboutMail)
  return linesOf(missing !== null && missing >= span.from ? missing : null, async function* () {
    for await (const { step, records } of withRecords(live.client, settings, steps)) {
      for (const happening of happeningsOf(step, records)) {
        const accepted = happening.what === 'submitted' ? records.accepted(happening.id) : null
        const named = accepted ? await addressees(live.client, settings, accepted) : null
        const names = named?.map(({ address }) => address) ?? namesIn(happening)
        yield trackingLines(settings.site, happening, names)
      }
    }
  })
}

/** The lines of the whole event log. */
export async function eventLog(live: Live, site: string): Promise<AsyncIterable<string>> {
  const settings = await siteOf(live, site)
  const missing = await missingBefore(live.client, settings)
  const steps = filtered(
    stepsOf(live.client, settings, null),
    (step) => isAboutMail(step) || kindOf(step.t) === 'move',
  )
  return linesOf(missing, async function* () {
    for await (const { step, records } of withRecords(live.client, settings, steps)) {
      if (kindOf(step.t) === 'move') yield moveLines(step.a, settings.site, step.c)
      for (const happening of happeningsOf(step, records)) {
        yield eventLines(settings.site, happening)
      }
    }
  })
}

/** Of a message that is not kept: those whom the step itself names. */
const namesIn = ({ parties }: Happening): string[] =>
  parties.filter(({ branch }) => branch === 0).map(({ name }) => name)

const isAboutMail = ({ t }: JournalRecord): boolean =>
  kindOf(t) === 'message' || kindOf(t) === 'recipient'

async function* filtered<T>(all: AsyncIterable<T>, wanted: (one: T) => boolean) {
  for await (const one of all) if (wanted(one)) yield one
}

/** What comes together is sent together. */
const PIECE_CHARACTERS = 65_536

async function* linesOf(
  missing: number | null,
  lines: () => AsyncIterable<string>,
): AsyncGenerator<string> {
  let piece =
    missing === null
      ? ''
      : `# The journal was trimmed: what happened before ${iso(missing)} may be missing.\n`
  for await (const line of lines()) {
    piece += line
    if (piece.length < PIECE_CHARACTERS) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}
