/** The summary of a chaos run for a person, and for a machine. */
import type { Summary } from './summary.ts'

export const jsonOf = (summary: Summary): string => `${JSON.stringify(summary, null, 2)}\n`

export function textOf(summary: Summary): string {
  const { kills, stops, cuts, requests, wrong } = summary
  const rows: [string, string | number][] = [
    ['accepted', `${summary.accepted} messages, ${summary.recipients} recipients`],
    ['requests', listed({ ...requests })],
    ['delivered', summary.delivered],
    ['reported', summary.reported],
    ['silenced', summary.silenced],
    ['dead-lettered', summary.deadLettered],
    ['handed off', summary.handedOff],
    ['pending', summary.pending],
    ['lost', lostText(summary)],
    ['duplicated', summary.duplicated],
    ['unexpected', summary.unexpected],
    ['given twice', summary.givenTwice],
    ['false reports', summary.falseReports],
    ['broken promises', summary.brokenPromises],
    ['moves', summary.moves],
    ['kills', listed(kills)],
    ['stops', listed(stops)],
    ['cuts', listed(Object.fromEntries(Object.entries(cuts).map(([k, { times }]) => [k, times])))],
    ['recovery', `${summary.recoverySecondsMax} s at most`],
    ['conforms', summary.conforms ? 'yes' : 'no'],
  ]
  const { seed, profile, durability, tookSeconds } = summary
  const head = `chaos, seed ${seed}, ${profile}, durability ${durability}, ${tookSeconds} s`
  const lines = rows.map(([name, value]) => `  ${name.padEnd(17)}${value}`)
  const end = wrong.length === 0 ? ['All as required.'] : wrong.map((one) => `WRONG: ${one}`)
  return `${[head, ...lines, ...end].join('\n')}\n`
}

const listed = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')

const lostText = ({ lost, unexplained }: Summary): string =>
  lost === 0 ? '0' : `${lost}, of which ${lost - unexplained} as the defect explains`
