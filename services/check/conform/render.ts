/**
 * A verdict in words.
 */
import { SITUATIONS_MAX } from './belief.ts'
import type { Failure, Verdict } from './conform.ts'

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

export function renderVerdict(site: string, verdict: Verdict): string {
  const { conforms, steps, of, actors, checkpoint, widened, failure } = verdict
  const lines: string[] = []
  if (checkpoint) {
    const older = `actors that were there before: ${checkpoint.actors}`
    lines.push(`the journal was trimmed: it begins at ${checkpoint.position}; ${older}`)
  }
  if (widened.length > 0) {
    const names = widened.slice(0, 3).join(', ')
    lines.push(`${counted(widened.length, 'actor')} might have been in more than ${SITUATIONS_MAX}`)
    lines.push(`situations, and were followed by the names of their states: ${names}`)
  }
  if (failure) lines.push(...failureLines(failure, of))
  const what = conforms ? 'conforms' : 'does not conform'
  const many = conforms ? `${counted(steps, 'step')}` : `the first ${steps} of ${of} steps`
  lines.push(`${site} ${what}: ${many} of ${counted(actors, 'actor')} are as the machines allow`)
  return `${lines.join('\n')}\n`
}

function failureLines(failure: Failure, of: number): string[] {
  const { line, position, actor, event, from, to, text } = failure
  const where = line > of ? 'at the end of the journal' : `line ${line} (${position})`
  const change = from === '' ? '' : `: ${from} → ${to}`
  const by = event === '' ? '' : `, by ${event}`
  return [`${where}: ${actor}${change}${by}`, `  ${text}`]
}
