import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMemoryShow } from '../../../../agent/ovsdb/memory-show.ts'

test('the counts of memory/show are read by name, of an old server and of a newer one', () => {
  assert.deepEqual(parseMemoryShow('cells:1432 monitors:3 sessions:4 triggers:1\n'), { cells: 1432, monitors: 3, sessions: 4, triggers: 1, backlog: 0 })
  assert.deepEqual(parseMemoryShow('atoms:17 backlog:563 cells:20 json-caches:2 monitors:2 sessions:2 txn-history:1 txn-history-atoms:35'), { atoms: 17, backlog: 563, cells: 20, jsonCaches: 2, monitors: 2, sessions: 2, triggers: 0, txnHistory: 1, txnHistoryAtoms: 35 })
})

test('a server that has no sessions says nothing of them, and has 0', () => {
  assert.deepEqual(parseMemoryShow('atoms:14 cells:20 monitors:0'), { atoms: 14, cells: 20, monitors: 0, sessions: 0, triggers: 0, backlog: 0 })
})

test('what nobody knows becomes no metric, and what is no count is no count', () => {
  assert.deepEqual(parseMemoryShow('raft-log:7 raft-connections:2 sessions:many cells:-1 n-weak-refs:3 sessions:2'), { sessions: 2, triggers: 0, backlog: 0 })
  assert.deepEqual(parseMemoryShow(''), {})
})
