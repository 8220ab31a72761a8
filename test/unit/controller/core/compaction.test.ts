import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operationView } from '../api/views.ts'
import { calmView, scheduleHarness, servedBy, withFile, withNode } from './schedule-harness.ts'

function begun (view = calmView()) {
  const one = scheduleHarness()
  one.see(view, 0)
  one.lead()
  one.due('compaction', 1_000)
  const asked = () => one.find('compact').map(({ node, as }) => `${node} ${as}`)
  return { ...one, asked }
}

test('backups come first, one at a time, and the active last', () => {
  const one = begun()
  assert.deepEqual(one.asked(), ['n2 backup'])
  one.send({ type: 'woke' }, 2_000)
  assert.deepEqual(one.asked(), ['n2 backup'], 'not before the first has ended')
  one.end(3_000)
  assert.deepEqual(one.asked(), ['n2 backup', 'n3 backup'])
  one.end(4_000)
  one.send({ type: 'woke' }, 9_000)
  assert.deepEqual(one.asked(), ['n2 backup', 'n3 backup', 'n1 active'])
  one.end(10_000)
  assert.deepEqual([one.last()?.message, one.last()?.severity, one.outcomes()], ['compacted: n2, n3, n1', 'info', ['compaction done']])
  assert.equal(one.find('count')[0]?.durationMs, 9_000)
  assert.equal(one.state().running, null)
})

test('the active is compacted only after it was written next to nothing for quietFor', () => {
  const one = begun()
  one.end(2_000)
  one.see(withFile(calmView(), 'n1', 1_000_000), 3_000)
  one.end(3_000)
  one.see(withFile(calmView(), 'n1', 1_070_000), 7_000)
  one.see(withFile(calmView(), 'n1', 1_070_500), 11_999)
  assert.ok(!one.asked().includes('n1 active'), 'it grew by 70 kB, five seconds ago less one millisecond')
  one.see(withFile(calmView(), 'n1', 1_071_000), 12_000)
  assert.ok(one.asked().includes('n1 active'))
})

test('an active that is never quiet is passed over and told, and so is a backup that does not follow or refuses', () => {
  const one = begun(withNode(calmView(), 'n3', { following: null }))
  one.end(2_000, 'the disk is full')
  let bytes = 1_000_000
  for (let atMs = 3_000; atMs < 130_000; atMs += 1_000) one.see(withFile(withNode(calmView(), 'n3', { following: null }), 'n1', bytes += 100_000), atMs)
  assert.deepEqual(one.asked(), ['n2 backup'])
  assert.equal(one.last()?.message, 'no node was compacted; passed over: n2: the disk is full; n3: n3 does not follow n1; n1: it serves, and was written to all the time')
  assert.deepEqual([one.last()?.severity, one.outcomes()], ['warning', ['compaction failed']])
})

test('a backup that cannot be compacted now is waited for, while the others have their turn, and the active still comes last', () => {
  const one = begun(withNode(calmView(), 'n2', { ineligible: { node: 'n2', code: 'busy', message: 'n2 is busy' } }))
  assert.deepEqual(one.asked(), ['n3 backup'])
  one.end(2_000)
  one.send({ type: 'woke' }, 60_000)
  assert.deepEqual(one.asked(), ['n3 backup'])
  one.see(calmView(), 61_000)
  assert.deepEqual(one.asked(), ['n3 backup', 'n2 backup'])
  one.end(62_000)
  one.send({ type: 'woke' }, 67_000)
  assert.deepEqual(one.asked(), ['n3 backup', 'n2 backup', 'n1 active'])
})

test('a failover in between is waited for, and who serves then has its turn last', () => {
  const one = begun()
  one.see(calmView({ active: null, operation: operationView({ outcome: 'running' }) }), 1_500)
  one.end(2_000)
  one.send({ type: 'woke' }, 3_000)
  assert.deepEqual(one.asked(), ['n2 backup'])
  one.see(servedBy('n3'), 4_000)
  one.send({ type: 'woke' }, 9_000)
  assert.deepEqual(one.asked(), ['n2 backup', 'n3 active'])
})

test('unrest without an end ends it', () => {
  const one = begun()
  one.see(calmView({ active: null }), 1_500)
  one.end(2_000)
  one.send({ type: 'woke' }, 62_001)
  assert.match(one.last()?.message ?? '', /^compacted: n2; passed over: n3, the active: nobody serves/)
  assert.equal(one.state().running, null)
})
