import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { candidates } from '../../../../controller/core/candidate.ts'
import { explain } from '../../../../controller/core/explain.ts'
import type { NodePreference, Preferences } from '../../../../controller/core/preference.ts'
import { viewCluster } from '../../../../controller/core/view.ts'
import { activeReport, coreConfig, memberConfig, position, report, serverReport } from '../../../fixtures.ts'
import { find, leader, orderTo, releasedReport, serving, type LeaderHarness } from './leader-harness.ts'

const wallOf = (atMs: number) => new Date(Date.UTC(2026, 0, 1) + atMs).toISOString()

function wish (preference: NodePreference['preference'], changes: Partial<NodePreference> = {}): NodePreference {
  return { preference, by: 'ann', at: '2026-01-01T00:00:00Z', reason: 'old disk', until: null, untilMs: null, ...changes }
}

function at (node: string, sequence: number) {
  return report(node, { servers: [serverReport({ position: position(4, sequence) })] })
}

/** n1 serves, and operators want that of the others. */
function wishing (preferences: Preferences, config = coreConfig()): LeaderHarness {
  const one = serving(config)
  one.send({ type: 'preferencesSet', preferences }, 1_600)
  return one
}

/** n1 gives its term back; n2 and n3 have come that far. */
function failsOver (one: LeaderHarness, n2 = 17, n3 = 17): string | undefined {
  one.reports([at('n2', n2), at('n3', n3), releasedReport('n1')], 2_000)
  return one.state().operation?.to
}

describe('what operators want of nodes with the same data', () => {
  test('whom they prefer is taken, whoever they avoid is not, whatever priority and name say', () => {
    assert.equal(failsOver(wishing({})), 'n2')
    assert.equal(failsOver(wishing({ n3: wish('prefer') })), 'n3')
    assert.equal(failsOver(wishing({ n2: wish('avoid') })), 'n3')
    const config = coreConfig({ members: [memberConfig('n1'), memberConfig('n2', { priority: 10 }), memberConfig('n3')] })
    assert.equal(failsOver(wishing({ n3: wish('prefer') }, config)), 'n3')
    assert.equal(failsOver(wishing({ n2: wish('avoid') }, config)), 'n3')
  })

  test('the choice says what was wanted of whom, by whom and why', () => {
    const one = wishing({ n2: wish('avoid') })
    failsOver(one)
    assert.match(one.operation().why, /; n2 is to be avoided \(ann: old disk\)$/)
  })

  test('a position comes before any wish: a heartbeat more is taken (S6)', () => {
    assert.equal(failsOver(wishing({ n2: wish('prefer') }), 17, 18), 'n3')
    assert.equal(failsOver(wishing({ n3: wish('avoid') }), 17, 18), 'n3')
  })

  test('the last active with its whole copy comes before whom they prefer: it may hold what came after its last heartbeat (S6)', () => {
    const one = wishing({ n2: wish('prefer') })
    one.reports([at('n2', 17), at('n3', 17)], 2_000)
    const back = { ...releasedReport('n1'), servers: [serverReport({ source: null, replication: 'none' as const })] }
    one.send({ type: 'reported', report: back }, 2_000)
    assert.equal(one.operation().to, 'n1')
  })

  test('a node that failed lately is not taken before another one, though they prefer it', () => {
    const one = wishing({ n2: wish('prefer') })
    const recoveries = { countedTerm: 4, open: [{ term: 3, failed: 'n2', to: 'n1', why: 'x', atMs: 1_000 }] }
    one.send({ type: 'restored', memory: null, paused: null, preferences: { n2: wish('prefer') }, kept: { recoveries } }, 1_700)
    assert.equal(failsOver(one), 'n3')
  })

  test('whom they avoid is better than nobody', () => {
    const one = wishing({ n2: wish('avoid'), n3: wish('avoid') })
    assert.equal(failsOver(one), 'n2')
    const alone = wishing({ n2: wish('avoid') })
    alone.send({ type: 'lost', node: 'n3', why: 'reset' }, 1_700)
    assert.equal(failsOver(alone, 17, 12), 'n2')
  })
})

describe('never', () => {
  test('is refused by name and is not promoted by itself: the leader holds and says who wants that, and the way out', () => {
    const one = wishing({ n2: wish('never'), n3: wish('never', { reason: '' }) })
    one.reports([at('n2', 17), at('n3', 17), releasedReport('n1')], 2_000)
    one.send({ type: 'woke' }, 2_500)
    assert.equal(one.state().operation, null)
    const { hold } = one.state()
    assert.equal(hold?.code, 'noCandidate')
    assert.deepEqual(hold.refused.filter(({ code }) => code === 'never').map(({ message }) => message), ['n2 is never to be promoted (ann: old disk)', 'n3 is never to be promoted (ann)'])
    assert.match(hold.message, /n2 has all the data: allow it with "ovsdb-ha prefer n2 neutral --cluster ovn"/)
  })

  test('a planned switchover does not take it either, not even by its name', () => {
    for (const to of ['n2', null]) {
      const one = wishing({ n2: wish('never'), n3: wish('never') })
      const refusal = find(one.send({ type: 'switchoverAsked', commandId: 1, to, actor: 'bob', reason: '' }, 1_700), 'refuseCommand')?.refusal
      assert.ok(refusal?.kind === 'noCandidate')
      assert.deepEqual(refusal.refused.map(({ node, code }) => [node, code]), to === null ? [['n2', 'never'], ['n3', 'never']] : [['n2', 'never']])
    }
  })

  test('a failover by hand takes it only by force, and says what it overrides', () => {
    const asked = { type: 'failoverAsked', commandId: 1, to: 'n2', actor: 'bob', reason: '' } as const
    const one = wishing({ n2: wish('never'), n3: wish('never') })
    failsOver(one)
    assert.equal(find(one.send({ ...asked, force: false }, 2_100), 'refuseCommand')?.refusal.kind, 'noCandidate')
    one.send({ ...asked, force: true }, 2_200)
    assert.deepEqual([one.operation().kind, one.operation().to], ['forcedFailover', 'n2'])
    assert.match(one.operation().why, /n2 is never to be promoted, which this order overrides \(ann: old disk\)/)
  })

  test('by force and without a name the best copy is taken, and whoever is ruled out only among equals', () => {
    const asked = { type: 'failoverAsked', commandId: 1, to: null, force: true, actor: 'bob', reason: '' } as const
    const better = wishing({ n2: wish('never'), n3: wish('never') })
    failsOver(better, 18, 17)
    better.send(asked, 2_200)
    assert.equal(better.operation().to, 'n2')
    const equal = wishing({ n2: wish('never') })
    equal.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: '' } }, 1_650)
    failsOver(equal)
    equal.send(asked, 2_200)
    assert.equal(equal.operation().to, 'n3')
  })

  test('what is wrong with its data is told before what somebody wants of it', () => {
    const one = wishing({ n2: wish('never') })
    one.reports([report('n2', { servers: [serverReport({ complete: false })] })], 1_700)
    assert.equal(candidates(one.config, one.state(), [], 1_700).refused.find(({ node }) => node === 'n2')?.code, 'incomplete')
  })

  test('it also keeps a node from being the next after a promotion that failed (S8)', () => {
    const config = coreConfig({ members: ['n1', 'n2', 'n3', 'n4', 'n5'].map(name => memberConfig(name)) })
    const one = leader(config)
    const list = { generation: 1, names: ['n1', 'n2', 'n3', 'n4', 'n5'] }
    const told = (node: string) => ({ ...at(node, 17), voter: { ...at(node, 17).voter, voters: list } })
    one.reports([{ ...activeReport('n1'), voter: { ...activeReport('n1').voter, voters: list } }, told('n2'), told('n3'), told('n4'), told('n5')], 1_500)
    one.send({ type: 'preferencesSet', preferences: { n3: wish('never') } }, 1_600)
    const gone = releasedReport('n1')
    one.reports([{ ...gone, voter: { ...gone.voter, voters: list } }], 1_700)
    assert.equal(one.operation().to, 'n2')
    for (const voter of ['n2', 'n3', 'n4']) one.accept(voter, 1_750)
    one.endOrder('promote', 1_800, { ok: false, reason: 'disk full' })
    const undone = told('n2')
    one.send({ type: 'reported', report: { ...undone, lease: { ...undone.lease, releasedTerm: one.operation().term, releasedServed: false } } }, 1_850)
    assert.equal(one.latest('askTerm').request.holder, 'n4')
  })

  test('whoever serves goes on serving', () => {
    const one = wishing({ n1: wish('never') })
    assert.deepEqual([one.state().operation, one.state().hold], [null, null])
    assert.equal(viewCluster(one.config, one.state(), 1_700, wallOf).active, 'n1')
  })
})

describe('a wish with an end', () => {
  test('means nothing from its end on, and the leader tells so once', () => {
    const one = wishing({ n2: wish('never', { untilMs: 5_000 }), n3: wish('avoid') })
    one.reports([activeReport('n1'), report('n2'), report('n3')], 4_900)
    const refusedAt = (nowMs: number) => candidates(one.config, one.state(), [], nowMs).refused.some(({ code }) => code === 'never')
    assert.deepEqual([refusedAt(4_999), refusedAt(5_000)], [true, false], 'also before anybody looked')
    assert.equal(find(one.send({ type: 'woke' }, 4_950), 'wakeAt')?.atMs, 5_000)
    const told = one.send({ type: 'woke' }, 5_000).filter(action => action.type === 'record')
    assert.deepEqual(told.map(({ kind, node, message }) => [kind, node, message]), [['preferenceEnded', 'n2', 'n2 is like any other node again: "never" of ann has ended']])
    assert.deepEqual(Object.keys(one.state().preferences), ['n3'])
    assert.deepEqual(one.send({ type: 'woke' }, 5_001).filter(action => action.type === 'record'), [])
  })

  test('is not told by who does not lead, nor by a leader that comes after its end', () => {
    const one = leader()
    one.send({ type: 'leadership', leading: false }, 100)
    one.send({ type: 'preferencesSet', preferences: { n2: wish('never', { untilMs: 500 }) } }, 200)
    assert.deepEqual(one.send({ type: 'woke' }, 600).filter(action => action.type === 'record'), [])
    one.send({ type: 'restored', memory: null, paused: null, preferences: { n2: wish('never', { untilMs: 500 }) } }, 700)
    assert.deepEqual(one.send({ type: 'leadership', leading: true }, 701).filter(action => action.type === 'record' && action.kind === 'preferenceEnded'), [])
    assert.deepEqual(one.state().preferences, {})
  })
})

describe('a planned switchover', () => {
  const asked = { type: 'switchoverAsked', commandId: 1, to: null, actor: 'bob', reason: '' } as const

  test('goes to whom they prefer among those in step: its marker proves what a position only promises', () => {
    const one = wishing({ n2: wish('prefer') })
    one.reports([at('n2', 17), at('n3', 18)], 1_650)
    assert.equal(orderTo(one.send(asked, 1_700), 'awaitMarker')?.node, 'n2', 'one heartbeat is between two reports of the same second')
  })

  test('and never to one that is further behind', () => {
    const one = wishing({ n2: wish('prefer') })
    one.reports([at('n2', 16), at('n3', 18)], 1_650)
    assert.equal(orderTo(one.send(asked, 1_700), 'awaitMarker')?.node, 'n3')
  })
})

describe('what is shown', () => {
  test('a node has what is wanted of it in its view, with its end; others have nothing', () => {
    const one = wishing({ n2: wish('avoid', { until: '2026-01-01T00:00:09Z', untilMs: 9_000 }) })
    const view = viewCluster(one.config, one.state(), 1_700, wallOf)
    assert.deepEqual(view.nodes.map(({ preference }) => preference), [null, { preference: 'avoid', by: 'ann', at: '2026-01-01T00:00:00Z', reason: 'old disk', until: '2026-01-01T00:00:09Z' }, null])
    assert.deepEqual(viewCluster(one.config, one.state(), 9_000, wallOf).nodes[1]?.preference, null)
  })

  test('a backup that is ruled out follows and could not take over; the failover that is left is told', () => {
    const one = wishing({ n2: wish('never') })
    const view = viewCluster(one.config, one.state(), 1_700, wallOf)
    assert.match(view.summary, /n3 follows and could take over\. n2 follows and could not take over: n2 is never to be promoted \(ann: old disk\)\.$/)
    assert.deepEqual(view.automaticFailover, { possible: true, why: 'n3 could take over' })
    one.send({ type: 'preferencesSet', preferences: { n2: wish('never'), n3: wish('never') } }, 1_700)
    assert.equal(viewCluster(one.config, one.state(), 1_700, wallOf).automaticFailover.possible, false)
  })

  test('explain names it with each candidate', () => {
    const one = wishing({ n2: wish('avoid'), n3: wish('never') })
    const said = explain(one.config, one.state(), 1_700, wallOf).candidates
    assert.deepEqual(said.map(({ node, verdict, code }) => [node, verdict, code]), [['n1', 'active', null], ['n2', 'eligible', null], ['n3', 'refused', 'never']])
    assert.match(said[1]?.why ?? '', /could take over, and comes first; n2 is to be avoided \(ann: old disk\)/)
  })
})
