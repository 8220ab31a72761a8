-- Stays the leader of a cluster, or becomes it.
-- KEYS[1]: who leads it, after the data set that it was written in; KEYS[2]: the data set that was seen last; KEYS[3]: there while
-- nobody new may lead. ARGV[1]: who asks; ARGV[2]: for how many milliseconds; ARGV[3]: 'look' to stay it, 'take' to become it where
-- nobody is, 'keep' to stay it although this instance forgot.
-- Returns {'renewed' | 'taken' | 'restored' | 'held' | 'free' | 'settling', who holds it}.
--
-- A data set is another one after a restart, a failover, or a flush: what was acknowledged before may be missing in it, so
-- somebody may lead of whom it knows nothing, until whatever was acknowledged last has run out.
local id = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
if redis.call('GET', KEYS[2]) ~= id then
  redis.call('SET', KEYS[2], id)
  redis.call('SET', KEYS[3], '', 'PX', ARGV[2])
end
local written, holder = string.match(redis.call('GET', KEYS[1]) or '', '^(%w+) (.*)$')
if written == id and holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {'renewed', holder}
end
if written == id then return {'held', holder} end
local settling = redis.call('EXISTS', KEYS[3]) == 1
if ARGV[3] == 'look' or (settling and ARGV[3] == 'take') then return {settling and 'settling' or 'free', ''} end
redis.call('SET', KEYS[1], id .. ' ' .. ARGV[1], 'PX', ARGV[2])
return {ARGV[3] == 'keep' and 'restored' or 'taken', ARGV[1]}
