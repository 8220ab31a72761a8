import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OrderRefusal } from '../../../../agent/core/actions.ts'
import { awaitMarkerOrder, durableState, followOrder, handoverBeginOrder, handoverCancelOrder, handoverFinishOrder, promoteOrder, termRequest } from '../../../fixtures.ts'
import { active, backup, find, harness, promoting, typesOf, type UnitHarness } from './unit-harness.ts'

function refusal (unit: UnitHarness): OrderRefusal | undefined {
  return find(unit.last(), 'refuseOrder')?.refusal
}

describe('terms of orders (S1)', () => {
  const orders = [promoteOrder({ term: 3 }), followOrder({ term: 3 }), handoverBeginOrder({ term: 3 }), handoverFinishOrder({ term: 3 }), handoverCancelOrder({ term: 3 }), awaitMarkerOrder({ term: 3 })]
  for (const order of orders) {
    test(`an order to ${order.type} with an old term is refused with the current one, and nothing happens (S1)`, () => {
      const unit = backup(durableState({ holder: 'n2' }))
      const before = unit.state()
      unit.order(order, 100)
      assert.deepEqual(refusal(unit), { kind: 'staleTerm', term: 4 })
      assert.deepEqual(unit.state(), before)
    })
  }

  test('also the active refuses an order with an old term (S1)', () => {
    const unit = active()
    unit.order(handoverBeginOrder({ term: 3 }), 1_100)
    assert.deepEqual(refusal(unit), { kind: 'staleTerm', term: 4 })
    unit.phase('active')
  })

  test('after its voter accepted a higher term, an order of the term before is refused (S1)', () => {
    const unit = backup(durableState({ holder: 'n2' }))
    unit.send({ type: 'termAsked', requestId: 1, request: termRequest({ reason: 'switchover', holder: 'n3' }) }, 100)
    unit.order(promoteOrder({ term: 4 }), 110)
    assert.deepEqual(refusal(unit), { kind: 'staleTerm', term: 5 })
  })

  test('a node whose voter\'s record is lost takes no order, and says why (S1)', () => {
    const unit = harness({ problem: 'voter.json is corrupt' })
    unit.order(promoteOrder(), 100)
    assert.deepEqual(refusal(unit), { kind: 'cannotVote', problem: 'voter.json is corrupt' })
  })

  test('a witness is not promoted', () => {
    const unit = harness(durableState(), { witness: true, servers: [] })
    unit.order(promoteOrder({ term: 5 }), 100)
    assert.deepEqual(refusal(unit), { kind: 'notDataNode' })
  })
})

describe('promote', () => {
  test('a term that belongs to another node is refused (S1)', () => {
    const unit = backup(durableState({ holder: 'n2' }))
    unit.order(promoteOrder(), 100)
    assert.deepEqual(refusal(unit), { kind: 'notHolder', holder: 'n2', term: 4 })
  })

  test('a term that this node gave back is never asked for again, also after a restart (S2)', () => {
    const unit = active()
    unit.observe({ health: 'down', reason: 'the process ended' }, 1_100)
    unit.finish('stopServing', 1_110)
    const { durable } = unit.latest('persist')
    for (const again of [unit, backup(durable)]) {
      again.order(promoteOrder(), 5_000)
      assert.deepEqual(refusal(again), { kind: 'released', term: 4 })
    }
  })

  test('the same order again, when it is done, is answered yes and changes nothing', () => {
    const unit = active()
    const before = unit.state()
    unit.order(promoteOrder(), 1_100, 7)
    assert.deepEqual(find(unit.last(), 'answerOrder'), { type: 'answerOrder', orderId: 7, reply: { ok: true, reason: null, steps: [] } })
    assert.deepEqual(unit.state(), before)
  })

  test('the same order again, while it is under way, is refused and disturbs nothing', () => {
    const unit = promoting()
    const before = unit.state()
    unit.order(promoteOrder(), 1_011, 7)
    assert.deepEqual(refusal(unit), { kind: 'busy', doing: 'promoting' })
    assert.deepEqual(unit.state(), before)
  })

  test('a server that is not up is not promoted, and the refusal says which (S6)', () => {
    const unit = backup()
    unit.observe({ health: 'hung', reason: 'no answer for 1000 ms' }, 100)
    unit.order(promoteOrder(), 110)
    assert.deepEqual(refusal(unit), { kind: 'notReady', why: 'server nb is hung (no answer for 1000 ms)' })
  })

  test('an incomplete copy is promoted only by force (S6)', () => {
    const unit = backup()
    unit.observe({ complete: false, incompleteReason: 'a resync was cut off' }, 100)
    unit.order(promoteOrder(), 110)
    assert.deepEqual(refusal(unit), { kind: 'notReady', why: 'the copy of server nb is not complete: a resync was cut off' })
    unit.order(promoteOrder({ force: true }), 120)
    unit.phase('acquiring')
    unit.reply('n2', 125)
    assert.equal(unit.latest('promoteServers').force, true)
  })

  test('an active steps down when its server is overdue, and the server is killed first; for anything else it does not', () => {
    const stepDown = { type: 'stepDown', term: 4, controller: 'ctl-a', deadlineMs: 500 } as const
    const unit = active()
    unit.observe({ role: 'active', gateOpen: true, health: 'busy' }, 1_100)
    unit.order(stepDown, 1_110)
    assert.deepEqual(refusal(unit), { kind: 'notServing' })
    unit.observe({ role: 'active', health: 'busy', overdue: true, reason: 'no answer for 20000 ms' }, 1_200)
    unit.phase('active')
    unit.order({ ...stepDown, term: 3 }, 1_210)
    unit.phase('active')
    const actions = unit.order(stepDown, 1_220)
    assert.equal(find(actions, 'answerOrder')?.reply.ok, true)
    assert.deepEqual(find(actions, 'stopServing')?.kill, ['nb'])
    assert.equal(unit.phase('stopping').reason, 'serverOverdue')
  })

  test('a server that is being changed is not promoted', () => {
    const unit = backup()
    unit.observe({ role: 'active' }, 100)
    unit.order(promoteOrder(), 110)
    assert.deepEqual(refusal(unit), { kind: 'notReady', why: 'server nb is being changed (demote)' })
  })

  test('the demotion after a term that was given back is waited for: a node that just stopped may be the best to go on', () => {
    const unit = active()
    unit.observe({ role: 'backup' }, 1_100) // behind the agent's back
    unit.finish('stopServing', 1_110)
    unit.observe({ role: 'backup' }, 1_105)
    unit.order(promoteOrder({ term: 5 }), 1_120)
    unit.reply('n2', 1_122)
    assert.equal(find(unit.last(), 'promoteServers'), undefined)
    unit.phase('acquiring')
    assert.notEqual(find(unit.finish('demoteServer', 1_130), 'promoteServers'), undefined)
  })

  test('a start that is about to end is waited for: the server was seen up, and what its start still does is done first', () => {
    const unit = backup()
    unit.observe({ health: 'down', reason: 'the process ended' }, 100)
    unit.send({ type: 'woke' }, 110)
    const { op } = unit.latest('startServer')
    unit.observe({ health: 'up' }, 150)
    unit.order(promoteOrder(), 152)
    unit.reply('n2', 154)
    assert.equal(find(unit.last(), 'promoteServers'), undefined)
    unit.phase('acquiring')
    assert.notEqual(find(unit.send({ type: 'serverStarted', server: 'nb', op, adopted: false, role: 'backup' }, 160), 'promoteServers'), undefined)
  })

  test('a promotion ends a resync that is under way, whose order is answered', () => {
    const unit = backup()
    unit.order(followOrder(), 100, 3)
    const actions = unit.order(promoteOrder({ term: 5 }), 110, 4)
    assert.deepEqual(typesOf(actions).slice(0, 2), ['abandonFollow', 'answerOrder'])
    assert.equal(find(actions, 'answerOrder')?.orderId, 3)
    assert.equal(find(actions, 'answerOrder')?.reply.ok, false)
    unit.phase('acquiring')
  })
})

describe('follow (S5)', () => {
  test('a backup follows the holder of the term, named as a node and never as an endpoint (S5)', () => {
    const unit = backup(durableState({ holder: 'n2' }))
    const actions = unit.order(followOrder(), 100)
    assert.equal(find(actions, 'followSource')?.source, 'n2')
    assert.equal(unit.phase('backup').follow?.source, 'n2')
  })

  test('a node never follows itself (S5)', () => {
    const unit = backup()
    unit.order(followOrder({ source: 'n1' }), 100)
    assert.equal(refusal(unit)?.kind, 'badSource')
  })

  test('a source that is no data node of the cluster is refused (S5)', () => {
    const unit = backup()
    unit.order(followOrder({ source: '10.0.0.100' }), 100)
    assert.deepEqual(refusal(unit), { kind: 'badSource', source: '10.0.0.100', why: 'it is not a data node of this cluster' })
  })

  test('a source that does not hold the term is refused (S5)', () => {
    const unit = backup(durableState({ holder: 'n3' }))
    unit.order(followOrder({ source: 'n2' }), 100)
    assert.deepEqual(refusal(unit), { kind: 'badSource', source: 'n2', why: 'term 4 belongs to n3' })
  })

  test('the active does not follow anybody', () => {
    const unit = active()
    unit.order(followOrder({ source: 'n2' }), 1_100)
    assert.deepEqual(refusal(unit), { kind: 'busy', doing: 'active' })
  })

  test('the same source again is refused while it is being followed; another one takes its place', () => {
    const unit = backup()
    unit.order(followOrder(), 100, 3)
    unit.order(followOrder(), 110, 4)
    assert.deepEqual(refusal(unit), { kind: 'busy', doing: 'already following n2' })
    const actions = unit.order(followOrder({ term: 5, source: 'n3' }), 120, 5)
    assert.deepEqual(typesOf(actions).slice(0, 3), ['abandonFollow', 'answerOrder', 'followSource'])
  })

  test('the same source in a newer term has begun anew: what was copied from its life before is given up', () => {
    const unit = backup()
    unit.order(followOrder(), 100, 3)
    const actions = unit.order(followOrder({ term: 5 }), 120, 5)
    assert.deepEqual(typesOf(actions).slice(0, 3), ['abandonFollow', 'answerOrder', 'followSource'])
  })

  test('a late end of a resync that was abandoned does not end the one that took its place', () => {
    const unit = backup()
    unit.order(followOrder(), 100, 3)
    const { op } = unit.latest('followSource')
    unit.order(followOrder({ term: 5, source: 'n3' }), 120, 5)
    unit.send({ type: 'finished', op, error: 'aborted', steps: [] }, 130)
    assert.equal(unit.phase('backup').follow?.source, 'n3')
  })

  test('a server that is down does not follow', () => {
    const unit = backup()
    unit.observe({ health: 'down', reason: 'the process ended' }, 100)
    unit.order(followOrder(), 110)
    assert.equal(refusal(unit)?.kind, 'notReady')
  })
})

describe('awaitMarker', () => {
  test('a backup waits for the marker and answers with its steps counted from the order', () => {
    const unit = backup(durableState({ holder: 'n2' }))
    const wait = find(unit.order(awaitMarkerOrder(), 100, 9), 'awaitMarker')
    assert.equal(wait?.marker, 'ctl-a-1-4')
    const actions = unit.send({ type: 'finished', op: wait?.op ?? 0, error: null, steps: [{ name: 'marker nb', startMs: 100, endMs: 103, error: null }] }, 103)
    assert.deepEqual(find(actions, 'answerOrder'), { type: 'answerOrder', orderId: 9, reply: { ok: true, reason: null, steps: [{ name: 'marker nb', startMs: 0, endMs: 3, error: null }] } })
    assert.deepEqual(unit.state().waits, {})
  })

  test('the active does not wait for a marker', () => {
    const unit = active()
    unit.order(awaitMarkerOrder(), 1_100)
    assert.deepEqual(refusal(unit), { kind: 'busy', doing: 'active' })
  })
})

describe('hand-over', () => {
  test('only the active of that very term hands over', () => {
    for (const order of [handoverBeginOrder(), handoverFinishOrder(), handoverCancelOrder()]) {
      const unit = backup(durableState({ holder: 'n2' }))
      unit.order(order, 100)
      assert.deepEqual(refusal(unit), { kind: 'notServing' })
    }
    const unit = active()
    unit.order(handoverBeginOrder({ term: 5 }), 1_100)
    assert.deepEqual(refusal(unit), { kind: 'notServing' })
  })

  test('a hand-over finishes only after its gate was closed', () => {
    const unit = active()
    unit.order(handoverFinishOrder(), 1_100)
    assert.deepEqual(refusal(unit), { kind: 'notServing' })
    unit.order(handoverBeginOrder(), 1_110)
    unit.order(handoverFinishOrder(), 1_111)
    assert.deepEqual(refusal(unit), { kind: 'notServing' })
  })

  test('to cancel a hand-over that never began is answered yes: the gate is open', () => {
    const unit = active()
    unit.order(handoverCancelOrder(), 1_100)
    assert.equal(find(unit.last(), 'answerOrder')?.reply.ok, true)
    unit.phase('active')
  })
})
