import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask, give, giveBack, NO_TURNS, turnDueMs } from '../../../../controller/core/turn-queue.ts'
import { activeReport, coreConfig, report } from '../../../fixtures.ts'
import { find, leader, releasedReport, type LeaderHarness } from './leader-harness.ts'

const LIMITS = { atOnce: 2, waitMaxMs: 1_000 }

describe('the queue of turns', () => {
  const [full] = ['a', 'b', 'c', 'd'].reduce(([queue], cluster, at) => ask(LIMITS, queue, cluster, at), [NO_TURNS, []] as ReturnType<typeof ask>)

  test('gives as many as there are at once, and keeps the others waiting', () => {
    assert.deepEqual(ask(LIMITS, NO_TURNS, 'a', 0)[1], ['a'])
    assert.deepEqual([full.running, full.waiting.map(one => one.cluster)], [['a', 'b'], ['c', 'd']])
  })

  test('gives a turn that is given back to whoever has waited longest', () => {
    const [next, given] = giveBack(LIMITS, full, 'a', 10)
    assert.deepEqual([next.running, given], [['b', 'c'], ['c']])
  })

  test('whoever asks again is where it was, and whoever gives up waits no more', () => {
    assert.deepEqual(ask(LIMITS, full, 'd', 500)[0], full)
    assert.deepEqual(ask(LIMITS, full, 'a', 500), [full, ['a']])
    const [next] = giveBack(LIMITS, full, 'c', 10)
    assert.deepEqual(giveBack(LIMITS, next, 'b', 11)[1], ['d'])
  })

  test('nobody waits longer than the bound, whoever does not end', () => {
    assert.equal(turnDueMs(LIMITS, full), 1_002)
    assert.deepEqual(give(LIMITS, full, 1_001)[1], [])
    const [next, given] = give(LIMITS, full, 1_002)
    assert.deepEqual([given, next.running], [['c'], ['a', 'b', 'c']])
    assert.deepEqual(giveBack(LIMITS, next, 'a', 1_002)[1], [], 'two run: what went beyond the limit counts')
  })

  test('an empty queue is due never', () => assert.equal(turnDueMs(LIMITS, NO_TURNS), null))
})

describe('a leader that must have a turn', () => {
  function failed (): LeaderHarness {
    const one = leader({ ...coreConfig(), turns: true })
    one.reports([activeReport('n1'), report('n2'), report('n3')], 1_500)
    assert.deepEqual(find(one.reports([releasedReport()], 2_000), 'turn'), { type: 'turn', want: true })
    return one
  }

  test('begins when it has one, and gives it back when the change has ended', () => {
    const one = failed()
    assert.equal(one.count('askTerm'), 0)
    one.send({ type: 'turnGiven', turn: 'granted' }, 2_000)
    one.accept('n2', 2_001)
    one.accept('n3', 2_002)
    assert.equal(one.count('turn'), 1)
    assert.equal(find(one.endOrder('promote', 2_010), 'turn')?.want, false)
  })

  test('says that it waits, asks once, and begins when its turn comes', () => {
    const one = failed()
    one.send({ type: 'turnGiven', turn: 'waiting' }, 2_000)
    assert.equal(one.state().hold?.code, 'waitingTurn')
    assert.match(one.state().hold?.message ?? '', /^n2 would take over \(n1 released term 4\), but .*controller.recoveriesAtOnce/)
    one.reports([report('n2'), report('n3')], 2_100)
    assert.equal(one.count('turn'), 1)
    one.send({ type: 'turnGiven', turn: 'granted' }, 2_200)
    assert.equal(one.operation().to, 'n2')
  })

  test('gives it back when it needs it no more: the active serves again, leadership is lost, an operator acts', () => {
    const serves = failed()
    serves.send({ type: 'turnGiven', turn: 'waiting' }, 2_000)
    assert.equal(find(serves.reports([activeReport('n1')], 2_100), 'turn')?.want, false)
    const lost = failed()
    assert.equal(find(lost.send({ type: 'leadership', leading: false }, 2_100), 'turn')?.want, false)
    const operated = failed()
    operated.send({ type: 'turnGiven', turn: 'waiting' }, 2_000)
    const actions = operated.send({ type: 'failoverAsked', commandId: 1, to: 'n3', force: false, actor: 'ann', reason: '' }, 2_100)
    assert.deepEqual([find(actions, 'turn')?.want, operated.operation().to], [false, 'n3'], 'an order by hand waits for no turn')
  })

  test('a turn that comes when nothing is to be done any more is given back', () => {
    const one = failed()
    one.reports([activeReport('n1')], 2_050)
    assert.equal(find(one.send({ type: 'turnGiven', turn: 'granted' }, 2_100), 'turn')?.want, false)
  })
})
