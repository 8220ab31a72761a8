import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holds, isReserved, parseIp, parsePrefix } from '../../../protocol/ip.ts'

function prefix (text: string) {
  const parsed = parsePrefix(text)
  assert.ok(parsed !== undefined, text)
  return parsed
}
const address = (text: string) => prefix(`${text}/${text.includes(':') ? 128 : 32}`)

test('two spellings of one address are one text', () => {
  assert.equal(parseIp('FD00:0:0:0:0:0:0:1')?.text, 'fd00::1')
  assert.equal(parseIp('10.0.0.1')?.text, '10.0.0.1')
})

test('names, brackets, zones, ports, short and octal forms are no addresses', () => {
  for (const text of ['host', '[::1]', 'fe80::1%eth0', '10.0.0.1:80', '10.1', '010.0.0.1', '256.0.0.1', '10.0.0.1/24', '', ' 10.0.0.1']) assert.equal(parseIp(text), undefined, text)
})

test('a prefix needs a length that its family has', () => {
  assert.equal(prefix('fd00::100/64').prefixLength, 64)
  for (const text of ['10.0.0.1', '10.0.0.1/33', 'fd00::1/129', '10.0.0.1/', '10.0.0.1/-1', '10.0.0.1/24/24', 'x/24']) assert.equal(parsePrefix(text), undefined, text)
})

test('a network holds the addresses with its leading bits, of its own family only', () => {
  assert.ok(holds(prefix('10.0.0.100/24'), address('10.0.0.1')))
  assert.ok(!holds(prefix('10.0.0.100/25'), address('10.0.0.200')))
  assert.ok(holds(prefix('fd00::100/64'), address('fd00::ffff')))
  assert.ok(!holds(prefix('fd00::100/64'), address('fd00:0:0:1::1')))
  assert.ok(!holds(prefix('0.0.0.0/0'), address('fd00::1')))
  assert.ok(!holds(prefix('::/0'), address('10.0.0.1')))
})

test('the first and the last address of an IPv4 network and the first of an IPv6 network are no hosts', () => {
  for (const text of ['10.0.0.0/24', '10.0.0.255/24', 'fd00::/64']) assert.ok(isReserved(prefix(text)), text)
  for (const text of ['10.0.0.1/24', '10.0.0.0/31', '10.0.0.1/32', 'fd00::1/64', 'fd00::/127', 'fd00::ffff:ffff:ffff:ffff/64']) assert.ok(!isReserved(prefix(text)), text)
})
