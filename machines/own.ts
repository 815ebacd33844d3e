/**
 * Defects and policies of a user's own: checked as a whole, then known beside ours.
 *
 * They run on the same machines, so whatever would only be found out in the middle of a step is
 * looked for here: a part that is none, a state, an event, a guard or an action that no machine
 * has.
 *
 * Rules: a name of ours is never taken; one that is known stays what it is. Parts and lines are as
 * pure as ours: no clock, no chance. A guard may look at the context and at the fields that
 * `visible.ts` lists, since a machine's answer to them is remembered.
 */
import { type AnyStateMachine, and, not, or } from 'xstate'
import { addDefect, DEFECTS, type Defect, type Parts, SOUND } from './defects.ts'
import { type Lines, redirected, rewritten, state, type Way, ways } from './lines.ts'
import { SOUND_MACHINES } from './parts.ts'
import { FIGURE_MAX } from './profile.ts'
import { asks, type Kind } from './protocol.ts'
import { VISIBLE } from './visible.ts'

/** What the file of a defect is given: so it need not import anything. */
export const TOOLS = { asks, state, ways, redirected, and, or, not, sound: SOUND } as const

/** A defect as a user writes it. Where it is from and what it is about may be left out. */
export type OwnDefect = Pick<Defect, 'id' | 'title' | 'parts' | 'engine' | 'lines' | 'states'> &
  Partial<Defect>

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const TEXTS = ['title', 'source', 'published', 'ours', 'differs', 'fixedIn', 'workaround'] as const
const PARTS = ['parts', 'engine', 'lines'] as const
const MEMBERS: readonly string[] = ['id', ...TEXTS, ...PARTS, 'states']

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** All that is wrong with it; empty when it can be admitted. */
export function wrongWithDefect(given: unknown): string[] {
  if (!isRecord(given)) return ['is no defect: it has an id, a title, and parts or lines']
  const reasons = [
    ...Object.keys(given)
      .filter((key) => !MEMBERS.includes(key))
      .map((key) => `a defect has no "${key}": ${MEMBERS.join(', ')}`),
    ...TEXTS.filter((key) => given[key] !== undefined && typeof given[key] !== 'string').map(
      (key) => `${key} is a text`,
    ),
    ...(typeof given.id === 'string' && NAME.test(given.id)
      ? []
      : ['id consists of letters, digits, dots, _ and -, 64 characters at most']),
    ...(given.title === undefined ? ['title says what it is'] : []),
    ...(PARTS.some((key) => given[key] !== undefined)
      ? []
      : [`nothing differs: it has one of ${PARTS.join(', ')}`]),
    ...wrongParts(given.parts),
    ...wrongEngine(given.engine),
  ]
  // Lines are only taken apart when the rest can be read.
  return reasons.length > 0 ? reasons : wrongLines(given as unknown as OwnDefect)
}

function wrongParts(parts: unknown): string[] {
  if (parts === undefined) return []
  if (!isRecord(parts)) return ['parts is an object']
  return Object.entries(parts).flatMap(([name, part]) => {
    const sound = Object.hasOwn(SOUND, name) ? SOUND[name as keyof Parts] : undefined
    if (sound === undefined) return [`parts has no "${name}": ${Object.keys(SOUND).join(', ')}`]
    return typeof part === typeof sound ? [] : [`parts.${name} is a ${typeof sound}`]
  })
}

function wrongEngine(engine: unknown): string[] {
  if (engine === undefined) return []
  const { stallsMax, sweeps, ...others } = isRecord(engine) ? engine : { none: true }
  const fine = Number.isInteger(stallsMax) && Number(stallsMax) >= 1 && typeof sweeps === 'boolean'
  if (fine && Object.keys(others).length === 0) return []
  return ['engine has stallsMax, a whole number from 1, and sweeps, true or false']
}

function wrongLines({ lines = {}, states = {} }: OwnDefect): string[] {
  if (!isRecord(lines)) return ['lines is an object']
  const reasons = [...Object.keys(lines), ...Object.keys(states)]
    .filter((kind) => !Object.hasOwn(SOUND_MACHINES, kind))
    .map((kind) => `there is no machine "${kind}": ${Object.keys(SOUND_MACHINES).join(', ')}`)
  if (reasons.length > 0) return reasons
  return (Object.entries(lines) as [Kind, unknown][]).flatMap(([kind, change]) => {
    if (typeof change !== 'function') return [`lines.${kind} is a function`]
    try {
      const made = rewritten(SOUND_MACHINES[kind], change as (lines: Lines) => void)
      const found = [...wrongNames(made), ...wrongStates(kind, made, states[kind] ?? {})]
      return found.map((reason) => `lines.${kind}: ${reason}`)
    } catch (error) {
      return [`lines.${kind}: ${(error as Error).message}`]
    }
  })
}

/** What XState would only miss when it comes to it. */
function wrongNames(machine: AnyStateMachine): string[] {
  const { guards = {}, actions = {} } = machine.implementations
  const reasons = new Set<string>()
  const look = (lines: Lines): void => {
    for (const [event, found] of Object.entries(lines.on ?? {})) {
      if (!Object.hasOwn(VISIBLE, event)) reasons.add(`there is no event "${event}"`)
      for (const way of [found].flat()) lookAt(way)
    }
    lookAtActions([lines.entry, lines.exit])
    for (const inner of Object.values(lines.states ?? {})) look(inner)
  }
  const lookAt = (way: Way): void => {
    if (typeof way === 'string') return
    const { guard } = way
    if (typeof guard === 'string' && !Object.hasOwn(guards, guard)) {
      reasons.add(`there is no guard "${guard}": ${Object.keys(guards).join(', ')}`)
    }
    lookAtActions(way.actions)
  }
  const lookAtActions = (given: unknown): void => {
    for (const action of [given].flat(2)) {
      const { type, params } = isRecord(action) ? action : { type: action, params: undefined }
      if (typeof type === 'string' && !Object.hasOwn(actions, type)) {
        reasons.add(`there is no action "${type}": ${Object.keys(actions).join(', ')}`)
      }
      const send = isRecord(params) ? params.send : undefined
      if (send !== undefined && !Object.hasOwn(VISIBLE, String(send))) {
        reasons.add(`there is no event "${send}" to send`)
      }
    }
  }
  look(machine.config as Lines)
  return [...reasons]
}

/** A state of its own says as what a machine goes on that does not have it. */
function wrongStates(kind: Kind, made: AnyStateMachine, own: Record<string, string>): string[] {
  const sound = Object.keys(SOUND_MACHINES[kind].states)
  const added = Object.keys(made.states).filter((name) => !sound.includes(name))
  const unsaid = added
    .filter((name) => own[name] === undefined)
    .map((name) => `states.${kind}.${name} names the state of a machine without it`)
  const unknown = Object.entries(own)
    .filter(([name, as]) => !added.includes(name) || !sound.includes(as))
    .map(([name, as]) => `states.${kind}: "${name}" is new and "${as}" a state of ours; one is not`)
  return [...unsaid, ...unknown]
}

/**
 * Makes it known under its name, with the edition of its file; whoever names it in a profile
 * switches it on. Whether it is all right was asked before. Says what stands in its way, or null.
 */
export function admitDefect(given: OwnDefect, version: string): string | null {
  const there = Object.hasOwn(DEFECTS, given.id) ? DEFECTS[given.id] : undefined
  if (there && there.version === undefined) return `"${given.id}" is a defect of ours`
  if (there && there.version !== version) return `there is another defect "${given.id}" already`
  if (there) return null
  const { storeDelay, ...parts } = given.parts ?? {}
  const unsaid = { source: '', published: '', ours: '', differs: '', fixedIn: '' }
  const defect: Defect = { ...unsaid, ...given, version }
  if (given.parts) {
    defect.parts = storeDelay ? { ...parts, storeDelay: bounded(given.id, storeDelay) } : parts
  }
  addDefect(defect)
  return null
}

/** A time to wait is a figure like those of profiles. */
const bounded =
  (id: string, storeDelay: Parts['storeDelay']): Parts['storeDelay'] =>
  (figures, attempts) => {
    const delay = storeDelay(figures, attempts)
    if (Number.isInteger(delay) && delay >= 0 && delay <= FIGURE_MAX) return delay
    throw new Error(`${id}: storeDelay is a whole number of milliseconds; it gave ${delay}`)
  }
