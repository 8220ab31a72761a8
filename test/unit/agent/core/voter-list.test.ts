import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bootUnit } from '../../../../agent/core/unit.ts'
import { acceptTerm, EMPTY_RECORD, grantLease, type VoterConfig, type VoterState } from '../../../../agent/core/voter.ts'
import type { VoterList } from '../../../../protocol/voter-list.ts'
import { durableState, leaseRequest, NEW_VOTER, promoteOrder, termRequest, unitConfig, voterRecord, VOTERS } from '../../../fixtures.ts'
import { active, backup, find, harness, typesOf } from './unit-harness.ts'

const config: VoterConfig = { name: 'n3', stillRenewingMs: 1_900, longestHoldMs: 2_100 }
const NEWER: VoterList = { generation: 2, names: ['n1', 'n2', 'n3', 'n4'] }
const OTHER: VoterList = { generation: 1, names: ['n1', 'n2'] }

function knowing (voters: VoterList): VoterState {
  return { record: voterRecord({ voters }), grants: [] }
}

describe('a voter (S11)', () => {
  test('gives nothing to whoever counts by an older list, and says which one it has', () => {
    const voter = knowing(NEWER)
    for (const { voter: after, reply, persist } of [acceptTerm(config, voter, termRequest(), 0), grantLease(config, voter, leaseRequest(), 0)]) {
      assert.deepEqual(reply, { ok: false, refusal: 'olderVoters', term: 4, holder: 'n1', remainingMs: 0, voters: NEWER })
      assert.equal(persist, false)
      assert.deepEqual(after, voter)
    }
  })

  test('gives nothing to whoever counts by other names of the same generation', () => {
    const voter = knowing(VOTERS)
    for (const { voter: after, reply } of [acceptTerm(config, voter, termRequest({ voters: OTHER }), 0), grantLease(config, voter, leaseRequest({ voters: OTHER }), 0)]) {
      assert.equal(!reply.ok && reply.refusal, 'votersDiffer')
      assert.deepEqual(after, voter)
    }
  })

  test('stores a newer list with what it grants, before it answers', () => {
    const { voter, reply, persist } = grantLease(config, knowing(VOTERS), leaseRequest({ voters: NEWER }), 0)
    assert.equal(reply.ok, true)
    assert.equal(persist, true)
    assert.deepEqual(voter.record, voterRecord({ voters: NEWER }))
  })

  test('stores a newer list with the term that it accepts, and with one that it accepted before', () => {
    const accepted = acceptTerm(config, knowing(VOTERS), termRequest({ voters: NEWER }), 0)
    assert.deepEqual(accepted.voter.record.voters, NEWER)
    const again = acceptTerm(config, knowing(VOTERS), termRequest({ term: 4, holder: 'n1', voters: NEWER }), 0)
    assert.equal(again.reply.ok, true)
    assert.equal(again.persist, true)
    assert.deepEqual(again.voter.record.voters, NEWER)
  })

  test('stores a newer list also while it waits for the grant of another holder', () => {
    const grants = [{ holder: 'n1', term: 4, untilMs: 2_100, renewedAtMs: 0, sequence: 0 }]
    const { voter, reply, persist } = grantLease(config, { record: voterRecord(), grants }, leaseRequest({ term: 5, holder: 'n2', voters: NEWER }), 100)
    assert.equal(!reply.ok && reply.refusal, 'otherGrantRuns')
    assert.equal(persist, true)
    assert.deepEqual(voter.record.voters, NEWER)
  })

  test('an older list gets no term either: what was accepted stays', () => {
    const { voter } = acceptTerm(config, knowing(NEWER), termRequest({ term: 9 }), 0)
    assert.equal(voter.record.term, 4)
  })

  test('that never voted and is not counted on takes the list of those it joins', () => {
    const joining: VoterState = { record: { ...EMPTY_RECORD, voters: { generation: 1, names: ['n1', 'n2', 'n3', 'n4'] } }, grants: [] }
    const { voter, reply } = acceptTerm({ ...config, name: 'n4' }, joining, termRequest(), 0)
    assert.equal(reply.ok, true)
    assert.deepEqual(voter.record.voters, VOTERS)
  })

  test('that never voted but is counted on keeps to its own file: two files must not make two majorities', () => {
    const joining: VoterState = { record: { ...EMPTY_RECORD, voters: OTHER }, grants: [] }
    const { reply } = acceptTerm({ ...config, name: 'n1' }, joining, termRequest(), 0)
    assert.equal(!reply.ok && reply.refusal, 'votersDiffer')
  })
})

describe('the stored list (S11)', () => {
  test('a voter that has stored none begins with its file\'s, as the first generation', () => {
    for (const restored of [NEW_VOTER, durableState({ voters: { generation: 0, names: [] } })]) {
      const unit = harness(restored, { voters: ['n3', 'n1', 'n2'] })
      assert.deepEqual(votersOf(unit), VOTERS)
    }
  })

  test('a file that says otherwise changes nothing after that, and is a problem in words', () => {
    const unit = harness(durableState({ voters: VOTERS }), { voters: ['n1', 'n2', 'n4'] })
    assert.deepEqual(votersOf(unit), VOTERS)
  })

  test('it is on disk with the first term', () => {
    const [state] = bootUnit(unitConfig(), NEW_VOTER, 0)
    assert.equal(state.voterSide.type, 'voting')
    const unit = harness(NEW_VOTER)
    const actions = unit.send({ type: 'termAsked', requestId: 1, request: termRequest() }, 100)
    assert.deepEqual(find(actions, 'persist')?.durable.voter.voters, VOTERS)
  })
})

describe('a holder (S11)', () => {
  const older = (voters: VoterList | null) => ({ ok: false, refusal: 'olderVoters', term: 4, holder: 'n1', remainingMs: 0, voters }) as const

  test('does not count a node that is not on the list, whatever the file says', () => {
    const unit = backup(durableState({ term: 3, holder: 'n2', released: { served: true }, voters: { generation: 3, names: ['n1', 'n2', 'n5'] } }))
    unit.order(promoteOrder(), 1_000)
    unit.reply('n3', 1_001)
    assert.equal(unit.state().phase.type, 'acquiring')
    unit.reply('n2', 1_002)
    assert.equal(unit.state().phase.type, 'promoting')
  })

  test('that hears of a newer list stores it first, and asks again by it at once', () => {
    const unit = active()
    unit.send({ type: 'woke' }, 1_500)
    const actions = unit.reply('n2', 1_502, older(NEWER))
    assert.deepEqual(typesOf(actions).slice(0, 1), ['persist'])
    assert.deepEqual(find(actions, 'persist')?.durable.voter.voters, NEWER)
    assert.deepEqual(find(actions, 'askVoters')?.request.voters, NEWER)
  })

  test('goes on serving under what is left of its lease meanwhile, and needs a majority of the newer list', () => {
    const unit = active()
    const untilMs = unit.phase('active').lease.untilMs
    unit.send({ type: 'woke' }, 1_500)
    unit.reply('n2', 1_502, older(NEWER))
    unit.reply('n2', 1_504)
    assert.equal(unit.phase('active').lease.untilMs, untilMs, 'two of four are no majority')
    unit.reply('n4', 1_506)
    assert.equal(unit.phase('active').lease.untilMs, 1_502 + 2_000)
    assert.equal(unit.phase('active').lease.generation, 2)
  })

  test('an older list changes nothing, nor does none', () => {
    for (const voters of [null, OTHER]) {
      const unit = active()
      unit.send({ type: 'woke' }, 1_500)
      unit.reply('n2', 1_502, older(voters))
      assert.deepEqual(votersOf(unit), VOTERS)
    }
  })
})

function votersOf (unit: ReturnType<typeof harness>): VoterList | null {
  const { voterSide } = unit.state()
  return voterSide.type === 'voting' ? voterSide.voter.record.voters : null
}

describe('a proposal (S11)', () => {
  const next: VoterList = { generation: 2, names: ['n1', 'n2', 'n3', 'n4'] }
  const other: VoterList = { generation: 2, names: ['n1', 'n2'] }
  const proposal = (changes = {}) => termRequest({ holder: 'n1', reason: 'voters', next, ...changes })

  test('is stored with the term, before the answer, and counts for nothing yet', () => {
    const { voter, reply, persist } = acceptTerm(config, knowing(VOTERS), proposal(), 0)
    assert.deepEqual(reply, { ok: true, grants: [], next: { term: 5, voters: next } })
    assert.equal(persist, true)
    assert.deepEqual(voter.record.next, { term: 5, voters: next })
    assert.deepEqual(voter.record.voters, VOTERS)
    assert.equal(grantLease(config, voter, leaseRequest({ term: 5 }), 1).reply.ok, true, 'the present list still counts')
  })

  test('in a term that was accepted without it is stored too: that is how it is asked', () => {
    const asked = acceptTerm(config, knowing(VOTERS), proposal({ next: undefined }), 0)
    assert.equal(asked.voter.record.next, null)
    const { voter, persist } = acceptTerm(config, asked.voter, proposal(), 1)
    assert.equal(persist, true)
    assert.deepEqual(voter.record.next, { term: 5, voters: next })
  })

  test('is told to whoever takes a later term, and stays until something is proposed there', () => {
    const { voter } = acceptTerm(config, knowing(VOTERS), proposal(), 0)
    const later = acceptTerm(config, voter, termRequest({ term: 6, reason: 'switchover' }), 1)
    assert.deepEqual(later.reply.ok && later.reply.next, { term: 5, voters: next })
    const replaced = acceptTerm(config, later.voter, termRequest({ term: 7, reason: 'voters', next: other }), 2)
    assert.deepEqual(replaced.voter.record.next, { term: 7, voters: other })
  })

  test('is one per term: another one in the same term is refused', () => {
    const { voter } = acceptTerm(config, knowing(VOTERS), proposal(), 0)
    const { voter: after, reply } = acceptTerm(config, voter, proposal({ next: other }), 1)
    assert.equal(!reply.ok && reply.refusal, 'termTaken')
    assert.deepEqual(after, voter)
  })

  test('of two voters at once, of none, or of a later generation is refused', () => {
    for (const names of [['n1', 'n2', 'n3', 'n4', 'n5'], ['n1'], ['n1', 'n2', 'n4'], ['n1', 'n2', 'n3']]) {
      const { reply } = acceptTerm(config, knowing(VOTERS), proposal({ next: { generation: 2, names } }), 0)
      assert.equal(!reply.ok && reply.refusal, 'notOneVoter', names.join())
    }
    const { reply } = acceptTerm(config, knowing(VOTERS), proposal({ next: { ...next, generation: 3 } }), 0)
    assert.equal(!reply.ok && reply.refusal, 'notOneVoter')
  })

  test('is over when a list of its generation counts', () => {
    const { voter } = acceptTerm(config, knowing(VOTERS), proposal(), 0)
    const granted = grantLease(config, voter, leaseRequest({ term: 5, voters: other }), 1)
    assert.deepEqual(granted.voter.record.voters, other)
    assert.equal(granted.voter.record.next, null)
  })
})
