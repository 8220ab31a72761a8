import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configDigest } from '../../../protocol/config-digest.ts'
import { requireConfig } from '../../../protocol/config.ts'
import { fileWith } from '../../config-fixture.ts'

function digestWith (edits: Readonly<Record<string, unknown>>): string {
  const [cluster] = requireConfig(fileWith(edits), 'cluster.yaml').config.clusters
  assert.ok(cluster !== undefined)
  return configDigest(cluster)
}

test('nodes whose files differ in members, servers, endpoints, timing or guard have different digests (S11)', () => {
  const digests = [
    {},
    { 'clusters.0.nodes': ['ctl1', 'ctl2'] },
    { 'clusters.0.nodes.2': { name: 'ctl3', witness: true } },
    { 'nodes.0.address': '10.0.0.21' },
    { 'clusters.0.servers.0.listen.port': 6651 },
    { 'clusters.0.endpoints.0.addresses': ['10.0.0.101/24'] },
    { 'clusters.0.endpoints.0': { type: 'http' } },
    { 'clusters.0.endpoints.0': { type: 'http', checkPort: 8_644 } },
    { 'clusters.0.timing.lease': '3s' },
    { 'clusters.0.guard': 'none' }
  ].map(digestWith)
  assert.equal(new Set(digests).size, digests.length)
})

test('order of members, spelling of defaults, and paths of the host do not change the digest', () => {
  for (const edits of [{ 'clusters.0.nodes': ['ctl3', 'CTL2', 'ctl1'] }, { 'clusters.0.timing.lease': '2000ms' }, { 'agent.stateDirectory': '/srv/state' }]) {
    assert.equal(digestWith(edits), digestWith({}), JSON.stringify(edits))
  }
})

test('the digest is the same on every machine and in every release that means the same by a file', () => {
  assert.match(digestWith({}), /^[0-9a-f]{16}$/)
  assert.equal(digestWith({}), '5f911f28f69c31b6')
})
