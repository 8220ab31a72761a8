-- Stays the leader of a cluster, or becomes it.
-- KEYS[1]: who leads it. ARGV[1]: who asks; ARGV[2]: for how many milliseconds; ARGV[3]: '1' to take it where nobody has it.
-- Returns {'renewed' | 'taken' | 'held' | 'free', who holds it}.
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {'renewed', holder}
end
if holder then return {'held', holder} end
if ARGV[3] ~= '1' then return {'free', ''} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {'taken', ARGV[1]}
