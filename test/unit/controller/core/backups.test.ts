import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterAction } from '../../../../controller/core/actions.ts'
import { activeReport, position, report, serverReport } from '../../../fixtures.ts'
import { find, leader, orderTo, releasedReport, serving, type LeaderHarness } from './leader-harness.ts'

/** A backup that follows nobody. */
const apart = (node: string) => report(node, { following: null, servers: [serverReport({ source: null, replication: 'none', position: position(3, 2) })] })

/** n1 serves, n2 and n3 follow nobody; n2 is being resynced. */
function resyncing (): LeaderHarness {
  const one = leader()
  one.reports([activeReport('n1'), apart('n2'), apart('n3')], 1_500)
  return one
}

test('a backup that does not follow the active is ordered to, in the active\'s term and by its name', () => {
  const { node, order } = resyncing().latestOrder('follow')
  assert.equal(node, 'n2')
  assert.deepEqual(order, { type: 'follow', term: 4, controller: 'ctl-a', deadlineMs: 120_000, source: 'n1' })
})

test('one resync at a time: each stalls its source', () => {
  const one = resyncing()
  one.reports([activeReport('n1'), apart('n2'), apart('n3')], 1_600)
  assert.equal(one.count('order'), 1)
  const actions = one.endOrder('follow', 1_700)
  assert.equal(find(actions, 'record')?.kind, 'backupFollows')
  assert.equal(orderTo(actions, 'follow')?.node, 'n3')
})

test('a backup that just finished is not ordered again on a report from before', () => {
  const one = resyncing()
  one.endOrder('follow', 1_700)
  one.endOrder('follow', 1_710)
  one.reports([activeReport('n1'), apart('n2'), apart('n3')], 1_720)
  assert.equal(one.count('order'), 2)
})

test('a resync that fails is recorded once per reason and tried again, later each time; the others come first', () => {
  const one = resyncing()
  const failure = { ok: false, reason: 'follow nb: disk full' }
  const actions = one.endOrder('follow', 1_700, failure)
  assert.equal(find(actions, 'record')?.message, 'n2 could not follow n1: follow nb: disk full')
  assert.equal(orderTo(actions, 'follow')?.node, 'n3')
  one.endOrder('follow', 1_710)
  one.reports([activeReport('n1'), apart('n2'), report('n3')], 2_199)
  assert.equal(one.count('order'), 2)
  one.reports([activeReport('n1'), apart('n2'), report('n3')], 2_200)
  assert.equal(one.count('order'), 3)
  assert.equal(find(one.endOrder('follow', 2_210, failure), 'record'), undefined)
  assert.equal(one.state().followRetries['n2']?.notBeforeMs, 3_210)
})

test('the stall that a large copy will cause is told before it is ordered, once for all its attempts; a small one is not', () => {
  const one = leader()
  const large = activeReport('n1', { servers: [serverReport({ role: 'active', source: null, replication: 'none', gateOpen: true, fileBytes: 90 * 1024 * 1024 })] })
  const actions = one.reports([large, report('n3'), apart('n2')], 1_500)
  const announced = (among: readonly ClusterAction[]) => among.findIndex(action => action.type === 'record' && action.kind === 'resyncBegins')
  const record = actions[announced(actions)]
  assert.ok(record?.type === 'record' && announced(actions) < actions.findIndex(action => action.type === 'order' && action.order.type === 'follow'))
  assert.deepEqual([record.node, record.message, record.facts], ['n2', 'n2 begins to copy from n1 where it has to: nb (90 MiB) may answer nobody for up to 4.5 s', { source: 'n1', server: 'nb', fileBytes: 90 * 1024 * 1024, stallMs: 4_500 }])
  one.endOrder('follow', 1_700, { ok: false, reason: 'no answer' })
  assert.equal(announced([large, report('n3'), apart('n2')].flatMap(told => one.reports([told], 2_300))), -1)
  assert.equal(one.count('order'), 2)
  assert.equal(announced(leader().reports([activeReport('n1'), report('n3'), apart('n2')], 1_500)), -1)
})

test('a server that is down, or active without the lease, is not resynced (S5)', () => {
  const one = leader()
  one.reports([activeReport('n1'), report('n2', { following: null, servers: [serverReport({ health: 'down' })] }), report('n3', { following: null, servers: [serverReport({ role: 'active' })] })], 1_500)
  assert.equal(one.count('order'), 0)
})

test('a paused cluster starts no resync (S10)', () => {
  const one = leader()
  one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: '' } }, 0)
  one.reports([activeReport('n1'), apart('n2'), apart('n3')], 1_500)
  assert.equal(one.count('order'), 0)
})

test('a copy from a former active that hangs keeps nobody from following the new one', () => {
  const one = resyncing()
  const late = one.latestOrder('follow').tag
  const next = { voter: { term: 5, holder: 'n3' }, lease: { term: 5 } }
  one.reports([activeReport('n3', next), apart('n2'), apart('n1')], 1_800)
  const { node, order } = one.latestOrder('follow')
  assert.deepEqual([node, order.source, order.term], ['n2', 'n3', 5])
  const before = one.state()
  one.send({ type: 'orderEnded', tag: late, reply: null, error: 'the deadline passed' }, 1_900)
  assert.deepEqual(one.state().follow, before.follow)
})

test('a node that serves anew is followed anew: a copy from its life before keeps nobody waiting', () => {
  const one = resyncing()
  const late = one.latestOrder('follow').tag
  one.reports([{ ...releasedReport(), servers: [serverReport({ source: null, replication: 'none' })] }], 2_000)
  one.accept('n1', 2_001)
  one.accept('n2', 2_002)
  one.endOrder('promote', 2_050)
  one.reports([activeReport('n1', { voter: { term: 5, holder: 'n1' }, lease: { term: 5 } })], 2_100)
  const { node, order, tag } = one.latestOrder('follow')
  assert.deepEqual([node, order.source, order.term], ['n2', 'n1', 5])
  assert.notEqual(tag, late)
})

test('when all follow, nothing is ordered', () => {
  assert.equal(serving().count('order'), 0)
})
