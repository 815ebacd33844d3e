/**
 * One step of a journal, explained: for each actor that it changed, the situations in which it then
 * may be, all of them reached by the machines from where it was.
 *
 * Here the actors that have nobody within their steps: mailboxes, moves, replicas. What a copy, its
 * entries and its report slots do among themselves in one step is in `within.ts`.
 */
import { kindOf } from '../../../machines/protocol.ts'
import { initial, transition } from '../../../machines/transition.ts'
import { stateName } from '../../../machines/words.ts'
import { type Believed, HOLDS, situationsOf, takes } from './belief.ts'
import { Contradiction, type Seen, type Share, statesIn, type World } from './followed.ts'
import { ringing, shareOf, unreached } from './share.ts'
import { type Known, variantsOf } from './variants.ts'
import { explainCopy } from './within.ts'

export function explain(world: World, seen: Seen): Share[] {
  const { step } = seen
  const mine = step.s.find(([address]) => address === step.t)
  if (!mine) {
    const text = `${step.y} was for ${step.t}, which the step did not change`
    throw new Contradiction(step.t, statesIn(world, step.t), 'the same', text)
  }
  const kind = kindOf(step.t)
  if (kind === 'message' || kind === 'recipient') return explainCopy(world, seen)
  for (const [address, to] of step.s) {
    if (address !== step.t) throw unreached(world, seen, address, to)
  }
  return [alone(world, seen, mine[1])]
}

function alone(world: World, seen: Seen, to: string): Share {
  const { step } = seen
  const address = step.t
  const kind = kindOf(address)
  const from = statesIn(world, address)
  const known = { ...seen.known, ...moverOf(world, seen) }
  const take = (situations: readonly Believed[]) =>
    takes(world.machines, kind, situations, variantsOf(seen.type, known)).filter(
      ({ after }) => stateName(after.value) === to,
    )
  const followed = world.actors.get(address)
  if (followed || world.isOlder(address)) {
    const belief = followed?.belief ?? { named: null }
    const before = ringing(seen, situationsOf(world.machines, kind, belief, { to }), from)
    return shareOf(seen, address, from, to, take(before))
  }
  const possible = startsOf(world, seen)
    .map(({ base, situation }) => ({ base, taken: take([situation]) }))
    .filter(({ taken }) => taken.length > 0)
  const taken = possible.flatMap((one) => one.taken)
  const bases = [...new Set(possible.map(({ base }) => base))]
  return { ...shareOf(seen, address, from, to, taken), bases }
}

/** Whose a move's request is to this mailbox: the step tells by the ids, which grow. */
function moverOf(world: World, { step, move }: Seen): Known {
  if (kindOf(step.t) !== 'mailbox' || move === null) return {}
  const followed = world.actors.get(step.t)
  const last = followed || world.isOlder(step.t) ? followed?.mover : null
  if (last === undefined) return {}
  return { mover: [last === move ? 'same' : last === null || move > last ? 'new' : 'old'] }
}

/** How an actor that is seen for the first time may have begun, and in which version. */
function startsOf(world: World, { step, type }: Seen): { base: number; situation: Believed }[] {
  const { machines } = world.machines.running
  const armed: readonly string[] = []
  switch (kindOf(step.t)) {
    case 'mailbox': {
      // A mailbox was made with its site, or is made by its first event.
      const absent = initial(machines.mailbox)
      const opened = transition(machines.mailbox, absent, { type: 'mailbox.created' })
      return [absent, opened].map((situation, base) => ({
        base,
        situation: { ...situation, armed },
      }))
    }
    case 'directory':
      return [0, 1].map((base) => {
        return { base, situation: { ...initial(machines.directory), armed } }
      })
    default:
      if (type !== 'move.requested') return []
      return HOLDS.map((holdAt) => {
        return { base: 0, situation: { ...initial(machines.move, { holdAt }), armed } }
      })
  }
}
