import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifetimeSec, parseAddresses, replaceLine } from '../../../../agent/endpoint/ip-command.ts'

test('a lifetime is rounded up to the kernel\'s second and is never 0, which would mean for ever (S4)', () => {
  assert.deepEqual([-5, 0, 0.4, 1, 999.9, 1_000, 1_000.1, 2_500].map(lifetimeSec), [1, 1, 1, 1, 1, 1, 2, 3])
})

test('an IPv6 address is added without duplicate detection and deprecated; an IPv4 one lives as long as it is preferred', () => {
  assert.equal(replaceLine({ address: 'fd00::9', prefixLength: 64, family: 6 }, 'eth0', 3), 'address replace fd00::9/64 dev eth0 nodad valid_lft 3 preferred_lft 0')
  assert.equal(replaceLine({ address: '10.0.0.9', prefixLength: 24, family: 4 }, 'eth0', 3), 'address replace 10.0.0.9/24 dev eth0 valid_lft 3 preferred_lft 3')
})

test('every list of `ip -j -batch` counts, its empty rows do not, and for ever is told apart', () => {
  const row = (local: string, validSec: number) => ({ family: 'inet', local, prefixlen: 24, valid_life_time: validSec })
  const stdout = [
    JSON.stringify([{ ifname: 'eth0', flags: ['BROADCAST', 'UP', 'LOWER_UP'], addr_info: [{}, row('10.0.0.9', 5)] }]),
    '',
    JSON.stringify([{ ifname: 'eth1', flags: ['UP', 'NO-CARRIER'], addr_info: [row('10.0.0.10', 4_294_967_295)] }]),
    '[]'
  ].join('\n')
  assert.deepEqual(parseAddresses(stdout), [
    { interface: 'eth0', address: '10.0.0.9', prefixLength: 24, validSec: 5, interfaceUp: true, carrier: true },
    { interface: 'eth1', address: '10.0.0.10', prefixLength: 24, validSec: null, interfaceUp: true, carrier: false }
  ])
})

test('output that is no list is not taken for an empty one', () => {
  assert.throws(() => parseAddresses('{"ifname":"eth0"}'), /not a list/)
  assert.throws(() => parseAddresses('[{"ifname":"eth'), SyntaxError)
})
