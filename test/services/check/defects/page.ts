/** The page of the defects: what is told of each, and what the search found. */
import { DEFECTS, type Defect } from '../../../../machines/defects.ts'
import { PROFILES } from '../../../../machines/profile.ts'
import { BOUND_FLAGS, type Bounds } from '../../../../services/check/explore/bounds.ts'
import type { Checked } from '../../../../services/check/explore/check.ts'
import { type Followed, PLAYED } from './followed.ts'
import { boundsOf, type Shown } from './shown.ts'

export interface Row<S = Shown> {
  shown: S
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

Where the source advises something to do meanwhile, a second table has what the search found when
that was done before the letter of interest; where it says nothing, the page says so.

`

/** What the advice of a source comes to, as a switch of its own, is told of with what it is for. */
const isDefect = ({ follows }: Defect): boolean => follows === undefined

export function page(rows: readonly Row[], followed: readonly Row<Followed>[]): string {
  const parts = Object.values(DEFECTS)
    .filter(isDefect)
    .map((defect) => {
      const isOwn = ({ shown }: Row) => shown.defect === defect.id
      return partOf(defect, rows.filter(isOwn), followed.filter(isOwn))
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
fixed, with these exceptions. Q277911 was mended in SP4, and comes about when an Exchange 2000
server moves a mailbox between two servers of 5.5. The moves of these presets are those of 5.5
itself, of which the article says nothing; with such a server beside it a site is
\`exchange-5.5-sp3+Q277911\`, or the same of an earlier one. Q252869 and cyrus-5548 come about now
and then, and here with every move. Of Q172364 all of 5.5 has the report, as a figure of the profile
(\`whenUnknown\`).`

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim()

function partOf(defect: Defect, rows: readonly Row[], followed: readonly Row<Followed>[]): string {
  const { id, title, source, published, ours, differs, fixedIn, workaround } = defect
  const links = rows.map(({ shown: { scenario, live } }) =>
    live ? linkTo(live) : linkTo(`scenarios/${scenario}.yaml`),
  )
  return [
    `## ${id}: ${title}`,
    '',
    `- **Source**: ${source}.`,
    `- **Published**: ${plain(published)}`,
    `- **Ours**: ${plain(ours)}`,
    `- **The part that differs**: ${plain(differs)}.`,
    `- **Fixed in**: ${plain(fixedIn)}.`,
    `- **Workaround**: ${plain(workaround ?? 'The source has none.')}`,
    ...Object.values(DEFECTS)
      .filter(({ follows }) => follows === id)
      .map(switchOf),
    `- **Live**: ${links.join(', ')}`,
    '',
    ...(rows.length > 0 ? tableOf(rows) : []),
    ...(workaround ? adviceOf(id, followed) : []),
  ].join('\n')
}

function switchOf({ id, published, ours, differs }: Defect): string {
  const said = `${plain(published)} ${plain(ours)} What differs: ${plain(differs)}.`
  return `- **As a switch**: \`${id}\`, beside it. ${said}`
}

/** Of a scenario, or of tests where that takes more than a scenario can say. */
function linkTo(file: string): string {
  const name = file.split('/').at(-1) as string
  const isScenario = name.endsWith('.yaml')
  const link = `[\`${isScenario ? name.slice(0, -'.yaml'.length) : name}\`](../test/${file})`
  return isScenario ? link : `${link}, with processes that die`
}

const tableOf = (rows: readonly Row[]): string[] => [
  '| profile | bounds | states | cut | broken, with the steps there | may end |',
  '|---|---|---:|---:|---|---|',
  ...rows.flatMap(({ shown, fixed, defective }) => [
    `| ${line(shown, fixed, 'fixed')} |`,
    `| ${line(shown, defective, 'broken')} |`,
  ]),
  '',
]

const HEAD_OF_ADVICE = [
  'The workaround, followed:',
  '',
  '| what is done | profile | bounds | states | cut | broken, with the steps there | may end |',
  '|---|---|---|---:|---:|---|---|',
]

/** The workaround, where it was followed. */
function adviceOf(defect: string, rows: readonly Row<Followed>[]): string[] {
  const lines = rows.flatMap(({ shown, fixed, defective }) => {
    const first = `${shown.advice}: ${linkTo(`scenarios/${shown.scenario}.yaml`)}`
    return [
      `| ${first} | ${line(shown, fixed, 'fixed')} |`,
      `| | ${line(shown, defective, 'broken')} |`,
    ]
  })
  const played = PLAYED.filter((one) => one.defect === defect).map(
    ({ advice, why, live }) => `- Live only: ${advice}: ${linkTo(live)}; ${why}.`,
  )
  return [
    ...(lines.length > 0 ? [...HEAD_OF_ADVICE, ...lines, ''] : []),
    ...(played.length > 0 ? [...played, ''] : []),
  ]
}

const number = (value: number): string => value.toLocaleString('en-US')

function line(
  shown: Pick<Shown, 'bounds' | 'ends'>,
  checked: Checked,
  which: 'fixed' | 'broken',
): string {
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
  return cells.join(' | ')
}

const boundsText = (bounds: Bounds): string =>
  (Object.entries(bounds) as [keyof Bounds, number][])
    .filter(([, most]) => (most ?? 0) > 0)
    .map(([name, most]) => `${BOUND_FLAGS[name]} ${most}`)
    .join(', ')
