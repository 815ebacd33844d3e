/**
 * Fills a mailbox quickly: one real message is delivered, and what it left in Redis is copied under
 * other ids.
 *
 * Copied are the message with its copy and entry, its content, its place among the accepted ones,
 * and the item with its place in the mailbox: all that the ledger asks for. Not copied is the
 * journal, so the copies have no timeline.
 */
import { uuidv7 } from 'uuidv7'
import type { Client } from '../../services/runtime/commit.ts'
import { boxKey, contentKey, messageKey, part } from '../../services/runtime/keys.ts'
import type { Service } from './service.ts'
import { type BenchSite, SERVER, SITE } from './site.ts'

/** Copies written at once. */
const BATCH = 1_000

/** Keys of one message, and members of shared ones, with the message's id in them. */
interface Template {
  id: string
  hash: [key: string, fields: Record<string, string>]
  content: Record<string, string>
  item: string
  /** Sorted sets that it is a member of, with its score. */
  scores: [key: string, score: string][]
}

/** Delivers one message to the mailbox and copies it until the mailbox holds so many more. */
export async function fill(
  service: Service,
  site: BenchSite,
  alias: string,
  messages: number,
): Promise<void> {
  const client = service.connection.client() as Client
  const keys = { namespace: service.connection.namespace, site: SITE, shards: 1 }
  const box = boxKey(keys, SERVER, alias)
  const { id } = await site.deliverTo([alias])
  const template = await read(client, keys, box, id)
  for (let made = 1; made < messages; made += BATCH) {
    const pipeline = client.pipeline()
    for (let i = made; i < Math.min(messages, made + BATCH); i++) {
      copy(pipeline, keys, box, template)
    }
    await pipeline.exec()
  }
  await client.quit()
}

type SiteKeys = Parameters<typeof messageKey>[0]

async function read(client: Client, keys: SiteKeys, box: string, id: string): Promise<Template> {
  const sets = [part(keys, 0, 'messages'), `${box}:order`, `${box}:log`]
  const [fields, content, item, ...scores] = await Promise.all([
    client.hgetall(messageKey(keys, id)),
    client.hgetall(contentKey(keys, id)),
    client.hget(`${box}:items`, id),
    ...sets.map((key) => client.zscore(key, id)),
  ])
  if (content.parts === undefined || item === null || scores.includes(null)) {
    throw new Error(`The message ${id} is not kept as this benchmark expects.`)
  }
  return {
    id,
    hash: [messageKey(keys, id), fields],
    content,
    item,
    scores: sets.map((key, i) => [key, scores[i] ?? '']),
  }
}

function copy(
  pipeline: ReturnType<Client['pipeline']>,
  keys: SiteKeys,
  box: string,
  { id, hash: [, fields], content, item, scores }: Template,
): void {
  const other = uuidv7()
  const renamed = (text: string): string => text.replaceAll(id, other)
  const pairs = Object.entries(fields).flat().map(renamed)
  pipeline.hset(messageKey(keys, other), ...pairs)
  pipeline.hset(contentKey(keys, other), content)
  pipeline.hset(`${box}:items`, other, renamed(item))
  for (const [key, score] of scores) pipeline.zadd(key, score, other)
}
