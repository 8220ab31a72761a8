import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { beginPromotion, finishStop } from '../../../../agent/core/serving.ts'
import { newLease } from '../../../../agent/core/lease.ts'
import { handoverBeginOrder, handoverCancelOrder, handoverFinishOrder, NEW_VOTER, observation, position, promoteOrder } from '../../../fixtures.ts'
import { active, backup, find, harness, promoting, typesOf, type UnitHarness } from './unit-harness.ts'

/** Its gate is closed and the marker is written since 1110 ms; gives up at 3100. */
function handingOver (): UnitHarness {
  const unit = active()
  unit.order(handoverBeginOrder(), 1_100, 2)
  unit.finish('beginHandover', 1_110)
  return unit
}

/** The order's answer, without its steps. */
function answerOf (unit: UnitHarness): { readonly orderId: number, readonly ok: boolean, readonly reason: string | null } | undefined {
  const answer = find(unit.last(), 'answerOrder')
  return answer === undefined ? undefined : { orderId: answer.orderId, ok: answer.reply.ok, reason: answer.reply.reason }
}

describe('promotion', () => {
  test('nothing is promoted before a majority granted the lease (S2, S3)', () => {
    const unit = backup()
    const actions = unit.order(promoteOrder(), 1_000)
    assert.equal(find(actions, 'promoteServers'), undefined)
    assert.deepEqual(find(unit.reply('n2', 1_002), 'promoteServers')?.position, position(4, 0))
  })

  test('the order of a promotion is lease, servers, endpoints, gates: a gate opens last and under the lease (S4)', () => {
    const unit = backup()
    unit.order(promoteOrder(), 1_000)
    unit.reply('n2', 1_002)
    assert.deepEqual(find(unit.finish('promoteServers', 1_010), 'takeEndpoints')?.untilMs, 3_000)
    assert.notEqual(find(unit.finish('takeEndpoints', 1_020), 'openGates'), undefined)
    const actions = unit.finish('openGates', 1_030)
    assert.deepEqual(answerOf(unit), { orderId: 1, ok: true, reason: null })
    assert.deepEqual(typesOf(actions).slice(0, 3), ['announceEndpoints', 'answerOrder', 'happened'])
    unit.phase('active')
  })

  test('the answer to a promotion tells the time the lease took, counted from the order', () => {
    const unit = active()
    assert.deepEqual(unit.latest('answerOrder').reply.steps[0], { name: 'lease', startMs: 0, endMs: 2, error: null })
  })

  for (const [stage, served] of [['promoteServers', false], ['takeEndpoints', false], ['openGates', true]] as const) {
    test(`when ${stage} fails, the whole promotion is undone: shut, given back as ${served ? '' : 'not '}served, answered no (S8)`, () => {
      const unit = backup()
      unit.order(promoteOrder(), 1_000)
      unit.reply('n2', 1_002)
      for (const before of ['promoteServers', 'takeEndpoints', 'openGates'] as const) {
        if (before === stage) break
        unit.finish(before, 1_010)
      }
      const stop = unit.finish(stage, 1_020, 'nb: no answer')
      assert.deepEqual(find(stop, 'stopServing')?.kill, [])
      const done = unit.finish('stopServing', 1_030)
      assert.deepEqual(answerOf(unit), { orderId: 1, ok: false, reason: 'promotionFailed: nb: no answer' })
      assert.deepEqual(find(done, 'tellVoters')?.request, { term: 4, holder: 'n1', served })
      assert.deepEqual(find(done, 'persist')?.durable.ownRelease, { term: 4, served })
      assert.ok(find(done, 'demoteServer') !== undefined)
      assert.ok(find(done, 'releaseEndpoints') !== undefined)
      unit.phase('backup')
    })
  }

  test('a promotion begins only under an unexpired lease: anything else is a bug of ours (S2)', () => {
    const unit = backup()
    assert.throws(() => beginPromotion(unit.config, unit.state(), { type: 'acquiring', lease: newLease(4, [], 0), asked: { orderId: 1, receivedAtMs: 0, steps: [] }, giveUpAtMs: 100, force: false, lastWrites: null }, 1), { name: 'InvariantError' })
  })

  test('a late end of a promotion that was undone opens nothing (S4)', () => {
    const unit = promoting()
    const { op } = unit.latest('takeEndpoints')
    unit.observe({ health: 'down', reason: 'the process ended' }, 1_012)
    unit.finish('stopServing', 1_014)
    const actions = unit.send({ type: 'finished', op, error: null, steps: [] }, 1_016)
    assert.equal(find(actions, 'openGates'), undefined)
    unit.phase('backup')
  })
})

describe('ceasing to serve', () => {
  test('gates and guard are shut before anything is said or given back (S3, S4)', () => {
    const unit = active()
    const actions = unit.observe({ health: 'down', reason: 'the process ended' }, 1_100)
    assert.deepEqual(typesOf(actions).filter(type => type !== 'wakeAt'), ['stopServing'])
    assert.equal(unit.state().ownRelease.term, 0)
  })

  test('a term is given back when it is certain that nobody is served: stored first, then told (S2, S3)', () => {
    const unit = active()
    unit.observe({ health: 'down', reason: 'the process ended' }, 1_100)
    const actions = unit.finish('stopServing', 1_110)
    assert.deepEqual(typesOf(actions).slice(0, 2), ['persist', 'tellVoters'])
    assert.deepEqual(find(actions, 'persist')?.durable.voter.released, { served: true })
    assert.equal(find(actions, 'happened')?.facts['how'], 'closed')
  })

  test('when shutting fails, the term is given back only after the lease and the slack of the guard have passed (S3, S4)', () => {
    const unit = active()
    unit.observe({ health: 'down', reason: 'the process ended' }, 1_100)
    unit.finish('stopServing', 1_110, 'gate nb: no answer')
    unit.phase('stopping')
    unit.send({ type: 'woke' }, 3_099)
    unit.phase('stopping')
    assert.equal(unit.state().ownRelease.term, 0)
    const actions = unit.send({ type: 'woke' }, 3_100)
    assert.deepEqual(find(actions, 'tellVoters')?.request, { term: 4, holder: 'n1', served: true })
    assert.equal(find(actions, 'happened')?.facts['how'], 'lapsed')
  })

  test('to give a term back without certainty is a bug of ours (S3)', () => {
    const unit = active()
    unit.observe({ health: 'down' }, 1_100)
    const stopping = unit.phase('stopping')
    assert.throws(() => finishStop(unit.config, unit.state(), stopping, 'lapsed', 3_099), { name: 'InvariantError' })
  })

  test('a hung server is killed while its node stops serving: it may still hold queued writes', () => {
    const unit = active()
    const actions = unit.observe({ health: 'hung', reason: 'no answer for 1000 ms' }, 2_000)
    assert.deepEqual(find(actions, 'stopServing')?.kill, ['nb'])
  })

  test('a server that is up becomes a backup with its node; one that is down does not get a command', () => {
    const unit = active()
    unit.send({ type: 'woke' }, 2_950)
    assert.ok(find(unit.finish('stopServing', 2_960), 'demoteServer') !== undefined)
    const crashed = active()
    crashed.observe({ health: 'down' }, 1_100)
    assert.equal(find(crashed.finish('stopServing', 1_110), 'demoteServer'), undefined)
  })

  describe('when one server of the unit is lost', () => {
    const activeWithTwo = () => {
      const unit = harness(NEW_VOTER, { servers: ['nb', 'sb'] })
      for (const action of unit.last()) {
        if (action.type !== 'startServer') continue
        unit.send({ type: 'observed', server: action.server, startedAtMs: 10, observation: observation({}) }, 10)
        unit.send({ type: 'serverStarted', server: action.server, op: action.op, adopted: false, role: 'backup' }, 10)
      }
      unit.order(promoteOrder(), 1_000)
      unit.reply('n2', 1_002)
      unit.finish('promoteServers', 1_010)
      unit.finish('takeEndpoints', 1_020)
      unit.finish('openGates', 1_030)
      unit.phase('active')
      return unit
    }

    test('the ones that live on get a marker behind their last write, and the report names them', () => {
      const unit = activeWithTwo()
      unit.observe({ health: 'down', reason: 'the process ended' }, 1_100)
      const demotion = find(unit.finish('stopServing', 1_110), 'demoteServer')
      assert.deepEqual([demotion?.server, demotion?.lastMarker], ['sb', 'last-4-n1'])
      assert.deepEqual(unit.state().marked, { term: 4, servers: ['sb'] })
    })

    test('none is written when the lease ended: somebody else may be serving by then', () => {
      const unit = activeWithTwo()
      unit.send({ type: 'woke' }, 2_950)
      assert.equal(find(unit.finish('stopServing', 2_960), 'demoteServer')?.lastMarker, null)
      assert.equal(unit.state().marked, null)
    })
  })

  test('a promotion that went on without the last writes says so, and is none the less done (S7)', () => {
    const unit = backup()
    const lastWrites = { marker: 'last-3-n2', servers: ['nb'], deadlineMs: 500 }
    unit.order(promoteOrder({ lastWrites }), 1_000)
    unit.reply('n2', 1_002)
    const promotion = unit.latest('promoteServers')
    assert.deepEqual(promotion.lastWrites, lastWrites)
    const steps = [{ name: 'last writes nb', startMs: 1_002, endMs: 1_502, error: 'it did not come' }]
    const actions = unit.send({ type: 'finished', op: promotion.op, error: null, steps }, 1_510)
    assert.equal(unit.phase('promoting').stage, 'endpoints')
    assert.match(find(actions, 'happened')?.message ?? '', /n1 goes on in term 4 without the last writes .*last writes nb: it did not come/)
  })

  test('the endpoint lingers, with nobody behind it, so that clients get a refusal', () => {
    const unit = active()
    unit.observe({ health: 'down' }, 1_100)
    assert.equal(find(unit.finish('stopServing', 1_110), 'releaseEndpoints')?.afterMs, 200)
  })

  test('a repeated end of the stop changes nothing (S2)', () => {
    const unit = active()
    unit.send({ type: 'woke' }, 2_950)
    unit.finish('stopServing', 2_960)
    const before = unit.state()
    assert.deepEqual(typesOf(unit.finish('stopServing', 2_970)).filter(type => type !== 'wakeAt'), [])
    assert.deepEqual(unit.state(), before)
  })
})

describe('hand-over', () => {
  test('it closes the gate and writes the marker, keeps the lease, and answers when both are done', () => {
    const unit = active()
    const actions = unit.order(handoverBeginOrder(), 1_100, 2)
    assert.equal(find(actions, 'beginHandover')?.marker, 'ctl-a-1-4')
    assert.equal(find(actions, 'answerOrder'), undefined)
    unit.finish('beginHandover', 1_110)
    assert.deepEqual(answerOf(unit), { orderId: 2, ok: true, reason: null })
    assert.equal(unit.phase('handingOver').lease.untilMs, 3_000)
  })

  test('no heartbeat is written while handing over: the marker is the last write', () => {
    const unit = handingOver()
    assert.equal(find(unit.send({ type: 'woke' }, 2_400), 'writeHeartbeat'), undefined)
  })

  test('it goes on renewing its lease while handing over (S2)', () => {
    const unit = handingOver()
    assert.ok(find(unit.send({ type: 'woke' }, 1_500), 'askVoters') !== undefined)
  })

  test('when the marker cannot be written, the answer is no and the gate opens again under the same lease', () => {
    const unit = active()
    unit.order(handoverBeginOrder(), 1_100, 2)
    const actions = unit.finish('beginHandover', 1_110, 'marker nb: no answer')
    assert.deepEqual(answerOf(unit), { orderId: 2, ok: false, reason: 'marker nb: no answer' })
    assert.notEqual(find(actions, 'openGates'), undefined)
    unit.finish('openGates', 1_120)
    assert.equal(unit.phase('active').lease.term, 4)
  })

  test('cancelled, it opens the gate again and answers when it is open: nothing happened', () => {
    const unit = handingOver()
    const actions = unit.order(handoverCancelOrder(), 1_200, 3)
    assert.ok(find(actions, 'openGates') !== undefined)
    assert.equal(find(actions, 'answerOrder'), undefined)
    unit.finish('openGates', 1_210)
    assert.deepEqual(answerOf(unit), { orderId: 3, ok: true, reason: null })
    assert.equal(unit.phase('active').lease.term, 4)
    assert.equal(unit.state().ownRelease.term, 0)
  })

  test('left alone by its controller, it opens the gate again by itself when its time is over', () => {
    const unit = handingOver()
    for (const atMs of [1_500, 2_000, 2_500, 3_000]) {
      unit.send({ type: 'woke' }, atMs)
      unit.reply('n2', atMs + 1)
    }
    assert.equal(unit.phase('handingOver').stage, 'waiting')
    const actions = unit.send({ type: 'woke' }, 3_100)
    assert.ok(find(actions, 'openGates') !== undefined)
    unit.finish('openGates', 3_110)
    unit.phase('active')
  })

  test('finished, it freezes the servers, gives the term back as served, and only then answers (S2)', () => {
    const unit = handingOver()
    const freeze = unit.order(handoverFinishOrder(), 1_200, 3)
    assert.deepEqual(typesOf(freeze).filter(type => type !== 'wakeAt'), ['freezeServers'])
    const actions = unit.finish('freezeServers', 1_210)
    assert.deepEqual(typesOf(actions).slice(0, 3), ['persist', 'tellVoters', 'answerOrder'])
    assert.deepEqual(find(actions, 'tellVoters')?.request, { term: 4, holder: 'n1', served: true })
    assert.deepEqual(answerOf(unit), { orderId: 3, ok: true, reason: null })
    unit.phase('backup')
  })

  test('when freezing fails, the node ceases to serve altogether and says so (S8)', () => {
    const unit = handingOver()
    unit.order(handoverFinishOrder(), 1_200, 3)
    unit.finish('freezeServers', 1_210, 'nb: no answer')
    unit.phase('stopping')
    unit.finish('stopServing', 1_220)
    assert.deepEqual(answerOf(unit), { orderId: 3, ok: false, reason: 'handoverFailed: the servers could not be frozen: nb: no answer' })
  })

  test('when the gate cannot be opened again, the node ceases to serve and gives the term back', () => {
    const unit = handingOver()
    unit.order(handoverCancelOrder(), 1_200, 3)
    unit.finish('openGates', 1_210, 'gate nb: no answer')
    unit.finish('stopServing', 1_220)
    assert.equal(answerOf(unit)?.ok, false)
    assert.deepEqual(unit.state().ownRelease, { term: 4, served: true })
  })
})

test('a heartbeat goes on counting where it was before a hand-over that was cancelled: a position never goes back', () => {
  const unit = active()
  assert.equal(unit.latest('writeHeartbeat').position.sequence, 1)
  unit.finish('writeHeartbeat', 1_040)
  unit.order(handoverBeginOrder(), 1_100, 2)
  unit.finish('beginHandover', 1_110)
  unit.order(handoverCancelOrder(), 1_200, 3)
  unit.finish('openGates', 1_210)
  assert.deepEqual(unit.latest('writeHeartbeat').position, position(4, 2))
})
