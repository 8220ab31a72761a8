import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemsWith, warningsWith } from '../../config-fixture.ts'

type Edits = Readonly<Record<string, unknown>>
const found = (edits: Edits) => problemsWith(edits).map(({ path, message }) => `${path}: ${message}`)
const paths = (edits: Edits) => problemsWith(edits).map(({ path }) => path)
const warned = (edits: Edits) => warningsWith(edits).map(({ path, message }) => `${path}: ${message}`)

const server = (name: string, port: number, more: Edits = {}) => ({ name, database: 'Open_vSwitch', listen: { method: 'tcp', port }, ...more })
const cluster = (nodes: readonly unknown[], ...servers: readonly unknown[]) => ({ name: 'other', nodes, servers, endpoints: [{ type: 'vip', interface: 'eth0', addresses: ['10.0.0.200/24'] }] })
const NODE4 = { 'nodes.3': { name: 'ctl4', address: '10.0.0.14' } }

test('clients\' listeners, replication listeners and the agent have different ports on a node', () => {
  assert.match(found({ 'clusters.0.servers.1.listen.port': 6641, 'clusters.0.servers.1.replicationPort': 9000 }).join(), /servers\[1\]\.listen\.port: port 6641 is taken on the node ctl1 by the clients' listener of nb/)
  assert.match(found({ 'clusters.0.servers.1.listen.port': 16641 }).join(), /servers\[1\]\.listen\.port: port 16641 is taken on the node ctl1 by the replication listener of nb/)
  assert.match(found({ 'clusters.0.servers.0.listen.port': 8643 }).join(), /servers\[0\]\.listen\.port: port 8643 is taken on the node ctl1 by the agent \(nodes\[0\]\.agentPort\)/)
  assert.match(found({ 'nodes.1.agentPort': 16642 }).join(), /servers\[1\]\.replicationPort: port 16642 is taken on the node ctl2 by the agent/)
})

test('a clash on all three nodes is told once', () => {
  assert.equal(found({ 'clusters.0.servers.0.listen.port': 8643 }).length, 1)
})

test('ports clash across clusters that share a data node, and only across those', () => {
  assert.deepEqual(paths({ 'clusters.1': cluster(['ctl3'], server('x', 6641, { replicationPort: 9000 })) }), ['clusters[1].servers[0].listen.port'])
  assert.deepEqual(paths({ ...NODE4, 'clusters.1': cluster(['ctl4'], server('x', 6641)) }), [])
  assert.deepEqual(paths({ ...NODE4, 'clusters.1': cluster(['ctl4', { name: 'ctl3', witness: true }], server('x', 6641)) }), [])
})

test('the controller\'s port clashes on the node whose address it listens on', () => {
  const controller = { 'controller.listen': '10.0.0.12', 'controller.port': 6642, 'controller.tokens': [{ name: 'a', role: 'viewer', file: '/t' }] }
  assert.match(found(controller).join(), /servers\[1\]\.listen\.port: port 6642 is taken on the node ctl2 by the controller \(controller\.port\)/)
})

test('two servers of a node never share a file or socket', () => {
  assert.match(found({ 'clusters.0.servers.1.databaseFile': '/var/lib/ovsdb-ha/ovn/nb.db' }).join(), /servers\[1\]\.databaseFile: file .* is taken on the node ctl1 by the server nb/)
  assert.deepEqual(paths({ 'clusters.0.servers.0.pidFile': '/x', 'clusters.0.servers.0.logFile': '/x' }), ['clusters[0].servers[0].pidFile'])
})

test('an address is an endpoint of one cluster only', () => {
  const edits = { ...NODE4, 'clusters.1': { ...cluster(['ctl4'], server('x', 7000)), endpoints: [{ type: 'vip', interface: 'eth0', addresses: ['10.0.0.100/24'] }] } }
  assert.deepEqual(paths(edits), ['clusters[1].endpoints[0].addresses[0]'])
})

test('clusters side by side on the same nodes with ports of their own are sound', () => {
  const edits = { 'clusters.1': cluster(['ctl1', 'ctl2', 'ctl3'], server('x', 7000)) }
  assert.deepEqual([...found(edits), ...warned(edits)], [])
})
