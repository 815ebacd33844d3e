/**
 * A run written down as a schedule, step by step, that any driver can take.
 */
import type { MailEvent } from '../../../machines/wire.ts'
import { sayAct } from '../acts.ts'
import { labelOf, type Violation } from '../judge.ts'
import { machinesDigest } from '../machines-digest.ts'
import { sayTaken } from '../say.ts'
import type { Content, Schedule, ScheduleStep, Taking } from '../schedule.ts'
import type { FaultKind } from './faults.ts'
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
  const how = HOW[fault ?? 'none'] ?? (event.timer ? 'ring' : 'take')
  const stale = fault === 'read stale'
  return {
    at,
    text: sayTaken(loaded, stepped, how, stale),
    do: how,
    event: contentOf(event),
    ...(stale ? { stale } : {}),
  }
}

const HOW: { [kind in FaultKind | 'none']?: Taking } = {
  'lose reply': 'take and lose',
  crash: 'take and die',
}

const contentOf = ({ id: _id, at: _at, ...content }: MailEvent): Content => content
