/** What a search found, for a person. */
import { BOUND_FLAGS, type Bounds } from './bounds.ts'
import { type Checked, INVARIANTS, type Told } from './check.ts'
import type { Progress } from './search.ts'

const number = (value: number): string => value.toLocaleString('en-US')

const boundsText = (bounds: Bounds): string =>
  (Object.entries(BOUND_FLAGS) as [keyof Bounds, string][])
    .filter(([name]) => bounds[name] !== undefined)
    .map(([name, flag]) => `--${flag} ${bounds[name]}`)
    .join(' ')

export const progressText = ({ states, queue, depth, seconds }: Progress): string =>
  `${number(states)} states, ${number(queue)} to look at, depth ${depth}, ` +
  `${number(Math.round(states / seconds))} states/s`

export function render(checked: Checked): string {
  const lines = [
    `${checked.scenario} under ${checked.profile}`,
    `  within ${boundsText(checked.bounds)}`,
    '',
    `  states       ${number(checked.states)}, of which ${number(checked.rests)} are at rest`,
    `  transitions  ${number(checked.transitions)}`,
    `  depth        ${checked.depth}`,
    `  seconds      ${checked.seconds.toFixed(2)} (${number(checked.statesPerSecond)} states/s)`,
    `  bytes/state  ${checked.bytesPerState}`,
    `  reduced      ${number(checked.reduced)} states, where what cannot meet waits its turn`,
    `  cut off      ${number(checked.cutOff)} states, where a bound left something out;`,
    `               ${onlyBy(checked)} ${number(checked.unknown)} are known to reach rest`,
    '',
    '  at rest an entry may be',
    ...outcomes(checked),
    '',
    ...INVARIANTS.map((invariant) => verdict(invariant, checked)),
    ...(checked.ended === null ? [] : ['', `  ended early: ${checked.ended}`]),
    ...checked.violations.flatMap((violation) => ['', ...told(violation)]),
  ]
  return `${lines.join('\n')}\n`
}

/** By way of what a state may come to rest that is not known to by another way. */
const onlyBy = ({ ended }: Checked): string =>
  ended === null ? 'by way of them only' : 'by way of them, or of what was not seen, only'

function outcomes({ outcomes: all }: Checked): string[] {
  const width = Math.max(0, ...Object.keys(all).map((entry) => entry.length))
  return Object.entries(all).map(
    ([entry, ends]) => `    ${entry.padEnd(width)}  ${ends.join(', ')}`,
  )
}

function verdict(invariant: string, { violations, ended, states }: Checked): string {
  const broken = violations.filter((one) => one.invariant === invariant)
  if (broken.length > 0) {
    return `  ${invariant}  BROKEN for ${broken.map(({ entry }) => entry).join(', ')}`
  }
  return ended === null
    ? `  ${invariant}  holds in all ${number(states)} states`
    : `  ${invariant}  holds in the ${number(states)} states that were seen`
}

/** Milliseconds of site time as `10:00.000` minutes. */
function clockText(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  return `${minutes}:${((ms % 60_000) / 1_000).toFixed(3).padStart(6, '0')}`
}

function told({ invariant, entry, why, schedule, shortest }: Told): string[] {
  const { steps } = schedule
  const width = `${steps.length}`.length
  return [
    `  ${invariant} is broken for ${entry}: ${why}. ${shortest ? 'The shortest' : 'A'} way there:`,
    '',
    ...steps.map(
      ({ at, text }, i) => `  ${`${i + 1}`.padStart(width + 2)}. ${clockText(at)}  ${text}`,
    ),
  ]
}

/** For `--json`: the way as steps, and the schedule beside it. */
export const jsonOf = (checked: Checked) => ({
  ...checked,
  violations: checked.violations.map(({ schedule, ...violation }) => ({
    ...violation,
    steps: schedule.steps.map((step) => {
      if (step.do === 'act')
        return { at: step.at, actor: 'person', event: step.act.do, text: step.text }
      return { at: step.at, actor: step.event.to, event: step.event.type, text: step.text }
    }),
    schedule,
  })),
})
