import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Order } from '../../../../protocol/order.ts'
import { durableState, followOrder, promoteOrder } from '../../../fixtures.ts'
import { active, backup, find, type UnitHarness } from './unit-harness.ts'

const restartOrder = (pid = 1_234, name = 'nb', term = 4): Order => ({ type: 'restart', term, controller: 'ctl', deadlineMs: 60_000, servers: [{ name, pid }] })
const refusal = (unit: UnitHarness) => find(unit.last(), 'refuseOrder')?.refusal
const follower = () => backup(durableState({ holder: 'n2' }))

describe('a planned restart', () => {
  test('a backup ends the named process and starts another one, and answers when that runs', () => {
    const unit = follower()
    assert.deepEqual(find(unit.order(restartOrder(), 100, 7), 'restartServers')?.servers, [{ name: 'nb', convertTo: null }])
    assert.equal(find(unit.last(), 'answerOrder'), undefined)
    const ended = unit.finish('restartServers', 300)
    assert.deepEqual(find(ended, 'answerOrder'), { type: 'answerOrder', orderId: 7, reply: { ok: true, reason: null, steps: [] } })
    assert.equal(find(ended, 'happened')?.kind, 'serversRestarted')
    assert.equal(unit.state().servers.nb?.observation, null, 'nothing that was seen of the process before counts')
  })

  test('the active refuses: its clients would lose their server', () => {
    const unit = active()
    unit.order(restartOrder(), 1_100)
    assert.deepEqual(refusal(unit), { kind: 'busy', doing: 'active' })
    assert.equal(find(unit.last(), 'restartServers'), undefined)
  })

  test('a copy under way is not cut off', () => {
    const unit = follower()
    unit.order(followOrder(), 100, 3)
    unit.order(restartOrder(), 110, 4)
    assert.deepEqual(refusal(unit), { kind: 'busy', doing: 'copying from n2' })
  })

  test('a process that was replaced since is left alone, and the order counts as done: it may be repeated', () => {
    const unit = follower()
    const actions = unit.order(restartOrder(999), 100, 7)
    assert.deepEqual([find(actions, 'restartServers'), find(actions, 'answerOrder')?.reply.ok], [undefined, true])
  })

  test('one that is to be converted and is another process has the schema of before: the order is refused, and nothing is touched', () => {
    const unit = follower()
    const order: Order = { type: 'restart', term: 4, controller: 'ctl', deadlineMs: 60_000, servers: [{ name: 'nb', pid: 999, convertTo: 'abc' }] }
    const actions = unit.order(order, 100, 7)
    assert.equal(find(actions, 'restartServers'), undefined)
    assert.deepEqual(refusal(unit), { kind: 'notReady', why: 'server nb is process 1234 now, and 999 was to be converted' })
  })

  test('an old term, a server that is none of its own, and one that is ill are refused', () => {
    const unit = follower()
    unit.order(restartOrder(1_234, 'nb', 3), 100)
    assert.deepEqual(refusal(unit), { kind: 'staleTerm', term: 4 })
    unit.order(restartOrder(1_234, 'vtep'), 110)
    assert.deepEqual(refusal(unit), { kind: 'notReady', why: 'it has no server vtep' })
    unit.observe({ health: 'busy' }, 120)
    unit.order(restartOrder(), 130)
    assert.deepEqual(refusal(unit), { kind: 'notReady', why: 'server nb is busy' })
  })

  test('while it runs the server is neither started, promoted nor told to follow, nor restarted twice', () => {
    const unit = follower()
    unit.order(restartOrder(), 100, 7)
    const seen = unit.observe({ health: 'down', reason: 'the process ended', pid: null }, 120)
    assert.equal(find(seen, 'startServer'), undefined)
    unit.order(restartOrder(), 130)
    assert.deepEqual(refusal(unit), { kind: 'notReady', why: 'server nb is being changed (restart)' })
    unit.order(followOrder(), 140)
    assert.equal(refusal(unit)?.kind, 'notReady')
    unit.order(promoteOrder({ term: 5 }), 150)
    assert.equal(refusal(unit)?.kind, 'notReady')
  })

  test('one that fails is answered so, and the server is started like any that is down', () => {
    const unit = follower()
    unit.order(restartOrder(), 100, 7)
    const ended = unit.finish('restartServers', 300, 'restart nb: no such program')
    assert.deepEqual(find(ended, 'answerOrder')?.reply, { ok: false, reason: 'restart nb: no such program', steps: [] })
    assert.notEqual(find([...unit.send({ type: 'woke' }, 2_000), ...unit.send({ type: 'woke' }, 12_000)], 'startServer'), undefined)
  })
})

describe('a conversion while it serves', () => {
  const convertOrder = (name = 'nb', term = 4): Order => ({ type: 'convert', term, controller: 'ctl', deadlineMs: 60_000, servers: [{ name, convertTo: 'abc' }] })

  test('the active converts, and answers when that is done', () => {
    const unit = active()
    assert.deepEqual(find(unit.order(convertOrder(), 1_100, 7), 'convertDatabases')?.servers, [{ name: 'nb', convertTo: 'abc' }])
    assert.deepEqual(find(unit.finish('convertDatabases', 1_200, 'convert nb: a row does not fit'), 'answerOrder')?.reply, { ok: false, reason: 'convert nb: a row does not fit', steps: [] })
    unit.phase('active')
  })

  test('a backup refuses, and the active does so for a server that is none of its own', () => {
    const unit = follower()
    unit.order(convertOrder(), 100)
    assert.deepEqual(refusal(unit), { kind: 'notServing' })
    const serving = active()
    serving.order(convertOrder('vtep'), 1_100)
    assert.deepEqual(refusal(serving), { kind: 'notReady', why: 'it has no server vtep' })
  })
})
