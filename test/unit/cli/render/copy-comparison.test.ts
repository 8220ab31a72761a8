import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderComparisons } from '../../../../cli/render/copy-comparison.ts'

test('rows that would be lost are told per table and copy; what could not be read is not known, and said', () => {
  const table = { table: 'Logical_Switch', missingRows: 3, changedRows: 1, extraRows: 2 }
  assert.deepEqual(renderComparisons({
    to: 'n2',
    sources: [
      { source: 'n1', problem: null, databases: [{ server: 'nb', database: 'OVN_Northbound', problem: null, tables: [table] }, { server: 'sb', database: 'OVN_Southbound', problem: 'connection refused', tables: [] }] },
      { source: 'n3', problem: 'n2 is silent', databases: [] },
      { source: 'n4', problem: null, databases: [{ server: 'nb', database: 'OVN_Northbound', problem: null, tables: [] }] }
    ]
  }), [
    '',
    '  compared with the copy of n1:',
    '    OVN_Northbound Logical_Switch: 3 rows would be lost, 1 have other values, 2 are only on n2',
    '    OVN_Southbound: not known, it could not be read: connection refused',
    '  compared with the copy of n3: not known, n2 is silent',
    '  compared with the copy of n4:',
    '    OVN_Northbound: no row differs'
  ])
  assert.deepEqual(renderComparisons({ problem: 'not allowed' }), ['', '  rows were not compared: not allowed'])
  assert.deepEqual(renderComparisons(null), [])
})
