import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snapshotOrder } from '../../../../controller/core/snapshot-job.ts'
import { activeNode, nodeView } from '../api/views.ts'
import { calmView, scheduleHarness, servedBy, withNode } from './schedule-harness.ts'

test('a snapshot is read from the nearest backup that is whole, and from the active last', () => {
  const nodes = [activeNode({ name: 'n1' }), nodeView({ name: 'n2', lagHeartbeats: 2 }), nodeView({ name: 'n3', lagHeartbeats: 0 }), nodeView({ name: 'n4', ineligible: { node: 'n4', code: 'incomplete', message: '' } }), nodeView({ name: 'n5', witness: true })]
  assert.deepEqual(snapshotOrder(calmView({ nodes })), ['n3', 'n2', 'n1'])
  assert.deepEqual(snapshotOrder(calmView({ nodes: [activeNode({ name: 'n1' }), nodeView({ name: 'n2', following: null })] })), ['n1'])
  assert.deepEqual(snapshotOrder(calmView({ active: null, nodes: [nodeView({ name: 'n2', following: null })] })), [])
})

test('the next node is asked when one cannot, and nobody twice', () => {
  const one = scheduleHarness()
  one.lead()
  one.due('snapshot', 1_000)
  one.send({ type: 'woke' }, 1_500)
  one.end(2_000, 'no room')
  one.see(servedBy('n3'), 2_100)
  one.end(3_000, 'it is promoting')
  assert.deepEqual(one.find('snapshot').map(({ node, as }) => `${node} ${as}`), ['n2 backup', 'n3 backup', 'n1 backup'])
  one.end(4_000)
  assert.deepEqual([one.outcomes(), one.state().running, one.records()], [['snapshot done'], null, ['scheduleBegan']])
})

test('when no node can, the history says why of each', () => {
  const one = scheduleHarness()
  one.see(withNode(calmView(), 'n3', { following: null }), 0)
  one.lead()
  one.due('snapshot', 1_000)
  one.end(2_000, 'no room')
  one.end(3_000, 'no room either')
  assert.deepEqual([one.last()?.message, one.outcomes()], ['no snapshot was taken: n2: no room; n1: no room either', ['snapshot failed']])
})
