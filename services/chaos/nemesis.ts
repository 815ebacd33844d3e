/**
 * The nemesis: carries out its plan, each injury at its time, several side by side.
 *
 * A kill needs a victim that is up and at work, so it waits for one; a stop and a cut that meet one
 * that is down are left out. After each injury it is told how long the service took to recover.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Link } from './link.ts'
import { type Injury, KINDS, type Kind } from './plan.ts'
import { kill, type Part, stop, type Victim } from './processes.ts'
import { until } from './until.ts'

export interface NemesisOptions {
  plan: readonly Injury[]
  parts: readonly Part[]
  redis: Victim
  /** Called when an injury is over, with the time from which recovery counts. */
  recovered(kind: Kind, from: number): Promise<number | null>
  log(line: string): void
}

export interface NemesisTold {
  kills: Record<Kind, number>
  stops: Record<Kind, number>
  /** By kind of toxic: how often, and how much it touched. */
  cuts: Record<string, { times: number; touched: number }>
  /** When Redis was killed, in milliseconds since the epoch. */
  redisKilledAt: number[]
  recoveryMsMax: number
}

/** A process is up again within seconds; the machine may be busy with the others. */
const UP_WITHIN_MS = 120_000
/**
 * A victim that had to be waited for works so long before it is killed. On a slow machine the next
 * kill is due by the time that it is up, and it would never do anything but start.
 */
export const WORKS_MS = 3_000

const none = (): Record<Kind, number> =>
  Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>

/** Resolves when all of it has been done, everybody may go on, and everything is up. */
export async function unleash(options: NemesisOptions): Promise<NemesisTold> {
  const { plan, parts, redis } = options
  const told: NemesisTold = {
    kills: none(),
    stops: none(),
    cuts: {},
    redisKilledAt: [],
    recoveryMsMax: 0,
  }
  const begun = Date.now()
  const recoveries: Promise<void>[] = []
  await Promise.all(
    plan.map(async (injury) => {
      await sleep(Math.max(0, begun + injury.at - Date.now()))
      const from = await inflict(options, told, injury)
      if (from === null) return
      recoveries.push(
        options.recovered(injury.kind, from).then((at) => {
          if (at === null) return
          told.recoveryMsMax = Math.max(told.recoveryMsMax, at - from)
          options.log(`${injury.kind}, ${injury.do}: recovered after ${at - from} ms`)
        }),
      )
    }),
  )
  const all: Victim[] = [...parts, redis]
  await until(() => all.every((one) => one.isUp()), UP_WITHIN_MS, 'not everything came up again')
  await Promise.all(recoveries)
  return told
}

/** Answers with the time from which recovery counts, or null when nothing was done. */
async function inflict(
  options: NemesisOptions,
  told: NemesisTold,
  injury: Injury,
): Promise<number | null> {
  const { parts, redis, log } = options
  const { kind, nth } = injury
  const those = parts.filter((part) => part.kind === kind)
  const victim = kind === 'redis' ? redis : (those[nth % those.length] as Part)
  if (injury.do === 'kill') {
    const at = await killWhenUp(victim)
    log(`${victim.name} was killed`)
    told.kills[kind] += 1
    if (kind === 'redis') told.redisKilledAt.push(at)
    return at
  }
  if (injury.do === 'cut') {
    const links = (kind === 'redis' ? parts : [victim as Part]).flatMap(({ link }) => link ?? [])
    log(`the link of ${victim.name}: ${JSON.stringify(injury.toxic)} for ${injury.forMs} ms`)
    return cut(links, told, injury)
  }
  const goOn = stop(victim)
  if (goOn === null) return null
  log(`${victim.name} was stopped for ${injury.forMs} ms`)
  told.stops[kind] += 1
  await sleep(injury.forMs)
  goOn()
  return Date.now()
}

async function killWhenUp(victim: Victim): Promise<number> {
  let at: number | null = null
  let upFrom: number | null = 0
  const killed = async () => {
    upFrom = victim.isUp() ? (upFrom ?? Date.now()) : null
    if (upFrom !== null && Date.now() - upFrom >= WORKS_MS) at = await kill(victim)
    return at !== null
  }
  await until(killed, UP_WITHIN_MS, `${victim.name} did not come up again`)
  return at as unknown as number
}

async function cut(
  links: Link[],
  told: NemesisTold,
  { toxic, forMs }: Extract<Injury, { do: 'cut' }>,
): Promise<number | null> {
  if (links.length === 0) return null
  const touched = () => links.reduce((sum, link) => sum + link.hits(toxic.kind), 0)
  const before = touched()
  for (const link of links) link.poison(toxic)
  await sleep(forMs)
  for (const link of links) link.heal()
  const sum = told.cuts[toxic.kind] ?? { times: 0, touched: 0 }
  told.cuts[toxic.kind] = { times: sum.times + 1, touched: sum.touched + touched() - before }
  return Date.now()
}
