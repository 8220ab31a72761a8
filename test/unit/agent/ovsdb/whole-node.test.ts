import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refuseUnlessWhole } from '../../../../agent/ovsdb/whole-node.ts'
import type { ServerReport } from '../../../../protocol/report.ts'
import { report, serverReport } from '../../../fixtures.ts'

const of = (server: Partial<ServerReport>, as: 'active' | 'backup' = 'backup') => () => refuseUnlessWhole(report('n2', { phase: as, servers: [serverReport({ replication: 'replicating' }), serverReport({ name: 'sb', replication: 'replicating', ...server })] }), as)

test('a node that follows, whole, may be read, also while its server is busy with being read', () => {
  assert.doesNotThrow(of({}))
  assert.doesNotThrow(of({ health: 'busy', role: 'unknown', replication: 'none' }))
  assert.doesNotThrow(of({ replication: 'none' }, 'active'))
})

test('another role, a copy that is not whole, and a server that does not answer are refused by name', () => {
  assert.throws(() => refuseUnlessWhole(report('n2', { phase: 'promoting' }), 'backup'), /n2 was to be read as the backup, and is promoting/)
  assert.throws(of({ complete: false, incompleteReason: 'a resync was cut off' }), /sb on n2 has no whole copy: a resync was cut off/)
  assert.throws(of({ health: 'busy', complete: false, incompleteReason: 'a resync runs' }), /a resync runs/)
  assert.throws(of({ replication: 'connecting' }), /it is up, and connecting/)
  for (const health of ['hung', 'down', 'unknown'] as const) assert.throws(of({ health, reason: 'gone' }), /sb on n2 has no whole copy: gone/)
})
