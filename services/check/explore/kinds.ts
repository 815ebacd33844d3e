/**
 * What each kind of step has been seen to touch, and what came of it.
 */
import { Bits } from './bits.ts'
import type { Interned } from './interning.ts'
import { openSights } from './sights.ts'
import type { Effect } from './transitions.ts'

/** What a kind of step has been seen to do. */
interface Learned {
  known: boolean
  reads: Bits
  writes: Bits
  /** What it writes of what the judge looks at, each with its key. */
  seen: Map<string, { cell: string; key: string | null }>
  leads: Set<number>
}

/** That, and all that may come of it. */
interface Reach {
  touches: Bits
  writes: Bits
  unknown: boolean
}

export interface Done {
  /** The actor that took it, or null. */
  by: string | null
  effect: Effect
  reads: readonly number[]
  /** Of a box only this key was looked at or written: other keys are another's business. */
  key: string | null
  /** What it did with that key has to do with the others that are in the box. */
  together: boolean
  /** Kinds of what it sent, and of timers that it armed and that are due at once. */
  leads: { kind: number; to: string }[]
}

/** A resource that is no cell: how late it is. */
const TIME = 'the time'

export class Kinds {
  /** Something was learned since `settle`. */
  changed = true
  readonly #all: Learned[] = []
  readonly #byName = new Map<string, number>()
  readonly #resources = new Map<string, number>()
  readonly #sights = openSights()
  readonly #dated: boolean[] = []
  #reaches: Reach[] = []
  readonly #interned: Interned

  constructor(interned: Interned) {
    this.#interned = interned
  }

  get length(): number {
    return this.#all.length
  }

  /** The number of a kind of step. */
  kind(name: string): number {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    this.#byName.set(name, this.#all.length)
    this.changed = true
    const none = {
      reads: new Bits(),
      writes: new Bits(),
      seen: new Map(),
      leads: new Set<number>(),
    }
    this.#all.push({ known: false, ...none })
    return this.#all.length - 1
  }

  /** A kind of step has done this, for the first time. */
  learn(kind: number, { by, effect, reads, key, together, leads }: Done): void {
    const learned = this.#all[kind] as Learned
    const apart = together ? null : key
    let grew = !learned.known
    learned.known = true
    const timers = effect.timers.some((value, i) => i % 2 === 1 && value !== 0)
    if (timers || effect.agesAt > 0 || this.#comparesDates(effect, reads)) {
      grew = learned.reads.add(this.#resource(TIME)) || grew
    }
    if (effect.agesAt > 0) grew = learned.writes.add(this.#resource(TIME)) || grew
    for (const cell of reads) grew = this.#touch(learned, learned.reads, cell, apart) || grew
    for (let i = 0; i < effect.writes.length; i += 2) {
      const cell = effect.writes[i] as number
      const name = this.#interned.cells[cell] as string
      if (this.#sights.of(name, key) !== null && !learned.seen.has(`${name} ${key}`)) {
        learned.seen.set(`${name} ${key}`, { cell: name, key })
        grew = true
      }
      grew = this.#touch(learned, learned.writes, cell, apart) || grew
    }
    for (let i = 0; i < effect.timers.length; i += 2) {
      grew = this.#touch(learned, learned.writes, effect.timers[i] as number, null) || grew
    }
    for (const lead of leads) {
      grew ||= !learned.leads.has(lead.kind)
      learned.leads.add(lead.kind)
      if (by !== null && key !== null && this.#sights.link(by, key, lead.to)) grew = true
    }
    this.changed ||= grew
  }

  /** Takes what was learned into account. */
  settle(): void {
    this.changed = false
    for (const { seen, reads, writes } of this.#all) {
      for (const { cell, key } of seen.values()) {
        const sight = this.#sights.of(cell, key)
        if (sight === null) continue
        writes.add(this.#resource(`sight ${sight.written}`))
        for (const looked of sight.looked) reads.add(this.#resource(`sight ${looked}`))
      }
    }
    this.#reaches = this.#all.map((_, kind) => reachOf(this.#all, kind))
  }

  /** Whether the one step may meet the other, or what comes of the other. */
  meets(one: number, other: number): boolean {
    const { known, reads, writes } = this.#all[one] as Learned
    const reach = this.#reaches[other] as Reach
    return !known || reach.unknown || writes.meets(reach.touches) || reads.meets(reach.writes)
  }

  #resource(name: string): number {
    const known = this.#resources.get(name)
    if (known !== undefined) return known
    this.#resources.set(name, this.#resources.size)
    return this.#resources.size - 1
  }

  /**
   * Keys of one box do not meet. Whoever looks at the whole box meets each of them: so that counts
   * as written, which what has to do with one key only reads.
   */
  #touch(learned: Learned, bits: Bits, cell: number, key: string | null): boolean {
    const name = this.#interned.cells[cell] as string
    if (!name.startsWith('box ')) return bits.add(this.#resource(name))
    if (key === null) return learned.writes.add(this.#resource(name))
    const grew = learned.reads.add(this.#resource(name))
    return bits.add(this.#resource(`${name} ${key}`)) || grew
  }

  /** Beliefs have dates that a step compares with the time; others are only carried along. */
  #comparesDates({ writes }: Effect, reads: readonly number[]): boolean {
    const { cells, values } = this.#interned
    const isDated = (value: number): boolean => {
      this.#dated[value] ??= /"readAt"/.test(JSON.stringify(values[value]) ?? '')
      return this.#dated[value]
    }
    return (
      reads.some((cell) => (cells[cell] as string).startsWith('cache ')) ||
      writes.some((value, i) => i % 2 === 1 && isDated(value))
    )
  }
}

function reachOf(kinds: readonly Learned[], kind: number): Reach {
  const reach: Reach = { touches: new Bits(), writes: new Bits(), unknown: false }
  const found = new Set([kind])
  for (const one of found) {
    const { known, reads, writes, leads } = kinds[one] as Learned
    if (!known) reach.unknown = true
    reach.touches.join(reads)
    reach.touches.join(writes)
    reach.writes.join(writes)
    for (const lead of leads) found.add(lead)
  }
  return reach
}
