/**
 * Where everything lies in Redis.
 *
 * A site has `shards` parts, `{<namespace>:<site>:<k>}`, each with a hash slot of its own on a
 * cluster. What one step writes lies in one shard: a message with all its copies, reports about it
 * included; a mailbox with its items; the directory, the caches, the moves and the site's own
 * settings in shard 0.
 */
import { messageOfItem } from '../../machines/item-keys.ts'
import { kindOf, partsOf } from '../../machines/protocol.ts'

export interface Keys {
  namespace: string
  site: string
  shards: number
}

export const base = (keys: Keys, shard: number): string =>
  `{${keys.namespace}:${keys.site}:${shard}}`

/** The set of sites: in no site's shard. */
export const sitesKey = (namespace: string): string => `{${namespace}}:sites`
/** Where a change of a site's settings, or a step in it, is announced. */
export const settingsChannel = (namespace: string): string => `${namespace}:settings`
export const journalChannel = (namespace: string, site: string): string =>
  `${namespace}:journal:${site}`

/**
 * A message's shard is in the last hexadecimal digit of its id, so there are at most sixteen; a
 * report lies with its message.
 */
export function shardOfMessage(keys: Keys, id: string): number {
  const root = id.split('~')[0] as string
  const digit = Number.parseInt(root.slice(-1), 16)
  return Number.isNaN(digit) ? 0 : digit % keys.shards
}

/** FNV-1a: spreads mailbox ids over shards; nothing depends on its strength. */
function shardOfText(keys: Keys, text: string): number {
  if (keys.shards === 1) return 0
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  }
  return hash % keys.shards
}

export function shardOf(keys: Keys, address: string): number {
  const parts = partsOf(address)
  switch (kindOf(address)) {
    case 'mailbox':
      return shardOfText(keys, parts[1] as string)
    case 'move':
    case 'directory':
      return 0
    default:
      return shardOfMessage(keys, parts[0] as string)
  }
}

/** An actor's place: the hash and the field in it. */
export interface Place {
  key: string
  field: string
}

export function placeOf(keys: Keys, address: string): Place {
  const at = base(keys, shardOf(keys, address))
  const [first, second, third] = partsOf(address) as [string, string, string]
  switch (kindOf(address)) {
    case 'message':
      return { key: `${at}:message:${first}`, field: `m/${second}` }
    case 'recipient':
      return { key: `${at}:message:${first}`, field: `r/${second}/${third}` }
    case 'slot':
      return { key: `${at}:message:${first}`, field: `s/${second}/${third}` }
    case 'mailbox':
      return { key: `${at}:box:${first}/${second}`, field: 'actor' }
    case 'move':
      return { key: `${at}:moves`, field: first }
    case 'directory':
      return { key: `${at}:directory:${first}`, field: second }
  }
}

export const messageKey = (keys: Keys, id: string): string =>
  `${base(keys, shardOfMessage(keys, id))}:message:${id}`
export function contentKey(keys: Keys, item: string): string {
  const id = messageOfItem(item)
  return `${base(keys, shardOfMessage(keys, id))}:content:${id}`
}
/** Where large content is written before its message is accepted. */
export const uploadKey = (keys: Keys, id: string): string =>
  `${base(keys, shardOfMessage(keys, id))}:upload:${id}`

/**
 * The journal positions of the steps that concern a message; one list a shard, since a store's
 * steps lie in its own.
 */
export const logKey = (keys: Keys, shard: number, message: string): string =>
  `${base(keys, shard)}:log:${message}`

/** A mailbox's items as one store holds them; see `boxes.ts` for what each part is. */
export const boxKey = (keys: Keys, server: string, mailbox: string): string =>
  `${base(keys, shardOfText(keys, mailbox))}:box:${server}/${mailbox}`
export const boxKeyOf = (keys: Keys, address: string): string => {
  const [server, mailbox] = partsOf(address) as [string, string]
  return boxKey(keys, server, mailbox)
}

export const cacheKey = (keys: Keys, server: string): string => `${base(keys, 0)}:cache:${server}`
export const directoryKey = (keys: Keys, server: string): string =>
  `${base(keys, 0)}:directory:${server}`

type Part =
  | 'epoch'
  | 'settings'
  | 'journal'
  | 'outbox'
  | 'timers'
  | 'messages'
  | 'pending'
  | 'parked'
  | 'moves'
  | 'moving'
  | 'batches'
  | 'batching'
  | 'idempotency'
  | 'addresses'
  | 'faults'
  | 'founded'
  | 'changed'
  | 'counts'
  | 'deadLetters'
  | 'floor'
  | 'marked'
  | 'trimming'
export const part = (keys: Keys, shard: number, name: Part): string =>
  `${base(keys, shard)}:${name}`

/** Every shard's number, for what must be asked of each. */
export const shardsOf = (keys: Keys): number[] => Array.from({ length: keys.shards }, (_, k) => k)
