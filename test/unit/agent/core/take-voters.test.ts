import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Order } from '../../../../protocol/order.ts'
import type { VoterList } from '../../../../protocol/voter-list.ts'
import { termRequest, VOTERS } from '../../../fixtures.ts'
import { active, backup, find, typesOf, type UnitHarness } from './unit-harness.ts'

const NEXT: VoterList = { generation: 2, names: ['n1', 'n2', 'n3', 'n4'] }

function takeVoters (changes: Partial<Extract<Order, { type: 'takeVoters' }>> = {}): Order {
  return { type: 'takeVoters', term: 5, controller: 'ctl-a', deadlineMs: 2_000, voters: NEXT, ...changes }
}

/** n1 is active in term 4, and its own voter accepted term 5 for it. */
function asked (): UnitHarness {
  const unit = active()
  unit.send({ type: 'termAsked', requestId: 9, request: termRequest({ holder: 'n1', reason: 'voters' }) }, 1_100)
  return unit
}

function refusalOf (unit: UnitHarness, order: Order): unknown {
  return find(unit.order(order, 1_110), 'refuseOrder')?.refusal
}

test('the active stores the list, asks all by it at once in the term that was taken for it, and serves on (S11)', () => {
  const unit = asked()
  const { untilMs } = unit.phase('active').lease
  const actions = unit.order(takeVoters(), 1_110)
  assert.deepEqual(find(actions, 'persist')?.durable.voter.voters, NEXT)
  assert.ok(typesOf(actions).indexOf('persist') < typesOf(actions).indexOf('askVoters'))
  assert.deepEqual([find(actions, 'askVoters')?.request.term, find(actions, 'askVoters')?.request.voters], [5, NEXT])
  assert.equal(find(actions, 'answerOrder')?.reply.ok, true)
  assert.equal(unit.phase('active').lease.untilMs, untilMs)
})

test('from then on its lease needs a majority of the new list, and the report tells when there was one (S11)', () => {
  const unit = asked()
  unit.order(takeVoters(), 1_110)
  unit.reply('n2', 1_112)
  assert.equal(unit.phase('active').lease.generation, 1)
  unit.reply('n4', 1_113)
  assert.equal(unit.phase('active').lease.generation, 2)
  assert.equal(unit.phase('active').lease.untilMs, 1_110 + 2_000)
})

test('also when its own voter has not heard of that term yet', () => {
  const unit = active()
  const actions = unit.order(takeVoters(), 1_110)
  assert.equal(find(actions, 'answerOrder')?.reply.ok, true)
  assert.equal(find(actions, 'askVoters')?.request.term, 5)
})

test('the same list again is done already', () => {
  const unit = asked()
  unit.order(takeVoters(), 1_110)
  assert.equal(find(unit.order(takeVoters(), 1_120), 'answerOrder')?.reply.ok, true)
})

test('the next list is refused before a majority of the present one granted the lease (S11)', () => {
  const unit = asked()
  unit.order(takeVoters(), 1_110)
  unit.reply('n2', 1_112)
  const third = takeVoters({ voters: { generation: 3, names: ['n1', 'n2', 'n3', 'n4', 'n5'] } })
  assert.deepEqual(refusalOf(unit, third), { kind: 'votersRefused', why: 'no majority of the present voters (generation 2) has granted its lease yet' })
  unit.reply('n3', 1_120)
  assert.equal(find(unit.order(third, 1_130), 'answerOrder')?.reply.ok, true)
})

test('more than one voter at once is refused, and so is a list without the node itself (S11)', () => {
  for (const names of [['n1', 'n2', 'n4'], ['n1'], ['n1', 'n2', 'n3', 'n4', 'n5']]) {
    assert.match(JSON.stringify(refusalOf(asked(), takeVoters({ voters: { generation: 2, names } }))), /is not one voter more or less than generation 1/)
  }
  assert.match(JSON.stringify(refusalOf(asked(), takeVoters({ voters: { generation: 3, names: NEXT.names } }))), /is not one voter more or less/)
  assert.deepEqual(refusalOf(asked(), takeVoters({ voters: { generation: 2, names: ['n2', 'n3'] } })), { kind: 'votersRefused', why: 'n1 serves, and would have no vote' })
})

test('only whoever serves takes a list, and only in a term of its own that is not older', () => {
  assert.deepEqual(refusalOf(backup(), takeVoters()), { kind: 'notServing' })
  assert.deepEqual(refusalOf(asked(), takeVoters({ term: 4 })), { kind: 'staleTerm', term: 5 })
  const unit = active()
  unit.send({ type: 'termAsked', requestId: 9, request: termRequest({ holder: 'n2', reason: 'switchover' }) }, 1_100)
  assert.deepEqual(refusalOf(unit, takeVoters()), { kind: 'notHolder', holder: 'n2', term: 5 })
})

test('what is refused changes nothing', () => {
  const unit = asked()
  unit.order(takeVoters({ voters: { generation: 2, names: ['n1'] } }), 1_110)
  const { voterSide } = unit.state()
  assert.deepEqual(voterSide.type === 'voting' && voterSide.voter.record.voters, VOTERS)
  assert.equal(unit.phase('active').lease.term, 4)
})
