/** What happened to one recipient, line by line, for whoever reads why a test has failed. */
import type { Entry, Message } from '../client/api-mail.ts'
import { endingText, sinceStart } from '../scenario/render.ts'
import { laneOf } from '../scenario/timeline.ts'

const TIME_COLUMNS = 10

/** `lunch?` from carol to anna, then a line for each change, and how it ended. */
export function timelineOf(message: Message, entry: Entry): string {
  const lane = laneOf(message, entry, message.acceptedAt)
  const alternate = entry.branch === 'own' ? '' : ', as an alternate'
  const from = message.from === '' ? 'nobody' : message.from
  const head = `  "${message.subject}" from ${from} to ${entry.address}${alternate}`
  const lines = lane.map(
    ({ afterMs, text }) => `    ${sinceStart(afterMs).padEnd(TIME_COLUMNS)}${text}`,
  )
  const waits = entry.waitsFor.map(({ text }) => `    ${'waits for'.padEnd(TIME_COLUMNS)}${text}`)
  const ending = endingText({ ...entry, message: message.id, lane: [] })
  return [head, ...lines, ...waits, `    ${'ends'.padEnd(TIME_COLUMNS)}${ending}`].join('\n')
}
