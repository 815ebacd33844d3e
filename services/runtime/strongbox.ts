/**
 * What stores hold of a key, asked past their machines; and the bar that keeps it from coming in
 * later.
 */
import { kindOf } from '../../machines/protocol.ts'
import { type Client, commit } from './commit.ts'
import { base, boxKey, boxKeyOf, shardOf } from './keys.ts'
import type { Settings } from './settings.ts'

/** A mailbox to which others deliver all the time. */
const RERUNS_MAX = 200

const ABSENT = '{"v":0,"s":"absent","c":{},"a":{}}'

/**
 * Bars a key at a mailbox and moves the mailbox's version on, whatever else is stored of it: a step
 * that read it before is refused. Says the new version.
 */
export async function barred(
  client: Client,
  settings: Settings,
  address: string,
  key: string,
): Promise<number> {
  if (kindOf(address) !== 'mailbox') throw new Error(`${address} is no mailbox`)
  const box = boxKeyOf(settings, address)
  const at = Date.now()
  for (let rerun = 0; rerun < RERUNS_MAX; rerun++) {
    const text = (await client.hget(box, 'actor')) ?? ABSENT
    const version = Number(/^{"v":(\d+)/.exec(text)?.[1] ?? 0)
    const value = text.replace(/^{"v":\d+/, `{"v":${version + 1}`)
    const shard = shardOf(settings, address)
    const epoch = Number(await client.get(`${base(settings, shard)}:epoch`))
    const written = await commit(client, {
      ...{ base: base(settings, shard), epoch, channel: '' },
      actors: [{ key: box, field: 'actor', version, value }],
      ...{ events: [], consumed: [], timers: [], journal: [] },
      commands: [['ZADD', `${box}:bars`, 'NX', at, key]],
    })
    if (written.done) return version + 1
  }
  throw new Error(`${address} cannot be barred: others were quicker`)
}

/** In the mailbox or its in-transit folder, or taken away from it by its reader since. */
export async function holds(client: Client, box: string, key: string): Promise<boolean> {
  const [logged, transit] = await Promise.all([
    client.zscore(`${box}:log`, key),
    client.hexists(`${box}:transit`, key),
  ])
  return logged !== null || transit === 1
}

/** At whichever server: the mailbox may have moved. */
export async function heldAnywhere(
  client: Client,
  settings: Settings,
  mailbox: string,
  key: string,
): Promise<boolean> {
  const all = settings.servers.map((server) =>
    holds(client, boxKey(settings, server, mailbox), key),
  )
  return (await Promise.all(all)).includes(true)
}
