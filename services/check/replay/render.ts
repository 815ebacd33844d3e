/**
 * What a replay says: what is done while it is done, and the verdict for each entry.
 */
import type { ScheduleStep } from '../schedule.ts'
import type { Replayed } from './play.ts'

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(3).replace(/\.?0+$/, '')} s`

/** `12. at 60 s: anna's mailbox is locked` */
export const sayStep = ({ at, text }: ScheduleStep, number: number): string =>
  `${`${number}`.padStart(4)}. at ${seconds(at)}: ${text}`

export function sayResult(result: Replayed): string {
  const { differs, deaths, entries, taken, steps } = result
  const lines: string[] = []
  for (const { step, stalls, before, after } of deaths) {
    const who = before === null ? 'a worker' : `worker process ${before}`
    const then = after === null ? '' : `, process ${after} followed`
    lines.push(`step ${step}: ${who} was killed${then}, and the event came again (${stalls})`)
  }
  if (differs) {
    lines.push(`differs at step ${differs.step}, at ${seconds(differs.at)}: ${differs.text}`)
    lines.push(`  ${differs.why}`)
    if (differs.instead.length > 0) lines.push('  there is instead:')
    lines.push(...differs.instead.map((line) => `    ${line}`))
  }
  for (const { entry, expected, got, same } of entries) {
    lines.push(same ? `same    ${entry}: ${got}` : `DIFFERS ${entry}: ${got}, not ${expected}`)
  }
  const verdict = result.same ? 'the same as in the schedule' : 'NOT the same as in the schedule'
  const figures = `${taken} of ${steps} steps, ${entries.length} entries, ${result.seconds} s`
  return `${[...lines, `${verdict}: ${figures}`].join('\n')}\n`
}
