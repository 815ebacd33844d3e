/**
 * A schedule that breaks an invariant, made small: first only what concerns the entry, then without
 * each step, recipient, fault, mailbox, server and wait that the violation does not need, until
 * nothing more can be left out.
 *
 * The order of what remains is never changed, and each smaller schedule is taken again in memory:
 * it has to break the same invariant of the same entry.
 */
import type { Violation } from '../judge.ts'
import { outcomesOf } from '../rehearsal.ts'
import type { Schedule } from '../schedule.ts'
import { concerning, leavesOut } from './leave-out.ts'
import { retake, type Script } from './retake.ts'

export type Wanted = Pick<Violation, 'invariant' | 'entry'>

export interface Shrunk {
  schedule: Schedule
  /** Schedules that were tried. */
  runs: number
}

/** Events that are spent on it. [ours; half a minute] */
const EVENTS_MAX = 1_500_000

/** Null when the schedule, taken in memory, does not break that invariant of that entry. */
export function shrink(schedule: Schedule, wanted: Wanted): Shrunk | null {
  const { site, mailboxes, steps } = schedule
  const attempt = attemptsAt(wanted)
  const whole = attempt.of({ site, mailboxes, steps })
  if (!whole) return null
  let best = attempt.of(concerning(whole, wanted)) ?? whole
  for (let before = -1; before !== weight(best); ) {
    before = weight(best)
    best = inPieces(best, attempt)
    for (const candidates of leavesOut) best = oneByOne(best, candidates, attempt)
  }
  return { schedule: toldOf(schedule, best, wanted, attempt.toRest), runs: attempt.runs() }
}

interface Attempt {
  /** What was really taken of a script, when it breaks the invariant; null when it does not. */
  of(script: Script): Script | null
  runs(): number
  /** The violation is one that only shows at rest. */
  readonly toRest: boolean
}

/** When enough has been tried, nothing is smaller any more. */
function attemptsAt(wanted: Wanted): Attempt {
  let runs = 0
  let events = 0
  let toRest: boolean | null = null
  let why: string | null = null
  const breaks = (script: Script, rests: boolean): Script | null => {
    const rehearsal = retake(script, { toRest: rests })
    runs += 1
    events += rehearsal.steps.length
    const found = rehearsal
      .judge()
      .violations.find(
        (one) =>
          one.invariant === wanted.invariant &&
          one.entry === wanted.entry &&
          (why === null || one.why === why),
      )
    if (!found) return null
    // An entry may have no holder for more than one reason.
    if (wanted.invariant === 'I8') why = found.why
    return { ...script, steps: rehearsal.steps }
  }
  return {
    get toRest() {
      return toRest === true
    },
    runs: () => runs,
    of(script) {
      if (events > EVENTS_MAX) return null
      if (toRest !== null) return breaks(script, toRest)
      const found = breaks(script, false)
      toRest = found === null
      return found ?? breaks(script, true)
    },
  }
}

/** How much there is to tell. */
function weight({ steps, mailboxes, site }: Script): number {
  let told = steps.length + mailboxes.length + site.servers.length
  for (const step of steps) {
    if (step.do === 'act') told += step.act.do === 'send' ? step.act.to.length : 0
    else if ((step.do !== 'take' && step.do !== 'ring') || step.stale || step.event.ordered)
      told += 1
  }
  told += mailboxes.filter(({ alternateRecipient }) => alternateRecipient).length
  return told + (steps.at(-1)?.at ?? 0) / 1e9
}

/** Without halves of its steps, then quarters, down to each by itself; from the end. */
function inPieces(best: Script, attempt: Attempt): Script {
  let kept = best
  for (let size = Math.ceil(kept.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let to = kept.steps.length; to > 0; ) {
      const from = Math.max(0, to - size)
      const steps = [...kept.steps.slice(0, from), ...kept.steps.slice(to)]
      const smaller = attempt.of({ ...kept, steps })
      if (smaller && smaller.steps.length < kept.steps.length) kept = smaller
      to = Math.min(from, kept.steps.length)
    }
  }
  return kept
}

function oneByOne(
  best: Script,
  candidates: (script: Script) => Iterable<Script>,
  attempt: Attempt,
): Script {
  for (let kept = best; ; ) {
    const before = weight(kept)
    let smaller: Script | null = null
    for (const one of candidates(kept)) {
      const found = attempt.of(one)
      if (!found || weight(found) >= before) continue
      smaller = found
      break
    }
    if (!smaller) return kept
    kept = smaller
  }
}

/** The same, with each step in words and how its entries ended. */
function toldOf(schedule: Schedule, script: Script, wanted: Wanted, toRest: boolean): Schedule {
  const rehearsal = retake(script, { isTold: true, toRest })
  return {
    ...schedule,
    site: script.site,
    mailboxes: script.mailboxes,
    steps: rehearsal.steps,
    outcomes: outcomesOf(rehearsal.judge()),
    violation: { invariant: wanted.invariant, entry: wanted.entry },
  }
}
