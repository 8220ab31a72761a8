import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { activeReport, coreConfig, grant, position, report, serverReport, timing, VOTERS } from '../../../fixtures.ts'
import type { Report, ServerReport } from '../../../../protocol/report.ts'
import { find, orderTo, releasedReport, serving, type LeaderHarness } from './leader-harness.ts'

/** n1 released term 4 at 2000 ms; term 5 for n2 is being asked for. */
function taking (): LeaderHarness {
  const one = serving()
  one.reports([releasedReport()], 2_000)
  one.stage('takingTerm')
  return one
}

/** Term 5 accepted, n2 is being promoted since 2003 ms. */
function promoting (): LeaderHarness {
  const one = taking()
  one.accept('n2', 2_002)
  one.accept('n3', 2_003)
  one.stage('promoting')
  return one
}

/** A switchover from n1 to n2, asked at 2000 ms: the gate is closing. */
function switching (): LeaderHarness {
  const one = serving()
  one.reports([activeReport('n1'), report('n2'), report('n3')], 1_900)
  one.send({ type: 'switchoverAsked', commandId: 1, to: 'n2', actor: 'ann', reason: '' }, 2_000)
  one.stage('closing')
  return one
}

describe('taking a term (S1, S3)', () => {
  test('one acceptance of three promotes nobody, a majority does (S1)', () => {
    const one = taking()
    assert.equal(orderTo(one.accept('n2', 2_002), 'promote'), undefined)
    const order = orderTo(one.accept('n3', 2_003), 'promote')
    assert.equal(order?.node, 'n2')
    assert.deepEqual(order?.order, { type: 'promote', term: 5, controller: 'ctl-a', deadlineMs: 5_000, leaveOut: [{ holder: 'n1', term: 4, why: 'released' }], force: false })
  })

  test('the same voter counts once, and an answer to another term or operation not at all (S1)', () => {
    const one = taking()
    const { operation } = one.latest('askTerm')
    one.accept('n2', 2_002)
    one.accept('n2', 2_003)
    one.send({ type: 'termAnswered', operation, term: 4, voter: 'n3', reply: { ok: true, grants: [] } }, 2_004)
    one.send({ type: 'termAnswered', operation: operation + 1, term: 5, voter: 'n3', reply: { ok: true, grants: [] } }, 2_005)
    one.stage('takingTerm')
    assert.equal(one.count('order'), 0)
  })

  test('nobody is promoted before the largest grant of the majority has run out, with a margin for clock rates (S3)', () => {
    const one = taking()
    one.accept('n2', 2_002, [grant({ holder: 'n3', remainingMs: 500 })])
    one.accept('n3', 2_003, [grant({ holder: 'n3', remainingMs: 300 })])
    one.send({ type: 'woke' }, 2_511)
    one.stage('takingTerm')
    assert.ok(orderTo(one.send({ type: 'woke' }, 2_512), 'promote') !== undefined)
  })

  test('a majority whose grants end sooner is enough: the third voter\'s longer grant is not waited for (S3)', () => {
    const one = taking()
    one.accept('n1', 2_001, [grant({ holder: 'n3', remainingMs: 2_000 })])
    one.accept('n2', 2_002)
    assert.ok(orderTo(one.accept('n3', 2_003), 'promote') !== undefined)
  })

  test('the moment when the wait is over is asked for as a wake-up (S3)', () => {
    const one = taking()
    one.accept('n2', 2_002, [grant({ holder: 'n3', remainingMs: 1_000 })])
    const actions = one.accept('n3', 2_003)
    assert.ok(actions.some(action => action.type === 'wakeAt' && action.atMs === 3_017))
  })

  test('a grant of the holder that released that very term is left out of the wait; of another term it is not (S3)', () => {
    const one = taking()
    one.accept('n2', 2_002, [grant()])
    assert.ok(orderTo(one.accept('n3', 2_003, [grant()]), 'promote') !== undefined)
    const other = taking()
    other.accept('n2', 2_002, [grant({ term: 3 })])
    assert.equal(orderTo(other.accept('n3', 2_003, [grant({ term: 3 })]), 'promote'), undefined)
  })

  describe('one of two servers of the last active died, and the other one lives on behind a shut gate', () => {
    const both = (changes: Partial<ServerReport> = {}) => [serverReport(), serverReport({ name: 'sb', database: 'OVN_Southbound', ...changes })]
    const promotion = (n2: readonly ServerReport[], changes: Partial<Report> = {}, marked: string[] = ['sb'], config = coreConfig()) => {
      const one = serving(config)
      const released = releasedReport()
      one.reports([report('n2', { servers: [...n2], ...changes }), report('n3'), { ...released, lease: { ...released.lease, marked } }], 2_000)
      one.accept('n2', 2_002)
      return orderTo(one.accept('n3', 2_003), 'promote')?.order
    }

    test('the candidate is told to wait for the marker behind its last write', () => {
      const order = promotion(both())
      assert.deepEqual(order?.type === 'promote' && order.lastWrites, { marker: 'last-4-n1', servers: ['sb'], deadlineMs: 2_000 })
    })

    test('it waits no longer than clients would have waited for the loss of the whole node: a lease', () => {
      const order = promotion(both(), {}, ['sb'], coreConfig({ timing: timing({ handoverDeadlineMs: 60_000 }) }))
      assert.equal(order?.type === 'promote' && order.lastWrites?.deadlineMs, timing().leaseMs)
    })

    test('not where nothing can come: the copy has no source, the node follows another one, or no marker was written', () => {
      for (const order of [promotion(both({ replication: 'none' })), promotion(both(), { following: null }), promotion(both(), {}, [])]) {
        assert.equal(order?.type, 'promote')
        assert.equal(order?.type === 'promote' && order.lastWrites, undefined)
      }
    })
  })

  test('an unknown holder\'s grant, told by a voter that restarted, is always waited for (S3)', () => {
    const one = taking()
    one.accept('n2', 2_002, [grant({ holder: null, remainingMs: 2_000 })])
    assert.equal(orderTo(one.accept('n3', 2_003, [grant({ holder: null, remainingMs: 2_000 })]), 'promote'), undefined)
  })

  test('nobody is promoted before a majority reports that it accepted the term: only then is it told who served before (S6)', () => {
    const one = taking()
    const { operation, request } = one.latest('askTerm')
    for (const voter of ['n2', 'n3']) one.send({ type: 'termAnswered', operation, term: request.term, voter, reply: { ok: true, grants: [] } }, 2_002)
    assert.equal(one.count('order'), 0)
    one.accept('n2', 2_003)
    assert.ok(orderTo(one.accept('n3', 2_004), 'promote') !== undefined)
  })

  test('when somebody served meanwhile whose data the candidate lacks, the change is undone (S6)', () => {
    const one = taking()
    const { operation } = one.latest('askTerm')
    const since = { term: 5, holder: 'n2', granted: false, grants: [], previous: { holder: 'n3', term: 5 } }
    one.send({ type: 'reported', report: report('n2', { voter: since }) }, 2_003)
    one.send({ type: 'reported', report: report('n3', { voter: since }) }, 2_004)
    for (const voter of ['n2', 'n3']) one.send({ type: 'termAnswered', operation, term: 5, voter, reply: { ok: true, grants: [] } }, 2_005)
    assert.equal(one.latest('operationEnded').ended.outcome, 'undone')
    assert.match(one.latest('operationEnded').ended.detail, /somebody served meanwhile: n2 ends in term 4, and n3 may have served in term 5 after it/)
    assert.equal(one.count('order'), 0)
  })

  test('a term lost to somebody else is followed by a higher one (S1)', () => {
    const one = taking()
    one.refuse('n2', 2_002, 'termTaken', 5)
    one.refuse('n3', 2_003, 'olderTerm', 9)
    assert.equal(one.latest('askTerm').request.term, 10)
  })

  test('after eight lost terms it stops: another controller seems to serve this cluster (S1)', () => {
    const one = taking()
    for (let tries = 0; tries < 8; tries++) {
      one.refuse('n2', 2_002, 'olderTerm', 5)
      one.refuse('n3', 2_003, 'olderTerm', 5)
    }
    assert.equal(one.count('askTerm'), 8)
    assert.match(one.latest('operationEnded').ended.detail, /another controller/)
  })

  test('when voters still see the holder renew, the change is undone and said so: the holder serves on (S1)', () => {
    const one = serving()
    one.send({ type: 'lost', node: 'n1', why: 'reset' }, 2_000)
    one.reports([report('n2', { voter: { grants: [] } }), report('n3', { voter: { grants: [] } })], 2_600)
    one.refuse('n2', 2_602, 'stillRenewing')
    one.refuse('n3', 2_603, 'stillRenewing')
    assert.equal(one.latest('operationEnded').ended.outcome, 'undone')
    assert.equal(one.count('order'), 0)
  })

  test('without a majority of answers the change fails after its time, and says how many answered', () => {
    const one = taking()
    one.accept('n2', 2_002)
    one.send({ type: 'woke' }, 4_001)
    assert.deepEqual(one.latest('operationEnded').ended.detail, 'no majority of the voters accepted term 5: 1 of 3 answered')
  })

  test('a term that was asked for is never asked for again, whatever the reports say (S1)', () => {
    const one = taking()
    one.accept('n2', 2_002)
    one.send({ type: 'woke' }, 4_001)
    one.reports([releasedReport(), report('n2'), report('n3')], 4_500)
    assert.equal(one.latest('askTerm').request.term, 6)
  })
})

test('a term is higher than any that the store remembers, also when no voter knows it any more (S1)', () => {
  const one = serving()
  one.send({ type: 'restored', memory: { term: 9, active: 'n1', sequence: 1 }, paused: null }, 1_600)
  one.send({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: '' } }, 1_610)
  one.reports([releasedReport()], 1_700)
  one.send({ type: 'failoverAsked', commandId: 2, to: 'n2', force: true, actor: 'ann', reason: '' }, 1_710)
  assert.equal(one.latest('askTerm').request.term, 10)
})

describe('promoting (S8)', () => {
  test('the answer of the promoted node ends the failover; its steps lie on the operation\'s time line', () => {
    const one = promoting()
    one.endOrder('promote', 2_050, { steps: [{ name: 'lease', startMs: 1, endMs: 3, error: null }] })
    const { outcome, operation } = one.latest('operationEnded').ended
    assert.equal(outcome, 'done')
    assert.deepEqual(operation.steps.map(step => [step.name, step.node, step.startMs, step.endMs]), [
      ['take term 5', null, 0, 3],
      ['promote', 'n2', 3, 50],
      ['lease', 'n2', 4, 6]
    ])
    assert.deepEqual(one.state().memory, { term: 5, active: 'n2', sequence: 0 })
  })

  test('a failed promotion is followed by the next candidate under a term of its own (S1, S8)', () => {
    const one = promoting()
    one.endOrder('promote', 2_050, { ok: false, reason: 'promotionFailed: nb: no answer' })
    assert.equal(one.stage('choosing').failed, 'n2')
    const gaveBack = report('n2', { voter: { term: 5, holder: 'n2', released: { served: false }, previous: { holder: 'n1', term: 4 } }, lease: { releasedTerm: 5 } })
    one.reports([gaveBack], 2_060)
    const { request } = one.latest('askTerm')
    assert.equal(request.holder, 'n3')
    assert.equal(request.term, 6)
    assert.ok(request.leaveOut.some(over => over.holder === 'n2' && over.term === 5))
    assert.equal(one.operation().why, 'n3 is next: n2 could not be promoted: promotionFailed: nb: no answer')
  })

  test('the next candidate is not taken while the failed node may still be on its way down (S3, S8)', () => {
    const one = promoting()
    one.endOrder('promote', 2_050, { ok: false, reason: 'no answer' })
    one.reports([report('n2', { phase: 'stopping', lease: { term: 5 } }), report('n3')], 2_060)
    one.stage('choosing')
    assert.equal(one.count('askTerm'), 1)
  })

  test('an order that was never answered counts as failed', () => {
    const one = promoting()
    one.send({ type: 'orderEnded', tag: one.latestOrder('promote').tag, reply: null, error: 'the connection ended' }, 2_050)
    assert.equal(one.stage('choosing').why, 'the connection ended')
  })

  test('when nobody is left the failover fails with the reasons of all (S8)', () => {
    const one = promoting()
    one.reports([report('n3', { phase: 'starting' })], 2_010)
    one.endOrder('promote', 2_050, { ok: false, reason: 'no answer' })
    one.reports([report('n2', { lease: { releasedTerm: 5 } })], 2_060)
    const { outcome, detail, operation } = one.latest('operationEnded').ended
    assert.equal(outcome, 'failed')
    assert.equal(detail, 'n2 could not be promoted: no answer; no other node can take over')
    assert.deepEqual(operation.refused.map(one => [one.node, one.code]), [['n1', 'serverDown'], ['n2', 'promotionFailed'], ['n3', 'notReady']])
  })

  test('a late or repeated end of an order changes nothing', () => {
    const one = promoting()
    const { tag } = one.latestOrder('promote')
    one.endOrder('promote', 2_050)
    const ended = one.count('operationEnded')
    one.send({ type: 'orderEnded', tag, reply: { ok: false, reason: 'late', steps: [] }, error: null }, 2_060)
    assert.equal(one.count('operationEnded'), ended)
    assert.equal(one.count('askTerm'), 1)
  })
})

describe('switchover', () => {
  test('it closes the gate and waits for the marker at once, under the active\'s own term', () => {
    const one = switching()
    const begin = one.latestOrder('handoverBegin')
    const wait = one.latestOrder('awaitMarker')
    assert.deepEqual([begin.node, begin.order.term], ['n1', 4])
    assert.deepEqual([wait.node, wait.order.term], ['n2', 4])
    assert.equal(begin.order.marker, wait.order.marker)
  })

  test('it freezes the old active only when the gate is closed and the marker has arrived', () => {
    for (const order of [['handoverBegin', 'awaitMarker'], ['awaitMarker', 'handoverBegin']] as const) {
      const one = switching()
      assert.equal(orderTo(one.endOrder(order[0], 2_010), 'handoverFinish'), undefined)
      assert.equal(orderTo(one.endOrder(order[1], 2_011), 'handoverFinish')?.node, 'n1')
    }
  })

  test('it takes a term only when the old active has frozen and released, and leaves that release out of the wait at once (S1, S3)', () => {
    const one = switching()
    one.endOrder('handoverBegin', 2_010)
    one.endOrder('awaitMarker', 2_011)
    assert.equal(one.count('askTerm'), 0)
    const actions = one.endOrder('handoverFinish', 2_020)
    assert.deepEqual(find(actions, 'askTerm')?.request, { term: 5, holder: 'n2', controller: 'ctl-a', reason: 'switchover', voters: VOTERS, leaveOut: [{ holder: 'n1', term: 4, why: 'released' }] })
    one.accept('n2', 2_022, [grant()])
    one.accept('n3', 2_023, [grant()])
    one.stage('promoting')
  })

  test('a candidate that has the marker is promoted although its last heartbeat is an old one: the marker is the proof (S6)', () => {
    const one = switching()
    one.endOrder('handoverBegin', 2_010)
    one.endOrder('awaitMarker', 2_011)
    one.reports([report('n3', { voter: { sequence: 30 } })], 2_012)
    one.endOrder('handoverFinish', 2_020)
    one.accept('n2', 2_022)
    one.accept('n3', 2_023)
    one.stage('promoting')
  })

  test('the marker proves nothing against one who served after it: the switchover is undone (S6)', () => {
    const one = switching()
    one.endOrder('handoverBegin', 2_010)
    one.endOrder('awaitMarker', 2_011)
    one.endOrder('handoverFinish', 2_020)
    const { operation, request } = one.latest('askTerm')
    for (const [index, node] of ['n2', 'n3'].entries()) {
      one.send({ type: 'termAnswered', operation, term: request.term, voter: node, reply: { ok: true, grants: [] } }, 2_021 + index)
      const voter = { term: request.term + 1, holder: 'n3', granted: true, sequence: 30, grants: [], previous: null }
      one.reports([report(node, { voter, following: node === 'n2' ? 'n3' : null, servers: [serverReport({ position: position(request.term + 1, 9) })] })], 2_021 + index)
    }
    assert.equal(one.latest('operationEnded').ended.outcome, 'undone')
    assert.match(one.latest('operationEnded').ended.detail, /somebody served meanwhile: n2 is 21 heartbeats behind the last active n3/)
  })

  test('when the marker does not arrive in time, the gate is reopened and nothing happened', () => {
    const one = switching()
    one.endOrder('handoverBegin', 2_010)
    const actions = one.endOrder('awaitMarker', 4_010, { ok: false, reason: 'marker nb: not there' })
    assert.equal(orderTo(actions, 'handoverCancel')?.node, 'n1')
    one.endOrder('handoverCancel', 4_020)
    const { outcome, detail } = one.latest('operationEnded').ended
    assert.equal(outcome, 'undone')
    assert.equal(detail, 'the marker did not arrive on n2 in time: marker nb: not there')
    assert.equal(one.count('askTerm'), 0)
  })

  test('the gate is reopened only after its closing has ended: two orders never race on it', () => {
    const one = switching()
    assert.equal(orderTo(one.endOrder('awaitMarker', 2_010, { ok: false, reason: 'no answer' }), 'handoverCancel'), undefined)
    assert.equal(orderTo(one.endOrder('handoverBegin', 2_020), 'handoverCancel')?.node, 'n1')
  })

  test('when the gate cannot be closed, the switchover is undone whatever the marker does', () => {
    const one = switching()
    assert.ok(orderTo(one.endOrder('handoverBegin', 2_010, { ok: false, reason: 'gate nb: no answer' }), 'handoverCancel') !== undefined)
    one.endOrder('awaitMarker', 2_020)
    one.endOrder('handoverCancel', 2_030)
    assert.equal(one.latest('operationEnded').ended.outcome, 'undone')
  })

  test('when the old active cannot be frozen, no term is taken by the switchover: it failed', () => {
    const one = switching()
    one.endOrder('handoverBegin', 2_010)
    one.endOrder('awaitMarker', 2_011)
    one.endOrder('handoverFinish', 2_020, { ok: false, reason: 'handoverFailed: nb: no answer' })
    assert.equal(one.latest('operationEnded').ended.outcome, 'failed')
    assert.equal(one.count('askTerm'), 0)
  })

  test('an order to freeze that came too late is no failure: the old active has opened its gate again, and serves on', () => {
    const one = switching()
    one.endOrder('handoverBegin', 2_010)
    one.endOrder('awaitMarker', 2_011)
    one.reports([activeReport('n1', { phase: 'handingOver' })], 2_012)
    one.reports([activeReport('n1')], 2_015)
    one.endOrder('handoverFinish', 2_020, { ok: false, reason: 'n1 refuses to handoverFinish in term 4: it does not serve in that term' })
    const { outcome, detail } = one.latest('operationEnded').ended
    assert.equal(outcome, 'undone')
    assert.match(detail, /n1 could not be frozen, and serves on: n1 refuses/)
  })
})
