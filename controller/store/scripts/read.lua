-- KEYS[1]: a hash. ARGV[1]: a field.
-- Returns its value, or nothing.
return redis.call('HGET', KEYS[1], ARGV[1])
