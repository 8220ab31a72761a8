-- Appends a history entry once, one for each happening, and forgets the oldest ones beyond the limit.
-- KEYS[1]: ids of all clusters, a sorted set of 'id cluster happening' by id; KEYS[2]: bodies by id, a hash; KEYS[3]: ids of this
-- cluster, a sorted set; KEYS[4]: the happenings that entries tell of, a set.
-- ARGV[1]: id; ARGV[2]: body, JSON; ARGV[3]: cluster; ARGV[4]: how many are kept; ARGV[5]: what the names of the clusters' sorted sets
-- begin with; ARGV[6]: the happening, or nothing.
-- Returns 1 when it was appended or was there, 0 when another entry tells of the happening.
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return 1 end
if ARGV[6] ~= '' and redis.call('SADD', KEYS[4], ARGV[6]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[1] .. ' ' .. ARGV[3] .. ' ' .. ARGV[6])
redis.call('ZADD', KEYS[3], ARGV[1], ARGV[1])
while redis.call('ZCARD', KEYS[1]) > tonumber(ARGV[4]) do
  local oldest = redis.call('ZPOPMIN', KEYS[1])[1]
  local id, cluster, happening = string.match(oldest, '^(%d+) (%S+) ?(.*)$')
  redis.call('HDEL', KEYS[2], id)
  redis.call('ZREM', ARGV[5] .. cluster, id)
  redis.call('SREM', KEYS[4], happening)
end
return 1
