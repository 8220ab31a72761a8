import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemsWith, warningsWith } from '../../config-fixture.ts'

type Edits = Readonly<Record<string, unknown>>
const found = (edits: Edits) => problemsWith(edits).map(({ path, message }) => `${path}: ${message}`)
const paths = (edits: Edits) => problemsWith(edits).map(({ path }) => path)
const warned = (edits: Edits) => warningsWith(edits).map(({ path, message }) => `${path}: ${message}`)

const VTEP = { 'clusters.0.servers.1': undefined }

test('a cluster lists known nodes, each once', () => {
  const [unknown] = problemsWith({ 'clusters.0.nodes.2': 'clt3' })
  assert.deepEqual([unknown?.path, unknown?.nearest, unknown?.allowed], ['clusters[0].nodes[2]', 'ctl3', 'ctl1, ctl2, ctl3'])
  assert.deepEqual(paths({ 'clusters.0.nodes.2': { name: 'CTL1', witness: true } }), ['clusters[0].nodes[2]'])
})

test('a cluster of witnesses only is refused', () => {
  assert.deepEqual(paths({ 'clusters.0.nodes': [{ name: 'ctl1', witness: true }] }), ['clusters[0].nodes'])
})

test('two data nodes without a third voter are explained: no automatic failover when a node is lost (S9)', () => {
  const [warning] = warningsWith({ 'clusters.0.nodes': ['ctl1', 'ctl2'] }).filter(({ path }) => path === 'clusters[0].nodes')
  assert.match(warning?.message ?? '', /no automatic failover when a node is lost.*S9.*witness: true/)
})

test('an odd number of voters is silent; one data node, and an even number, are explained', () => {
  assert.deepEqual(warned({}), [])
  assert.deepEqual(warned({ 'clusters.0.nodes.2': { name: 'ctl3', witness: true } }), [])
  assert.match(warned({ 'clusters.0.nodes': ['ctl1', { name: 'ctl2', witness: true }, { name: 'ctl3', witness: true }] }).join(), /nothing to fail over to/)
  const four = { 'nodes.3': { name: 'ctl4', address: '10.0.0.14' }, 'clusters.0.nodes': ['ctl1', 'ctl2', 'ctl3', 'ctl4'] }
  assert.match(warned(four).join(), /4 voters: a majority is 3, so the loss of 1 is survived, as with 3 voters/)
})

test('a priority on a witness is a warning: it is never active', () => {
  assert.match(warned({ 'clusters.0.nodes.2': { name: 'ctl3', witness: true, priority: 5 } }).join(), /nodes\[2\]\.priority: has no effect/)
})

test('two servers of one name are told once, not again for every file named after them', () => {
  assert.deepEqual(paths({ 'clusters.0.servers.1.name': 'NB' }), ['clusters[0].servers[1].name'])
})

test('a database without a well-known schema file needs one, and a slip in its name is recognised', () => {
  const [problem] = problemsWith({ 'clusters.0.servers.0.database': 'OVN_Nortbound' })
  assert.deepEqual([problem?.path, problem?.nearest], ['clusters[0].servers[0].schema', 'OVN_Northbound'])
  assert.deepEqual(found({ 'clusters.0.servers.0.database': 'Mine', 'clusters.0.servers.0.schema': '/mine.ovsschema' }), [])
})

test('a replication port that cannot be derived must be written', () => {
  assert.deepEqual(paths({ 'clusters.0.servers.0.listen.port': 60_000 }), ['clusters[0].servers[0].replicationPort'])
  assert.deepEqual(paths({ 'clusters.0.servers.0.listen.port': 60_000, 'clusters.0.servers.0.replicationPort': 50_000 }), [])
})

test('ssl needs certificates; certificates beside tcp are a warning', () => {
  const tls = { privateKey: '/k', certificate: '/c', caCertificate: '/ca' }
  assert.deepEqual(paths({ 'clusters.0.servers.0.listen.method': 'ssl' }), ['clusters[0].servers[0].tls'])
  assert.deepEqual(found({ 'clusters.0.servers.0.listen.method': 'ssl', 'clusters.0.servers.0.tls': tls }), [])
  assert.match(warned({ 'clusters.0.servers.0.tls': tls }).join(), /tls: has no effect: listen\.method is tcp/)
})

test('systemd needs a unit, and configFile needs a server that the agent starts', () => {
  const run = (value: unknown) => ({ ...VTEP, 'clusters.0.servers': [{ name: 'nb', database: 'OVN_Northbound', listen: { method: 'tcp', port: 6641 }, run: value }] })
  assert.deepEqual(paths(run({ mode: 'systemd' })).filter(path => path.endsWith('unit')), ['clusters[0].servers[0].run.unit'])
  assert.deepEqual(paths(run({ mode: 'attach', control: 'configFile' })).filter(path => path.endsWith('control')), ['clusters[0].servers[0].run.control'])
  assert.deepEqual(problemsWith({ 'clusters.0.servers.0.run': { mode: 'systemd', unit: 'ovn-nb.service' }, 'clusters.0.servers.1.run': { mode: 'process', control: 'configFile' } }), [])
  const idle = warned({ 'clusters.0.servers.0.run': { mode: 'attach', unit: 'x.service', program: 'p' } })
  assert.deepEqual(idle, ['clusters[0].servers[0].run.unit: has no effect: run.mode is attach', 'clusters[0].servers[0].run.program: has no effect: run.mode is attach'])
})

test('a socket path longer than the kernel takes is refused, also when it is derived', () => {
  const long = `/${'d'.repeat(100)}`
  assert.deepEqual(paths({ 'agent.runDirectory': long }), ['controlSocket', 'databaseSocket'].flatMap(key => [0, 1].map(at => `clusters[0].servers[${at}].${key}`)).sort((a, b) => a.localeCompare(b)))
  assert.deepEqual(paths({ 'clusters.0.servers.0.controlSocket': `/${'x'.repeat(107)}` }), ['clusters[0].servers[0].controlSocket'])
  assert.deepEqual(paths({ 'clusters.0.servers.0.controlSocket': `/${'x'.repeat(106)}` }), [])
})

test('a cluster without a guard is warned of what a frozen agent then leaves open (S4)', () => {
  assert.match(warned({ 'clusters.0.guard': 'none' }).join(), /guard: without a guard a frozen agent/)
})
