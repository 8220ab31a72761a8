import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Report } from '../../../../protocol/report.ts'
import { activeReport, coreConfig, freshNodeReport, grant, memberConfig, position, report, serverReport, VOTERS, witnessReport } from '../../../fixtures.ts'
import { find, leader, releasedReport, serving, type LeaderHarness } from './leader-harness.ts'

const unseen = { voter: { grants: [] } }

function holdOf (one: LeaderHarness): { readonly code: string, readonly message: string } | null {
  const { hold } = one.state()
  return hold === null ? null : { code: hold.code, message: hold.message }
}

/** Every 250 ms, as agents do. */
function keepReporting (one: LeaderHarness, reports: readonly Report[], fromMs: number, toMs: number): void {
  for (let atMs = fromMs; atMs <= toMs; atMs += 250) one.reports(reports, atMs)
}

describe('the active gives up (released)', () => {
  test('as soon as its release is reported, a term for the best backup is asked from every voter, and the released grant is left out (S1, S3)', () => {
    const one = serving()
    const actions = one.reports([releasedReport()], 2_000)
    assert.deepEqual(find(actions, 'askTerm')?.voters, ['n1', 'n2', 'n3'])
    assert.deepEqual(find(actions, 'askTerm')?.request, { term: 5, holder: 'n2', controller: 'ctl-a', reason: 'released', voters: VOTERS, leaveOut: [{ holder: 'n1', term: 4, why: 'released' }] })
    assert.equal(one.operation().kind, 'failover')
    assert.equal(one.operation().why, 'n2 is best of 2 nodes in sync (position, then preference, then priority, then name) with n1')
  })

  test('while the active is on its way down, nothing is decided: its release comes', () => {
    const one = serving()
    one.reports([report('n1', { phase: 'stopping', lease: { term: 4 }, following: null })], 2_000)
    assert.deepEqual(holdOf(one), { code: 'inTransition', message: 'n1 is stopping in term 4' })
    assert.equal(one.count('askTerm'), 0)
  })

  test('one that stopped and cannot give its term back (its disk is full, say) is not waited for longer than its lease (S1)', () => {
    const one = serving()
    const stopping = report('n1', { phase: 'stopping', lease: { term: 4 }, following: null })
    const renewed = (agoMs: number) => ['n2', 'n3'].map(name => report(name, { voter: { grants: [grant({ renewedAgoMs: agoMs })] } }))
    one.reports([stopping, ...renewed(0)], 2_000)
    one.reports([stopping, ...renewed(2_000)], 3_999)
    assert.equal(one.count('askTerm'), 0, 'not yet for a whole lease')
    one.reports([...renewed(1_899), stopping], 4_100)
    assert.equal(one.count('askTerm'), 0, 'seen to renew meanwhile')
    one.reports([...renewed(1_900), stopping], 4_101)
    assert.equal(one.operation().reason, 'lost')
    assert.equal(one.operation().to, 'n2')
    assert.deepEqual(one.latest('askTerm').request.leaveOut, [], 'nothing was given back: its grants are waited for (S3)')
  })

  test('a node that was given the term and is a backup without having released it is not waited for', () => {
    const one = serving()
    one.reports([report('n1', { following: null })], 2_000)
    assert.equal(one.operation().reason, 'lost')
  })

  test('a repeated report of the release begins nothing anew', () => {
    const one = serving()
    one.reports([releasedReport(), releasedReport(), releasedReport()], 2_000)
    assert.equal(one.count('askTerm'), 1)
    assert.equal(one.count('operationBegan'), 1)
  })
})

describe('the active is silent (lost)', () => {
  test('missing reports alone are one sign; nothing is done before they are missing for the whole time (S1)', () => {
    const one = serving()
    one.reports([report('n2', unseen), report('n3', unseen)], 2_400)
    one.send({ type: 'lost', node: 'n1', why: 'the connection ended' }, 2_410)
    assert.equal(holdOf(one)?.code, 'suspecting')
    assert.equal(one.count('askTerm'), 0)
  })

  test('while a voter still sees it renew, it keeps serving: nothing is done, and the hold says who sees it (S1)', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n1', why: 'the connection ended' }, 2_000)
    one.reports([report('n2'), report('n3')], 2_600)
    assert.deepEqual(holdOf(one), { code: 'stillRenewing', message: 'n1 does not report to the controller, but n2 and n3 still see it renew its lease: it keeps serving' })
    assert.equal(one.count('askTerm'), 0)
  })

  test('with one witness of its silence and one of its renewals it is not lost: a majority must have seen it end (S1)', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n1', why: 'the connection ended' }, 2_000)
    one.reports([report('n2', unseen), report('n3')], 2_600)
    assert.equal(holdOf(one)?.code, 'stillRenewing')
  })

  test('the moment when the renewals would be too long ago is asked for as a wake-up', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n1', why: 'the connection ended' }, 2_000)
    const actions = one.reports([report('n2'), report('n3')], 2_600)
    assert.ok(actions.some(action => action.type === 'wakeAt' && action.atMs === 4_400))
  })

  test('both signs together, from a majority of the voters, take a term (S1)', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n1', why: 'the connection ended' }, 2_000)
    one.reports([report('n2', unseen), report('n3', unseen)], 2_600)
    assert.equal(one.latest('askTerm').request.reason, 'lost')
    assert.equal(one.operation().trigger, 'n1 is lost: no reports for 1100 ms, and n2, n3 see it renew no more')
  })

  test('a controller that itself did not run for a while observes afresh before it suspects anybody (S1)', () => {
    const one = serving()
    one.send({ type: 'stalled' }, 9_000)
    one.reports([report('n2', unseen), report('n3', unseen)], 9_100)
    assert.equal(holdOf(one)?.code, 'starting')
    one.reports([report('n2', unseen), report('n3', unseen)], 9_999)
    assert.equal(one.count('askTerm'), 0)
    one.send({ type: 'woke' }, 10_001)
    assert.equal(one.count('askTerm'), 1)
  })
})

describe('too few voters (S9)', () => {
  test('without a majority of voters nothing is decided, and the hold says how many answer and how many are needed', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n1', why: 'reset' }, 2_000)
    one.send({ type: 'lost', node: 'n3', why: 'reset' }, 2_000)
    one.reports([report('n2', unseen)], 5_000)
    assert.match(holdOf(one)?.message ?? '', /^1 of 3 voters answer, 2 are needed/)
    assert.equal(find([one.latest('record')], 'record')?.severity, 'critical')
  })

  test('two data nodes without a third voter: the loss of one is held, not failed over (S9)', () => {
    const config = coreConfig({ members: [memberConfig('n1'), memberConfig('n2')] })
    const one = serving(config)
    one.send({ type: 'lost', node: 'n1', why: 'reset' }, 2_000)
    one.reports([report('n2', unseen)], 9_000)
    assert.equal(holdOf(one)?.code, 'noMajority')
    assert.equal(one.count('askTerm'), 0)
  })

  test('two data nodes with a witness: the loss of one is failed over (S9)', () => {
    const config = coreConfig({ members: [memberConfig('n1'), memberConfig('n2'), memberConfig('n3', { witness: true })] })
    const one = leader(config)
    one.reports([activeReport('n1'), report('n2'), witnessReport('n3')], 1_500)
    one.send({ type: 'lost', node: 'n1', why: 'reset' }, 2_000)
    one.reports([report('n2', unseen), witnessReport('n3', unseen)], 2_600)
    assert.equal(one.latest('askTerm').request.holder, 'n2')
  })

  test('a voter that cannot vote does not count (S1)', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n1', why: 'reset' }, 2_000)
    one.reports([report('n2', unseen), report('n3', { voter: { problem: 'voter.json is corrupt' } })], 2_600)
    assert.equal(holdOf(one)?.code, 'noMajority')
    assert.match(holdOf(one)?.message ?? '', /^1 of 3 voters answer, 2 are needed: .* n3 reports and cannot vote \(cannotVote\)\. .*quorum force/)
  })
})

describe('nobody can take over (S6)', () => {
  test('with every copy cut short it holds, says why for each, and waits for the operator (S6)', () => {
    const one = serving()
    const cut = { servers: [serverReport({ complete: false, incompleteReason: 'a resync is under way' })] }
    one.reports([report('n2', cut), report('n3', cut), releasedReport()], 2_000)
    one.send({ type: 'woke' }, 7_100)
    one.reports([releasedReport(), report('n2', cut), report('n3', cut)], 7_200)
    assert.equal(holdOf(one)?.code, 'noCandidate')
    assert.deepEqual(one.state().hold?.refused.map(refused => [refused.node, refused.code]), [['n1', 'serverDown'], ['n2', 'incomplete'], ['n3', 'incomplete']])
    assert.equal(one.count('askTerm'), 0)
  })

  test('a hold is recorded once, however often it is found again', () => {
    const one = serving()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: 'disk swap' } }, 1_600)
    const before = one.count('record')
    one.reports([releasedReport(), releasedReport(), releasedReport()], 2_000)
    assert.equal(one.count('record'), before + 1)
  })
})

describe('pause (S10)', () => {
  test('a paused cluster is not failed over; the hold says who paused it, why, and what would be done (S10)', () => {
    const one = serving()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: 'disk swap' } }, 1_600)
    one.reports([releasedReport()], 2_000)
    assert.deepEqual(holdOf(one), { code: 'paused', message: 'n2 would take over (n1 released term 4), but ann paused the cluster: disk swap' })
    assert.equal(one.count('askTerm'), 0)
  })

  test('when the pause ends, what was held is done (S10)', () => {
    const one = serving()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: '' } }, 1_600)
    one.reports([releasedReport()], 2_000)
    one.send({ type: 'pauseSet', paused: null }, 2_100)
    assert.equal(one.count('askTerm'), 1)
  })
})

describe('first start and cold start', () => {
  test('a controller that starts observes before it acts, unless all nodes are there', () => {
    const one = leader()
    one.reports([freshNodeReport('n1'), freshNodeReport('n2')], 100)
    assert.equal(holdOf(one)?.code, 'starting')
    one.reports([freshNodeReport('n3')], 110)
    assert.equal(one.operation().kind, 'firstStart')
    assert.deepEqual(one.latest('askTerm').request, { term: 1, holder: 'n1', controller: 'ctl-a', reason: 'firstStart', voters: VOTERS, leaveOut: [] })
  })

  test('a missing data node is waited for: it may hold newer data; then the start goes on without it', () => {
    const one = leader()
    one.reports([freshNodeReport('n1'), freshNodeReport('n2')], 1_100)
    assert.deepEqual(holdOf(one), { code: 'waitingForNodes', message: 'waits up to 5 s for n3: it may hold newer data' })
    keepReporting(one, [freshNodeReport('n1'), freshNodeReport('n2')], 1_250, 6_000)
    assert.equal(one.count('askTerm'), 0)
    one.send({ type: 'woke' }, 6_100)
    assert.equal(one.count('askTerm'), 1)
  })

  test('a node that is there but has not yet looked at its servers is waited for, too', () => {
    const one = leader()
    one.reports([freshNodeReport('n1'), freshNodeReport('n2'), freshNodeReport('n3', { phase: 'starting' })], 100)
    assert.match(holdOf(one)?.message ?? '', /waits up to 5 s for n3/)
  })

  test('rows on two nodes that nothing can order are held for the operator, who is told how to choose', () => {
    const rows = (node: string) => freshNodeReport(node, { servers: [serverReport({ source: null, replication: 'none', position: null, hasRows: true })] })
    const one = leader()
    one.reports([rows('n1'), rows('n2'), freshNodeReport('n3')], 100)
    assert.equal(holdOf(one)?.code, 'diverging')
    assert.match(holdOf(one)?.message ?? '', /^n1 and n2 hold different data .*ovsdb-ha failover ovn --to NODE --force/)
    assert.equal(one.count('askTerm'), 0)
  })

  function cold (node: string, sequence: number, server: Partial<Report['servers'][number]> = {}): Report {
    return report(node, {
      voter: { released: { served: true }, grants: [] },
      following: null,
      servers: [serverReport({ source: null, replication: 'none', position: position(4, sequence), ...server })]
    })
  }

  test('the last active waits for nobody when all restarted: it has whatever anybody has', () => {
    const one = leader()
    one.reports([cold('n1', 18), cold('n2', 18)], 1_100)
    assert.deepEqual([one.operation().kind, one.operation().to], ['coldStart', 'n1'])
  })

  test('the last active is waited for while its servers are started again and again, another node is not', () => {
    const down = { health: 'down', reason: 'it did not start', role: 'unknown' } as const
    const one = leader()
    one.reports([cold('n1', 18, down), cold('n2', 17), cold('n3', 17)], 1_100)
    assert.deepEqual(holdOf(one), { code: 'waitingForNodes', message: 'waits up to 5 s for n1: it may hold newer data' })
    one.reports([cold('n1', 18)], 1_500)
    assert.equal(one.operation().to, 'n1')

    const other = leader()
    other.reports([cold('n1', 18), cold('n2', 18, down), cold('n3', 17)], 1_100)
    assert.equal(other.operation().to, 'n1')
  })

  test('a last active whose copy ends before the last term is no reason to wait for nobody', () => {
    const one = leader()
    one.reports([cold('n1', 0, { position: position(3, 90) }), cold('n2', 18)], 1_100)
    assert.deepEqual(holdOf(one), { code: 'waitingForNodes', message: 'waits up to 5 s for n3: it may hold newer data' })
  })

  test('after all nodes restarted, nobody follows: the node with the newest data is taken when all were heard (S6)', () => {
    const one = leader()
    one.reports([cold('n2', 17), cold('n3', 18)], 1_100)
    assert.equal(holdOf(one)?.code, 'waitingForNodes')
    one.reports([cold('n1', 18)], 1_200)
    assert.equal(one.operation().kind, 'coldStart')
    assert.equal(one.operation().to, 'n1')
    assert.equal(one.operation().why, 'n1 was the last active and its copy is complete')
  })

  test('what the store remembers of the last active keeps an older copy from being taken (S6)', () => {
    const cold = (node: string) => report(node, {
      voter: { released: { served: true }, grants: [] },
      following: null,
      servers: [serverReport({ source: null, replication: 'none', position: position(4, 10) })]
    })
    const one = leader()
    one.send({ type: 'restored', memory: { term: 4, active: 'n1', sequence: 20 }, paused: null }, 0)
    one.reports([cold('n2'), cold('n3')], 1_100)
    keepReporting(one, [cold('n2'), cold('n3')], 1_250, 6_250)
    assert.equal(holdOf(one)?.code, 'noCandidate')
    assert.match(holdOf(one)?.message ?? '', /n2 is 10 heartbeats behind the last active n1; at most 3 are allowed/)
  })
})

describe('after an operation', () => {
  test('after a failed attempt the next one waits, longer each time, and says why', () => {
    const one = serving()
    one.reports([releasedReport()], 2_000)
    for (const voter of ['n1', 'n2', 'n3']) one.refuse(voter, 2_010, 'cannotVote')
    assert.equal(one.latest('operationEnded').ended.outcome, 'failed')
    one.reports([releasedReport(), report('n2'), report('n3')], 2_020)
    assert.match(holdOf(one)?.message ?? '', /a majority of the voters cannot vote/)
    assert.equal(one.count('askTerm'), 1)
    one.send({ type: 'woke' }, 2_260)
    assert.equal(one.count('askTerm'), 2)
  })

  test('reports from before the end of an operation do not undo it: the new active\'s own report is awaited', () => {
    const one = serving()
    one.reports([releasedReport()], 2_000)
    one.accept('n2', 2_002)
    one.accept('n3', 2_003)
    one.endOrder('promote', 2_050)
    assert.equal(one.latest('operationEnded').ended.outcome, 'done')
    one.reports([report('n2'), report('n3')], 2_060)
    assert.equal(holdOf(one)?.code, 'inTransition')
    assert.equal(one.count('askTerm'), 1)
    one.reports([activeReport('n2', { voter: { term: 5, holder: 'n2' }, lease: { term: 5 } })], 2_070)
    assert.equal(one.state().hold, null)
  })
})

test('a controller that does not lead decides nothing', () => {
  const one = serving()
  one.send({ type: 'leadership', leading: false }, 1_600)
  one.reports([releasedReport()], 2_000)
  assert.equal(one.count('askTerm'), 0)
  one.send({ type: 'leadership', leading: true }, 2_100)
  assert.equal(one.count('askTerm'), 1)
})

test('a change of leadership alone takes no term and disturbs nothing (S1)', () => {
  const one = serving()
  one.send({ type: 'leadership', leading: false }, 1_600)
  one.send({ type: 'leadership', leading: true }, 1_700)
  one.reports([activeReport('n1'), report('n2'), report('n3')], 1_800)
  assert.equal(one.count('askTerm'), 0)
  assert.equal(one.count('order'), 0)
})
