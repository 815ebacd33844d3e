/**
 * A step of a copy, explained: the copy, its entries and its report slots speak to one another
 * within one step.
 *
 * The copy makes entries, or passes another MTA's answer on to them; an entry tells its slot how it
 * stands, and the copy that it is closed; a slot tells the copy that a report is owed. Each actor
 * is followed for itself: whatever one may have said, the next may have heard.
 */
import {
  type Address,
  type Ask,
  type EventType,
  entryOf,
  kindOf,
  partsOf,
} from '../../../machines/protocol.ts'
import { initial } from '../../../machines/transition.ts'
import { stateName } from '../../../machines/words.ts'
import { type Believed, distinct, situationsOf, type Taken, takes } from './belief.ts'
import { Contradiction, type Seen, type Share, statesIn, type World } from './followed.ts'
import { ringing, shareOf, unreached } from './share.ts'
import { type Said, slotsOf } from './slots.ts'
import { ROUTES, variantsOf } from './variants.ts'

/** Events by which a copy makes entries. */
const MAKING: ReadonlySet<string> = new Set([
  ...['mail.submitted', 'routing.due', 'deferral.due', 'copy.transferred', 'report.submitted'],
])
/** ...and by which the copy itself is made. */
const FIRST: ReadonlySet<string> = new Set([
  ...['mail.submitted', 'copy.transferred', 'report.submitted'],
])

/** Entries in whose place others are. */
const REPLACED: ReadonlySet<string> = new Set(['redirected', 'expanded'])

/** What the copy hears from its entries and slots, at least and at most. */
interface Heard {
  made: number
  closed: [number, number]
  owed: [number, number]
}

export function explainCopy(world: World, seen: Seen): Share[] {
  const { step } = seen
  const [id, copy] = partsOf(step.t)
  const message = `message/${id}/${copy}`
  const entries = step.s.filter(([address]) => reaches(seen, address))
  const heard: Said[] = []
  const shares = entries.map(([address, to]) => {
    const { share, said } = entryShare(world, seen, address, to)
    heard.push(said)
    return share
  })
  const slots = slotsOf(world, seen, heard)
  const own = copyShare(world, seen, message, {
    made: MAKING.has(step.y) ? entries.length : 0,
    closed: between(heard.map(({ closed }) => [...closed])),
    owed: slots.owed,
  })
  const all = [...(own ? [own] : []), ...shares, ...slots.shares]
  const reached = new Set(all.map(({ address }) => address))
  for (const [address, to] of step.s) {
    if (!reached.has(address)) throw unreached(world, seen, address, to)
  }
  return all
}

/** Whether the event, or what the copy makes of it, is for this entry. */
function reaches({ step }: Seen, address: Address): boolean {
  if (kindOf(address) !== 'recipient') return false
  if (kindOf(step.t) === 'recipient') return address === step.t
  return partsOf(address).slice(0, 2).join('/') === partsOf(step.t).join('/')
}

/** The sums of the least and of the most of each. */
export const between = (counts: number[][]): [number, number] => [
  counts.reduce((sum, each) => sum + Math.min(...each), 0),
  counts.reduce((sum, each) => sum + Math.max(...each), 0),
]

function entryShare(
  world: World,
  seen: Seen,
  address: Address,
  to: string,
): { share: Share; said: Said } {
  const { step } = seen
  const { machines } = world.machines.running
  const makes = kindOf(step.t) === 'message' && MAKING.has(step.y)
  const followed = world.actors.get(address)
  const from = statesIn(world, address)
  if (makes === (followed !== undefined) && (makes || !world.isOlder(address))) {
    throw unreached(world, seen, address, to)
  }
  const before: Believed[] = makes
    ? [{ ...initial(machines.recipient), armed: [] }]
    : situationsOf(world.machines, 'recipient', followed?.belief ?? { named: null })
  const ready = address === step.t ? ringing(seen, before, from) : before
  const types: readonly EventType[] = makes ? ROUTES : [seen.type]
  const taken = types
    .flatMap((type) => {
      const known = address === step.t ? seen.known : {}
      return takes(world.machines, 'recipient', ready, variantsOf(type, known))
    })
    .filter(({ after }) => stateName(after.value) === to)
  const share = shareOf(seen, address, from, to, taken)
  const siblings = makes ? siblingsOf(world, seen, address) : followed?.siblings
  return {
    share: {
      ...share,
      ...(makes ? { bases: [0] } : {}),
      ...(siblings === undefined ? {} : { siblings }),
    },
    said: saidBy(address, siblings, taken),
  }
}

/**
 * Entries of one number that the same step made; one that others replaced is none any more. Not
 * known where a transfer came twice, the smaller repetition first: the rest is then counted with
 * what was there already.
 */
function siblingsOf(world: World, { step }: Seen, address: Address): number | undefined {
  if (world.actors.has(step.t)) return undefined
  const number = (one: Address) => entryOf(partsOf(one)[2] as string).number
  return step.s.filter(
    ([other, state]) =>
      kindOf(other) === 'recipient' && !REPLACED.has(state) && number(other) === number(address),
  ).length
}

function saidBy(entry: Address, siblings: number | undefined, taken: readonly Taken[]): Said {
  const toSlot = new Set<EventType | null>()
  const closed = new Set<number>()
  for (const { moved } of taken) {
    const sends = moved.asks.filter((ask) => 'send' in ask)
    toSlot.add(sends.find(({ to }) => to === 'slot')?.send ?? null)
    closed.add(sends.filter(({ to }) => to === 'message').length)
  }
  return { entry, siblings, toSlot, closed }
}

/** Null when the copy neither changed nor had to. */
function copyShare(world: World, seen: Seen, message: Address, heard: Heard): Share | null {
  const { step } = seen
  const to = step.s.find(([address]) => address === message)?.[1]
  const from = statesIn(world, message)
  const isAddressed = message === step.t
  if (to === undefined) {
    if (heard.closed[0] + heard.owed[0] === 0) return null
    const text = 'an entry was closed, or a report is owed, and its copy did not change'
    throw new Contradiction(message, from, 'the same', text)
  }
  if (!isAddressed && heard.closed[1] + heard.owed[1] === 0) return null
  const first = copyBefore(world, seen, message, heard.closed[1])
  const before = isAddressed ? ringing(seen, first, from) : first
  const taken = isAddressed ? addressed(world, seen, before, heard.made) : []
  const begun = isAddressed ? taken.map(({ after }) => after) : before
  const ends = closings(world, begun, heard)
  const there = ends.filter(({ after }) => stateName(after.value) === to)
  if (there.length === 0) {
    const said = `${heard.made} entries made and ${heard.closed[1]} closed`
    const text = `the machines do not lead from ${from} to ${to} by ${step.y} with ${said}`
    throw new Contradiction(message, from, to, text)
  }
  const share = shareOf(seen, message, from, to, [...taken, ...there])
  return { ...share, situations: distinct(there.map(({ after }) => after)) }
}

function copyBefore(world: World, seen: Seen, message: Address, closed: number): Believed[] {
  const followed = world.actors.get(message)
  if (followed || world.isOlder(message)) {
    return situationsOf(world.machines, 'message', followed?.belief ?? { named: null }, {
      closing: closed,
    })
  }
  if (message !== seen.step.t || !FIRST.has(seen.step.y)) return []
  const { machines } = world.machines.running
  const known = world.hasNullSender(partsOf(message)[0] as string)
  const senders = known === null ? [true, false] : [known]
  return senders.map((nullSender) => ({ ...initial(machines.message, { nullSender }), armed: [] }))
}

/** The copy takes the event: it makes exactly the entries that there are now. */
function addressed(world: World, seen: Seen, before: Believed[], made: number): Taken[] {
  const counts = [...new Set([made, 1])]
  const variants = variantsOf(seen.type, { ...seen.known, count: counts })
  return takes(world.machines, 'message', before, variants).filter(({ event, moved }) => {
    const routes = moved.asks.some((ask) => 'send' in ask && ask.send.startsWith('route.'))
    return !MAKING.has(seen.type) || (routes ? event.count === made : made === 0)
  })
}

/** One way in which the copy may have gone on: where it is, and all that it asked for. */
interface Way {
  after: Believed
  asks: Ask[]
}

/**
 * Its entries are closed, then the reports decided that are owed; what is gathered leaves when no
 * entry is open any more, and may when there is much of it.
 */
function closings(world: World, begun: Believed[], { closed, owed }: Heard): Taken[] {
  const ways: Way[] = []
  let now = begun.map((after): Way => ({ after, asks: [] }))
  for (let n = 0; n <= closed[1]; n++) {
    if (n > 0) now = hear(world, now, 'entry.closed')
    if (n < closed[0]) continue
    let reported = now
    for (let k = 0; k <= owed[1]; k++) {
      if (k > 0) reported = hear(world, reported, 'report.owed')
      if (k >= owed[0]) ways.push(...reported)
    }
  }
  return ways
    .flatMap((way) => leaving(world, way))
    .map(({ after, asks }) => {
      return { event: { type: '' }, moved: { ...after, asks, handled: false }, after }
    })
}

/** The report timer is armed just while something is gathered. */
function leaving(world: World, way: Way): Way[] {
  const { armed, value } = way.after
  if (armed !== null && !armed.includes('report')) return [way]
  const left = hear(world, [way], 'report.due')
  return armed !== null && stateName(value) === 'settled' ? left : [way, ...left]
}

/** What differs in nothing but in how often the same was asked for is one way. */
function hear(world: World, ways: readonly Way[], type: EventType): Way[] {
  const next = new Map<string, Way>()
  for (const { after: before, asks } of ways) {
    for (const { moved, after } of takes(world.machines, 'message', [before], variantsOf(type))) {
      const all = [...asks, ...moved.asks.filter((ask) => 'send' in ask)]
      const said = [...new Map(all.map((ask) => [JSON.stringify(ask), ask])).values()]
      const { value, context, armed } = after
      const key = JSON.stringify([value, context, armed, said])
      if (!next.has(key)) next.set(key, { after, asks: said })
    }
  }
  return [...next.values()]
}
