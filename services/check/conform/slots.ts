/**
 * Report slots in a step of their copy: each hears how its entries stand, and may say that a report
 * is owed. Which slot is an entry's is the profile's part of the machines.
 */
import { type Address, type EventType, entryOf, partsOf } from '../../../machines/protocol.ts'
import { initial } from '../../../machines/transition.ts'
import { stateName } from '../../../machines/words.ts'
import { type Believed, situationsOf, takes } from './belief.ts'
import { Contradiction, type Seen, type Share, statesIn, type World } from './followed.ts'
import { variantsOf } from './variants.ts'

/** What an entry's step said within the copy, in each way that is possible. */
export interface Said {
  entry: Address
  /** How many entries of its copy have its number, if that is known. */
  siblings: number | undefined
  /** To its slot; null for nothing. */
  toSlot: ReadonlySet<EventType | null>
  /** How often to the copy that it is closed. */
  closed: ReadonlySet<number>
}

/** A slot while the step runs; no situation while it is not there. */
interface Way {
  situation: Believed | null
  changed: boolean
  owed: number
}

export function slotsOf(
  world: World,
  seen: Seen,
  heard: readonly Said[],
): { shares: Share[]; owed: [number, number] } {
  const bySlot = new Map<Address, Said[]>()
  for (const said of heard) {
    const [id, copy, key = ''] = partsOf(said.entry)
    const slot = `slot/${id}/${copy}/${world.machines.running.slotKey(entryOf(key))}`
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), said])
  }
  const shares: Share[] = []
  const owed: [number, number] = [0, 0]
  for (const [slot, said] of bySlot) {
    const ways = said.reduce((all, one) => hear(world, all, one), begun(world, slot))
    const possible = asWritten(world, seen, slot, ways)
    owed[0] += Math.min(...possible.map((way) => way.owed))
    owed[1] += Math.max(...possible.map((way) => way.owed))
    if (!possible.some(({ changed }) => changed)) continue
    const situations = possible.flatMap(({ situation }) => (situation ? [situation] : []))
    shares.push({ address: slot, situations, sends: [] })
  }
  return { shares, owed }
}

function begun(world: World, slot: Address): Way[] {
  const followed = world.actors.get(slot)
  const still = { changed: false, owed: 0 }
  const unborn: Way = { situation: null, ...still }
  if (!followed && !world.isOlder(slot)) return [unborn]
  const belief = followed?.belief ?? { named: null }
  const ways = situationsOf(world.machines, 'slot', belief).map((situation) => {
    return { situation, ...still }
  })
  return followed ? ways : [unborn, ...ways]
}

function hear(world: World, ways: Way[], { entry, siblings, toSlot }: Said): Way[] {
  const { running } = world.machines
  const { branch, number } = entryOf(partsOf(entry)[2] as string)
  const shares =
    running.slotKey({ number, branch }) === running.slotKey({ number, branch: branch + 1 })
  const size = !shares ? [1] : siblings === undefined ? [1, 2] : [siblings]
  return ways.flatMap((way) =>
    [...toSlot].flatMap((type): Way[] => {
      if (type === null) return [way]
      return size.flatMap((one) => tell(world, way, type, { branch: [branch], size: [one] }))
    }),
  )
}

/** A lone entry's discharge makes no slot. */
function tell(
  world: World,
  way: Way,
  type: EventType,
  known: { branch: number[]; size: number[] },
): Way[] {
  if (!way.situation && type === 'entry.discharged' && known.size[0] === 1) return [way]
  const { slot } = world.machines.running.machines
  const situation = way.situation ?? { ...initial(slot), armed: [] }
  const taken = takes(world.machines, 'slot', [situation], variantsOf(type, known))
  return taken.map(({ moved, after }) => ({
    situation: after,
    changed: true,
    owed: way.owed + moved.asks.filter((ask) => 'send' in ask).length,
  }))
}

/** The ways that end as the step says: changed and in that state, or not changed at all. */
function asWritten(world: World, { step }: Seen, slot: Address, ways: Way[]): Way[] {
  const to = step.s.find(([address]) => address === slot)?.[1]
  const possible = ways.filter(({ changed, situation }) =>
    to === undefined ? !changed : changed && situation && stateName(situation.value) === to,
  )
  if (possible.length > 0) return possible
  const from = statesIn(world, slot)
  const text =
    to === undefined
      ? 'an entry told it how it stands, and it did not change'
      : `the machines do not lead from ${from} to ${to} by what its entries told it`
  throw new Contradiction(slot, from, to ?? 'the same', text)
}
