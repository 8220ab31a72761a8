-- The newest history entries below an id.
-- KEYS[1]: a sorted set of ids, or of 'id cluster'; KEYS[2]: bodies by id, a hash. ARGV[1]: upper bound, as ZRANGE takes it; ARGV[2]: how many.
-- Returns bodies, the newest first.
local bodies = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[1], '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[2])) do
  local body = redis.call('HGET', KEYS[2], string.match(member, '^%d+'))
  if body then bodies[#bodies + 1] = body end
end
return bodies
