import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EMPTY_RECORD, grantLease } from '../../../../agent/core/voter.ts'
import type { Order } from '../../../../protocol/order.ts'
import { UNKNOWN_HOLDER } from '../../../../protocol/vote.ts'
import type { VoterList } from '../../../../protocol/voter-list.ts'
import { durableState, leaseRequest, promoteOrder, termRequest, VOTERS } from '../../../fixtures.ts'
import { active, find, harness, typesOf, type UnitHarness } from './unit-harness.ts'

const FORCED: VoterList = { generation: 1_004, names: ['n1'] }

function force (changes: Partial<Extract<Order, { type: 'forceVoters' }>> = {}): Order {
  return { type: 'forceVoters', term: 1_004, controller: 'ctl-a', deadlineMs: 2_000, voters: FORCED, ...changes }
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
  const request = leaseRequest({ term: 1_005, holder: 'n3', voters: FORCED })
  const early = grantLease(config, voterOf(unit), request, 5_000 + 2_120).reply
  assert.equal(!early.ok && early.refusal, 'otherGrantRuns')
  assert.equal(grantLease(config, voterOf(unit), request, 5_000 + 2_121).reply.ok, true)
})

test('it does so also when it restarts meanwhile', () => {
  const unit = left()
  unit.order(force(), 5_000)
  assert.equal(voterOf(unit).record.clear, false)
})

test('it takes the term of the order, of which nobody is the holder: what the lost voters accepted lies below (S1)', () => {
  const unit = left()
  unit.order(force(), 5_000)
  const { term, holder, released } = voterOf(unit).record
  assert.deepEqual([term, holder, released], [1_004, null, null])
})

test('it says that somebody unknown may have served, and goes on saying so until somebody serves in a later term (S6)', () => {
  const unit = left()
  unit.order(force(), 5_000)
  const claim = { holder: UNKNOWN_HOLDER, term: 1_004 }
  assert.deepEqual(voterOf(unit).record.previous, claim)
  unit.send({ type: 'termAsked', requestId: 1, request: termRequest({ term: 1_005, holder: 'n2', voters: FORCED, reason: 'forced' }) }, 5_010)
  assert.deepEqual([voterOf(unit).record.holder, voterOf(unit).record.previous], ['n2', claim])
  unit.send({ type: 'termAsked', requestId: 2, request: termRequest({ term: 1_006, holder: 'n3', voters: FORCED, reason: 'forced' }) }, 5_020)
  assert.deepEqual(voterOf(unit).record.previous, claim)
})

test('what it heard of the last holder it knew is kept', () => {
  const heard = { holder: 'n2', term: 3, sequence: 9 }
  const unit = harness(durableState({ holder: 'n2', heard }), { witness: true, servers: [] })
  unit.order(force(), 5_000)
  assert.deepEqual(voterOf(unit).record.heard, heard)
})

describe('a voter whose own file is damaged', () => {
  const damaged = (): UnitHarness => harness({ problem: 'voter.json is corrupt' }, { witness: true, servers: [] })

  test('begins anew by that list, far beyond whatever it promised, and grants nobody for a full hold', () => {
    const unit = damaged()
    const actions = unit.order(force(), 5_000)
    assert.deepEqual(typesOf(actions).slice(0, 3), ['persist', 'answerOrder', 'happened'])
    const { record, grants } = voterOf(unit)
    assert.deepEqual(record, { ...EMPTY_RECORD, term: 1_004, controller: 'ctl-a', clear: false, earlier: [], previous: { holder: UNKNOWN_HOLDER, term: 1_004 }, voters: FORCED })
    assert.deepEqual(grants.map(({ holder, untilMs }) => [holder, untilMs]), [[null, 5_000 + 2_121]])
    assert.deepEqual(find(actions, 'persist')?.durable.voter, record)
  })

  test('takes nothing else: no list without itself, and no other order', () => {
    const unit = damaged()
    assert.match(refusalOf(unit, force({ voters: { generation: 1_004, names: ['n3'] } })), /n1 is not on that list/)
    assert.match(refusalOf(unit, promoteOrder({ term: 1_005 })), /cannotVote/)
    assert.equal(unit.state().voterSide.type, 'refusing')
  })
})

test('the same list again is done already', () => {
  const unit = left()
  unit.order(force(), 5_000)
  assert.equal(find(unit.order(force(), 5_100), 'answerOrder')?.reply.ok, true)
})

test('refused are an older list, one without the node itself, and an old term; nothing is changed', () => {
  const unit = left()
  assert.match(refusalOf(unit, force({ voters: { generation: 1, names: ['n1'] } })), /it knows generation 1 of the voters already/)
  assert.match(refusalOf(unit, force({ voters: { generation: 1_004, names: ['n3'] } })), /n1 is not on that list/)
  assert.match(refusalOf(unit, force({ term: 3 })), /staleTerm/)
  assert.deepEqual(voterOf(unit).record.voters, VOTERS)
})

test('whoever holds a lease refuses: a majority is there', () => {
  assert.match(refusalOf(active(), force(), 1_100), /n1 holds a lease/)
})
