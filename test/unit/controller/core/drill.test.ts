import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { operationView } from '../api/views.ts'
import { AT, calmView, scheduleHarness, servedBy, withNode } from './schedule-harness.ts'

const THERE = operationView({ kind: 'switchover', from: 'n1', to: 'n2', durationMs: 120 })
const BACK = operationView({ id: 'ovn-9-1', kind: 'switchover', from: 'n2', to: 'n1', durationMs: 130 })

const NEVER = { preference: 'never' as const, by: 'ann', at: AT, until: null, reason: '' }

/** n1 served, the drill moved it to n2 at 2 s. */
function away () {
  const one = scheduleHarness()
  one.lead()
  one.due('drill', 1_000)
  one.see(servedBy('n2'), 1_900)
  one.end(2_000, null, THERE)
  const targets = () => one.find('switchover').map(({ to }) => to)
  return { ...one, targets }
}

describe('a failover drill', () => {
  test('goes there, stays, comes back, and tells both times', () => {
    const one = away()
    one.send({ type: 'woke' }, 11_999)
    assert.deepEqual(one.targets(), [null])
    one.send({ type: 'woke' }, 12_000)
    assert.deepEqual(one.targets(), [null, 'n1'])
    one.see(servedBy('n1'), 12_100)
    one.end(12_200, null, BACK)
    assert.deepEqual(one.last(), { type: 'record', kind: 'drillEnded', severity: 'info', node: 'n1', message: 'failover drill done: the service moved from n1 to n2 in 120 ms, stayed there for 10.2 s, and moved back in 130 ms', facts: { outcome: 'done', from: 'n1', to: 'n2', thereMs: 120, backMs: 130, thereOperation: 'ovn-8-1', backOperation: 'ovn-9-1' } })
    assert.deepEqual([one.outcomes(), one.state().running], [['drill done'], null])
  })

  test('is not begun where a node could not take over, is silent, or failed not long ago', () => {
    const locked = { limitFailovers: 4, usedFailovers: 1, freeAt: null, open: [{ term: 3, at: AT, failed: 'n3', to: 'n1', why: '', counts: true, lockedOutUntil: AT }] }
    const views = [
      [withNode(calmView(), 'n2', { reachable: false }), /n2 does not report/],
      [withNode(calmView(), 'n3', { ineligible: { node: 'n3', code: 'behind', message: 'n3 is behind' } }), /n3 is behind/],
      [withNode(calmView(), 'n3', { following: 'n2' }), /n3 does not follow n1/],
      [calmView({ recoveries: locked }), /n3 failed in failover 3/],
      [withNode(calmView(), 'n1', { preference: NEVER }), /n1 could not take the service back: it is never to be promoted \(ann\)/]
    ] as const
    for (const [view, why] of views) {
      const one = scheduleHarness()
      one.lead()
      one.see(view, 0)
      one.due('drill', 1_000)
      one.send({ type: 'woke' }, 61_001)
      assert.deepEqual(one.find('switchover'), [])
      assert.match(one.last()?.message ?? '', why)
    }
  })

  test('is begun although one of the others is never to be promoted: its copy is whole', () => {
    const one = scheduleHarness()
    one.lead()
    one.see(withNode(calmView(), 'n3', { preference: NEVER, ineligible: { node: 'n3', code: 'never', message: 'n3 is never to be promoted (ann)' } }), 0)
    one.due('drill', 1_000)
    assert.equal(one.find('switchover').length, 1)
  })

  test('that cannot leave has moved nothing, and does not come back', () => {
    for (const [error, operation, why] of [['refused', null, /refused/], [null, operationView({ outcome: 'undone', detail: 'the marker was late' }), /undone: the marker was late/]] as const) {
      const one = scheduleHarness()
      one.lead()
      one.due('drill', 1_000)
      one.end(2_000, error, operation)
      one.send({ type: 'woke' }, 60_000)
      assert.equal(one.find('switchover').length, 1)
      assert.match(one.last()?.message ?? '', why)
      assert.deepEqual([one.last()?.severity, one.outcomes()], ['warning', ['drill failed']])
    }
  })

  test('waits for the old active to be whole before it goes back, and gives up in the end, critically', () => {
    const one = away()
    const unfit = withNode(servedBy('n2'), 'n1', { following: null })
    one.see(unfit, 30_000)
    assert.deepEqual(one.targets(), [null])
    one.see(servedBy('n2'), 40_000)
    assert.deepEqual(one.targets(), [null, 'n1'])
    const other = away()
    other.see(unfit, 2_000 + 10_000 + 600_000)
    assert.deepEqual([other.targets(), other.last()?.severity, other.last()?.message], [[null], 'critical', 'failover drill failed: the service stays on n2, n1 cannot take it back: n1 does not follow n2'])
  })

  test('tries the way back three times, ten seconds apart', () => {
    const one = away()
    one.send({ type: 'woke' }, 12_000)
    one.end(13_000, null, operationView({ outcome: 'undone', detail: 'late' }))
    one.send({ type: 'woke' }, 22_999)
    assert.equal(one.targets().length, 2)
    one.send({ type: 'woke' }, 23_000)
    assert.equal(one.targets().length, 3)
    one.end(24_000, 'refused')
    one.send({ type: 'woke' }, 34_000)
    one.end(35_000, 'refused')
    assert.deepEqual([one.last()?.severity, one.last()?.message], ['critical', 'failover drill failed: the service stays on n2, the way back to n1 failed 3 times: refused'])
  })

  test('ends where it is when somebody pauses the cluster, or somebody else serves', () => {
    const paused = away()
    paused.see(servedBy('n2', { paused: { by: 'alice', at: AT, reason: '' } }), 12_000)
    assert.match(paused.last()?.message ?? '', /alice paused the cluster: the service stays on n2/)
    const moved = away()
    moved.see(servedBy('n3'), 5_000)
    assert.match(moved.last()?.message ?? '', /n3 serves, which the drill did not order/)
    for (const one of [paused, moved]) {
      one.send({ type: 'woke' }, 100_000)
      assert.deepEqual([one.targets(), one.outcomes()], [[null], ['drill failed']])
    }
  })

  test('is ended by nothing that runs: what an operator began meanwhile is waited for', () => {
    const one = away()
    one.see(servedBy('n2', { operation: operationView({ outcome: 'running' }) }), 12_000)
    one.see(servedBy('n3', { operation: operationView({ outcome: 'running' }) }), 13_000)
    assert.deepEqual([one.targets(), one.records().includes('drillEnded')], [[null], false])
  })
})
