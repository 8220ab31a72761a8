-- Gives leadership back, if it is one's own.
-- KEYS[1]: who leads the cluster (see lead.lua). ARGV[1]: who gives it back.
-- Returns 1 when it was given back, otherwise 0.
local holder = string.match(redis.call('GET', KEYS[1]) or '', '^%w+ (.*)$')
if holder == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
