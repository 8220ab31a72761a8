import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Value } from 'typebox/value'
import { viewCluster, viewOperation } from '../../../../controller/core/view.ts'
import { ClusterViewSchema, OperationViewSchema, type ClusterView, type NodeView } from '../../../../protocol/api.ts'
import { activeReport, coreConfig, memberConfig, position, report, serverReport, witnessReport } from '../../../fixtures.ts'
import { leader, releasedReport, serving, type LeaderHarness } from './leader-harness.ts'

const wallOf = (atMs: number) => new Date(Date.UTC(2026, 0, 1) + atMs).toISOString()

function viewOf (one: LeaderHarness, nowMs = 1_600): ClusterView {
  const view = { ...viewCluster(one.config, one.state(), nowMs, wallOf), controller: { name: one.config.controller, leads: true, leader: null }, schedules: [], planned: [] }
  assert.deepEqual([...Value.Errors(ClusterViewSchema, view)], [])
  return view
}

function nodeOf (view: ClusterView, name: string): NodeView {
  const node = view.nodes.find(one => one.name === name)
  assert.ok(node !== undefined)
  return node
}

describe('a cluster that serves', () => {
  test('says who serves what, where, in which term, and who could take over', () => {
    const view = viewOf(serving())
    assert.equal(view.state, 'serving')
    assert.equal(view.active, 'n1')
    assert.equal(view.summary, 'n1 serves nb at 10.0.0.100 in term 4. n2 and n3 follow and could each take over.')
    assert.deepEqual(view.automaticFailover, { possible: true, why: 'n2 and n3 could take over' })
    assert.deepEqual(view.endpoints, [{ address: '10.0.0.100', holders: ['n1'] }])
  })

  test('behind load balancers the node is named that tells them so', () => {
    const one = serving()
    const config = { ...one.config, cluster: { ...one.config.cluster, endpoints: [{ type: 'http', checkPort: 8_644 }] } } as const
    one.reports([activeReport('n1', { endpoints: [{ address: 'http:8644', held: true }] })], 1_550)
    const view = viewOf({ ...one, config })
    assert.equal(view.summary, 'n1 serves nb behind load balancers in term 4. n2 and n3 follow and could each take over.')
    assert.deepEqual(view.endpoints, [{ address: 'http:8644', holders: ['n1'] }])
  })

  test('two nodes that both hold the address are both shown', () => {
    const one = leader()
    one.reports([activeReport('n1'), report('n2', { endpoints: [{ address: '10.0.0.100', held: true }] })], 1_500)
    assert.deepEqual(viewOf(one).endpoints, [{ address: '10.0.0.100', holders: ['n1', 'n2'] }])
  })

  test('a backup behind the active says by how much', () => {
    const one = leader()
    const active = activeReport('n1', { servers: [serverReport({ role: 'active', position: position(4, 20) })] })
    one.reports([active, report('n2'), report('n3', { following: null, servers: [serverReport({ source: null, replication: 'none', complete: false, incompleteReason: 'a resync was cut off' })] })], 1_500)
    const view = viewOf(one)
    assert.equal(nodeOf(view, 'n2').lagHeartbeats, 3)
    assert.equal(nodeOf(view, 'n2').summary, 'n2 follows n1, 3 heartbeats behind')
    assert.equal(nodeOf(view, 'n3').summary, 'n3 is a backup that does not follow n1 yet (nb: a resync was cut off)')
    assert.equal(nodeOf(view, 'n3').ineligible?.code, 'incomplete')
  })

  test('a node that is not reachable has no role, whatever its last report said', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n2', why: 'reset' }, 1_550)
    const node = nodeOf(viewOf(one, 1_700), 'n2')
    assert.deepEqual([node.reachable, node.role, node.leaseRemainingMs], [false, 'none', 0])
    assert.equal(node.summary, 'n2 is not reachable for 0.2 s (reset)')
  })

  test('a pause is told in the same breath, with its reason (S10)', () => {
    const one = serving()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: 'disk swap' } }, 1_550)
    const view = viewOf(one)
    assert.match(view.summary, /Paused by ann \(disk swap\): nothing is decided automatically\.$/)
    assert.deepEqual(view.automaticFailover, { possible: false, why: 'the cluster is paused' })
  })
})

describe('whether the loss of a node would be survived (S9)', () => {
  test('two voters cannot lose one: status says so and names the way out (S9)', () => {
    const one = leader(coreConfig({ members: [memberConfig('n1'), memberConfig('n2')] }))
    const voter = { voters: { generation: 1, names: ['n1', 'n2'] } }
    one.reports([activeReport('n1', { voter }), report('n2', { voter })], 1_500)
    assert.deepEqual(viewOf(one).automaticFailover, { possible: false, why: '2 voters cannot lose one and keep a majority: add a witness (S9)' })
  })

  test('two data nodes and a witness can (S9)', () => {
    const one = leader(coreConfig({ members: [memberConfig('n1'), memberConfig('n2'), memberConfig('n3', { witness: true })] }))
    one.reports([activeReport('n1'), report('n2'), witnessReport('n3')], 1_500)
    const view = viewOf(one)
    assert.equal(view.automaticFailover.possible, true)
    assert.equal(nodeOf(view, 'n3').summary, 'n3 is the witness and votes')
  })

  test('with one voter already gone there is none to lose (S9)', () => {
    const one = leader()
    one.reports([activeReport('n1'), report('n2')], 1_500)
    assert.deepEqual(viewOf(one).automaticFailover, { possible: false, why: 'without the active\'s node only 1 of 3 voters would answer; 2 are needed' })
  })

  test('with no backup in sync nobody could take over (S6)', () => {
    const cut = { servers: [serverReport({ complete: false })] }
    const one = leader()
    one.reports([activeReport('n1'), report('n2', cut), report('n3', cut)], 1_500)
    assert.deepEqual(viewOf(one).automaticFailover, { possible: false, why: 'no backup is in sync' })
  })
})

describe('a cluster that does not serve', () => {
  test('before the controller has looked, it is starting', () => {
    assert.equal(viewOf(leader()).state, 'starting')
  })

  test('a hold is told with its reason', () => {
    const one = serving()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: 'x' } }, 1_510)
    one.reports([releasedReport()], 1_550)
    const view = viewOf(one)
    assert.deepEqual([view.state, view.active, view.hold?.code], ['holding', null, 'paused'])
    assert.match(view.summary, /^Nobody is known to serve: n2 would take over/)
  })

  test('an active that only the voters see is unknown, not down (S1)', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n1', why: 'reset' }, 2_000)
    one.reports([report('n2'), report('n3')], 2_600)
    assert.equal(viewOf(one, 2_600).state, 'unknown')
  })

  test('a change under way is told with what started it', () => {
    const one = serving()
    one.reports([releasedReport()], 1_550)
    const view = viewOf(one)
    assert.equal(view.state, 'changing')
    assert.equal(view.summary, 'A failover from n1 to n2 is running: n1 released term 4.')
    assert.equal(view.operation?.outcome, 'running')
  })
})

test('an ended operation shows how long it took, how it ended and each step', () => {
  const one = serving()
  one.reports([releasedReport()], 2_000)
  one.accept('n2', 2_002)
  one.accept('n3', 2_003)
  one.endOrder('promote', 2_050)
  const { ended } = one.latest('operationEnded')
  const view = viewOperation(ended.operation, ended, wallOf)
  assert.deepEqual([...Value.Errors(OperationViewSchema, view)], [])
  assert.deepEqual([view.outcome, view.durationMs, view.startedAt, view.term], ['done', 50, '2026-01-01T00:00:02.000Z', 5])
  assert.deepEqual(view.steps.map(step => step.name), ['take term 5', 'promote'])
})
