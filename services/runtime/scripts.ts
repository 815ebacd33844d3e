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
if ARGV[4] ~= '' and redis.call('EXISTS', ARGV[4]) == 1 then return 'conflict' end
local i = 6
local writes = {}
for group = 1, tonumber(ARGV[5]) do
  local n = tonumber(ARGV[i + 1])
  local fields, versions, values = {}, {}, {}
  for k = 1, n do
    local at = i + 3 * k - 1
    fields[k], versions[k] = ARGV[at], ARGV[at + 1]
    values[2 * k - 1], values[2 * k] = ARGV[at], ARGV[at + 2]
  end
  local held = redis.call('HMGET', ARGV[i], unpack(fields))
  for k = 1, n do
    local version = held[k] and string.match(held[k], '^{"v":(%d+)') or '0'
    if version ~= versions[k] then return 'conflict' end
  end
  writes[group] = { ARGV[i], values }
  i = i + 2 + 3 * n
end
for _, write in ipairs(writes) do redis.call('HSET', write[1], unpack(write[2])) end
local function several(command, key, width)
  local count = width * tonumber(ARGV[i])
  each(command, key, i + 1, count)
  i = i + 1 + count
end
several('HSET', base .. ':outbox', 2)
several('HDEL', base .. ':outbox', 1)
several('ZREM', base .. ':timers', 1)
several('ZADD', base .. ':timers', 2)
local records = tonumber(ARGV[i])
i = i + 1
local id, message, ids = '', '', {}
local function logged()
  if #ids == 0 then return end
  local log = base .. ':log:' .. message
  if redis.call('RPUSH', log, unpack(ids)) > ${LOG_MAX} then
    redis.call('LTRIM', log, -${LOG_MAX}, -1)
  end
  ids = {}
end
for _ = 1, records do
  id = redis.call('XADD', base .. ':journal', 'MAXLEN', '~', ${JOURNAL_MAX}, '*', 'e', ARGV[i])
  if ARGV[i + 1] ~= message or #ids == ${ARGUMENTS_MAX} then
    logged()
    message = ARGV[i + 1]
  end
  if message ~= '' then ids[#ids + 1] = id end
  i = i + 2
end
logged()
while i <= #ARGV do
  local n = tonumber(ARGV[i])
  if ARGV[i + 1] == 'COPYITEM' then
    -- box, key, item or '', received, size: a key that is there already stays
    local box, key, item, received = ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
    if redis.call('ZADD', box .. ':log', 'NX', received, key) == 1 and item ~= '' then
      if redis.call('HSET', box .. ':items', key, item) == 1 then grow(box, ARGV[i + 6]) end
      redis.call('ZADD', box .. ':order', received, key)
    end
  elseif ARGV[i + 1] == 'PUTITEM' then
    -- box, key, item, received, size
    local box, key, received = ARGV[i + 2], ARGV[i + 3], ARGV[i + 5]
    if redis.call('HSET', box .. ':items', key, ARGV[i + 4]) == 1 then grow(box, ARGV[i + 6]) end
    redis.call('ZADD', box .. ':order', received, key)
    redis.call('ZADD', box .. ':log', received, key)
  elseif ARGV[i + 1] == 'TAKEITEM' then
    -- box, key
    takeItem(ARGV[i + 2], ARGV[i + 2] .. ':items', ARGV[i + 3])
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
  local transit, bars = box .. ':transit', box .. ':bars'
  local waiters, answered = box .. ':waiters', box .. ':answered'
  -- Few mailboxes have any of these, and offers come by the thousand.
  local has = redis.call('EXISTS', transit, bars, waiters, answered) > 0
  found[#found + 1] = {
    known[1],
    known[2] or counted(box),
    redis.call('ZSCORE', box .. ':log', key),
    has and redis.call('HEXISTS', transit, key) or 0,
    has and redis.call('ZSCORE', bars, key),
    has and redis.call('HGET', waiters, entry),
    has and redis.call('HGET', answered, entry),
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
