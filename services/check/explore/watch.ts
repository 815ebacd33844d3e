/**
 * Looks at each state for what is broken in it, and at each rest for how every entry ended.
 *
 * What the judge looks at is a part of the state; a part that was judged is not judged again.
 */
import { partsOf } from '../../../machines/protocol.ts'
import type { Stored } from '../../../machines/wire.ts'
import { judge, type Leaf, labelOf, type Violation } from '../judge.ts'
import type { List } from './list.ts'
import { mixHigh, mixLow } from './mixing.ts'
import type { Model } from './model.ts'

export interface Found extends Violation {
  /** The first state in which it was seen. */
  state: number
}

export interface Watch {
  look(state: number): 'rest' | 'under way'
  /** Of each invariant and entry the first. */
  violations: Map<string, Found>
  /** By entry, how it ended at rest, and the first state in which it did. */
  outcomes: Map<string, Map<string, number>>
  /** Kinds of rest: the outcomes of all entries together. */
  tuples: Map<string, Tuple>
}

export interface Tuple {
  outcomes: Record<string, string>
  /** Entries whose attempt was deferred, or repeated for another reason. */
  deferred: string[]
  /** Entries whose report slot had closed before they failed: the other entry had been first. */
  alternateFirst: string[]
  /** Why each entry that failed did. */
  cause: Record<string, string>
}

const ALWAYS = ['recipient/', 'box ', 'end ', 'accepted ', 'removal ']
const AT_REST = [...ALWAYS, ...['directory/', 'mailbox/', 'message/', 'slot/']]

export function openWatch(model: Model): Watch {
  const parts: number[] = []
  const judged = [new Set<number>(), new Set<number>()] as const
  const partOf = (cell: number): number => {
    const known = parts[cell]
    if (known !== undefined) return known
    const name = model.interned.cells[cell] as string
    const found = ALWAYS.some((one) => name.startsWith(one))
      ? 3
      : AT_REST.some((one) => name.startsWith(one))
        ? 2
        : 0
    parts[cell] = found
    return found
  }
  const watch: Watch = {
    violations: new Map(),
    outcomes: new Map(),
    tuples: new Map(),
    look(state) {
      const rest = isAtRest(model)
      const mask = rest ? 2 : 1
      let low = 0
      let high = 0
      const { items, length } = model.differing
      for (let i = 0; i < length; i++) {
        const cell = items[i] as number
        if ((partOf(cell) & mask) === 0) continue
        const value = model.dense[cell] as number
        low = (low + mixLow(cell, value)) | 0
        high = (high + mixHigh(cell, value)) | 0
      }
      // 53 bits of the two sums are an exact number.
      const print = (high & 0x1fffff) * 0x100000000 + (low >>> 0)
      const known = judged[rest ? 1 : 0]
      if (known.has(print)) return rest ? 'rest' : 'under way'
      known.add(print)
      judgeHere(watch, model, state, rest)
      return rest ? 'rest' : 'under way'
    },
  }
  return watch
}

const isAtRest = ({ dense, events, timers }: Model): boolean =>
  isEmpty(dense, events) && isEmpty(dense, timers)

function isEmpty(dense: Int32Array, { items, length }: List): boolean {
  for (let i = 0; i < length; i++) if (dense[items[i] as number] !== 0) return false
  return true
}

function judgeHere(watch: Watch, model: Model, state: number, rest: boolean): void {
  const { leaves, violations } = judge(listed(model), model.plan.site, rest)
  for (const one of violations) {
    const key = `${one.invariant} ${one.entry}`
    if (!watch.violations.has(key)) watch.violations.set(key, { ...one, state })
  }
  if (!rest) return
  const tuple = tupleOf(model, leaves)
  for (const [entry, outcome] of Object.entries(tuple.outcomes)) {
    const ended = watch.outcomes.get(entry) ?? new Map<string, number>()
    if (!ended.has(outcome)) ended.set(outcome, state)
    watch.outcomes.set(entry, ended)
  }
  const key = JSON.stringify(tuple)
  if (!watch.tuples.has(key)) watch.tuples.set(key, tuple)
}

function tupleOf(model: Model, leaves: Leaf[]): Tuple {
  const tuple: Tuple = { outcomes: {}, deferred: [], alternateFirst: [], cause: {} }
  const closed = closedSlots(model)
  for (const leaf of leaves) {
    const label = labelOf(leaf)
    tuple.outcomes[label] = leaf.outcome
    if (leaf.attempts > 1) tuple.deferred.push(label)
    const { code, why } = leaf.entry?.a ?? {}
    if (leaf.state !== 'failed' && leaf.state !== 'expired') continue
    tuple.cause[label] = why ?? (code ? `${code.reason}/${code.diagnostic}` : leaf.state)
    if (closed.has(`${leaf.message}/${leaf.number}`)) tuple.alternateFirst.push(label)
  }
  return tuple
}

/** Slots that say "no report required", by message and number. */
function closedSlots(model: Model): Set<string> {
  const { interned, dense } = model
  const closed = new Set<string>()
  for (const cell of model.present()) {
    const name = interned.cells[cell] as string
    if (!name.startsWith('slot/')) continue
    const stored = interned.values[dense[cell] as number] as Stored
    const [id, , key] = partsOf(name)
    if (stored.s === 'noReport') closed.add(`${id}/${key}`)
  }
  return closed
}

/** The state's cells by name. */
export function listed(model: Model) {
  const { interned, dense } = model
  const values = new Map<string, unknown>()
  for (const cell of model.present()) {
    const name = interned.cells[cell] as string
    values.set(name, interned.values[dense[cell] as number])
  }
  return { names: () => values.keys(), get: (name: string) => values.get(name) }
}
