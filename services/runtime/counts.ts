/**
 * Counts of a site that outlive what they count: what the sweeper brought back, dead letters, and
 * what was trimmed. They are written with the very commit that they count, in its shard.
 */
import type { Client, RedisCommand } from './commit.ts'
import { part, shardsOf } from './keys.ts'
import type { Settings } from './settings.ts'

export type Count = 'resent' | 'retried' | 'repeated' | 'deadLetters' | `trimmed.${string}`

export const counted = (
  settings: Settings,
  shard: number,
  count: Count,
  by: number,
): RedisCommand => ['HINCRBY', part(settings, shard, 'counts'), count, by]

/** Summed over the shards. */
export async function readCounts(client: Client, settings: Settings): Promise<Map<string, number>> {
  const all = await Promise.all(
    shardsOf(settings).map((shard) => client.hgetall(part(settings, shard, 'counts'))),
  )
  const sums = new Map<string, number>()
  for (const one of all) {
    for (const [name, text] of Object.entries(one)) {
      sums.set(name, (sums.get(name) ?? 0) + Number(text))
    }
  }
  return sums
}
