/**
 * A failing run made small: first only what concerns the entry, then without each act, recipient,
 * fault, mailbox and server that the violation does not need, until nothing more can be left out.
 *
 * What is left out may change what comes when, so a smaller course that does not fail under its own
 * seed is tried under others. It has to break the same invariant, of whichever entry.
 */
import { OUTSIDE } from '../../../machines/wire.ts'
import type { Act } from '../acts.ts'
import type { Violation } from '../judge.ts'
import type { FaultKind } from './faults.ts'
import { type Result, run } from './run.ts'
import type { Course } from './world.ts'

export interface Shrunk {
  course: Course
  result: Result
  violation: Violation
  /** Runs that it took. */
  runs: number
}

/** Orders that are tried for a course that is much smaller, and for one that is a little. [ours] */
const ORDERS_FIRST = 400
const ORDERS_EACH = 40
/** Orders that are tried for the shortest at the end. */
const ORDERS_LAST = 200
/** Events that are spent on it. [ours; half a minute] */
const EVENTS_MAX = 600_000

export function shrink(course: Course, failed: Result, violation: Violation): Shrunk | null {
  const attempt = attempts(violation)
  const same = withFaults(course, failed)
  const first = attempt.of(concerning(same, violation), ORDERS_FIRST)
  const whole = first ? null : (attempt.of(same, 1) ?? attempt.of(course, 1))
  let best = first ?? (whole && halved(whole, attempt))
  if (!best) return null
  for (let before = -1; before !== weight(best.course); ) {
    before = weight(best.course)
    for (const candidates of [
      withoutAct,
      withoutRecipient,
      withoutFault,
      withoutMailbox,
      plainer,
    ]) {
      best = leaveOut(best, candidates, attempt)
    }
  }
  return shortest(best, attempt)
}

interface Attempt {
  of(course: Course, orders: number): Shrunk | null
}

/**
 * Runs a course under its own seed, then under others, until the invariant is broken. When enough
 * has been tried, nothing is smaller any more.
 */
function attempts(wanted: Violation): Attempt {
  let runs = 0
  let events = 0
  return {
    of(course, orders) {
      for (let i = 0; i < orders && events < EVENTS_MAX; i++) {
        const tried = i === 0 ? course : { ...course, seed: i }
        const result = run(tried)
        runs += 1
        events += result.events
        const violation = result.violations.find((one) => isLike(one, wanted))
        if (violation) return { course: tried, result, violation, runs }
      }
      return null
    },
  }
}

const isLike = (one: Violation, wanted: Violation): boolean =>
  one.invariant === wanted.invariant && (one.why === wanted.why || wanted.invariant !== 'I8')

/** Exactly the faults that happened, so that each can be left out. */
const withFaults = (course: Course, { hits }: Result): Course => ({
  ...course,
  faults: new Map(hits.map(({ key, kind }): [string, FaultKind] => [key, kind])),
  faultsUntil: Number.POSITIVE_INFINITY,
})

/** How much there is to tell. */
function weight({ acts, before, mailboxes, site, faults }: Course): number {
  const recipients = acts.reduce((sum, { act }) => sum + (act.do === 'send' ? act.to.length : 1), 0)
  const alternates = mailboxes.filter(({ alternateRecipient }) => alternateRecipient).length
  const faulty = faults instanceof Map ? faults.size : 0
  const told = acts.length + before.length + recipients + mailboxes.length + alternates
  return told + site.servers.length + faulty
}

/** Only the message of the entry, and what happens to the mailboxes that it can reach. */
function concerning(course: Course, { entry }: Violation): Course {
  const [first = '', second = ''] = entry.split(' ')
  const message = first.split('~')[0] as string
  const sent = course.acts.find(({ act }) => act.do === 'send' && act.as === message)?.act
  const named = sent?.do === 'send' ? [sent.from, ...sent.to, second] : [second]
  const reached = reach(course, named)
  const moves = new Set(
    course.acts.flatMap(({ act }) =>
      act.do === 'move' && reached.has(act.mailbox) ? [act.id] : [],
    ),
  )
  const concerns = (act: Act): boolean => {
    if (act.do === 'send') return act.as === message
    if (act.do === 'cancel') return moves.has(act.move)
    if (act.do === 'put') return reached.has(act.mailbox.alias)
    return reached.has(act.mailbox) && (act.do !== 'remove' || act.message === message)
  }
  const faults = course.faults instanceof Map ? course.faults : new Map()
  return {
    ...course,
    acts: course.acts.filter(({ act }) => concerns(act)),
    mailboxes: course.mailboxes.filter(({ alias }) => reached.has(alias)),
    faults: new Map([...faults].filter(([key]) => isAbout(key, message, reached, moves))),
  }
}

/** Mailboxes, their alternates, and the alternates that they are given. */
function reach({ mailboxes, acts }: Course, from: string[]): Set<string> {
  const reached = new Set(from)
  const edited = acts.flatMap(({ act }) => (act.do === 'put' ? [act.mailbox] : []))
  for (let before = 0; before !== reached.size; ) {
    before = reached.size
    for (const { alias, alternateRecipient } of [...mailboxes, ...edited]) {
      if (reached.has(alias) && alternateRecipient) reached.add(alternateRecipient)
    }
  }
  return reached
}

function isAbout(
  key: string,
  message: string,
  mailboxes: ReadonlySet<string>,
  moves: ReadonlySet<string>,
): boolean {
  const [kind, first = '', second = ''] = (key.split(' ')[0] as string).split('/')
  if (kind === 'move') return moves.has(first)
  if (kind === 'mailbox' || kind === 'directory') return mailboxes.has(second)
  return first.split('~')[0] === message
}

/** When it needs more than what concerns the entry: halves of the acts, then quarters. */
function halved(best: Shrunk, attempt: Attempt): Shrunk {
  let kept = best
  for (let size = Math.ceil(kept.course.acts.length / 2); size > 1; size = Math.ceil(size / 2)) {
    for (let from = 0; from < kept.course.acts.length; ) {
      const acts = kept.course.acts.filter((_, i) => i < from || i >= from + size)
      const smaller = attempt.of({ ...kept.course, acts }, 1)
      if (smaller) kept = smaller
      else from += size
    }
    if (size === 2) break
  }
  return kept
}

/** Courses that leave out one thing each. */
type Candidates = (course: Course) => Course[]

function leaveOut(best: Shrunk, candidates: Candidates, attempt: Attempt): Shrunk {
  let kept = best
  for (let i = 0; ; ) {
    const one = candidates(kept.course)[i]
    if (!one) return kept
    const smaller = attempt.of(one, ORDERS_EACH)
    if (smaller) kept = smaller
    else i += 1
  }
}

const without = <T>(all: readonly T[], i: number): T[] => all.filter((_, k) => k !== i)

const withoutAct: Candidates = (course) =>
  course.acts.map((_, i) => ({ ...course, acts: without(course.acts, i) }))

const withoutRecipient: Candidates = (course) =>
  course.acts.flatMap(({ at, act }, i) => {
    if (act.do !== 'send' || act.to.length < 2) return []
    return act.to.map((_, k) => {
      const acts = [...course.acts]
      acts[i] = { at, act: { ...act, to: without(act.to, k) } }
      return { ...course, acts }
    })
  })

function withoutFault(course: Course): Course[] {
  if (!(course.faults instanceof Map)) return []
  const all = [...course.faults]
  const none = all.length > 1 ? [{ ...course, faults: new Map() }] : []
  return [...none, ...all.map((_, i) => ({ ...course, faults: new Map(without(all, i)) }))]
}

/** A mailbox that nobody names any more, or one without its alternate recipient. */
const withoutMailbox: Candidates = (course) => [
  ...course.mailboxes.flatMap(({ alias }, i) =>
    isNamed(course, alias) ? [] : [{ ...course, mailboxes: without(course.mailboxes, i) }],
  ),
  ...course.mailboxes.flatMap((mailbox, i) => {
    if (!mailbox.alternateRecipient) return []
    const mailboxes = [...course.mailboxes]
    mailboxes[i] = { alias: mailbox.alias, server: mailbox.server }
    return [{ ...course, mailboxes }]
  }),
]

function isNamed({ acts, before, mailboxes }: Course, alias: string): boolean {
  const text = JSON.stringify([acts, before])
  return (
    alias === OUTSIDE ||
    text.includes(`"${alias}"`) ||
    mailboxes.some(({ alternateRecipient }) => alternateRecipient === alias)
  )
}

/** Without servers that nobody is on, and with the first act at once. */
function plainer(course: Course): Course[] {
  const { site, acts, mailboxes } = course
  const text = JSON.stringify([acts, course.before, mailboxes])
  const servers = site.servers.flatMap((server) =>
    text.includes(`"${server}"`) ? [] : [site.servers.filter((other) => other !== server)],
  )
  const first = Math.min(...acts.map(({ at }) => at))
  const sooner = { ...course, acts: acts.map(({ at, act }) => ({ at: at - first, act })) }
  return [
    ...servers
      .filter((left) => left.length > 0)
      .map((left) => ({ ...course, site: { ...site, servers: left } })),
    ...(first > 0 && Number.isFinite(first) ? [sooner] : []),
  ]
}

/** The same course in the order that is told soonest. */
function shortest(best: Shrunk, attempt: Attempt): Shrunk {
  let kept = best
  for (let seed = 1; seed <= ORDERS_LAST; seed++) {
    const other = attempt.of({ ...best.course, seed }, 1)
    if (other && other.result.events < kept.result.events) kept = other
  }
  return kept
}
