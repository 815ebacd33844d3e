/**
 * A schedule taken again in memory though parts of it were left out: what is not there when its
 * turn comes is passed over, and what was really taken is written down.
 */
import type { MailboxFacts } from '../../../machines/site.ts'
import type { MailEvent, SiteFacts } from '../../../machines/wire.ts'
import { Rehearsal } from '../rehearsal.ts'
import type { Content, ScheduleStep, TakeStep } from '../schedule.ts'

/** What a run of a schedule depends on. */
export interface Script {
  site: SiteFacts
  mailboxes: MailboxFacts[]
  steps: ScheduleStep[]
}

export interface RetakeOptions {
  /** Each step in words. */
  isTold?: boolean
  /** Whatever is left is taken too, until nothing is under way and no timer armed. */
  toRest?: boolean
}

/** What is left at the end of a script comes to rest in fewer steps, or never. [ours] */
const REST_MAX = 2_000

export function retake(script: Script, { isTold, toRest }: RetakeOptions = {}): Rehearsal {
  const rehearsal = new Rehearsal(script.site, script.mailboxes, isTold === true)
  for (const step of script.steps) {
    rehearsal.at = Math.max(rehearsal.at, step.at)
    if (step.do === 'act') rehearsal.act(step.act)
    else takeIfThere(rehearsal, step)
  }
  if (toRest) rest(rehearsal)
  return rehearsal
}

function takeIfThere(rehearsal: Rehearsal, { do: how, event: content, stale }: TakeStep): void {
  const event =
    how === 'ring' || content.timer ? rehearsal.alarm(content) : match(rehearsal, content)
  if (!event) return
  if (event.timer) rehearsal.at = Math.max(rehearsal.at, event.due as number)
  const { ordered } = content
  rehearsal.take(event, {
    do: how,
    ...(ordered ? { ordered } : {}),
    ...(stale ? { stale } : {}),
  })
}

/** The event under way that is most like the one in the schedule; null when none is about it. */
function match(rehearsal: Rehearsal, content: Content): MailEvent | null {
  const found = rehearsal.underWay(content.to, content.type)
  const about = aboutOf(content)
  const nth = nthOf(content)
  const like = found.filter((event) => aboutOf(event) === about)
  return like.find((event) => nthOf(event) === nth) ?? like[0] ?? null
}

/** What an event is about, whatever else it carries. */
const aboutOf = ({ entry, from, move, record }: Content): string =>
  `${entry} ${from} ${move?.id} ${record?.alias}`

/** Which of several about one thing it is. */
const nthOf = ({ attempt, page, version, record, item, keys, request }: Content): string =>
  `${attempt} ${page} ${version ?? record?.version} ${item?.key} ${keys} ${request}`

function rest(rehearsal: Rehearsal): void {
  for (let left = REST_MAX; left > 0; left--) {
    const [event] = rehearsal.all()
    if (event) rehearsal.take(event, { do: 'take' })
    else if (!ringFirst(rehearsal)) return
  }
}

function ringFirst(rehearsal: Rehearsal): boolean {
  let first: { name: string; due: number } | null = null
  for (const [name, due] of rehearsal.timers) if (!first || due < first.due) first = { name, due }
  if (!first) return false
  const [to = '', timer = '', key = ''] = first.name.split('|')
  const of = key === '' ? {} : { version: Number(key) }
  const event = rehearsal.alarm({ to, timer: timer as NonNullable<MailEvent['timer']>, ...of })
  if (!event) return false
  rehearsal.at = Math.max(rehearsal.at, first.due)
  rehearsal.take(event, { do: 'ring' })
  return true
}
