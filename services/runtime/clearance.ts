/**
 * What goes with a message that is trimmed (`trim.ts`): its items and keys in mailboxes, its
 * reports, its content, its timeline; and what stays of it, its judgement in the counts, and the
 * word of its Idempotency-Key.
 */
import { type Client, inPieces } from './commit.ts'
import { TALLIED } from './counts.ts'
import type { Judgement } from './judgement.ts'
import { base, boxKey, contentKey, logKey, messageKey, shardOfMessage, shardsOf } from './keys.ts'
import type { AcceptRecord, Remembered } from './messages.ts'
import { BYTES } from './scripts.ts'
import type { Settings } from './settings.ts'

/** A message with what it takes up. */
export interface Sized {
  id: string
  bytes: number
}

/** A message that may go, judged. */
export interface Candidate extends Sized {
  judged: Judgement
}

/**
 * Takes keys out of a mailbox that is open or gone: KEYS box; ARGV how many keys, the keys, entries
 * that waited. Nothing is done where a move is at work, or a key is in transit.
 */
const CLEAR = `
${BYTES}
local actor = redis.call('HGET', KEYS[1], 'actor')
local state = actor and string.match(actor, '"s":"(%a+)"') or 'absent'
if state ~= 'open' and state ~= 'absent' then return 0 end
local n = tonumber(ARGV[1])
for i = 2, n + 1 do
  if redis.call('HEXISTS', KEYS[1] .. ':transit', ARGV[i]) == 1 then return 0 end
end
for i = 2, n + 1 do
  takeItem(KEYS[1], KEYS[1] .. ':items', ARGV[i])
  redis.call('ZREM', KEYS[1] .. ':order', ARGV[i])
  redis.call('ZREM', KEYS[1] .. ':log', ARGV[i])
  redis.call('ZREM', KEYS[1] .. ':bars', ARGV[i])
end
for i = n + 2, #ARGV do redis.call('HDEL', KEYS[1] .. ':answered', ARGV[i]) end
return 1
`

/** Those whose mailboxes were all cleared; the others are tried again at the next pass. */
export async function clearBoxes(
  client: Client,
  settings: Settings,
  all: Candidate[],
): Promise<Candidate[]> {
  const boxes = new Map<string, { keys: Set<string>; entries: string[] }>()
  const boxesOf = ({ judged }: Candidate) =>
    judged.explained.flatMap((one) => {
      const [key = '', mailbox = ''] = one.split('|')
      return settings.servers.map((server) => ({ key, box: boxKey(settings, server, mailbox) }))
    })
  for (const one of all) {
    for (const { key, box } of boxesOf(one)) {
      const known = boxes.get(box) ?? { keys: new Set(), entries: [] }
      boxes.set(box, known)
      known.keys.add(key)
      known.entries.push(...one.judged.entries)
    }
  }
  const refused = new Set<string>()
  await Promise.all(
    [...boxes].map(async ([box, { keys, entries }]) => {
      if (!(await clear(client, box, [...keys], entries))) refused.add(box)
    }),
  )
  return all.filter((one) => boxesOf(one).every(({ box }) => !refused.has(box)))
}

async function clear(
  client: Client,
  box: string,
  keys: string[],
  entries: string[],
): Promise<boolean> {
  for (const [, , ...some] of inPieces('', box, [...keys])) {
    const done = await client.eval(CLEAR, 1, box, some.length, ...some)
    if (done !== 1) return false
  }
  for (const [, , ...some] of inPieces('', box, entries)) {
    await client.eval(CLEAR, 1, box, 0, ...some)
  }
  return true
}

/** A client that repeats its request later is answered as before, and nothing is accepted again. */
export async function forgetKey(
  client: Client,
  settings: Settings,
  { id }: Candidate,
): Promise<void> {
  const text = await client.hget(messageKey(settings, id), 'accept')
  const record = text === null ? null : (JSON.parse(text) as AcceptRecord)
  if (record?.key === undefined) return
  const remembered: Remembered = { id, digest: record.digest, trimmed: true }
  await client.set(record.key, JSON.stringify(remembered), 'KEEPTTL', 'XX')
}

/** KEYS message; ARGV shard, id, pairs that follow, counts and figures, keys to unlink. */
const REMOVE = `
if redis.call('HEXISTS', KEYS[1], 'trim') == 0 then return 0 end
local i = 4
for _ = 1, tonumber(ARGV[3]) do
  redis.call('HINCRBY', ARGV[1] .. ':counts', ARGV[i], ARGV[i + 1])
  i = i + 2
end
redis.call('ZREM', ARGV[1] .. ':messages', ARGV[2])
for k = i, #ARGV do redis.call('UNLINK', ARGV[k]) end
redis.call('UNLINK', KEYS[1])
return 1
`

export async function remove(client: Client, settings: Settings, one: Candidate): Promise<void> {
  const { id, judged, bytes } = one
  const shard = shardOfMessage(settings, id)
  const counts = [
    ...TALLIED.flatMap((name) => [`trimmed.${name}`, judged.tally[name]]),
    ...['trimmed.messages', 1, 'bytes', -bytes],
  ]
  const mine = judged.messages.flatMap((message) => [
    ...(message === id ? [] : [messageKey(settings, message)]),
    contentKey(settings, message),
    logKey(settings, shard, message),
  ])
  const key = messageKey(settings, id)
  const pairs = counts.length / 2
  await client.eval(REMOVE, 1, key, base(settings, shard), id, pairs, ...counts, ...mine)
  const others = shardsOf(settings).filter((other) => other !== shard)
  await Promise.all(
    others.flatMap((other) =>
      judged.messages.map((message) => client.unlink(logKey(settings, other, message))),
    ),
  )
}
