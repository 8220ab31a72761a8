import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { candidates } from '../../../../controller/core/candidate.ts'
import { budgetOf, lockedOut } from '../../../../controller/core/flapping.ts'
import { bootCluster, type ClusterState, type CoreConfig, type Recovery } from '../../../../controller/core/state.ts'
import { viewCluster } from '../../../../controller/core/view.ts'
import type { FailoverConfig } from '../../../../protocol/cluster.ts'
import { activeReport, clusterConfig, coreConfig, memberConfig, position, report, serverReport, timing } from '../../../fixtures.ts'
import { find, leader, releasedReport, type LeaderHarness } from './leader-harness.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const flapping = (changes: Partial<FailoverConfig> = {}): CoreConfig => coreConfig({ failover: { budgetFailovers: 2, budgetWindowMs: HOUR_MS, lockoutMs: 10 * MINUTE_MS, ...changes } })

function recovery (term: number, changes: Partial<Recovery> = {}): Recovery {
  return { term, failed: 'n1', to: 'n2', why: 'n1 released', atMs: 0, ...changes }
}

function knowing (config: CoreConfig, open: readonly Recovery[]): ClusterState {
  return { ...bootCluster(config, 0), recoveries: { countedTerm: Math.max(0, ...open.map(one => one.term)), open } }
}

/** n1 serves in term 4; what counts was restored from the store. */
function servingWith (config: CoreConfig, open: readonly Recovery[]): LeaderHarness {
  const one = leader(config)
  one.send({ type: 'restored', memory: null, paused: null, kept: { recoveries: { countedTerm: 4, open } } }, 1_000)
  one.reports([activeReport('n1'), report('n2'), report('n3')], 1_500)
  return one
}

const SPENT = [recovery(2), recovery(3, { atMs: 1_000 })]
const back = () => report('n1', { voter: { released: { served: true }, grants: [] }, lease: { releasedTerm: 4, releasedServed: true }, following: null, servers: [serverReport({ source: null, replication: 'none' })] })

/** n1 fails at that moment, and n2 takes over in term 5. */
function failover (one: LeaderHarness, nowMs: number): void {
  one.reports([releasedReport()], nowMs)
  one.accept('n2', nowMs + 1)
  one.accept('n3', nowMs + 2)
  one.endOrder('promote', nowMs + 5)
}

describe('the budget of automatic failovers', () => {
  test('counts those within the hour, and one that is exactly an hour old no more', () => {
    const config = flapping()
    const state = knowing(config, SPENT)
    assert.deepEqual(budgetOf(config, state, HOUR_MS - 1), { used: 2, spent: true, freeAtMs: HOUR_MS })
    assert.deepEqual(budgetOf(config, state, HOUR_MS), { used: 1, spent: false, freeAtMs: null })
    assert.deepEqual(budgetOf(config, state, HOUR_MS + 1_000), { used: 0, spent: false, freeAtMs: null })
  })

  test('beyond it the time until one is free again is that of the oldest that must end', () => {
    const config = flapping()
    assert.equal(budgetOf(config, knowing(config, [...SPENT, recovery(4, { atMs: 2_000 })]), 3_000).freeAtMs, HOUR_MS + 1_000)
  })

  test('spent, the cluster holds: the hold names who would take over, why, and what the operator can do', () => {
    const one = servingWith(flapping(), SPENT)
    const actions = one.reports([releasedReport()], 2_000)
    const { hold, operation } = one.state()
    assert.equal(operation, null)
    assert.equal(hold?.code, 'budgetSpent')
    assert.match(hold?.message ?? '', /^n2 would take over \(n1 released term 4\), but 2 automatic failovers within 60 min .* "ovsdb-ha acknowledge ovn".*"ovsdb-ha failover ovn".* in 60 min, or when n1 is back/)
    assert.equal(find(actions, 'record')?.severity, 'critical')
    assert.ok(actions.some(action => action.type === 'wakeAt' && action.atMs === HOUR_MS))
    assert.deepEqual([one.count('askTerm'), one.count('order')], [0, 0])
  })

  test('spent, time frees it', () => {
    const one = servingWith(flapping(), SPENT)
    one.reports([releasedReport()], 2_000)
    one.reports([releasedReport(), report('n2'), report('n3')], HOUR_MS - 1)
    assert.equal(one.state().hold?.code, 'budgetSpent')
    one.send({ type: 'woke' }, HOUR_MS)
    assert.equal(one.operation().to, 'n2')
  })

  test('spent, the node that failed may serve again in place: that moves nothing, and is not counted', () => {
    const one = servingWith(flapping(), SPENT)
    one.reports([releasedReport(), report('n2'), report('n3')], 2_000)
    one.reports([back()], 2_500)
    assert.equal(one.operation().to, 'n1')
    one.accept('n2', 2_501)
    one.accept('n3', 2_502)
    one.endOrder('promote', 2_600)
    assert.deepEqual(one.state().recoveries.open.map(({ term }) => term), [2, 3])
  })

  test('spent, it does not serve again in place when another one has more of its data', () => {
    const one = servingWith(flapping(), SPENT)
    one.reports([report('n2', { servers: [serverReport({ position: position(4, 40) })] }), report('n3'), releasedReport()], 2_000)
    one.reports([back()], 2_500)
    assert.equal(one.state().hold?.code, 'budgetSpent')
  })

  test('spent, a promotion in place that fails does not go on to another node', () => {
    const one = servingWith(flapping(), SPENT)
    one.reports([releasedReport(), back()], 2_000)
    one.accept('n2', 2_001)
    one.accept('n3', 2_002)
    one.endOrder('promote', 2_100, { ok: false, reason: 'no disk' })
    one.reports([report('n1', { voter: { term: 5, holder: 'n1', released: { served: false }, grants: [] }, lease: { releasedTerm: 5 }, following: null })], 2_150)
    assert.match(one.state().lastEnded?.detail ?? '', /n1 could not be promoted: no disk; n2 could take over, but the budget/)
    assert.equal(one.count('askTerm'), 1)
  })

  test('an order by hand is never refused for it, and says that it is spent', () => {
    const one = servingWith(flapping(), SPENT)
    one.reports([releasedReport()], 2_000)
    one.send({ type: 'failoverAsked', commandId: 1, to: null, force: false, actor: 'ann', reason: '' }, 2_100)
    assert.match(one.operation().why, /; 2 automatic failovers have spent their budget, which an order by hand is not bound by$/)
    failover(one, 2_200)
    assert.deepEqual(one.state().recoveries.open.map(({ term }) => term), [2, 3], 'and it is not counted')
  })

  test('the first start is no failover', () => {
    const one = leader(flapping({ budgetFailovers: 1 }))
    one.reports(['n1', 'n2', 'n3'].map(name => report(name, { following: null, voter: { term: 0, holder: null, grants: [] } })), 1_500)
    one.accept('n2', 1_501)
    one.accept('n3', 1_502)
    one.endOrder('promote', 1_600)
    assert.deepEqual(one.state().recoveries, { countedTerm: 1, open: [] })
  })
})

describe('what is counted', () => {
  test('an automatic failover, once, by its term; it is kept for the next leader', () => {
    const one = servingWith(flapping(), [])
    failover(one, 2_000)
    const expected = { countedTerm: 5, open: [{ term: 5, failed: 'n1', to: 'n2', why: 'n1 released term 4', atMs: 2_005 }] }
    assert.deepEqual(one.state().recoveries, expected)
    assert.deepEqual(one.latest('keep').kept.recoveries, expected)
    one.reports([activeReport('n2', { lease: { term: 5 }, voter: { term: 5, holder: 'n2' } })], 2_050)
    assert.equal(one.count('keep'), 1)
  })

  test('one whose answer was lost, when its node is seen to serve in its term', () => {
    const one = servingWith(flapping(), [])
    one.reports([releasedReport()], 2_000)
    one.accept('n2', 2_001)
    one.accept('n3', 2_002)
    const { tag } = one.latestOrder('promote')
    one.send({ type: 'lost', node: 'n3', why: 'reset' }, 2_003)
    one.send({ type: 'orderEnded', tag, reply: null, error: 'no answer within 5000 ms' }, 7_500)
    one.send({ type: 'woke' }, 9_600)
    assert.deepEqual(one.state().recoveries.open, [])
    one.reports([activeReport('n2', { lease: { term: 5 }, voter: { term: 5, holder: 'n2' } })], 9_700)
    assert.deepEqual(one.state().recoveries.open.map(({ term, to }) => [term, to]), [[5, 'n2']])
  })

  test('before anything else is decided: its end and the beginning of the next may be one step', () => {
    const one = servingWith(coreConfig({ failover: { budgetFailovers: 1, budgetWindowMs: HOUR_MS, lockoutMs: 0 }, timing: timing({ coldStartWaitMs: 0 }) }), [])
    one.reports([releasedReport()], 2_000)
    one.accept('n2', 2_001)
    one.accept('n3', 2_002)
    const later = { term: 6, holder: 'n3', granted: false, previous: { holder: 'n2', term: 5 }, grants: [] } // another controller, which believes that it leads
    one.reports([report('n2', { phase: 'promoting', voter: later }), report('n3', { voter: later, following: 'n2', servers: [serverReport({ position: position(5, 1) })] })], 2_003)
    one.endOrder('promote', 2_005)
    assert.deepEqual([one.state().operation, one.state().hold?.code], [null, 'budgetSpent'])
  })

  test('one that failed is not', () => {
    const one = servingWith(flapping(), [])
    one.reports([releasedReport()], 2_000)
    one.refuse('n2', 2_001, 'cannotVote')
    one.refuse('n3', 2_001, 'cannotVote')
    assert.equal(one.state().lastEnded?.outcome, 'failed')
    assert.deepEqual(one.state().recoveries.open, [])
  })

  test('what a leader before this one counted is restored with the leadership', () => {
    const config = flapping()
    const one = servingWith(config, SPENT)
    assert.equal(budgetOf(config, one.state(), 1_500).used, 2)
  })
})

describe('an acknowledgement', () => {
  const ask = (one: LeaderHarness, term: number | null, nowMs: number) => one.send({ type: 'acknowledgeAsked', commandId: 9, term, actor: 'ann', reason: 'new memory' }, nowMs)

  test('of one of two leaves the other, is in the history, and goes to the store', () => {
    const one = servingWith(flapping(), SPENT)
    const actions = ask(one, 2, 2_000)
    assert.deepEqual(one.state().recoveries.open.map(({ term }) => term), [3])
    assert.equal(find(actions, 'record')?.message, 'failover 2 from n1 to n2 was acknowledged by ann (new memory): it counts no more')
    assert.deepEqual(find(actions, 'keep')?.kept.recoveries, one.state().recoveries)
    assert.equal(find(actions, 'commandDone')?.commandId, 9)
  })

  test('lets a cluster that holds go on at once', () => {
    const one = servingWith(flapping(), SPENT)
    one.reports([releasedReport()], 2_000)
    ask(one, null, 2_100)
    assert.equal(one.operation().to, 'n2')
  })

  test('of a failover that does not count is refused, and tells those that do', () => {
    const one = servingWith(flapping(), SPENT)
    assert.deepEqual(find(ask(one, 7, 2_000), 'refuseCommand')?.refusal, { kind: 'unknownFailover', term: 7, known: [2, 3] })
    assert.deepEqual(find(ask(servingWith(flapping(), []), null, 2_000), 'refuseCommand')?.refusal, { kind: 'nothingToAcknowledge' })
    assert.deepEqual(find(ask(one, null, HOUR_MS + 1_000), 'refuseCommand')?.refusal, { kind: 'nothingToAcknowledge' }, 'too old to matter')
  })

  test('an acknowledged failover is not counted again', () => {
    const one = servingWith(flapping(), [])
    failover(one, 2_000)
    ask(one, 5, 2_100)
    one.reports([activeReport('n2', { lease: { term: 5 }, voter: { term: 5, holder: 'n2' } })], 2_200)
    assert.deepEqual(one.state().recoveries, { countedTerm: 5, open: [] })
  })

  test('a drill acknowledges nothing: budget and lock-outs stay as they are', () => {
    const one = servingWith(flapping(), [recovery(2, { failed: 'n2', to: 'n1' })])
    one.send({ type: 'switchoverAsked', commandId: 1, to: 'n2', actor: 'the schedule', reason: 'drill', drill: true }, 2_000)
    assert.doesNotMatch(one.operation().why, /acknowledges/)
    one.endOrder('handoverBegin', 2_001)
    one.endOrder('awaitMarker', 2_002)
    one.endOrder('handoverFinish', 2_003)
    one.accept('n2', 2_004)
    one.accept('n3', 2_005)
    one.endOrder('promote', 2_006)
    assert.equal(one.state().lastEnded?.outcome, 'done')
    assert.deepEqual(one.state().recoveries.open.map(({ term }) => term), [2])
  })

  test('an operator who moves the service to the node that failed has acknowledged that it did, and no other one', () => {
    const one = servingWith(flapping(), [recovery(2, { failed: 'n2' }), recovery(3, { failed: 'n3' })])
    one.send({ type: 'switchoverAsked', commandId: 1, to: 'n2', actor: 'ann', reason: '' }, 2_000)
    assert.match(one.operation().why, /^ann named n2; 2 automatic .*; n2 failed in failover 2, which this order acknowledges when it is done$/)
    one.endOrder('handoverBegin', 2_010)
    one.endOrder('awaitMarker', 2_020)
    one.endOrder('handoverFinish', 2_030)
    one.accept('n1', 2_040)
    one.accept('n3', 2_041)
    one.endOrder('promote', 2_050)
    assert.deepEqual(one.state().recoveries.open.map(({ term }) => term), [3])
  })
})

describe('a node that failed', () => {
  const members = [memberConfig('n1'), memberConfig('n2', { priority: 10 }), memberConfig('n3')]
  const failed = [recovery(3, { failed: 'n2', to: 'n1', atMs: 1_000 })]
  const END_MS = 1_000 + 10 * MINUTE_MS

  function best (open: readonly Recovery[], nowMs: number, reports = [report('n2'), report('n3')]): readonly string[] {
    const config = { ...flapping(), cluster: clusterConfig({ members, failover: flapping().cluster.failover }) }
    const seen = reports.map(one => [one.node, { report: one, phaseSinceMs: nowMs, receivedAtMs: nowMs, lostSinceMs: null, lostWhy: null }] as const)
    const state = knowing(config, open)
    return candidates(config, { ...state, agents: { ...state.agents, ...Object.fromEntries(seen) } }, [], nowMs).eligible.map(one => one.node)
  }

  test('is not preferred for its priority while it is locked out, and exactly at the end it is again', () => {
    assert.deepEqual(best([], 2_000), ['n2', 'n3'])
    assert.deepEqual(best(failed, END_MS - 1), ['n3', 'n2'])
    assert.deepEqual(best(failed, END_MS), ['n2', 'n3'])
  })

  test('is taken all the same when it has more of the data (S6), and when nobody else is left', () => {
    assert.deepEqual(best(failed, 2_000, [report('n2', { servers: [serverReport({ position: position(4, 18) })] }), report('n3')]), ['n2', 'n3'])
    assert.deepEqual(best(failed, 2_000, [report('n2')]), ['n2'])
  })

  test('is passed over in so many words', () => {
    const one = servingWith({ ...flapping(), cluster: clusterConfig({ members, failover: flapping().cluster.failover }) }, failed)
    one.reports([releasedReport()], 2_000)
    assert.equal(one.operation().to, 'n3')
    assert.match(one.operation().why, /; n2 failed in failover 3 and is not preferred for another 10 min$/)
  })

  test('a lock-out of 0 locks nobody out', () => {
    const config = flapping({ lockoutMs: 0 })
    assert.equal(lockedOut(config, knowing(config, [recovery(2)]), 'n1', 0), null)
  })
})

test('operators see what counts, what locks out and until when, and that no failover would happen', () => {
  const config = flapping()
  const one = servingWith(config, SPENT)
  const view = viewCluster(config, one.state(), 10 * MINUTE_MS, String)
  assert.deepEqual(view.recoveries, {
    limitFailovers: 2,
    usedFailovers: 2,
    freeAt: String(HOUR_MS),
    open: [
      { term: 2, failed: 'n1', to: 'n2', why: 'n1 released', at: '0', counts: true, lockedOutUntil: null },
      { term: 3, failed: 'n1', to: 'n2', why: 'n1 released', at: '1000', counts: true, lockedOutUntil: '601000' }
    ]
  })
  assert.deepEqual(viewCluster(config, one.state(), 1_500, String).automaticFailover, { possible: false, why: 'the budget of 2 automatic failovers is spent: "ovsdb-ha acknowledge ovn" frees it' })
  assert.deepEqual(viewCluster(config, one.state(), HOUR_MS + 1_000, String).recoveries.open, [])
})
