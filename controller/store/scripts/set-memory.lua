-- Stores what the leader remembers of the last active, unless something newer (by term, then sequence) is there.
-- KEYS[1]: the memory, a hash of term, sequence and body. ARGV[1]: term; ARGV[2]: sequence; ARGV[3]: body, JSON.
-- Returns 'stored' or 'older'.
local stored = redis.call('HMGET', KEYS[1], 'term', 'sequence')
if stored[1] then
  local term, sequence = tonumber(stored[1]), tonumber(stored[2])
  if term > tonumber(ARGV[1]) or (term == tonumber(ARGV[1]) and sequence > tonumber(ARGV[2])) then return 'older' end
end
redis.call('HSET', KEYS[1], 'term', ARGV[1], 'sequence', ARGV[2], 'body', ARGV[3])
return 'stored'
