/** A difference as a table, for a person. */
import { type Difference, type Differing, isSame } from './difference.ts'

const NONE = '–'

export function renderDifferences(all: readonly Difference[]): string {
  return `${all.map(renderOne).join('\n')}\n`
}

function renderOne(difference: Difference): string {
  const { scenario, a, b } = difference
  if (isSame(difference)) return `${scenario}: ${a} and ${b} are the same`
  const sections = (['entries', 'violations', 'counts'] as const).filter(
    (name) => difference[name].length > 0,
  )
  const lines = sections.flatMap((name) => difference[name])
  const width = (of: (line: Differing) => string | null, least: string): number =>
    Math.max(least.length, ...lines.map((line) => (of(line) ?? NONE).length))
  const name = width((line) => `  ${line.name}`, '')
  const first = width((line) => line.a, a)
  const row = (left: string, one: string | null, other: string | null): string =>
    `  ${left.padEnd(name)}  ${(one ?? NONE).padEnd(first)}  ${other ?? NONE}`
  return [
    `${scenario}:`,
    row('', a, b),
    ...sections.flatMap((section) => [
      `  ${section}`,
      ...difference[section].map((line) => row(`  ${line.name}`, line.a, line.b)),
    ]),
  ].join('\n')
}
