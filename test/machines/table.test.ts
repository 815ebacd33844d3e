/**
 * Every state of every machine by every event of its protocol, as tables that a person reads in a
 * review (`tables/<machine>.txt`; `npx vitest run test/machines -u` writes them anew), and what
 * keeps the tables honest.
 */
import { describe, expect, test } from 'vitest'
import type { Kind } from '../../machines/protocol.ts'
import { type Catalogue, variantsIn } from './catalogue.ts'
import { machineOf, statesOf } from './states.ts'
import { tableOf } from './table.ts'
import { beyond, type Edge, walk } from './walk.ts'
import { SUBJECTS, type Subject } from './worlds/all.ts'

const KINDS = Object.keys(SUBJECTS) as Kind[]
describe.each(KINDS)('%s', (kind) => {
  const subject = SUBJECTS[kind]
  const machine = machineOf(kind)
  const states = statesOf(machine)
  const types = Object.keys(subject.events)

  test('every state × every event', async () => {
    const { edges, never } = edgesOf(subject)
    const tried = new Set([...edges, ...never].map(pairOf))
    expect(tried.size).toBe(states.length * types.length)
    const reached = new Set(edges.flatMap(({ from, to }) => [from.state, to.state]))
    expect([...reached].sort()).toEqual([...states].sort())
    const title = `${kind}: every state × every event; what is not said does not matter`
    const table = tableOf(title, states, types, edges, never)
    await expect(table).toMatchFileSnapshot(`tables/${kind}.txt`)
  })

  test('its `on` keys are exactly the events of the protocol', () => {
    expect([...machine.events].sort()).toEqual([...types].sort())
  })

  test('the guards and actions that it names are exactly those that it declares', () => {
    const { guards, actions } = machine.implementations
    const named = namesIn(machine.config)
    expect([...named.guards].sort()).toEqual(Object.keys(guards).sort())
    expect([...named.actions].sort()).toEqual(Object.keys(actions).sort())
  })
})

const pairOf = ({ from, variant }: Edge<unknown>): string => `${from.state} × ${variant.event.type}`

/** Every state with every event: as they come, and of the pairs that never do, what would be. */
function edgesOf({ worlds, events }: Subject) {
  const walked = worlds.map((world) => walk(world))
  const edges = walked.flatMap((one) => one.edges)
  const come = new Set(edges.map(pairOf))
  const never = walked.flatMap(({ places }) =>
    beyond(places, ({ state, situation, witness }) =>
      variantsIn(events as Catalogue<Kind>, situation.context, witness).filter(
        ({ event }) => !come.has(`${state} × ${event.type}`),
      ),
    ),
  )
  return { edges, never }
}

/** The names of guards and actions anywhere in a machine's definition, `and(...)` included. */
function namesIn(config: unknown) {
  const guards = new Set<string>()
  const actions = new Set<string>()
  const visit = (value: unknown, key: string): void => {
    if (Array.isArray(value)) for (const one of value) visit(one, key)
    const name = typeof value === 'string' ? value : typeOf(value)
    if (name !== null && (key === 'guard' || key === 'guards')) guards.add(name)
    if (name !== null && ['actions', 'entry', 'exit'].includes(key)) actions.add(name)
    if (value !== null && ['object', 'function'].includes(typeof value)) {
      for (const [inner, content] of Object.entries(value as object)) visit(content, inner)
    }
  }
  visit(config, '')
  return { guards, actions }
}

const typeOf = (value: unknown): string | null =>
  value !== null && typeof value === 'object' && 'type' in value ? `${value.type}` : null
