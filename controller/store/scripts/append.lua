-- Appends a history entry once, and forgets the oldest ones beyond the limit.
-- KEYS[1]: ids of all clusters, a sorted set of 'id cluster' by id; KEYS[2]: bodies by id, a hash; KEYS[3]: ids of this cluster, a sorted set.
-- ARGV[1]: id; ARGV[2]: body, JSON; ARGV[3]: cluster; ARGV[4]: how many are kept; ARGV[5]: what the names of the clusters' sorted sets begin with.
-- Returns 1 when it was appended, 0 when it was there.
if redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[1] .. ' ' .. ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[1], ARGV[1])
while redis.call('ZCARD', KEYS[1]) > tonumber(ARGV[4]) do
  local oldest = redis.call('ZPOPMIN', KEYS[1])[1]
  local id, cluster = string.match(oldest, '^(%d+) (.*)$')
  redis.call('HDEL', KEYS[2], id)
  redis.call('ZREM', ARGV[5] .. cluster, id)
end
return 1
