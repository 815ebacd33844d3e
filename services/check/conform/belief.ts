/**
 * What may be believed of an actor of which only states' names are written down: the set of
 * situations that it may be in.
 *
 * A belief begins with the machine's first situation and follows each event in every variant that
 * the machine could tell apart; those that do not end in the state that was written are dropped.
 * Of an actor that was there before the journal begins nothing is known but its name: it may be in
 * any situation of that name that could make a difference.
 */
import { partsOfProfile, type Running } from '../../../machines/parts.ts'
import { PHASES, PHASES_BACK } from '../../../machines/phases.ts'
import type { Profile } from '../../../machines/profile.ts'
import type { Ask, Kind } from '../../../machines/protocol.ts'
import { WITHDRAWALS_MAX } from '../../../machines/recipient.ts'
import { transfersMax } from '../../../machines/retry.ts'
import { type Moved, type Situation, transition } from '../../../machines/transition.ts'
import type { StateValue } from '../../../machines/wire.ts'
import { stateName } from '../../../machines/words.ts'

/**
 * Situations that one actor is followed in. With more, only its state's name is remembered, which
 * forgives more; the result says so.
 */
export const SITUATIONS_MAX = 256

/** A situation with the timers that are armed in it; null when that is not known. */
export interface Believed extends Situation {
  armed: readonly string[] | null
}

/** Null: nothing is known but, after the first step, the name. */
export type Belief = { situations: Believed[] } | { named: string | null }

export interface Variant {
  type: string
  [field: string]: unknown
}

/** One way in which an event may have been taken. */
export interface Taken {
  event: Variant
  moved: Omit<Moved, 'asked'>
  after: Believed
}

export interface Machines {
  running: Running
  profile: Profile
}

export const machinesOf = (profile: Profile): Machines => ({
  running: partsOfProfile(profile),
  profile,
})

/** Every way in which this kind of actor may take an event; those that change nothing are none. */
export function takes(
  { running }: Machines,
  kind: Kind,
  situations: readonly Believed[],
  variants: (situation: Situation) => Variant[],
): Taken[] {
  return situations.flatMap((before) =>
    variants(before).flatMap((event): Taken[] => {
      const moved = transition(running.machines[kind], before, event)
      if (!moved.handled && moved.asks.length === 0) return []
      return [{ event, moved, after: { ...moved, armed: armedAfter(before.armed, event, moved) } }]
    }),
  )
}

/** A timer that rang is disarmed; a replication timer stands for one of several. */
function armedAfter(
  before: readonly string[] | null,
  { type }: Variant,
  { asks }: Pick<Moved, 'asks'>,
): readonly string[] | null {
  if (before === null) return null
  const armed = new Set<string>(before)
  const rang = type.endsWith('.due') ? type.slice(0, -'.due'.length) : ''
  if (rang !== 'replication') armed.delete(rang)
  for (const ask of asks as Ask[]) {
    if ('arm' in ask) armed.add(ask.arm)
    else if ('disarm' in ask) armed.delete(ask.disarm)
  }
  return [...armed].sort()
}

/** The same situation once. */
export function distinct(all: readonly Believed[]): Believed[] {
  const byKey = new Map<string, Believed>()
  for (const { value, context, armed } of all) {
    const key = JSON.stringify([value, context, armed])
    if (!byKey.has(key)) byKey.set(key, { value, context, armed })
  }
  return [...byKey.values()]
}

export const namesOf = (situations: readonly Situation[]): string[] => [
  ...new Set(situations.map(({ value }) => stateName(value))),
]

/** What is known of where the event leads. */
export interface Ahead {
  closing?: number
  to?: string
}

/**
 * The situations that a belief stands for. Of what is only counted against a limit, or compared
 * with what comes, there are those below and at it: `ahead` says how many entries the event may
 * close, and where a move goes, at which it may hold.
 */
export function situationsOf(
  machines: Machines,
  kind: Kind,
  belief: Belief,
  ahead: Ahead = {},
): Believed[] {
  if ('situations' in belief) return belief.situations
  const { named } = belief
  const values = statesOf(machines, kind).filter(
    (value) => named === null || stateName(value) === named,
  )
  const contexts = contextsOf(machines, kind, ahead)
  return values.flatMap((value) => contexts.map((context) => ({ value, context, armed: null })))
}

function statesOf({ running }: Machines, kind: Kind): StateValue[] {
  return Object.entries(running.machines[kind].states).flatMap(([name, state]): StateValue[] => {
    const inner = Object.keys(state.states)
    return inner.length === 0 ? [name] : inner.map((one) => ({ [name]: one }))
  })
}

type Context = Record<string, unknown>

/** All combinations of these values. */
const combined = (values: Record<string, readonly unknown[]>): Context[] =>
  Object.entries(values).reduce<Context[]>(
    (all, [name, options]) =>
      all.flatMap((context) => options.map((value) => ({ ...context, [name]: value }))),
    [{}],
  )

const YES_NO = [false, true] as const
const STANDINGS = [undefined, 'deferred', 'discharged', 'failed'] as const
export const HOLDS: readonly (string | null)[] = [null, ...PHASES, ...PHASES_BACK]

function contextsOf({ profile }: Machines, kind: Kind, { closing = 0, to = '' }: Ahead): Context[] {
  switch (kind) {
    case 'message': {
      const open = [...new Set([0, closing, closing + 1])]
      return combined({ open, chunks: [0, 1], nullSender: YES_NO })
    }
    case 'recipient':
      return combined({
        attempts: [1],
        transfers: [0, transfersMax(profile)],
        tries: [0, WITHDRAWALS_MAX],
        unanswered: YES_NO,
        nudged: YES_NO,
        refused: YES_NO,
        remote: YES_NO,
      })
    case 'slot': {
      const pairs = combined({ 0: STANDINGS, 1: STANDINGS })
      const standing = pairs.map((pair) =>
        Object.fromEntries(Object.entries(pair).filter(([, stands]) => stands !== undefined)),
      )
      return combined({ size: [1, 2], standing, absorbed: [0] })
    }
    case 'move':
      return combined({
        holdAt: [null, to.split(' ')[0]],
        cancelled: YES_NO,
        tries: [0],
        copied: YES_NO,
      })
    default:
      return [{}]
  }
}
