/**
 * The Lua of the Redis port. Each script's keys lie in one shard; the first is declared, the others
 * are made from the arguments.
 */

/** Lua unpacks at most about 8,000 values on its stack; no command of a step may come near. */
export const ARGUMENTS_MAX = 4_000

/**
 * Steps that the journal of one shard keeps; older ones are trimmed, and readers told of the gap.
 */
export const JOURNAL_MAX = 200_000
/** Steps of which one message's timeline keeps the position. */
export const LOG_MAX = 100_000

/**
 * How much a mailbox holds is counted as items come and go, so it is never added up; but once in a
 * mailbox that was filled by a service that did not count yet. An item's size is its own member:
 * within a text its quotation marks would be escaped.
 */
export const BYTES = `
local function grow(box, by)
  if redis.call('HEXISTS', box, 'bytes') == 1 then redis.call('HINCRBY', box, 'bytes', by) end
end
local function sizeOf(item) return tonumber(string.match(item, '"size":(%d+)') or 0) end
local function takeItem(box, items, key)
  local item = redis.call('HGET', items, key)
  if item and redis.call('HDEL', items, key) == 1 then grow(box, -sizeOf(item)) end
end
local function counted(box)
  local sum = 0
  for _, item in ipairs(redis.call('HVALS', box .. ':items')) do sum = sum + sizeOf(item) end
  if redis.call('HEXISTS', box, 'actor') == 1 then redis.call('HSET', box, 'bytes', sum) end
  return sum
end
`

/**
 * A stored actor begins with its version, so that the script need not parse it. See `commit.ts` for
 * the arguments.
 */
const COMMIT = `
${BYTES}
local function each(command, key, from, count)
  for first = from, from + count - 1, ${ARGUMENTS_MAX} do
    local last = math.min(first + ${ARGUMENTS_MAX}, from + count) - 1
    redis.call(command, key, unpack(ARGV, first, last))
  end
end
local base = ARGV[2]
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 'epoch' end
local i = 5
local actors = tonumber(ARGV[4])
for _ = 1, actors do
  local value = redis.call('HGET', ARGV[i], ARGV[i + 1])
  local version = '0'
  if value then version = string.match(value, '^{"v":(%d+)') or '0' end
  if version ~= ARGV[i + 2] then return 'conflict' end
  i = i + 4
end
i = 5
for _ = 1, actors do
  redis.call('HSET', ARGV[i], ARGV[i + 1], ARGV[i + 3])
  i = i + 4
end
local outbox = base .. ':outbox'
local events = tonumber(ARGV[i])
i = i + 1
each('HSET', outbox, i, 2 * events)
i = i + 2 * events
local consumed = tonumber(ARGV[i])
i = i + 1
each('HDEL', outbox, i, consumed)
i = i + consumed
local timers = tonumber(ARGV[i])
i = i + 1
for _ = 1, timers do
  if ARGV[i + 1] == '' then redis.call('ZREM', base .. ':timers', ARGV[i])
  else redis.call('ZADD', base .. ':timers', ARGV[i + 1], ARGV[i]) end
  i = i + 2
end
local records = tonumber(ARGV[i])
i = i + 1
local id = ''
for _ = 1, records do
  id = redis.call('XADD', base .. ':journal', 'MAXLEN', '~', ${JOURNAL_MAX}, '*', 'e', ARGV[i])
  if ARGV[i + 1] ~= '' then
    local log = base .. ':log:' .. ARGV[i + 1]
    if redis.call('RPUSH', log, id) > ${LOG_MAX} then redis.call('LPOP', log) end
  end
  i = i + 2
end
while i <= #ARGV do
  local n = tonumber(ARGV[i])
  if ARGV[i + 1] == 'COPYITEM' then
    -- box, log, items, order, key, item or '', received, size: a key that is there already stays
    local log, key, received = ARGV[i + 3], ARGV[i + 6], ARGV[i + 8]
    if redis.call('ZADD', log, 'NX', received, key) == 1 and ARGV[i + 7] ~= '' then
      if redis.call('HSET', ARGV[i + 4], key, ARGV[i + 7]) == 1 then
        grow(ARGV[i + 2], ARGV[i + 9])
      end
      redis.call('ZADD', ARGV[i + 5], received, key)
    end
  elseif ARGV[i + 1] == 'PUTITEM' then
    -- box, items, key, item, size
    if redis.call('HSET', ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]) == 1 then
      grow(ARGV[i + 2], ARGV[i + 6])
    end
  elseif ARGV[i + 1] == 'TAKEITEM' then
    -- box, items, key
    takeItem(ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
  else
    redis.call(unpack(ARGV, i + 1, i + n))
  end
  i = i + n + 1
end
if records > 0 then redis.call('PUBLISH', ARGV[3], '') end
return 'ok:' .. id
`

/**
 * The mailbox actor, and how much it holds; delivered, in transit, barred; the attempts that wait
 * and that were nudged.
 */
const FIND = `
${BYTES}
local found = {}
for i = 1, #ARGV, 3 do
  local box, key, entry = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local known = redis.call('HMGET', box, 'actor', 'bytes')
  found[#found + 1] = {
    known[1],
    known[2] or counted(box),
    redis.call('ZSCORE', box .. ':log', key),
    redis.call('HEXISTS', box .. ':transit', key),
    redis.call('ZSCORE', box .. ':bars', key),
    redis.call('HGET', box .. ':waiters', entry),
    redis.call('HGET', box .. ':answered', entry),
  }
end
return found
`

/** Of each hash: its key, how many fields, the fields. */
const LOAD = `
local found = {}
local i = 1
while i <= #ARGV do
  local n = tonumber(ARGV[i + 1])
  found[#found + 1] = redis.call('HMGET', ARGV[i], unpack(ARGV, i + 2, i + 1 + n))
  i = i + 2 + n
end
return found
`

export const SCRIPTS = {
  undeliverableCommit: COMMIT,
  undeliverableFind: FIND,
  undeliverableLoad: LOAD,
}
