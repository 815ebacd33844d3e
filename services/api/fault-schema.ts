/**
 * The shape of a fault rule, and the checks that keep it unambiguous: `do` says exactly one thing,
 * and `when` at most one. As objects with optional members, not unions: a wrong member is then
 * named.
 */

import { type Static, Type } from 'typebox'
import type { Kind } from '../../machines/protocol.ts'
import { type Problem, problem } from '../errors.ts'
import { DEATH_POINTS, type FaultSpec } from '../runtime/views-of-driving.ts'
import { durationMs } from './duration.ts'
import { Duration } from './duration-schema.ts'
import { moveMembers } from './moves.ts'
import { oneOf, strict, Word } from './schema.ts'

/** Of actors (machines/protocol.ts). */
const KINDS: Kind[] = ['message', 'recipient', 'slot', 'mailbox', 'move', 'directory']

const yes = Type.Optional(Type.Literal(true))
const word = Type.Optional(Word)
const moment = Type.Optional(
  Type.Union([Type.String(), Type.Number()], {
    description: 'Site time, ISO 8601 or milliseconds since the epoch.',
  }),
)

const Match = strict(
  {
    event: word,
    kind: Type.Optional(oneOf<string[]>(KINDS)),
    server: word,
    mailbox: word,
    message: word,
    recipient: word,
    phase: word,
    attempt: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { title: 'FaultMatch', description: 'All that are given must match; none: every event does.' },
)

const whenMembers = {
  nth: Type.Optional(Type.Integer({ minimum: 1 })),
  first: Type.Optional(Type.Integer({ minimum: 1 })),
  probability: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  seed: Type.Optional(Type.Integer({ description: 'With `probability`.' })),
  rate: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, description: 'At most so many a second of site time.' }),
  ),
  from: moment,
  until: moment,
}

const When = Type.Union([Type.Literal('always'), strict(whenMembers)], {
  title: 'FaultWhen',
  description: '`always`, or one of `nth`, `first`, `probability` and `seed`, `rate`, a time span.',
})

const code = Type.Integer({ minimum: 0, description: 'X.400.' })

const doMembers = {
  hold: yes,
  move: Type.Optional(strict(moveMembers)),
  holdUntil: word,
  defer: Type.Optional(
    Type.Literal(true, {
      description:
        'The store puts the offer off, the next MTA the transfer (`copy.transferred`), or the ' +
        'MTA has no session for its store (`mail.submitted`).',
    }),
  ),
  refuse: Type.Optional(strict({ reason: code, diagnostic: code })),
  delayMs: Type.Optional(Type.Number({ minimum: 0 })),
  loseReply: yes,
  readStale: yes,
  die: Type.Optional(
    oneOf([...DEATH_POINTS], {
      description:
        "The worker's process is killed there: the step is made and not committed; committed, " +
        'and nothing has left; its first job has left; all have left, and its own is not done. ' +
        'The event comes again. Once an event.',
    }),
  ),
  again: Type.Optional(
    Type.Literal(true, {
      description: 'The step is committed, and the event is taken once more. Once an event.',
    }),
  ),
}

const about = {
  title: 'FaultDo',
  description: 'One of `hold`, `move` with `holdUntil`, `defer`, `refuse`, `delay`, …',
}

export const NewFault = strict(
  {
    match: Type.Optional(Match),
    when: Type.Optional(When),
    do: strict({ ...doMembers, delay: Type.Optional(Duration) }, about),
  },
  {
    title: 'NewFault',
    examples: [
      { match: { event: 'mail.offered', mailbox: 'anna' }, when: { nth: 1 }, do: { defer: true } },
    ],
  },
)

export const Fault = Type.Object(
  {
    id: Type.String(),
    match: Type.Optional(Match),
    when: Type.Optional(When),
    do: Type.Object(doMembers),
    hits: Type.Integer({ description: 'Events that it was applied to.' }),
    holding: Type.Array(Type.String(), { description: 'Events that it holds now.' }),
  },
  { title: 'Fault' },
)

type Body = Static<typeof NewFault>

/** The rule, or what is ambiguous in it. */
export function faultOf(body: Body): FaultSpec {
  return {
    ...(body.match && { match: body.match }),
    ...(body.when && { when: whenOf(body.when) }),
    do: doOf(body.do),
  }
}

type When = NonNullable<FaultSpec['when']>

function whenOf(when: NonNullable<Body['when']>): When {
  if (when === 'always') return when
  const { seed = 0, from, until, ...counts } = when
  const kinds = Object.keys(counts).length + (from !== undefined || until !== undefined ? 1 : 0)
  if (kinds !== 1) throw ambiguous('when', `has ${kinds} kinds of condition`)
  if (when.seed !== undefined && when.probability === undefined) {
    throw ambiguous('when', 'has a "seed" without a "probability"')
  }
  if (counts.nth !== undefined) return { nth: counts.nth }
  if (counts.first !== undefined) return { first: counts.first }
  if (counts.rate !== undefined) return { rate: counts.rate }
  if (counts.probability !== undefined) return { probability: counts.probability, seed }
  return { ...(from !== undefined && { from }), ...(until !== undefined && { until }) }
}

function doOf(body: Body['do']): FaultSpec['do'] {
  const { holdUntil, ...kinds } = body
  const given = Object.keys(kinds)
  if (given.length !== 1) throw ambiguous('do', `says ${given.length} things: ${given.join(', ')}`)
  if ((body.move === undefined) !== (holdUntil === undefined)) {
    throw ambiguous('do', 'has one of "move" and "holdUntil", which go together')
  }
  if (body.move && holdUntil !== undefined) return { move: body.move, holdUntil }
  if (body.refuse) return { refuse: body.refuse }
  if (body.delay !== undefined) return { delayMs: durationMs(body.delay, 'do/delay') }
  if (body.delayMs !== undefined) return { delayMs: durationMs(body.delayMs, 'do/delayMs') }
  if (body.hold) return { hold: true }
  if (body.defer) return { defer: true }
  if (body.again) return { again: true }
  if (body.die) return { die: body.die }
  return body.loseReply ? { loseReply: true } : { readStale: true }
}

function ambiguous(member: string, what: string): Problem {
  const errors = [{ path: `/${member}`, message: `${what}; exactly one is needed` }]
  return problem('bad-request', `"${member}" ${what}; exactly one is needed`, { errors })
}
