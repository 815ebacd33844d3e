/**
 * Writes runs for people: a timeline per recipient with the profiles side by side, then the
 * verdicts.
 *
 * Pure: runs in, lines out. Plain text of at most 120 columns; nothing is said by colour. And the
 * runs for programs: exactly the members that are promised, none of those that the screen needs.
 */
import type { Expectation } from './expectations.ts'
import { held, type RecipientResult, type Run } from './play.ts'
import { type AlignedRow, align } from './timeline.ts'

/** The width that a terminal and a bug report both have. */
export const COLUMNS_MAX = 120
const TIME_WIDTH = 9
const GAP = '  '

const UNITS: [number, string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

/** Site time since the start in its two largest units: `7d 10min`, `61s`, `0s`. */
export function sinceStart(ms: number): string {
  let rest = Math.max(0, ms)
  const shown: string[] = []
  for (const [unitMs, unit] of UNITS) {
    const count = Math.floor(rest / unitMs)
    rest -= count * unitMs
    if (count > 0 && shown.length < 2) shown.push(`${count}${unit}`)
  }
  return shown.length === 0 ? '0s' : shown.join(' ')
}

/** Breaks a text at white space into lines of a width; a word that is longer is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.trim().split(/\s+/)) {
    let rest = word
    if (line !== '' && line.length + 1 + rest.length > width) {
      lines.push(line)
      line = ''
    }
    while (rest.length > width) {
      lines.push(rest.slice(0, width))
      rest = rest.slice(width)
    }
    line = line === '' ? rest : `${line} ${rest}`
  }
  return [...lines, line]
}

/** Cells side by side, each wrapped to the width. */
function beside(head: string, cells: readonly string[], width: number): string[] {
  const wrapped = cells.map((cell) => wrap(cell, width))
  const height = Math.max(1, ...wrapped.map((lines) => lines.length))
  return Array.from({ length: height }, (_, index) => {
    const first = (index === 0 ? head : '').padEnd(TIME_WIDTH)
    const rest = wrapped.map((lines) => (lines[index] ?? '').padEnd(width))
    return [first, ...rest].join(GAP).trimEnd()
  })
}

function widthFor(count: number): number {
  return Math.floor((COLUMNS_MAX - TIME_WIDTH) / count) - GAP.length
}

function rowLines(row: AlignedRow, count: number): string[] {
  const at = row.find((cell) => cell !== null)?.afterMs ?? 0
  const cells = Array.from({ length: count }, (_, index) => row[index]?.text ?? '.')
  return beside(sinceStart(at), cells, widthFor(count))
}

const who = (recipient: RecipientResult): string =>
  `${recipient.message} to ${recipient.address.split('@')[0]}, ${recipient.branch} entry`

/** What became of an entry, in a few words. */
export function endingText(recipient: RecipientResult | undefined): string {
  if (!recipient) return 'no such entry'
  const { outcome, attempts, report } = recipient
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`
  const told = report ? `, report to ${report.to || 'nobody'}: ${report.code} ${report.status}` : ''
  const silence = outcome === 'lost' ? ', and nobody was told' : ''
  return `${outcome === 'lost' ? 'LOST' : outcome} after ${tries}${told}${silence}`
}

function laneLines(runs: readonly Run[], name: string): string[] {
  const found = runs.map((run) => run.recipients.find((recipient) => who(recipient) === name))
  const rows = align(found.map((recipient) => recipient?.lane ?? []))
  const width = widthFor(runs.length)
  return [
    name,
    ...beside(
      '',
      runs.map((run) => run.profile),
      width,
    ),
    ...beside(
      '',
      runs.map(() => '-'.repeat(width)),
      width,
    ),
    ...rows.flatMap((row) => rowLines(row, runs.length)),
    ...beside('ends', found.map(endingText), width),
    '',
  ]
}

function auditText({ audit }: Run): string {
  if (!audit) return 'no audit'
  const totals: [string, number][] = [
    ['delivered', audit.delivered],
    ['reported', audit.reported],
    ['silenced', audit.silenced],
    ['dead-lettered', audit.deadLettered],
    ['handed off', audit.handedOff],
    ['pending', audit.pending],
    ['lost', audit.lost.length],
  ]
  const shown = totals.filter(([name, count]) => count > 0 || name === 'lost')
  const list = shown.map(([name, count]) => `${count} ${name}`).join(', ')
  return `${audit.obligations} obligations: ${list}`
}

/** A text behind a mark, its further lines below the first. */
function behind(mark: string, text: string): string[] {
  const lines = wrap(text, COLUMNS_MAX - mark.length)
  return lines.map((line, index) => (index === 0 ? mark : ' '.repeat(mark.length)) + line)
}

function expectationLines(expectation: Expectation): string[] {
  const mark = expectation.held ? '  held      ' : '  NOT HELD  '
  const text = expectation.held ? expectation.text : `${expectation.text}; but: ${expectation.got}`
  return behind(mark, text)
}

function verdictLines(run: Run): string[] {
  const broken = run.expectations.filter((expectation) => !expectation.held).length
  const verdict = broken === 0 ? 'as expected' : `NOT as expected (${broken})`
  const faults = run.faults.map(({ rule, hits }) => `${rule} ${hits}`).join(', ')
  return [
    `${run.profile}: ${verdict}, in ${run.seconds.toFixed(1)} s`,
    ...behind('  ', auditText(run)),
    ...(faults === '' ? [] : behind('  faults, with hits: ', faults)),
    ...run.expectations.flatMap(expectationLines),
    '',
  ]
}

/** One scenario, all its profiles. */
export function renderScenario(runs: readonly Run[]): string {
  const first = runs[0]
  if (!first) return ''
  const names = [...new Set(runs.flatMap((run) => run.recipients.map(who)))]
  const title = wrap(`${first.scenario}: ${first.title}`, COLUMNS_MAX)
  const lines = [
    ...title,
    '='.repeat(Math.max(...title.map((line) => line.length))),
    '',
    ...names.flatMap((name) => laneLines(runs, name)),
    ...runs.flatMap(verdictLines),
  ]
  return lines.join('\n')
}

/** The last line: how many runs were as expected. */
export function renderSummary(runs: readonly Run[]): string {
  const good = runs.filter(held).length
  const bad = runs.filter((run) => !held(run)).map((run) => `${run.scenario} (${run.profile})`)
  if (bad.length === 0) return `${good} of ${runs.length} runs as expected`
  return wrap(
    `${good} of ${runs.length} runs as expected; not: ${bad.join(', ')}`,
    COLUMNS_MAX,
  ).join('\n')
}

/** A run for programs. */
export function jsonOf(run: Run) {
  const { scenario, profile, audit, faults, seconds } = run
  return {
    scenario,
    profile,
    recipients: run.recipients.map(({ message, address, branch, outcome, attempts, report }) => ({
      message,
      address,
      branch,
      outcome,
      attempts,
      report,
    })),
    audit,
    expectations: run.expectations.map(({ text, held: holds, got }) => ({
      text: holds ? text : `${text}; but: ${got}`,
      held: holds,
    })),
    faults,
    seconds,
  }
}
