/**
 * What may be left out of a schedule, one thing at a time.
 */
import { OUTSIDE } from '../../../machines/wire.ts'
import type { Act } from '../acts.ts'
import type { ActStep, ScheduleStep } from '../schedule.ts'
import { renumbered } from './renumber.ts'
import type { Script } from './retake.ts'
import type { Wanted } from './shrink.ts'

type Candidates = (script: Script) => Iterable<Script>

/** Only the message of the entry, and what happens to the mailboxes that it can reach. */
export function concerning(script: Script, { entry }: Wanted): Script {
  const [first = '', second = ''] = entry.split(' ')
  const message = first.split('~')[0] as string
  const acts = script.steps.flatMap((step) => (step.do === 'act' ? [step.act] : []))
  const sent = acts.find((act) => act.do === 'send' && act.as === message)
  const named = sent?.do === 'send' ? [sent.from, ...sent.to, second] : [second]
  const reached = reach(script, acts, named)
  const moves = new Set(
    acts.flatMap((act) => (act.do === 'move' && reached.has(act.mailbox) ? [act.id] : [])),
  )
  const concerns = (act: Act): boolean => {
    if (act.do === 'send') return act.as === message
    if (act.do === 'cancel' || act.do === 'release') return moves.has(act.move)
    return reached.has(act.do === 'put' ? act.mailbox.alias : act.mailbox)
  }
  return {
    ...script,
    steps: script.steps.filter((step) => step.do !== 'act' || concerns(step.act)),
  }
}

/** Mailboxes that may be an alternate, or a list's member, of these, now or after an edit. */
function reach({ mailboxes }: Script, acts: Act[], named: string[]): Set<string> {
  const facts = [...mailboxes, ...acts.flatMap((act) => (act.do === 'put' ? [act.mailbox] : []))]
  const reached = new Set(named)
  for (let before = -1; before !== reached.size; ) {
    before = reached.size
    for (const { alias, alternateRecipient, list } of facts) {
      if (!reached.has(alias)) continue
      if (alternateRecipient) reached.add(alternateRecipient)
      for (const member of list?.members ?? []) reached.add(member)
    }
  }
  return reached
}

const without = <T>(all: readonly T[], i: number): T[] => all.filter((_, k) => k !== i)

const withStep = (script: Script, i: number, step: ScheduleStep): Script => ({
  ...script,
  steps: script.steps.map((one, k) => (k === i ? step : one)),
})

const withAct = (script: Script, i: number, act: Act): Script =>
  withStep(script, i, { ...(script.steps[i] as ActStep), act })

const withoutRecipient: Candidates = function* (script) {
  for (const [i, step] of script.steps.entries()) {
    if (step.do !== 'act' || step.act.do !== 'send' || step.act.to.length < 2) continue
    const { as, to } = step.act
    for (const k of to.keys()) {
      const fewer = withAct(script, i, { ...step.act, to: without(to, k) })
      yield { ...fewer, steps: renumbered(fewer.steps, as, k + 1) }
    }
  }
}

/** A fault that does not befall its step, or an order that is not given. */
const withoutFault: Candidates = function* (script) {
  for (const [i, step] of script.steps.entries()) {
    if (step.do === 'act') continue
    const { stale, event, ...rest } = step
    const { ordered, ...content } = event
    if (stale) yield withStep(script, i, { ...rest, event })
    if (ordered) yield withStep(script, i, { ...step, event: content })
    if (step.do !== 'take' && step.do !== 'ring') yield withStep(script, i, { ...step, do: 'take' })
  }
}

/** A move that does not hold needs nobody to let it go. */
const withoutHold: Candidates = function* (script) {
  for (const [i, step] of script.steps.entries()) {
    if (step.do !== 'act' || step.act.do !== 'move' || step.act.holdAt === undefined) continue
    const { holdAt: _, ...move } = step.act
    const free = withAct(script, i, move)
    const lets = (one: ScheduleStep): boolean =>
      one.do === 'act'
        ? one.act.do === 'release' && one.act.move === move.id
        : one.event.type === 'move.released' && one.event.to === `move/${move.id}`
    yield { ...free, steps: free.steps.filter((one) => !lets(one)) }
  }
}

/** A mailbox that nobody names any more, or one without its alternate recipient. */
const withoutMailbox: Candidates = function* (script) {
  const { mailboxes } = script
  const acts = JSON.stringify(script.steps.filter((step) => step.do === 'act'))
  const alternates = new Set(
    mailboxes.flatMap(({ alternateRecipient, list }) => [
      alternateRecipient,
      ...(list?.members ?? []),
    ]),
  )
  const isNamed = (alias: string) =>
    alias === OUTSIDE || acts.includes(`"${alias}"`) || alternates.has(alias)
  const unnamed = mailboxes.filter(({ alias }) => !isNamed(alias))
  if (unnamed.length > 1)
    yield { ...script, mailboxes: mailboxes.filter((m) => !unnamed.includes(m)) }
  for (const [i, { alias, alternateRecipient, ...rest }] of mailboxes.entries()) {
    if (!isNamed(alias)) yield { ...script, mailboxes: without(mailboxes, i) }
    if (!alternateRecipient) continue
    const { deliverToBoth: _, ...plain } = rest
    yield { ...script, mailboxes: mailboxes.map((m, k) => (k === i ? { alias, ...plain } : m)) }
  }
}

/** The first server is the home of what lies outside. */
const withoutServer: Candidates = function* (script) {
  const { site, mailboxes } = script
  const acts = script.steps.filter((step) => step.do === 'act')
  const text = JSON.stringify([acts, mailboxes])
  for (const [i, server] of site.servers.entries()) {
    if (i === 0 || text.includes(`"${server}"`)) continue
    yield { ...script, site: { ...site, servers: without(site.servers, i) } }
  }
}

/** All that happened at once, or what followed a wait without it. */
const withoutWait: Candidates = function* (script) {
  const { steps } = script
  if (steps.some(({ at }) => at > 0))
    yield { ...script, steps: steps.map((s) => ({ ...s, at: 0 })) }
  for (const [i, { at }] of steps.entries()) {
    const gap = at - (steps[i - 1]?.at ?? 0)
    if (gap <= 0) continue
    const sooner = steps.map((step, k) => (k < i ? step : { ...step, at: step.at - gap }))
    yield { ...script, steps: sooner }
  }
}

export const leavesOut: readonly Candidates[] = [
  withoutRecipient,
  withoutFault,
  withoutHold,
  withoutMailbox,
  withoutServer,
  withoutWait,
]
