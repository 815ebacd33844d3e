/**
 * One step of the system as a change of numbers, remembered by what it read.
 *
 * The step itself is the machines', loaded and committed by the memory port; here it is run on
 * cells that note what is read and written. What was read once leads through a tree (this cell, of
 * this value, then that cell ...) to what was written, so the next time that the same step meets
 * the same values it costs a few look-ups. Nothing here knows what mail is.
 */
import type { EventType, Ordered } from '../../../machines/protocol.ts'
import { step } from '../../../machines/step.ts'
import type { MailEvent, SiteFacts } from '../../../machines/wire.ts'
import type { Stepped } from '../../../machines/working.ts'
import { type Act, eventsOf } from '../acts.ts'
import { type Box, type Cells, copyOfBox, emptyBox } from '../cells.ts'
import { commit, load, type MemoryLoaded } from '../memory.ts'
import { BEGINS_AT, type Interned } from './interning.ts'

/** What a step writes: cells and their new values; how often each event leaves. */
export interface Effect {
  /** Cell, value, cell, value ... */
  writes: number[]
  /** Cells of events that leave. */
  sent: number[]
  /** Cells of timers, each with its date's number; 0 disarms. */
  timers: number[]
  /** The next moment at which a belief that the step used would be too old; 0: there is none. */
  agesAt: number
  /** False when an act would be refused now. */
  possible: boolean
}

/** After a cell that is read, by its value what is read next; or what is done then. */
class Node {
  readonly values: number[] = []
  readonly next: (Node | Effect)[] = []
  readonly reads: number
  /** Of values beyond the first few. */
  more: Map<number, Node | Effect> | null = null
  constructor(reads: number) {
    this.reads = reads
  }

  at(value: number): Node | Effect | undefined {
    const { values } = this
    for (let i = 0; i < values.length; i++) if (values[i] === value) return this.next[i]
    return this.more?.get(value)
  }

  put(value: number, next: Node | Effect): void {
    if (this.values.length < FEW) {
      this.values.push(value)
      this.next.push(next)
    } else {
      this.more ??= new Map()
      this.more.set(value, next)
    }
  }
}
/** So many values are looked through one by one. */
const FEW = 8

/** Where the tree of one action begins; and of what kind of step it is (`independence.ts`). */
export type Root = { event: MailEvent | null; kind: number; tree?: Node | Effect }

export type Dense = { readonly [cell: number]: number }

/** Safeguards that a test removes; none is, otherwise. */
export interface Removed {
  /** What is left of a step whose worker dies; all of it, otherwise. */
  dying?: (stepped: Stepped) => Stepped
  /** Of a step, once it is done: what it would have done without the safeguard. */
  edit?: (stepped: Stepped, loaded: MemoryLoaded) => Stepped
  /** What a step is given without the safeguard; `as` loads what another event would be given. */
  load?: (loaded: MemoryLoaded, as: (other: MailEvent) => MemoryLoaded) => MemoryLoaded
}

export interface Transitions {
  /** What the step does on these cells, when it was run on such before. */
  known(root: Root, dense: Dense): Effect | undefined
  run(root: Root, dense: Dense, run: Run): Effect
}

/** What is run when memory does not know. */
export type Run = (
  cells: Cells,
) => { stepped: Stepped; agesAt: number } | { acted: MailEvent[] | null }

export const takeEvent =
  (
    site: SiteFacts,
    event: MailEvent,
    at: number,
    removed: Removed,
    more: {
      ordered?: Ordered
      loseReply?: boolean
      dies?: boolean
    } = {},
  ): Run =>
  (cells) => {
    const asked = more.ordered ? { ...event, ordered: more.ordered } : event
    const { loaded, stepped } = stepWithout(removed, cells, site, asked, at, more.dies)
    commit(cells, loaded, stepped)
    return { stepped: more.loseReply ? withoutReplies(stepped) : stepped, agesAt: ages(loaded) }
  }

/** One step, loaded and run without what is removed. */
export function stepWithout(
  { load: loadWithout, edit, dying }: Removed,
  cells: Cells,
  site: SiteFacts,
  event: MailEvent,
  at: number,
  dies = false,
): { loaded: MemoryLoaded; stepped: Stepped } {
  const given = load(cells, site, event, { at })
  const loaded = loadWithout?.(given, (other) => load(cells, site, other, { at })) ?? given
  const whole = step(loaded)
  const stepped = edit?.(whole, loaded) ?? whole
  return { loaded, stepped: dies && dying ? dying(stepped) : stepped }
}

export const doAct =
  (site: SiteFacts, act: Act, at: number): Run =>
  (cells) => ({ acted: eventsOf(cells, site, act, at) })

const REPLY = /^(reply|transfer|request)\./

export const isReply = (type: EventType): boolean => REPLY.test(type)

const withoutReplies = (stepped: Stepped): Stepped => ({
  ...stepped,
  events: stepped.events.filter(({ type }) => !isReply(type)),
})

/** When the youngest belief that was used will be older than an MTA believes entries. */
function ages({ lookups, site, at }: MemoryLoaded): number {
  let first = 0
  for (const { source, age } of Object.values(lookups)) {
    if (source !== 'cache') continue
    const then = at - age + site.profile.entryLatencyMs
    if (then > at && (first === 0 || then < first)) first = then
  }
  return first
}

/** Told of each step that was run, on what, and of the cells that it read. */
export type Learn = (root: Root, effect: Effect, reads: readonly number[], on: Dense) => void

export function openTransitions(interned: Interned, learn: Learn): Transitions {
  return {
    known(root, dense) {
      let node = root.tree
      while (node instanceof Node) node = node.at(dense[node.reads] ?? 0)
      return node
    },
    run: (root, dense, run) => remember(interned, root, dense, run, learn),
  }
}

function remember(interned: Interned, root: Root, dense: Dense, run: Run, learn: Learn): Effect {
  const cells = noting(interned, dense)
  const effect = effectOf(interned, cells, run(cells))
  learn(root, effect, cells.reads, dense)
  let put = (node: Node | Effect): void => {
    root.tree = node
  }
  let node = root.tree
  for (const read of cells.reads) {
    if (!node) {
      node = new Node(read)
      put(node)
    }
    if (!(node instanceof Node) || node.reads !== read) {
      throw new Error('a step read in another order')
    }
    const reader: Node = node
    const value = dense[read] ?? 0
    put = (made) => reader.put(value, made)
    node = reader.at(value)
  }
  put(effect)
  return effect
}

function effectOf(interned: Interned, cells: Noting, ran: ReturnType<Run>): Effect {
  const writes = [...cells.written].flatMap(([cell, value]) => [cell, interned.value(value)])
  const none = { writes, sent: [], timers: [], agesAt: 0, possible: true }
  if ('acted' in ran) {
    if (ran.acted === null) return { ...none, writes: [], possible: false }
    return { ...none, sent: ran.acted.map((event) => eventCell(interned, event)) }
  }
  const { stepped, agesAt } = ran
  const timers = [...stepped.timers.values()].flatMap(({ actor, timer, key, due }) => [
    interned.cell(`timer ${actor}|${timer}|${key}`, 'timer'),
    due === null ? 0 : interned.value(due),
  ])
  return {
    ...none,
    sent: stepped.events.map((event) => eventCell(interned, event)),
    timers,
    agesAt,
  }
}

/** An event under way is a cell of its own, named by what it says; its value counts them. */
export function eventCell(interned: Interned, event: MailEvent): number {
  const content = { ...event, id: '', at: 0 }
  return interned.cell(`event ${interned.value(content)}`, 'event')
}

/** The event of a timer that rings; the cell is `timer <actor>|<timer>|<key>`. */
export function alarm({ cells }: Interned, cell: number): MailEvent {
  const name = (cells[cell] as string).slice('timer '.length)
  const [actor = '', timer = '', key = ''] = name.split('|')
  return {
    id: '',
    at: BEGINS_AT,
    to: actor,
    type: `${timer}.due` as EventType,
    due: BEGINS_AT,
    timer: timer as NonNullable<MailEvent['timer']>,
    ...(key === '' ? {} : { version: Number(key) }),
  }
}

interface Noting extends Cells {
  reads: number[]
  written: Map<number, unknown>
}

/** Cells that note which were read, in order, and what was written. */
function noting({ cell, values }: Interned, dense: Dense): Noting {
  const reads: number[] = []
  const known = new Set<number>()
  const written = new Map<number, unknown>()
  const get = (name: string): unknown => {
    const index = cell(name, 'value')
    if (written.has(index)) return written.get(index)
    if (!known.has(index)) {
      known.add(index)
      reads.push(index)
    }
    return values[(dense[index] as number | undefined) ?? 0]
  }
  return {
    reads,
    written,
    get,
    set: (name, value) => void written.set(cell(name, 'value'), value),
    edit(name) {
      const index = cell(name, 'value')
      if (!written.has(index)) {
        const box = get(name) as Box | undefined
        written.set(index, box ? copyOfBox(box) : emptyBox())
      }
      return written.get(index) as Box
    },
  }
}
