import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grantLease } from '../../../../agent/core/voter.ts'
import type { Order } from '../../../../protocol/order.ts'
import type { VoterList } from '../../../../protocol/voter-list.ts'
import { durableState, leaseRequest, VOTERS } from '../../../fixtures.ts'
import { active, find, harness, typesOf, type UnitHarness } from './unit-harness.ts'

const FORCED: VoterList = { generation: 1_001, names: ['n1'] }

function force (changes: Partial<Extract<Order, { type: 'forceVoters' }>> = {}): Order {
  return { type: 'forceVoters', term: 4, controller: 'ctl-a', deadlineMs: 2_000, voters: FORCED, ...changes }
}

/** A witness that accepted term 4 of n2, long ago. */
function left (): UnitHarness {
  return harness(durableState({ holder: 'n2' }), { witness: true, servers: [] })
}

function voterOf (unit: UnitHarness) {
  const { voterSide } = unit.state()
  assert.ok(voterSide.type === 'voting')
  return voterSide.voter
}

function refusalOf (unit: UnitHarness, order: Order, nowMs = 5_000): string {
  return JSON.stringify(find(unit.order(order, nowMs), 'refuseOrder')?.refusal)
}

test('a voter that is left stores the list, says so, and it is a happening', () => {
  const unit = left()
  const actions = unit.order(force(), 5_000)
  assert.deepEqual(typesOf(actions).slice(0, 3), ['persist', 'answerOrder', 'happened'])
  assert.deepEqual(find(actions, 'persist')?.durable.voter.voters, FORCED)
  assert.equal(find(actions, 'answerOrder')?.reply.ok, true)
})

test('it grants nobody else for a full hold: nobody knows whom the lost voters granted (S3)', () => {
  const unit = left()
  unit.order(force(), 5_000)
  const config = { name: 'n1', stillRenewingMs: 1_900, longestHoldMs: 2_121 }
  const request = leaseRequest({ term: 5, holder: 'n3', voters: FORCED })
  const early = grantLease(config, voterOf(unit), request, 5_000 + 2_120).reply
  assert.equal(!early.ok && early.refusal, 'otherGrantRuns')
  assert.equal(grantLease(config, voterOf(unit), request, 5_000 + 2_121).reply.ok, true)
})

test('it does so also when it restarts meanwhile', () => {
  const unit = left()
  unit.order(force(), 5_000)
  assert.equal(voterOf(unit).record.clear, false)
})

test('the same list again is done already', () => {
  const unit = left()
  unit.order(force(), 5_000)
  assert.equal(find(unit.order(force(), 5_100), 'answerOrder')?.reply.ok, true)
})

test('refused are an older list, one without the node itself, and an old term; nothing is changed', () => {
  const unit = left()
  assert.match(refusalOf(unit, force({ voters: { generation: 1, names: ['n1'] } })), /it knows generation 1 of the voters already/)
  assert.match(refusalOf(unit, force({ voters: { generation: 1_001, names: ['n3'] } })), /n1 is not on that list/)
  assert.match(refusalOf(unit, force({ term: 3 })), /staleTerm/)
  assert.deepEqual(voterOf(unit).record.voters, VOTERS)
})

test('whoever holds a lease refuses: a majority is there', () => {
  assert.match(refusalOf(active(), force(), 1_100), /n1 holds a lease/)
})
