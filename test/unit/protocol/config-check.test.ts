import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemsWith, warningsWith } from '../../config-fixture.ts'

type Edits = Readonly<Record<string, unknown>>
const found = (edits: Edits) => problemsWith(edits).map(({ path, message }) => `${path}: ${message}`)
const paths = (edits: Edits) => problemsWith(edits).map(({ path }) => path)
const warned = (edits: Edits) => warningsWith(edits).map(({ path, message }) => `${path}: ${message}`)

test('node names are unique whatever their capitals, and so are addresses whatever their spelling', () => {
  assert.deepEqual(paths({ 'nodes.1.name': 'CTL1', 'clusters.0.nodes': ['ctl1', 'ctl3'] }), ['nodes[1].name'])
  assert.deepEqual(paths({ 'nodes.1.address': 'fd00::1', 'nodes.2.address': 'FD00:0::1' }), ['nodes[2].address'])
})

test('two clusters, or two tokens, of one name are refused', () => {
  const other = { name: 'OVN', nodes: ['ctl4'], servers: [{ name: 'x', database: 'Open_vSwitch', listen: { method: 'tcp', port: 7000 } }], endpoints: [{ type: 'vip', interface: 'eth0', addresses: ['10.0.0.101/24'] }] }
  assert.deepEqual(paths({ 'nodes.3': { name: 'ctl4', address: '10.0.0.14' }, 'clusters.1': other }), ['clusters[1].name'])
  const token = { name: 'a', role: 'viewer', file: '/t' }
  assert.deepEqual(paths({ 'controller.tokens': [token, { ...token, name: 'A' }] }), ['controller.tokens[1].name'])
})

test('a controller with the name of a node is refused, since peers are told apart by their names', () => {
  assert.deepEqual(paths({ 'controller.name': 'Ctl2' }), ['controller.name'])
})

test('a node that no cluster has is a warning', () => {
  assert.match(warned({ 'nodes.3': { name: 'idle', address: '10.0.0.14' } }).join(), /nodes\[3\]: no cluster has the node idle/)
})

test('agents beyond loopback need certificates, or insecure in so many words', () => {
  assert.match(found({ tls: undefined }).join(), /^tls: is missing: the agent of ctl1 listens on 10\.0\.0\.11, beyond loopback/)
  assert.deepEqual(found({ tls: undefined, insecure: true }), [])
  assert.match(warned({ tls: undefined, insecure: true }).join(), /plain HTTP beyond loopback/)
  const loopback = { tls: undefined, 'nodes.0.address': '127.0.0.1', 'nodes.1.address': '127.0.0.2', 'nodes.2.address': '127.0.0.3', 'clusters.0.networks': ['10.0.0.0/24'] }
  assert.deepEqual([...found(loopback), ...warned(loopback)], [])
  assert.match(found({ ...loopback, 'controller.listen': '::', 'controller.tokens': [{ name: 'a', role: 'viewer', file: '/t' }] }).join(), /^tls: is missing: the controller/)
})

test('a controller beyond loopback needs tokens, also with certificates or insecure', () => {
  for (const listen of ['0.0.0.0', '::', '10.0.0.11']) assert.deepEqual(paths({ 'controller.listen': listen }), ['controller.tokens'], listen)
  assert.deepEqual(paths({ 'controller.listen': '0.0.0.0', tls: undefined, insecure: true }), ['controller.tokens'])
  assert.deepEqual(paths({ 'controller.listen': '::1' }), [])
})

test('insecure beside certificates is a warning: it changes nothing', () => {
  assert.match(warned({ insecure: true }).join(), /^insecure: has no effect beside tls/)
})
