import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemsWith, warningsWith } from '../../config-fixture.ts'

type Edits = Readonly<Record<string, unknown>>
const found = (edits: Edits) => problemsWith(edits).map(({ path, message }) => `${path}: ${message}`)
const paths = (edits: Edits) => problemsWith(edits).map(({ path }) => path)
const warned = (edits: Edits) => warningsWith(edits).map(({ path, message }) => `${path}: ${message}`)

const vip = (...addresses: readonly unknown[]): Edits => ({ 'clusters.0.endpoints.0.addresses': addresses })
const AT = 'clusters[0].endpoints[0].addresses[0]'

test('an endpoint is never a node\'s own address, however it is spelt: backups replicate from there (S5)', () => {
  assert.match(found(vip('10.0.0.12/24')).join(), /addresses\[0\]: is the node ctl2's own address.*S5/)
  assert.match(found({ ...vip('FD00:0::B/64'), 'nodes.2.address': 'fd00::b' }).join(), /is the node ctl3's own address/)
})

test('the address of a witness, or of a node of another cluster, is no endpoint either', () => {
  assert.match(found({ ...vip('10.0.0.99/24'), 'nodes.3': { name: 'other', address: '10.0.0.99' } }).join(), /is the node other's own address/)
})

test('without networks, the network of a virtual address holds the data nodes of its family', () => {
  assert.match(found(vip('10.0.1.100/24')).join(), /its network does not hold the address of the data node ctl1/)
  assert.match(found(vip('10.0.0.100/32')).join(), /its network does not hold/)
  assert.deepEqual(found(vip('10.0.1.100/23')), [])
})

test('without networks, a family that no data node has is not judged, and a witness does not count', () => {
  assert.deepEqual(found(vip('fd00::100/64')), [])
  assert.deepEqual(found({ 'nodes.2.address': '172.16.0.1', 'clusters.0.nodes.2': { name: 'ctl3', witness: true } }), [])
})

test('with networks, a virtual address is inside one of them, with a prefix no shorter', () => {
  const networks = { 'clusters.0.networks': ['10.0.0.0/24', 'fd00::/64'] }
  assert.deepEqual(found({ ...networks, ...vip('10.0.0.100/24', '10.0.0.101/32', 'fd00::100/64') }), [])
  for (const address of ['10.0.1.1/24', '10.0.0.100/16', 'fd01::1/64']) assert.deepEqual(paths({ ...networks, ...vip(address) }), [AT], address)
})

test('a network that is refused is not held against the addresses', () => {
  assert.deepEqual(paths({ 'clusters.0.networks': ['10.9.0.0/24', 'nowhere'] }), ['clusters[0].networks[1]'])
})

test('network and broadcast addresses, addresses without a prefix and those no host can have are refused', () => {
  for (const address of ['10.0.0.0/24', '10.0.0.255/24', '10.0.0.100', '224.0.0.1/24', '0.0.0.0/0', 'fe80::1/64', '::ffff:10.0.0.1/96', 'vip.example/24', 7]) {
    assert.deepEqual(paths(vip(address)), [AT], String(address))
  }
})

test('an interface name is one that the kernel takes', () => {
  for (const name of ['eth0', 'bond0.100', 'x'.repeat(15)]) assert.deepEqual(found({ 'clusters.0.endpoints.0.interface': name }), [], name)
  for (const name of ['', 'a/b', 'x'.repeat(16), 'a b', '.', '..', 'a:b']) assert.deepEqual(paths({ 'clusters.0.endpoints.0.interface': name }), ['clusters[0].endpoints[0].interface'], name)
})

test('a sound endpoint has no warning', () => {
  assert.deepEqual(warned(vip('10.0.0.100/24', 'fd00::100/64')), [])
})

const LOAD_BALANCED = { type: 'http', checkPort: 8_644 } as const

test('behind load balancers no interface and no address is needed, and the port for checks may be left out', () => {
  for (const endpoint of [LOAD_BALANCED, { type: 'http' }]) {
    assert.deepEqual(found({ 'clusters.0.endpoints': [endpoint] }), [])
    assert.deepEqual(warned({ 'clusters.0.endpoints': [endpoint] }), [])
  }
  assert.deepEqual(found({ 'clusters.0.endpoints.1': LOAD_BALANCED }), [], 'beside a virtual address')
})

test('without a guard nobody is let in on a node\'s own address: nothing would end a frozen agent\'s service (S4)', () => {
  const edits = { 'clusters.0.guard': 'none', 'clusters.0.endpoints.1': LOAD_BALANCED }
  assert.deepEqual(paths(edits), ['clusters[0].guard'])
  assert.match(found(edits).join(), /S4/)
})

test('keys of the other type have no effect, and a virtual address without its own is refused', () => {
  assert.deepEqual(warned({ 'clusters.0.endpoints.0.checkPort': 8_644 }), ['clusters[0].endpoints[0].checkPort: has no effect: type is vip'])
  assert.deepEqual(warned({ 'clusters.0.endpoints.0': { ...LOAD_BALANCED, interface: 'eth0' } }), ['clusters[0].endpoints[0].interface: has no effect: type is http'])
  assert.deepEqual(paths({ 'clusters.0.endpoints.0.interface': undefined }), ['clusters[0].endpoints[0].interface'])
  assert.deepEqual(paths({ 'clusters.0.endpoints.0.addresses': undefined }), ['clusters[0].endpoints[0].addresses'])
})

test('one cluster has one endpoint of type http, on a port that nothing else on its nodes has', () => {
  assert.deepEqual(paths({ 'clusters.0.endpoints': [LOAD_BALANCED, { type: 'http', checkPort: 8_645 }] }), ['clusters[0].endpoints[1].type'])
  for (const checkPort of [8_643, 6_641, 16_642]) assert.equal(problemsWith({ 'clusters.0.endpoints': [{ type: 'http', checkPort }] }).length, 1, String(checkPort))
})
