import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ClusterAction, CommandRefusal } from '../../../../controller/core/actions.ts'
import { activeReport, grant, position, report, serverReport, type ReportChanges } from '../../../fixtures.ts'
import { find, leader, releasedReport, serving, type LeaderHarness } from './leader-harness.ts'

const ask = { commandId: 7, actor: 'ann', reason: 'kernel update' }

function switchover (one: LeaderHarness, to: string | null, nowMs = 2_000): readonly ClusterAction[] {
  return one.send({ type: 'switchoverAsked', ...ask, to }, nowMs)
}

function failover (one: LeaderHarness, to: string | null, force: boolean, nowMs = 2_000): readonly ClusterAction[] {
  return one.send({ type: 'failoverAsked', ...ask, to, force }, nowMs)
}

function refusalOf (actions: readonly ClusterAction[]): CommandRefusal | undefined {
  return find(actions, 'refuseCommand')?.refusal
}

describe('switchover', () => {
  test('without a name it takes the best backup that follows, and says who asked and why', () => {
    const one = serving()
    switchover(one, null)
    const { kind, from, to, trigger, commandId } = one.operation()
    assert.deepEqual([kind, from, to, commandId], ['switchover', 'n1', 'n2', 7])
    assert.equal(trigger, 'ann asked for a switchover: kernel update')
  })

  test('the node that the operator names is taken', () => {
    const one = serving()
    switchover(one, 'n3')
    assert.equal(one.operation().to, 'n3')
    assert.equal(one.operation().why, 'ann named n3')
  })

  test('a node that is not in the cluster, or that is the active already, is refused', () => {
    assert.deepEqual(refusalOf(switchover(serving(), 'n9')), { kind: 'unknownNode', node: 'n9' })
    assert.deepEqual(refusalOf(switchover(serving(), 'n1')), { kind: 'alreadyActive', node: 'n1' })
  })

  test('a backup that does not follow is refused by name, with the reason', () => {
    const one = leader()
    one.reports([activeReport('n1'), report('n2', { following: null }), report('n3')], 1_500)
    assert.deepEqual(refusalOf(switchover(one, 'n2')), { kind: 'noCandidate', refused: [{ node: 'n2', code: 'notFollowing', message: 'n2 does not follow n1' }] })
  })

  test('without an active there is nothing to switch over: the answer repeats the hold', () => {
    const one = serving()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: 'x' } }, 1_600)
    one.reports([releasedReport()], 1_700)
    assert.equal(refusalOf(switchover(one, null))?.kind, 'noActive')
  })

  test('one change at a time: a second one is refused with the first one\'s name', () => {
    const one = serving()
    switchover(one, 'n2')
    assert.deepEqual(refusalOf(switchover(one, 'n3')), { kind: 'operationRuns', operation: one.operation().id, what: 'switchover to n2' })
    assert.equal(one.operation().to, 'n2')
  })

  test('a controller that does not lead refuses', () => {
    const one = serving()
    one.send({ type: 'leadership', leading: false }, 1_600)
    assert.deepEqual(refusalOf(switchover(one, null)), { kind: 'notLeading' })
  })

  test('an operator may switch a paused cluster over: pause stops the leader\'s decisions, not the operator\'s (S10)', () => {
    const one = serving()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: '' } }, 1_600)
    switchover(one, null)
    assert.equal(one.operation().kind, 'switchover')
  })
})

describe('failover by hand', () => {
  /** n1 gave up; both backups end in term 3. */
  function behind (): LeaderHarness {
    const old = { following: null, servers: [serverReport({ source: null, replication: 'none', position: position(3, 900) })] }
    const one = serving()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: '' } }, 1_600)
    one.reports([releasedReport(), report('n2', old), report('n3', old)], 1_900)
    return one
  }

  test('while an active serves it is refused: a switchover loses nothing', () => {
    assert.deepEqual(refusalOf(failover(serving(), 'n2', true)), { kind: 'activeServes', active: 'n1' })
  })

  test('without force, nodes that would lose writes are refused, each with its reason (S6)', () => {
    const refusal = refusalOf(failover(behind(), null, false))
    assert.equal(refusal?.kind, 'noCandidate')
    assert.deepEqual(refusal?.kind === 'noCandidate' && refusal.refused.map(one => [one.node, one.code]), [['n1', 'serverDown'], ['n2', 'notInSync'], ['n3', 'notInSync']])
  })

  test('with force it takes the node and tells what is lost (S6, S7)', () => {
    const one = behind()
    failover(one, 'n3', true)
    assert.equal(one.operation().kind, 'forcedFailover')
    assert.equal(one.operation().why, 'forced, and this is lost: n3 ends in term 3, and n1 may have served in term 4 after it; every write after that is missing on n3')
    assert.equal(one.latest('askTerm').request.reason, 'forced')
  })

  test('force moves the data rule only: grants that run are waited for all the same (S3)', () => {
    const one = behind()
    failover(one, 'n3', true)
    one.accept('n2', 2_002, [grant({ holder: 'n2', remainingMs: 500 })])
    one.accept('n3', 2_003, [grant({ holder: 'n2', remainingMs: 500 })])
    assert.equal(one.count('order'), 0)
    one.send({ type: 'woke' }, 2_513)
    assert.equal(one.latestOrder('promote').order.force, true)
  })

  test('once it lost a race, or its node failed, voters that see somebody renew are right (S1): another controller may have made somebody serve', () => {
    const raced = behind()
    failover(raced, 'n3', true)
    raced.refuse('n2', 2_002, 'termTaken', 5)
    raced.refuse('n3', 2_003, 'termTaken', 5)
    assert.deepEqual([raced.latest('askTerm').request.term, raced.latest('askTerm').request.reason], [6, 'lost'])

    const failed = behind()
    failover(failed, 'n3', true)
    failed.accept('n2', 2_002)
    failed.accept('n3', 2_003)
    failed.endOrder('promote', 2_100, { ok: false, reason: 'nb did not answer' })
    failed.reports([report('n3', { voter: { term: 5, holder: 'n3', released: { served: false } }, lease: { releasedTerm: 5 } })], 2_110)
    assert.deepEqual([failed.latest('askTerm').request.holder, failed.latest('askTerm').request.reason], ['n2', 'lost'])
  })

  describe('whoever is forced may hold less than those that follow it', () => {
    /** n1 gave up and lost its file; n3 follows it still, n2 follows nobody. */
    function forced (follower: ReportChanges): LeaderHarness {
      const back = { ...releasedReport(), servers: [serverReport({ source: null, replication: 'none', complete: false, incompleteReason: 'its file was lost' })] }
      const one = serving()
      one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: '' } }, 1_600)
      one.reports([back, report('n2', { following: null, servers: [serverReport({ source: null })] }), report('n3', follower)], 1_900)
      failover(one, 'n1', true)
      one.accept('n1', 2_002)
      one.accept('n2', 2_003)
      return one
    }

    test('it serves only when they have let go of it (S7)', () => {
      const one = forced({ following: 'n1' })
      one.accept('n3', 2_010)
      assert.equal(one.count('order'), 0)
      one.reports([report('n3', { voter: { term: 5 }, following: null, servers: [serverReport({ source: null })] })], 2_030)
      assert.equal(one.latestOrder('promote').node, 'n1')
    })

    test('one whose servers follow different sources, and one that has not heard of the term, are waited for too', () => {
      const one = forced({ following: null, servers: [serverReport({ source: 'tcp:10.0.0.1:16641' }), serverReport({ name: 'sb', source: null })] })
      one.accept('n3', 2_010)
      assert.equal(one.count('order'), 0)
      const unheard = forced({ following: 'n2' })
      assert.equal(unheard.count('order'), 0)
      unheard.accept('n3', 2_010)
      assert.equal(unheard.count('order'), 1)
    })

    test('whom the forced one itself follows is no matter: that ends with its promotion', () => {
      const one = serving()
      one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: '' } }, 1_600)
      one.reports([releasedReport(), report('n2', { following: null, servers: [serverReport(), serverReport({ name: 'sb', source: null })] }), report('n3')], 1_900)
      failover(one, 'n2', true)
      one.accept('n2', 2_002)
      one.accept('n3', 2_003)
      assert.equal(one.latestOrder('promote').node, 'n2')
    })

    test('not for ever', () => {
      const one = forced({ following: 'n1' })
      const heardOf = { voter: { term: 5 } }
      const lastMs = 2_003 + one.config.cluster.timing.commandTimeoutMs
      const actions = one.reports([report('n1', heardOf), report('n2', { ...heardOf, following: null }), report('n3', heardOf)], lastMs)
      assert.equal(one.count('order'), 0)
      assert.ok(actions.some(action => action.type === 'wakeAt' && action.atMs === lastMs + 1))
      one.send({ type: 'woke' }, lastMs + 1)
      assert.equal(one.latestOrder('promote').node, 'n1')
    })

    test('a failover that nobody forces waits for none of this: its candidate has all that its followers have', () => {
      const one = serving()
      one.reports([releasedReport()], 1_900)
      one.accept('n2', 2_002)
      one.accept('n3', 2_003)
      assert.equal(one.count('order'), 1)
    })
  })

  test('force takes no node that cannot serve', () => {
    const one = behind()
    assert.equal(refusalOf(failover(one, 'n1', true))?.kind, 'noCandidate')
  })

  test('in a paused cluster the operator\'s own failover is done (S10)', () => {
    const one = serving()
    one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: '' } }, 1_600)
    one.reports([releasedReport()], 1_900)
    failover(one, null, false)
    assert.deepEqual([one.operation().kind, one.operation().to, one.operation().why], ['failover', 'n2', 'n2 holds everything that is known'])
  })
})
