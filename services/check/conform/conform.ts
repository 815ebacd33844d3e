/**
 * Whether a journal is one that the machines allow: every transition, in an order that the search
 * could have taken.
 *
 * Each step is explained by what its actors may be in (`explain.ts`), its event by who sent it
 * (`order.ts`); positions grow, an actor's site time does not run backward, and at the end each
 * actor has changed as often as its site says. Shards of one site have no order among themselves:
 * what is not sent yet in another shard is looked for again at the end.
 *
 * The machines are those of the profile that the site had at each step, as its history has it.
 *
 * A journal that was trimmed begins at a checkpoint: of actors that were there before, only what
 * their steps show is known.
 */
import {
  type Address,
  type EventType,
  kindOf,
  partsOf,
  type Timer,
} from '../../../machines/protocol.ts'
import { compareIds } from '../../runtime/journal.ts'
import type { Bundle, BundleStep } from '../../runtime/views-of-bundle.ts'
import { profileAt } from '../profiles.ts'
import { machinesOf, SITUATIONS_MAX } from './belief.ts'
import { explain } from './explain.ts'
import { Contradiction, type Followed, type Seen, type Send, type Share } from './followed.ts'
import { checkOutside, checkTimer, contradiction, knownFrom, senderOf, sourceOf } from './order.ts'
import { begin, follow, type Run } from './run.ts'
import { checkWords } from './spoken.ts'
import { ADDRESSED } from './variants.ts'

/** Workers read clocks of their own: in real time, two of them may lie this far apart. */
export const CLOCKS_APART_MS = 1_000

export interface Failure {
  /** Which step of the journal, from 1; the one after the last stands for its end. */
  line: number
  position: string
  actor: string
  event: string
  from: string
  to: string
  text: string
}

export interface Verdict {
  conforms: boolean
  /** Steps that conform, all of them or those before the first that does not. */
  steps: number
  of: number
  actors: number
  /** Where a trimmed journal begins, and how many of its actors were there before. */
  checkpoint: { position: string; actors: number } | null
  /** Actors that might have been in more situations than are followed. */
  widened: string[]
  failure: Failure | null
}

export function conform(bundle: Bundle, situationsMax = SITUATIONS_MAX): Verdict {
  const run = begin(bundle, situationsMax)
  const { steps, trimmed } = bundle.journal
  const failure = firstFailure(run)
  return {
    conforms: failure === null,
    steps: failure ? failure.line - 1 : steps.length,
    of: steps.length,
    actors: run.actors.size,
    checkpoint: trimmed ? { position: steps[0]?.p ?? 'its end', actors: run.older.size } : null,
    widened: [...run.widened],
    failure,
  }
}

function firstFailure(run: Run): Failure | null {
  const { steps } = run.bundle.journal
  let { profile } = run.machines
  for (const [i, step] of steps.entries()) {
    const now = profileAt(run.bundle, step)
    if (now !== profile) run.machines = machinesOf(now)
    profile = now
    const failure = attempt(step, i + 1, () => take(run, step, i + 1))
    if (failure) return failure
  }
  for (const { line, step, source } of run.later) {
    const failure = attempt(step, line, () => void senderOf(run, step, source, () => false))
    if (failure) return failure
  }
  return differentEnd(run)
}

function attempt(step: BundleStep, line: number, check: () => void): Failure | null {
  try {
    check()
    return null
  } catch (error) {
    if (!(error instanceof Contradiction)) throw error
    const { actor, from, to, message: text } = error
    return { line, position: step.p, actor, event: step.y, from, to, text }
  }
}

function take(run: Run, step: BundleStep, line: number): void {
  const shard = placed(run, step)
  if (!ADDRESSED[kindOf(step.t)]?.has(step.y)) {
    throw contradiction(step.t, `${step.y} is no event that it could be sent`)
  }
  const before = run.consumed.get(step.i)
  const now = `${step.y} for ${step.t}`
  if (before !== undefined && before !== now) {
    throw contradiction(step.t, `the event ${step.i} was ${before} before, and is now ${now}`)
  }
  run.consumed.set(step.i, now)
  for (const [address] of step.s) inItsTime(run, address, step, shard)
  run.submissions.check(step)
  checkWords(step)
  const { seen, sender } = sourced(run, step, line, shard)
  const shares = explain(run, seen)
  // A list has no store in which it is made: it begins with its entry.
  const written = step.e?.record
  if (seen.type === 'entry.written' && written?.version === 1) run.made.add(written.alias)
  for (const share of shares) follow(run, share, step, shard)
  const { type, move } = seen
  const sends = distinctSends(shares)
  const mine = run.actors.get(step.t) as Followed
  if (sends.length > 0) {
    mine.sent.set(mine.changes, { by: step.t, sends, event: type, sender, move })
  }
  if (type === 'mailbox.created') run.made.add(partsOf(step.t)[1] as string)
}

/** The shard of the step, whose positions grow. */
function placed({ positions, bundle }: Run, { p, t }: BundleStep): number {
  const [, number, id] = /^(\d+):(\d+-\d+)$/.exec(p) ?? []
  const shard = Number(number)
  if (id === undefined || shard >= bundle.journal.shards) {
    throw contradiction(t, `"${p}" is no position in this journal`)
  }
  const last = positions.get(shard)
  if (last !== undefined && compareIds(id, last) <= 0) {
    throw contradiction(t, `the position ${p} does not come after ${shard}:${last}`)
  }
  positions.set(shard, id)
  return shard
}

function inItsTime({ actors, bundle }: Run, address: Address, { a }: BundleStep, shard: number) {
  const followed = actors.get(address)
  if (!followed) return
  if (followed.shard !== shard) {
    throw contradiction(address, `it changes in shard ${shard}, and lies in ${followed.shard}`)
  }
  const apart = CLOCKS_APART_MS * Math.max(1, bundle.clock.scale)
  if (a >= followed.at - apart) return
  const [now, was] = [a, followed.at].map((at) => new Date(at).toISOString())
  throw contradiction(address, `its site time runs backward, from ${was} to ${now}`)
}

/** What is known of the event by where it comes from, and who sent it. */
function sourced(
  run: Run,
  step: BundleStep,
  line: number,
  shard: number,
): { seen: Seen; sender: Address | null } {
  const source = sourceOf(step.i)
  const seen: Seen = { step, type: step.y as EventType, timer: null, known: {}, move: null }
  if (source === null) throw contradiction(step.t, `"${step.i}" is no id of an event`)
  if (source.by === 'outside') {
    checkOutside(step)
    return { seen, sender: null }
  }
  if (source.by === 'timer') {
    checkTimer(step, source)
    return { seen: { ...seen, timer: source.timer as Timer }, sender: null }
  }
  const isApart = (sender: Address) =>
    run.bundle.journal.shards > 1 && run.actors.get(sender)?.shard !== shard
  const sent = senderOf(run, step, source, isApart)
  if (sent === 'later') run.later.push({ line, step, source })
  const known = sent === null || sent === 'later' ? {} : knownFrom(sent)
  const { sender } = source
  const passed = sent === null || sent === 'later' ? null : sent.move
  const move = kindOf(sender) === 'move' ? sender : passed
  return { seen: { ...seen, known, move }, sender }
}

/** Said within a copy, and over with the step. */
const WITHIN: ReadonlySet<string> = new Set(['message', 'slot', 'entries'])

function distinctSends(shares: readonly Share[]): Send[] {
  const byKey = new Map<string, Send>()
  for (const { sends } of shares) {
    for (const send of sends) {
      if (!WITHIN.has(send.role)) byKey.set(`${send.type} ${send.role}`, send)
    }
  }
  return [...byKey.values()]
}

/** Each actor has changed as often as its site says, and is in the state that it says. */
function differentEnd({ actors, bundle }: Run): Failure | null {
  const line = bundle.journal.steps.length + 1
  const end = { line, position: 'its end', event: '' }
  for (const [actor, [version, state]] of Object.entries(bundle.actors)) {
    const followed = actors.get(actor)
    const from = followed?.state ?? 'not there'
    const failure = { ...end, actor, from, to: state }
    if (!followed) return { ...failure, text: 'the site has it, and the journal never names it' }
    const { bases, changes } = followed
    if (bases !== null && !bases.some((base) => base + changes === version)) {
      const text = `by the journal it is in version ${Math.max(...bases) + changes}`
      return { ...failure, text: `${text}, by its site in ${version}: a step is missing` }
    }
    if (from !== state) return { ...failure, text: `its site says that it is ${state}` }
  }
  return null
}
