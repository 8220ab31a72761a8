import assert from 'node:assert/strict'
import { test } from 'node:test'
import { promoteOrder, voterRecord, VOTERS } from '../../../fixtures.ts'
import { active, backup, find, promoting, typesOf } from './unit-harness.ts'

test('the node\'s own vote is counted inside, and stored before the fellow voters are asked (S1, S2)', () => {
  const unit = backup()
  const actions = unit.order(promoteOrder(), 1_000)
  assert.deepEqual(typesOf(actions).slice(0, 2), ['persist', 'askVoters'])
  assert.equal(find(actions, 'persist')?.durable.voter.term, 4)
  assert.deepEqual(unit.phase('acquiring').lease.rounds[0]?.grantedBy, ['n1'])
})

test('a round asks for a hold of lease plus the slack of the guard and one percent, and passes on what may be left out (S2, S4)', () => {
  const unit = backup()
  const leaveOut = [{ holder: 'n2', term: 3, why: 'released' as const }]
  unit.order(promoteOrder({ leaveOut }), 1_000)
  assert.deepEqual(unit.latest('askVoters').request, { term: 4, holder: 'n1', voters: VOTERS, holdMs: 2_121, sequence: 0, leaveOut, boots: {} })
})

test('a renewal that a majority granted extends the guard and the endpoints to the new end of the lease (S4)', () => {
  const unit = active()
  unit.send({ type: 'woke' }, 1_500)
  const actions = unit.reply('n3', 1_502)
  assert.deepEqual(find(actions, 'extendGuard'), { type: 'extendGuard', untilMs: 3_500, endpoints: true })
})

test('a lease extended before the gates are being opened leaves the guard shut (S4)', () => {
  const unit = promoting()
  unit.send({ type: 'woke' }, 1_500)
  const actions = unit.reply('n3', 1_502)
  assert.equal(unit.phase('promoting').stage, 'endpoints')
  assert.equal(unit.phase('promoting').lease.untilMs, 3_500)
  assert.equal(find(actions, 'extendGuard'), undefined)
})

test('a repeated answer to a round changes nothing (S2)', () => {
  const unit = active()
  unit.send({ type: 'woke' }, 1_500)
  unit.reply('n3', 1_502)
  const before = unit.state()
  const actions = unit.reply('n3', 1_503)
  assert.deepEqual(unit.state(), before)
  assert.deepEqual(typesOf(actions), ['wakeAt'])
})

test('an answer to a round of a term that was given back changes nothing (S2)', () => {
  const unit = active()
  unit.send({ type: 'woke' }, 1_500)
  const { roundId } = unit.latest('askVoters')
  unit.observe({ health: 'down', reason: 'the process ended' }, 1_501)
  unit.finish('stopServing', 1_510)
  const before = unit.state()
  unit.send({ type: 'leaseAnswered', roundId, voter: 'n2', reply: { ok: true } }, 1_511)
  assert.deepEqual(unit.state().phase, before.phase)
  assert.equal(find(unit.last(), 'extendGuard'), undefined)
})

test('an active for which a newer term was taken goes on under that one: same lease, new rounds, a heartbeat at once (S1, S2)', () => {
  const unit = active()
  unit.send({ type: 'woke' }, 1_500)
  unit.finish('writeHeartbeat', 1_501)
  const actions = unit.reply('n2', 1_502, { ok: false, refusal: 'olderTerm', term: 5, holder: 'n1', remainingMs: 0, voters: null })
  assert.deepEqual([unit.phase('active').lease.term, unit.phase('active').lease.untilMs], [5, 3_000])
  assert.equal(find(actions, 'askVoters')?.request.term, 5)
  assert.equal(find(actions, 'askVoters')?.request.sequence, 0, 'nothing was written in that term yet')
  assert.equal(find(actions, 'writeHeartbeat')?.position.term, 5)
  assert.equal(find(actions, 'stopServing'), undefined)
})

test('a newer term of somebody else is never adopted (S1)', () => {
  const unit = active()
  unit.send({ type: 'woke' }, 1_500)
  unit.reply('n2', 1_502, { ok: false, refusal: 'olderTerm', term: 5, holder: 'n2', remainingMs: 0, voters: null })
  assert.equal(unit.phase('active').lease.term, 4)
})

test('a voter that restarted within a lease counts as none until its hold has passed: the others can still renew (S3)', () => {
  const unit = backup({ voter: voterRecord({ term: 3, holder: 'n2', clear: false }), ownRelease: { term: 0, served: false } })
  unit.order(promoteOrder(), 1_000)
  assert.deepEqual(unit.phase('acquiring').lease.rounds[0]?.grantedBy, [])
  unit.reply('n2', 1_001)
  assert.equal(unit.phase('acquiring').lease.untilMs, 0)
  unit.reply('n3', 1_002)
  assert.equal(unit.phase('promoting').lease.untilMs, 3_000)
})
