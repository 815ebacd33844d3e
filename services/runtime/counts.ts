/**
 * Counts of a site that outlive what they count: what the sweeper brought back, dead letters, and
 * what was trimmed. They are written with the very commit that they count, in its shard.
 */
import type { Client, RedisCommand } from './commit.ts'
import type { Tally } from './judgement.ts'
import { base, part, shardsOf } from './keys.ts'
import type { Settings } from './settings.ts'

export type Count = 'resent' | 'retried' | 'repeated' | 'deadLetters' | 'bytes'

export const counted = (
  settings: Settings,
  shard: number,
  count: Count,
  by: number,
): RedisCommand => ['HINCRBY', part(settings, shard, 'counts'), count, by]

/** What is counted of a message that was trimmed, as `trimmed.<name>`. */
export const TALLIED = [
  ...(['obligations', 'accepted', 'delivered', 'reported'] as const),
  ...(['silenced', 'deadLettered', 'handedOff', 'pending'] as const),
] as const satisfies (keyof Tally)[]

export interface Stock {
  counts: Record<string, string>
  /** Messages that are kept, the oldest first. */
  kept: string[]
}

const STOCK = `
local counts = redis.call('HGETALL', KEYS[1] .. ':counts')
return { counts, redis.call('ZRANGE', KEYS[1] .. ':messages', 0, -1) }
`

/** Of each shard, in one look. */
export const takeStock = (client: Client, settings: Settings): Promise<Stock[]> =>
  Promise.all(
    shardsOf(settings).map(async (shard) => {
      const [flat, kept] = (await client.eval(STOCK, 1, base(settings, shard))) as string[][]
      const counts: Record<string, string> = {}
      for (let i = 0; i < (flat?.length ?? 0); i += 2) {
        counts[flat?.[i] as string] = flat?.[i + 1] as string
      }
      return { counts, kept: kept ?? [] }
    }),
  )
