/**
 * What readers put on messages: whether they were read, and tags. It lies with the message and goes
 * with it; nothing of the delivery looks at it. The latest changes are kept in the order in which
 * they were made, for whoever follows them.
 */
import type { Client } from './commit.ts'
import { messageKey, part } from './keys.ts'
import { type Live, siteOf } from './live-parts.ts'

export interface Mark {
  read: boolean
  tags: string[]
}

/** Changes behind a position, and the position of the last one. */
export interface Marked {
  position: string
  changes: { id: string; change: Partial<Mark> }[]
}

const FIELDS = ['mark/read', 'mark/tags'] as const

/** Changes that are kept of a site: whoever follows looks again within a second. */
const MARKED_MAX = 1_000

/** In the order of the ids; a message without any is unread and has no tags. */
export async function marksOf(live: Live, site: string, ids: string[]): Promise<Mark[]> {
  const settings = await siteOf(live, site)
  const all = ids.map((id) => live.client.hmget(messageKey(settings, id), ...FIELDS))
  return (await Promise.all(all)).map(([read, tags]) => ({
    read: read === '1',
    tags: tags ? (JSON.parse(tags) as string[]) : [],
  }))
}

/** A message that was trimmed meanwhile must not begin again with this. */
const WRITE = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
`

export async function mark(
  live: Live,
  site: string,
  id: string,
  change: Partial<Mark>,
): Promise<void> {
  const { read, tags } = change
  const settings = await siteOf(live, site)
  const fields = [
    ...(read === undefined ? [] : [FIELDS[0], read ? '1' : '0']),
    ...(tags === undefined ? [] : [FIELDS[1], JSON.stringify(tags)]),
  ]
  if (fields.length === 0) return
  const client = live.client as Client
  if ((await client.eval(WRITE, 1, messageKey(settings, id), ...fields)) === 0) return
  const told = JSON.stringify({ id, change })
  const kept = ['MAXLEN', '~', MARKED_MAX] as const
  await client.xadd(part(settings, 0, 'marked'), ...kept, '*', 'change', told)
}

/** What changed since a position; without one, nothing but where the next change will follow. */
export async function markedSince(live: Live, site: string, position?: string): Promise<Marked> {
  const settings = await siteOf(live, site)
  const key = part(settings, 0, 'marked')
  if (position === undefined) {
    const [newest] = await live.client.xrevrange(key, '+', '-', 'COUNT', 1)
    return { position: newest?.[0] ?? '0-0', changes: [] }
  }
  const found = await live.client.xrange(key, `(${position}`, '+')
  return {
    position: found.at(-1)?.[0] ?? position,
    changes: found.map(([, [, told]]) => JSON.parse(told as string)),
  }
}
