/**
 * A run written down as a schedule, step by step, that any driver can take.
 */
import type { MailEvent } from '../../../machines/wire.ts'
import { tell, who } from '../../../machines/words.ts'
import { sayAct } from '../acts.ts'
import { labelOf, type Violation } from '../judge.ts'
import { machinesDigest } from '../machines-digest.ts'
import type { Content, Schedule, ScheduleStep } from '../schedule.ts'
import { run } from './run.ts'
import type { Course, Taken } from './world.ts'

export function scheduleOf(course: Course, scenario: string, violation?: Violation): Schedule {
  const steps: ScheduleStep[] = []
  const { ends } = run(course, {
    act: (at, act) => steps.push({ at, text: sayAct(act), do: 'act', act }),
    took: (at, taken) => steps.push(stepOf(at, taken)),
  })
  const outcomes = Object.fromEntries(ends.map((leaf) => [labelOf(leaf), leaf.outcome]))
  return {
    v: 1,
    machines: machinesDigest(),
    scenario,
    profile: course.site.profile.name,
    site: course.site,
    mailboxes: course.mailboxes,
    steps,
    outcomes,
    ...(violation ? { violation: { invariant: violation.invariant, entry: violation.entry } } : {}),
  }
}

function stepOf(at: number, { event, loaded, stepped, fault }: Taken): ScheduleStep {
  const told = tell(stepped)
  const actor = stepped.actors.get(event.to) ?? loaded.actors.get(event.to)
  const nothing = `${who(event.to, actor)}: ${event.type}, seen before or too late`
  const said = told.length > 0 ? told.join('; ') : nothing
  const befell = fault === null ? '' : ` [${FAULTS[fault]}]`
  const text = `${said}${befell}`
  const content = contentOf(event)
  if (fault === 'lose reply') return { at, text, do: 'take and lose', event: content }
  if (fault === 'crash') return { at, text, do: 'take and die', event: content }
  return { at, text, do: event.timer ? 'ring' : 'take', event: content }
}

const FAULTS = {
  defer: 'ordered to defer',
  refuse: 'ordered to refuse',
  'lose reply': 'the reply is lost',
  delay: 'delayed',
  'read stale': 'the cache is believed however old',
  crash: 'the worker dies: the event comes again',
} as const

const contentOf = ({ id: _id, at: _at, ...content }: MailEvent): Content => content
