/**
 * The atomic commit: one Lua call that checks what the step read and then writes everything that it changed.
 *
 * It refuses with `epoch` when the site's settings (profile, clock, fault rules, pause) changed since the step read
 * them, and with `conflict` when an actor's version did; then nothing was written and the step is run again.
 * All keys of one call lie in one shard; the script names them in its arguments.
 */
import type { Cluster, Redis } from 'ioredis'

/** A cluster's client has the same commands; its own type only spells their overloads otherwise. */
export type Client = Redis
export type RedisCommand = (string | number)[]

/** A stored actor begins with its version, so that the script need not parse it. */
const SCRIPT = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 'epoch' end
local i = 3
for _ = 1, tonumber(ARGV[2]) do
  local value = redis.call('HGET', ARGV[i], ARGV[i + 1])
  local version = '0'
  if value then version = string.match(value, '^{"v":(%d+)') or '0' end
  if version ~= ARGV[i + 2] then return 'conflict' end
  i = i + 3
end
local id = ''
while i <= #ARGV do
  local n = tonumber(ARGV[i])
  local command = ARGV[i + 1]
  if command == 'COPYITEM' then
    -- log, items, order, key, item or '', received: a key that is there already stays as it is
    if redis.call('ZADD', ARGV[i + 2], 'NX', ARGV[i + 7], ARGV[i + 5]) == 1 and ARGV[i + 6] ~= '' then
      redis.call('HSET', ARGV[i + 3], ARGV[i + 5], ARGV[i + 6])
      redis.call('ZADD', ARGV[i + 4], ARGV[i + 7], ARGV[i + 5])
    end
  elseif command == 'LOGGED' then
    redis.call('RPUSH', ARGV[i + 2], id)
  else
    local reply = redis.call(unpack(ARGV, i + 1, i + n))
    if command == 'XADD' then id = reply end
  end
  i = i + n + 1
end
return 'ok:' .. id
`

interface WithCommit {
  undeliverableCommit(...args: (string | number)[]): Promise<string>
}

/** Lets a client run the script (by its digest; ioredis loads it again when the server has forgotten it). */
export function withCommit(opened: Redis | Cluster): Client {
  const client = opened as Client
  client.defineCommand('undeliverableCommit', { numberOfKeys: 1, lua: SCRIPT })
  client.options.enableAutoPipelining = true
  return client
}

export interface Check {
  key: string
  field: string
  version: number
}

export interface Commit {
  epochKey: string
  /** The settings' epoch that the step read. */
  epoch: string
  checks: Check[]
  commands: RedisCommand[]
}

export type Committed =
  | { done: true; position: string }
  | { done: false; why: 'epoch' | 'conflict' }

/** Lua unpacks at most about 8,000 values on its stack; no command of a step may come near. */
export const ARGUMENTS_MAX = 4_000

export async function commit(client: Client, one: Commit): Promise<Committed> {
  const args: (string | number)[] = [one.epochKey, one.epoch, one.checks.length]
  for (const { key, field, version } of one.checks) args.push(key, field, version)
  for (const command of one.commands) {
    args.push(command.length)
    for (const value of command) args.push(value)
  }
  const answer = await (client as unknown as WithCommit).undeliverableCommit(...args)
  if (answer.startsWith('ok:')) return { done: true, position: answer.slice(3) }
  return { done: false, why: answer as 'epoch' | 'conflict' }
}

/** One command with many field-value pairs, cut so that Lua can unpack each. */
export function inPieces(
  command: string,
  key: string,
  values: (string | number)[],
): RedisCommand[] {
  const pieces: RedisCommand[] = []
  for (let i = 0; i < values.length; i += ARGUMENTS_MAX) {
    pieces.push([command, key, ...values.slice(i, i + ARGUMENTS_MAX)])
  }
  return pieces
}
