/**
 * Rest: nothing under way and nothing armed that could still change what becomes of a message or a
 * mailbox.
 *
 * What is under way is what was sent and not consumed (the outboxes), so a job that hops from queue
 * to queue is never missed. Two equal readings make rest.
 */
import { ENDS } from '../../machines/phases.ts'
import type { Stored } from '../../machines/wire.ts'
import { phaseName } from '../../machines/words.ts'
import { part, shardsOf } from './keys.ts'
import type { Live } from './live-parts.ts'
import type { Settings } from './settings.ts'

export interface Reading {
  underWay: number
  timers: number
  moves: number
}

export async function reading(live: Live, settings: Settings): Promise<Reading> {
  const perShard = await Promise.all(
    shardsOf(settings).map(async (shard) => ({
      underWay: await live.client.hlen(part(settings, shard, 'outbox')),
      timers: await timersThatMatter(live, settings, shard),
    })),
  )
  const sum = (of: 'underWay' | 'timers') => perShard.reduce((all, one) => all + one[of], 0)
  return {
    underWay: sum('underWay'),
    timers: sum('timers'),
    moves: (await movesRunning(live, settings)) + (await batchesOpen(live, settings)),
  }
}

/** A replica that will hear of a write later changes nothing that was promised. */
async function timersThatMatter(live: Live, settings: Settings, shard: number): Promise<number> {
  const timers = part(settings, shard, 'timers')
  const all = await live.client.zcard(timers)
  if (all === 0 || all > 1_000) return all
  const members = await live.client.zrange(timers, '0', '-1')
  return members.filter((member) => !member.includes('|replication|')).length
}

async function movesRunning(live: Live, settings: Settings): Promise<number> {
  const moving = await live.client.hvals(part(settings, 0, 'moving'))
  const ids = moving.map((text) => (JSON.parse(text) as { id: string }).id)
  if (ids.length === 0) return 0
  const actors = await live.client.hmget(part(settings, 0, 'moves'), ...ids)
  return actors.filter((text) => {
    if (!text) return false
    return !(ENDS as readonly string[]).includes(phaseName((JSON.parse(text) as Stored).s))
  }).length
}

/** Their next moves begin by themselves. */
const batchesOpen = (live: Live, settings: Settings): Promise<number> =>
  live.client.scard(part(settings, 0, 'batching'))

export async function isAtRest(live: Live, settings: Settings): Promise<boolean> {
  for (let twice = 0; twice < 2; twice++) {
    const { underWay, timers, moves } = await reading(live, settings)
    if (underWay + timers + moves > 0) return false
  }
  return true
}
