/**
 * What the nemesis will do, from a seed: kills, stops and cuts, each with its time and its victim.
 *
 * Every kind of process is killed at least `KILLS_LEAST` times, whatever the length of the run; the
 * rest grows with it.
 */
import { Random } from '../check/simulate/random.ts'
import { TOXIC_KINDS, type Toxic } from './link.ts'

export const KINDS = ['api', 'mta', 'store', 'moves', 'redis'] as const
export type Kind = (typeof KINDS)[number]

/** Fewer kills of a kind could all have hit a quiet moment. */
export const KILLS_LEAST = 3

export type Injury = {
  /** When, in milliseconds from the beginning. */
  at: number
  kind: Kind
  /** Which process of the kind, counted around. Redis is cut off from all. */
  nth: number
} & ({ do: 'kill' } | { do: 'stop'; forMs: number } | { do: 'cut'; toxic: Toxic; forMs: number })

export interface PlanOptions {
  seed: number
  seconds: number
  /** Kinds that are not killed. */
  spare: readonly Kind[]
}

/** Between two injuries of each sort, on the average. */
const KILL_EVERY_MS = 3_500
const STOP_EVERY_MS = 9_000
const CUT_EVERY_MS = 6_000
/**
 * A stop may outlast a lock (5 s, worker.ts), so that another takes the jobs of one that is still
 * there. One Redis stops everybody: not for so long.
 */
const STOP_MS = { least: 200, most: 7_000, redisMost: 2_500 }
const CUT_MS = { least: 300, most: 4_000 }
const LATENCY_MS = { least: 20, most: 250 }
const SLOW_BYTES_PER_SECOND = { least: 20_000, most: 200_000 }
/**
 * At first the site itself is made, which a Redis that writes once a second must have written; and
 * the last part of the run sees what the injuries before have left.
 */
const FIRST_INJURY_MS = 1_500
const LAST_INJURY = 0.95

export function planFor({ seed, seconds, spare }: PlanOptions): Injury[] {
  const lengthMs = seconds * 1_000
  const random = new Random(seed)
  const when = () => random.between(FIRST_INJURY_MS, Math.floor(lengthMs * LAST_INJURY))
  const mortal = KINDS.filter((kind) => !spare.includes(kind))
  const injuries: Injury[] = []
  const kills = Math.max(KILLS_LEAST * mortal.length, Math.floor(lengthMs / KILL_EVERY_MS))
  for (let i = 0; i < kills && mortal.length > 0; i++) {
    const kind = mortal[i % mortal.length] as Kind
    injuries.push({ at: when(), kind, nth: Math.floor(i / mortal.length), do: 'kill' })
  }
  for (let i = 0; i < Math.ceil(lengthMs / STOP_EVERY_MS); i++) {
    const kind = random.pick(KINDS)
    const most = kind === 'redis' ? STOP_MS.redisMost : STOP_MS.most
    const forMs = random.between(STOP_MS.least, most)
    injuries.push({ at: when(), kind, nth: i, do: 'stop', forMs })
  }
  for (let i = 0; i < Math.ceil(lengthMs / CUT_EVERY_MS); i++) {
    const kind = random.pick(KINDS)
    const toxic = toxicOf(random, i)
    const forMs = random.between(CUT_MS.least, CUT_MS.most)
    injuries.push({ at: when(), kind, nth: i, do: 'cut', toxic, forMs })
  }
  return injuries.sort((a, b) => a.at - b.at)
}

/** Each kind of toxic in its turn, so that a run of some length has them all. */
function toxicOf(random: Random, nth: number): Toxic {
  const kind = TOXIC_KINDS[nth % TOXIC_KINDS.length] as Toxic['kind']
  if (kind === 'latency') return { kind, ms: random.between(LATENCY_MS.least, LATENCY_MS.most) }
  if (kind !== 'slowReader') return { kind }
  const { least, most } = SLOW_BYTES_PER_SECOND
  return { kind, bytesPerSecond: random.between(least, most) }
}
