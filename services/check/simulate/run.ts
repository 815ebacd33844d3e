/**
 * One seed: the run, the digest of its journal, and what the judge says at rest.
 */
import { createHash } from 'node:crypto'
import { stateName } from '../../../machines/words.ts'
import { type Judged, judge, type Violation } from '../judge.ts'
import type { Fault } from './faults.ts'
import { type Course, type Listener, type Taken, World } from './world.ts'

export interface Result {
  seed: number
  events: number
  /** Milliseconds of a processor's time that the run took, without the judging. */
  ms: number
  /** SHA-256 over a line for each step: the same course always has the same. */
  journal: string
  hits: Fault[]
  /** How many leaves ended in which way. */
  outcomes: Record<string, number>
  ends: Judged['leaves']
  violations: Violation[]
}

/** A run that takes more events than this for each act does not come to rest. [ours] */
const EVENTS_AN_ACT = 2_000
const EVENTS_LEAST = 20_000

const mostFor = ({ acts, before }: Course): number =>
  EVENTS_LEAST + EVENTS_AN_ACT * (acts.length + before.length)

export function run(course: Course, listener: Listener = {}): Result {
  const journal = openJournal()
  const world = new World(course, {
    ...listener,
    took(at, taken) {
      journal.add(at, taken)
      listener.took?.(at, taken)
    },
  })
  const began = process.cpuUsage()
  const rested = world.run(mostFor(course)) && world.armed.size === 0
  const { user, system } = process.cpuUsage(began)
  const ms = (user + system) / 1_000
  const { all } = world.cells
  const cells = { get: (name: string) => all.get(name), names: () => all.keys() }
  const { leaves, violations } = judge(cells, course.site, rested)
  const outcomes: Record<string, number> = {}
  for (const { outcome } of leaves) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  const restless: Violation = {
    invariant: 'I5',
    entry: `site ${course.site.name}`,
    why: `it is not at rest after ${world.events} events`,
  }
  return {
    seed: course.seed,
    events: world.events,
    ms,
    journal: journal.digest(),
    hits: world.hits,
    outcomes,
    ends: leaves,
    violations: rested ? violations : [restless, ...violations],
  }
}

/** Lines that are hashed at a time: few, or the collector carries them to and fro meanwhile. */
const BLOCK = 64

function openJournal() {
  const hash = createHash('sha256')
  let block = ''
  let lines = 0
  return {
    add(at: number, { event, stepped, fault }: Taken): void {
      let line = `${at} ${event.to} ${event.type} ${fault ?? ''}`
      for (const [address, { v, s }] of stepped.actors) line += ` ${address} ${v} ${stateName(s)}`
      block += `${line}\n`
      lines += 1
      if (lines % BLOCK !== 0) return
      hash.update(block)
      block = ''
    },
    digest: (): string => hash.update(block).digest('hex'),
  }
}
