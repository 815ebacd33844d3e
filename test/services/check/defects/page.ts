/** The page of the defects: what is told of each, and what the search found. */
import { DEFECTS, type Defect } from '../../../../machines/defects.ts'
import { PROFILES } from '../../../../machines/profile.ts'
import { BOUND_FLAGS, type Bounds } from '../../../../services/check/explore/bounds.ts'
import type { Checked } from '../../../../services/check/explore/check.ts'
import { boundsOf, type Shown } from './shown.ts'

export interface Row {
  shown: Shown
  fixed: Checked
  defective: Checked
}

const HEAD = `# Defects

Ways to lose mail that somebody has described, as switches. Each is a part that differs: a
function, or some lines of a machine. None looks at a message's circumstances or orders an
outcome; what it loses follows. Without them the machines are the ones we are proud of.

A profile has a set of them. Any can be switched on by its name behind a plus sign,
\`exchange-5.5-sp4+Q277911\`, wherever a profile is named: \`POST /sites\`, \`npm run -s scenario
-- q277911 --profile …\`, \`npm run -s check -- …\`. Or as \`{"extends": "modern", "defects":
["RFC1047"]}\`, which replaces the set.

Written from the code and from what the search found, by \`npx vitest run
test/services/check/defects -u\`; read its diff. *States* are all that there are within the
bounds; from *cut* of them a bound left something out. *Steps* are those of the shortest way
to what is broken, with what came before the first letter of interest.

`

export function page(rows: readonly Row[]): string {
  const parts = Object.values(DEFECTS).map((defect) => {
    const own = rows.filter(({ shown }) => shown.defect === defect.id)
    return partOf(defect, own)
  })
  return `${HEAD}${presets()}\n${parts.join('\n')}`
}

/** Which preset has which. */
function presets(): string {
  const lines = Object.values(PROFILES).map(
    ({ name, defects }) => `| \`${name}\` | ${defects.join(', ') || 'none'} |`,
  )
  return ['| preset | defects |', '|---|---|', ...lines, '', LEFT_OUT, ''].join('\n')
}

const LEFT_OUT = `A preset has what was broken in its version, by the sources' lines on where it was
fixed, with these exceptions. Q277911 is about moves that an Exchange 2000 server makes in a site of
5.5. Q252869 and cyrus-5548 come about now and then, and here with every move. Of Q172364 all of 5.5
has the report, as a figure of the profile (\`whenUnknown\`).`

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim()

function partOf(defect: Defect, rows: readonly Row[]): string {
  const { id, title, source, published, ours, differs, fixedIn, workaround } = defect
  const links = rows.flatMap(({ shown: { scenario, also = [], live } }) =>
    live
      ? [`[\`${live.split('/').at(-1)}\`](../test/${live}), with processes that die`]
      : [scenario, ...also].map((name) => `[\`${name}\`](../test/scenarios/${name}.yaml)`),
  )
  return [
    `## ${id}: ${title}`,
    '',
    `- **Source**: ${source}.`,
    `- **Published**: ${plain(published)}`,
    `- **Ours**: ${plain(ours)}`,
    `- **The part that differs**: ${plain(differs)}.`,
    `- **Fixed in**: ${plain(fixedIn)}.`,
    ...(workaround ? [`- **Workaround**: ${plain(workaround)}`] : []),
    `- **Live**: ${links.join(', ')}`,
    '',
    ...(rows.length > 0 ? tableOf(rows) : []),
  ].join('\n')
}

const tableOf = (rows: readonly Row[]): string[] => [
  '| profile | bounds | states | cut | broken, with the steps there | may end |',
  '|---|---|---:|---:|---|---|',
  ...rows.flatMap(({ shown, fixed, defective }) => [
    line(shown, fixed, 'fixed'),
    line(shown, defective, 'broken'),
  ]),
  '',
]

const number = (value: number): string => value.toLocaleString('en-US')

function line(shown: Shown, checked: Checked, which: 'fixed' | 'broken'): string {
  const { profile, states, cutOff, violations } = checked
  const broken = violations.map(
    ({ invariant, entry, schedule }) => `${invariant} ${entry} (${schedule.steps.length})`,
  )
  const ends = shown.ends.map((one) => `${one.entry}: ${one[which].join(', ')}`)
  const cells = [
    `\`${profile}\``,
    boundsText(boundsOf(shown)),
    number(states),
    number(cutOff),
    broken.join('; ') || 'nothing',
    ends.join('; '),
  ]
  return `| ${cells.join(' | ')} |`
}

const boundsText = (bounds: Bounds): string =>
  (Object.entries(bounds) as [keyof Bounds, number][])
    .filter(([, most]) => (most ?? 0) > 0)
    .map(([name, most]) => `${BOUND_FLAGS[name]} ${most}`)
    .join(', ')
