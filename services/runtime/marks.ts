/**
 * What readers put on messages: whether they were read, and tags. It lies with the message and goes
 * with it; nothing of the delivery looks at it.
 */
import type { Client } from './commit.ts'
import { messageKey } from './keys.ts'
import { type Live, siteOf } from './live-parts.ts'

export interface Mark {
  read: boolean
  tags: string[]
}

const FIELDS = ['mark/read', 'mark/tags'] as const

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
return redis.call('HSET', KEYS[1], unpack(ARGV))
`

export async function mark(
  live: Live,
  site: string,
  id: string,
  { read, tags }: Partial<Mark>,
): Promise<void> {
  const settings = await siteOf(live, site)
  const fields = [
    ...(read === undefined ? [] : [FIELDS[0], read ? '1' : '0']),
    ...(tags === undefined ? [] : [FIELDS[1], JSON.stringify(tags)]),
  ]
  if (fields.length === 0) return
  await (live.client as Client).eval(WRITE, 1, messageKey(settings, id), ...fields)
}
