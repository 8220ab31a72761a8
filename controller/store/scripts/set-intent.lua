-- Stores what operators want of a cluster, if it is newer than what is there.
-- KEYS[1]: the intent, a hash of version and body. ARGV[1]: version; ARGV[2]: body, JSON.
-- Returns 'stored' (also when the very same is there already) or 'conflict'.
local stored = redis.call('HMGET', KEYS[1], 'version', 'body')
if stored[1] then
  if stored[1] == ARGV[1] and stored[2] == ARGV[2] then return 'stored' end
  if tonumber(stored[1]) >= tonumber(ARGV[1]) then return 'conflict' end
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'body', ARGV[2])
return 'stored'
