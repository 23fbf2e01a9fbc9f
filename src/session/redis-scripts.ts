/**
 * What Redis does for us, each in one atomic step on one key, so that it is the same on a single server, behind
 * Sentinel, and in a Cluster. A key of another type is not ours: it is dropped.
 */

const STRING = `
local function get(key)
  local kind = redis.call('TYPE', key).ok
  if kind == 'string' then return redis.call('GET', key) end
  if kind ~= 'none' then redis.call('DEL', key) end
  return false
end
`

const SET = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'zset' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
`

/** → the value and its life in milliseconds. */
export const GET = `${STRING}
local value = get(KEYS[1])
if not value then return false end
return { value, redis.call('PTTL', KEYS[1]) }`

/** What must be there ('' for nothing), what shall be there, its life ('' to keep the one it has) → its life, or nothing. */
export const REPLACE = `${STRING}
if (get(KEYS[1]) or '') ~= ARGV[1] then return false end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return redis.call('PTTL', KEYS[1])`

/** What must be there ('' for anything) → what was there and its life. */
export const REMOVE = `${STRING}
local value = get(KEYS[1])
if not value or (ARGV[1] ~= '' and value ~= ARGV[1]) then return false end
local life = redis.call('PTTL', KEYS[1])
redis.call('DEL', KEYS[1])
return { value, life }`

/** Requests that come together move an end once. */
export const PROLONG = `
local life = tonumber(ARGV[1])
if math.abs(redis.call('PTTL', KEYS[1]) - life) < life / 50 then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])`

/** The time, the name, the life of the set, and the time that a name stays which nobody renews. */
export const ADD_MEMBER = `${SET}
local life = tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(ARGV[1]) - tonumber(ARGV[4]))
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < life then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1`

export const REMOVE_MEMBER = `${SET}
return redis.call('ZREM', KEYS[1], ARGV[1])`

/** → names and times in turn. */
export const MEMBERS = `${SET}
return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')`

export const COUNT_MEMBERS = `${SET}
return redis.call('ZCOUNT', KEYS[1], ARGV[1], '+inf')`

export const PROBE = `return 1`
