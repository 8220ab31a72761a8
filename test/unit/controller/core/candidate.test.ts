import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { candidates, diverging, forcible, lossOf } from '../../../../controller/core/candidate.ts'
import { bootCluster, type ClusterState } from '../../../../controller/core/state.ts'
import type { Report } from '../../../../protocol/report.ts'
import { clusterConfig, coreConfig, freshNodeReport, memberConfig, position, report, serverReport } from '../../../fixtures.ts'
import { releasedReport } from './leader-harness.ts'

const config = coreConfig()

/** Reported at 1000 ms, after n1 served in term 4. */
function knowing (reports: readonly Report[], changes: Partial<ClusterState> = {}): ClusterState {
  const booted = bootCluster(config, 0)
  const seen = reports.map(one => [one.node, { report: one, phaseSinceMs: 1_000, receivedAtMs: 1_000, lostSinceMs: null, lostWhy: null }] as const)
  return { ...booted, agents: { ...booted.agents, ...Object.fromEntries(seen) }, ...changes }
}

function at (node: string, term: number, sequence: number): Report {
  return report(node, { servers: [serverReport({ position: position(term, sequence) })] })
}

function names (state: ClusterState, cluster = config): readonly string[] {
  return candidates(cluster, state, [], 1_100).eligible.map(one => one.node)
}

function refusedAs (one: Report, changes: Partial<ClusterState> = {}): string | undefined {
  return candidates(config, knowing([one], changes), [], 1_100).refused.find(refused => refused.node === one.node)?.code
}

describe('order of merit (S6)', () => {
  test('the highest position comes first, and a term counts more than a sequence (S6)', () => {
    assert.deepEqual(names(knowing([at('n2', 4, 17), at('n3', 4, 18)])), ['n3', 'n2'])
    assert.deepEqual(names(knowing([at('n2', 5, 1), at('n3', 4, 90)])), ['n2', 'n3'])
  })

  test('between equal positions the priority decides, then the name, in whatever order the nodes report (S6)', () => {
    const members = [memberConfig('n1'), memberConfig('n2'), memberConfig('n3', { priority: 10 })]
    assert.deepEqual(names(knowing([at('n2', 4, 17), at('n3', 4, 17)]), { ...config, cluster: clusterConfig({ members }) }), ['n3', 'n2'])
    assert.deepEqual(names(knowing([at('n3', 4, 17), at('n2', 4, 17)])), ['n2', 'n3'])
  })

  test('between equal positions the last active comes first: it may hold what came after its last heartbeat (S6)', () => {
    const ofN3 = (one: Report): Report => ({ ...one, voter: { ...one.voter, holder: 'n3' } })
    assert.deepEqual(names(knowing([{ ...ofN3(at('n2', 4, 17)), following: 'n3' }, ofN3(at('n3', 4, 17))])), ['n3', 'n2'])
  })

  test('between equal positions a node that can announce the addresses comes first, whatever its priority; alone the other one is taken all the same', () => {
    const mute = (node: string) => ({ ...at(node, 4, 17), problems: [{ code: 'announcer', message: 'arping is missing', server: null }] })
    const members = [memberConfig('n1'), memberConfig('n2', { priority: 10 }), memberConfig('n3')]
    assert.deepEqual(names(knowing([mute('n2'), at('n3', 4, 17)]), { ...config, cluster: clusterConfig({ members }) }), ['n3', 'n2'])
    assert.deepEqual(names(knowing([mute('n2')])), ['n2'])
  })

  test('at the first start a node with rows comes before an empty one, whatever the names', () => {
    const full = freshNodeReport('n3', { servers: [serverReport({ position: null, hasRows: true })] })
    assert.deepEqual(names(knowing([freshNodeReport('n1'), freshNodeReport('n2'), full])), ['n3', 'n1', 'n2'])
  })
})

describe('who is refused, and why (S6)', () => {
  test('a node that does not report', () => {
    const { refused } = candidates(config, knowing([report('n2'), report('n3')]), [], 1_100)
    assert.deepEqual(refused, [{ node: 'n1', code: 'unreachable', message: 'n1 does not report (not connected yet)' }])
  })

  test('a node whose copy is not complete: it is in the middle of a resync (S6)', () => {
    assert.equal(refusedAs(report('n2', { servers: [serverReport({ complete: false, incompleteReason: 'a resync is under way' })] })), 'incomplete')
  })

  test('a node whose data ends in an earlier term than the last active\'s (S6)', () => {
    assert.equal(refusedAs(at('n2', 3, 900)), 'notInSync')
    assert.equal(refusedAs(report('n2', { servers: [serverReport({ position: null })] })), 'notInSync')
  })

  test('a node is judged by its position, not by what it says about its replication (S6)', () => {
    const claims = report('n2', { servers: [serverReport({ replication: 'replicating', position: position(3, 900) })] })
    assert.equal(refusedAs(claims), 'notInSync')
    assert.equal(refusedAs(report('n2', { servers: [serverReport({ replication: 'connecting' })] })), undefined)
  })

  test('a node that is more heartbeats behind the last active than allowed (S6)', () => {
    const memory = { term: 4, active: 'n1', sequence: 20 }
    assert.equal(refusedAs(at('n2', 4, 17), { memory }), undefined)
    assert.equal(refusedAs(at('n2', 4, 16), { memory }), 'behind')
  })

  test('a node with one server behind, though the other is in step (S6)', () => {
    const servers = [serverReport(), serverReport({ name: 'sb', position: position(3, 2) })]
    assert.equal(refusedAs(report('n2', { servers })), 'notInSync')
  })

  test('a node that followed another backup which was copying: its position is there before its rows (S6)', () => {
    const through = { ...at('n2', 4, 17), following: 'n3' }
    const copying = report('n3', { following: 'n1', servers: [serverReport({ position: position(4, 17), complete: false, incompleteReason: 'a resync is under way' })] })
    const code = (source: Report) => candidates(config, knowing([through, source]), [], 1_100).refused.find(refused => refused.node === 'n2')?.code
    assert.equal(code(copying), 'incomplete')
    assert.equal(code(at('n3', 3, 9)), 'incomplete', 'what n3 last said is from before')
    assert.equal(code(at('n3', 4, 16)), undefined, 'a whole copy of the last active\'s term is as good as the active itself')
    assert.equal(refusedAs(through), 'incomplete', 'nothing is known of n3')
  })

  test('a node that follows the last active, which is being copied over already (S6)', () => {
    const old = report('n1', { following: 'n3', servers: [serverReport({ complete: false, incompleteReason: 'a resync is under way' })] })
    assert.equal(candidates(config, knowing([at('n2', 4, 17), old]), [], 1_100).refused.find(refused => refused.node === 'n2')?.code, 'incomplete')
  })

  test('a node whose servers follow different sources (S6)', () => {
    const servers = [serverReport(), serverReport({ name: 'sb', source: 'tcp:192.0.2.3:16642' })]
    assert.equal(refusedAs(report('n2', { following: null, servers })), 'incomplete')
  })

  test('being behind is told before doubts about the source: it is what lasts, as of a server that nobody told to follow again (S6)', () => {
    const servers = [serverReport(), serverReport({ name: 'sb', source: null })]
    const memory = { term: 4, active: 'n1', sequence: 40 }
    assert.equal(refusedAs(report('n2', { following: null, servers }), { memory }), 'behind')
  })

  test('the last active itself, when its file was replaced by an older one (S6)', () => {
    const memory = { term: 4, active: 'n1', sequence: 20 }
    const older = { ...releasedReport(), servers: [serverReport({ position: position(3, 2) })] }
    assert.equal(refusedAs(older, { memory }), 'notInSync')
    assert.equal(refusedAs({ ...older, voter: { ...older.voter, sequence: 17 } }), 'notInSync')
    assert.equal(refusedAs(older), undefined, 'as far as anybody heard it never served in term 4')
  })

  test('a node with a server that is down, hung or busy', () => {
    for (const health of ['down', 'hung', 'busy', 'unknown'] as const) assert.equal(refusedAs(report('n2', { servers: [serverReport({ health })] })), 'serverDown')
  })

  test('a node with a server that is active without the lease (S5)', () => {
    assert.equal(refusedAs(report('n2', { servers: [serverReport({ role: 'active' })] })), 'unsanctionedActive')
  })

  test('a node that cannot vote: it could not take a lease (S1)', () => {
    assert.equal(refusedAs(report('n2', { voter: { problem: 'voter.json is corrupt' } })), 'cannotVote')
  })

  test('a node that is not a backup now', () => {
    assert.equal(refusedAs(report('n2', { phase: 'stopping' })), 'notReady')
  })

  test('a node whose promotion failed in this operation (S8)', () => {
    const { eligible, refused } = candidates(config, knowing([report('n2'), report('n3')]), ['n2'], 1_100)
    assert.deepEqual(eligible.map(one => one.node), ['n3'])
    assert.equal(refused.find(one => one.node === 'n2')?.code, 'promotionFailed')
  })

  test('a witness is nobody\'s candidate', () => {
    const members = [memberConfig('n1'), memberConfig('n2'), memberConfig('n3', { witness: true })]
    assert.deepEqual(names(knowing([report('n2'), report('n3')]), { ...config, cluster: clusterConfig({ members }) }), ['n2'])
  })
})

test('the last active needs no position to be eligible: nobody has newer data (S6)', () => {
  const own = { ...releasedReport(), servers: [serverReport({ position: null })] }
  assert.deepEqual(names(knowing([own])), ['n1'])
})

test('an operator who forces may take whoever can serve at all, and is told what that loses (S6)', () => {
  const behind = at('n2', 3, 900)
  const state = knowing([behind, report('n3', { servers: [serverReport({ health: 'down' })] })])
  assert.deepEqual(forcible(config, state, [], 1_100).eligible.map(one => one.node), ['n2'])
  assert.equal(lossOf(config, state, behind), 'n2 ends in term 3, and n1 may have served in term 4 after it')
  assert.equal(lossOf(config, state, report('n2')), null)
})

test('rows without a position on two nodes, or beside a node that has one, cannot be ordered by anybody but an operator', () => {
  const rows = (node: string) => freshNodeReport(node, { servers: [serverReport({ position: null, hasRows: true })] })
  assert.deepEqual(diverging([rows('n1'), rows('n2'), freshNodeReport('n3')]), ['n1', 'n2'])
  assert.deepEqual(diverging([rows('n1'), at('n2', 4, 1)]), ['n1', 'n2'])
  assert.deepEqual(diverging([rows('n1'), freshNodeReport('n2')]), [])
  assert.deepEqual(diverging([at('n1', 4, 1), at('n2', 4, 2)]), [])
})
