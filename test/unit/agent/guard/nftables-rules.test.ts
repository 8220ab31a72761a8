import assert from 'node:assert/strict'
import { test } from 'node:test'
import { installBatch, openBatch, tableOf } from '../../../../agent/guard/nftables-rules.ts'

test('a cluster has a table of its own, and a name that is no cluster\'s is a bug', () => {
  assert.equal(tableOf('ovn-central'), 'inet ovsdb_ha_ovn_central')
  assert.throws(() => tableOf('x; flush ruleset'), { name: 'InvariantError' })
})

test('a running lease is extended by adding, deleting and adding in one batch (FACTS I)', () => {
  assert.deepEqual(openBatch('ovn', [6641, 6642], 1_500, false).trim().split('\n'), [
    'add element inet ovsdb_ha_ovn lease { 6641 timeout 1500ms, 6642 timeout 1500ms }',
    'delete element inet ovsdb_ha_ovn lease { 6641, 6642 }',
    'add element inet ovsdb_ha_ovn lease { 6641 timeout 1500ms, 6642 timeout 1500ms }'
  ])
  assert.equal(openBatch('ovn', [6641], 1_500, true), 'add element inet ovsdb_ha_ovn lease { 6641 timeout 1500ms }\n')
})

test('installing replaces everything but the lease', () => {
  const batch = installBatch('ovn', { clientPorts: [6641], replicationPorts: [16641], members: ['10.0.0.1', 'fd00::1', '10.0.0.1'] })
  assert.doesNotMatch(batch, /(flush|delete) (set|element|table) inet ovsdb_ha_ovn( lease|$)/m)
  assert.match(batch, /^flush set inet ovsdb_ha_ovn client_ports$/m)
  assert.match(batch, /^flush chain inet ovsdb_ha_ovn input$/m)
  assert.match(batch, /^add element inet ovsdb_ha_ovn members4 \{ 10\.0\.0\.1 \}$/m)
  assert.match(batch, /^add element inet ovsdb_ha_ovn members6 \{ fd00::1 \}$/m)
})

test('a family without members gets no empty element list, which nft refuses', () => {
  const batch = installBatch('ovn', { clientPorts: [6641], replicationPorts: [16641], members: ['10.0.0.1'] })
  assert.doesNotMatch(batch, /add element inet ovsdb_ha_ovn members6/)
})
