/**
 * A move never hangs and never leaves a mailbox nowhere or twice, whatever is cancelled, deleted,
 * refused, repeated or held in between (I5, I6).
 */
import { describe, expect, test } from 'vitest'
import { PHASES } from '../../machines/phases.ts'
import { begin, isOver, type Step, stateOf, steps, type World } from './duet.ts'

interface Place {
  world: World
  path: string[]
  next: { step: Step; key: string }[]
}

const keyOf = (world: World): string =>
  JSON.stringify({ ...world, mail: world.mail.map((mail) => JSON.stringify(mail)).sort() })

function walk(start: World, allowed: (step: Step) => boolean = () => true): Map<string, Place> {
  const places = new Map<string, Place>([[keyOf(start), { world: start, path: [], next: [] }]])
  for (const [, place] of places) {
    for (const step of steps(place.world).filter(allowed)) {
      const key = keyOf(step.after)
      place.next.push({ step, key })
      if (!places.has(key)) {
        const path = [...place.path, `${step.name} → ${describeWorld(step.after)}`]
        places.set(key, { world: step.after, path, next: [] })
      }
    }
  }
  return places
}

const describeWorld = ({ move, source, target }: World): string =>
  `${stateOf(move)}/${stateOf(source)}/${stateOf(target)}`

/** Places from which the end cannot be reached without anybody's doing. */
function stuck(places: Map<string, Place>): Place[] {
  const back = new Map<string, string[]>()
  for (const [key, { next }] of places) {
    for (const one of next)
      if (one.step.natural) back.set(one.key, [...(back.get(one.key) ?? []), key])
  }
  const ending = new Set([...places].filter(([, { world }]) => isOver(world)).map(([key]) => key))
  for (const key of ending) for (const before of back.get(key) ?? []) ending.add(before)
  return [...places].filter(([key]) => !ending.has(key)).map(([, place]) => place)
}

/** One shortest path for each situation of the three machines. */
function paths(places: Place[]): string[] {
  const seen = new Map<string, string>()
  for (const { world, path } of places) {
    const key = describeWorld(world)
    if (!seen.has(key)) seen.set(key, path.join(' · '))
  }
  return [...seen.values()]
}

const holds = ({ value }: World['source']): boolean => value !== 'absent' && value !== 'removing'

const walks = new Map<string | null, Map<string, Place>>()
function walkHeldAt(phase: string | null): Map<string, Place> {
  const known = walks.get(phase) ?? walk(begin(phase))
  walks.set(phase, known)
  return known
}

const places = walkHeldAt(null)
const all = [...places.values()]

describe('a move and its two mailboxes', () => {
  test('the world has the size it had', () => {
    expect({ situations: places.size }).toMatchSnapshot()
  })

  test('the end is reachable from everywhere (I5)', () => {
    expect(paths(stuck(places))).toEqual([])
  })

  test('some mailbox is held at all times, unless it was deleted (I6)', () => {
    const nowhere = all.filter(
      ({ world }) => !world.deleted && !holds(world.source) && !holds(world.target),
    )
    expect(paths(nowhere)).toEqual([])
  })

  test('completed: only the target holds it (I6)', () => {
    const wrong = all.filter(
      ({ world }) =>
        stateOf(world.move) === 'completed' &&
        (holds(world.source) || stateOf(world.target) !== 'open'),
    )
    expect(paths(wrong)).toEqual([])
  })

  test('rolled back or refused: only the source holds it, as before (I6)', () => {
    const wrong = all.filter(
      ({ world }) =>
        ['rolledBack', 'refused'].includes(stateOf(world.move)) &&
        (holds(world.target) || (!world.deleted && stateOf(world.source) !== 'open')),
    )
    expect(paths(wrong)).toEqual([])
  })
})

describe.each(PHASES)('held at %s', (phase) => {
  test('it holds there', () => {
    const undisturbed = walk(
      begin(phase),
      ({ name, natural }) => natural && !/move\.released|refuse|unequal/.test(name),
    )
    const ends = [...undisturbed.values()].filter(({ world }) => isOver(world))
    expect(paths(ends)).toEqual([])
  })

  test('the end is reachable from everywhere (I5)', () => {
    expect(paths(stuck(walkHeldAt(phase)))).toEqual([])
  })
})

describe('up to the commit a held move can be cancelled', () => {
  test.each(PHASES.slice(0, PHASES.indexOf('committed')))('at %s', (phase) => {
    const held = [...walkHeldAt(phase).values()].filter(
      ({ world }) => stateOf(world.move) === `${phase}.held`,
    )
    const after = held.flatMap(({ next }) =>
      next.filter(({ step }) => step.name === 'move.cancelled').map(({ step }) => step.after),
    )
    expect(after.filter(({ move }) => stateOf(move) === `${phase}.held`)).toEqual([])
    expect(after.length).toBeGreaterThan(0)
  })
})
