// One of two voters, promoted without the other one, which is off (S9, ADR 15).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DurableState, OrderRefusal } from '../../../../agent/core/actions.ts'
import { buildReport } from '../../../../agent/core/report.ts'
import { durableState, leaseRequest, promoteOrder, termRequest } from '../../../fixtures.ts'
import { backup, find, harness, started, type UnitHarness } from './unit-harness.ts'

const PAIR = { generation: 1, names: ['n1', 'n2'] }
const EXTRAS = { bootId: 'b', sequence: 1, configDigest: '', databases: {}, rescues: { files: 0, bytes: 0, unacknowledgedFiles: 0 }, guardProblem: null }

function pairOf (restored: DurableState = durableState({ holder: 'n2', voters: PAIR })): UnitHarness {
  return backup(restored, { voters: ['n1', 'n2'] })
}

/** n2 renews its lease in term 4, and names the boot in which n1 last granted it. */
function renewal (unit: UnitHarness, boots: Record<string, string>, nowMs: number) {
  return unit.send({ type: 'leaseAsked', requestId: nowMs, request: leaseRequest({ holder: 'n2', voters: PAIR, boots }) }, nowMs)
}

function accept (unit: UnitHarness, nowMs: number, term = 5): void {
  unit.send({ type: 'termAsked', requestId: nowMs, request: termRequest({ term, holder: 'n1', reason: 'forced', voters: PAIR }) }, nowMs)
}

/** n2 was met, n1 accepted term 5, and n2 is off. */
function alone (): UnitHarness {
  const unit = pairOf()
  renewal(unit, { n1: 'boot-1' }, 100)
  accept(unit, 200)
  unit.order(promoteOrder({ term: 5, without: 'n2', leaveOut: [{ holder: 'n2', term: 4, why: 'fenced' }] }), 300)
  return unit
}

const refusal = (unit: UnitHarness): OrderRefusal | undefined => find(unit.last(), 'refuseOrder')?.refusal
const metBy = (unit: UnitHarness) => buildReport(unit.config, unit.state(), EXTRAS, 1_000).voter.met

describe('whom an agent has met since it started (S9)', () => {
  test('a holder that it granted, and that names this very boot', () => {
    const unit = pairOf()
    const answer = find(renewal(unit, {}, 100), 'answerLease')?.reply
    assert.deepEqual(answer, { ok: true, boot: 'boot-1' })
    assert.deepEqual(metBy(unit), [], 'the request may be older than this agent')
    renewal(unit, { n1: 'boot-0' }, 600)
    assert.deepEqual(metBy(unit), [])
    renewal(unit, { n1: 'boot-1' }, 1_100)
    assert.deepEqual(metBy(unit), ['n2'])
  })

  test('not a holder that it refuses', () => {
    const unit = pairOf()
    accept(unit, 50)
    renewal(unit, { n1: 'boot-1' }, 100)
    assert.deepEqual(metBy(unit), [])
  })

  test('a voter that granted it, but never its own', () => {
    const unit = pairOf()
    accept(unit, 50)
    unit.order(promoteOrder({ term: 5 }), 2_500)
    assert.deepEqual(metBy(unit), [])
    unit.reply('n2', 2_510, { ok: true, boot: 'boot-7' })
    assert.deepEqual(metBy(unit), ['n2'])
    unit.send({ type: 'woke' }, 3_010)
    assert.deepEqual(unit.latest('askVoters').request.boots, { n2: 'boot-7' }, 'and is told so with the next round')
  })

  test('what the own voter refuses names nobody: it tells nothing of how far this node came', () => {
    const unit = pairOf()
    accept(unit, 50)
    unit.order(promoteOrder({ term: 5 }), 2_500)
    unit.reply('n2', 2_510, { ok: true, boot: 'boot-7' })
    unit.finish('promoteServers', 2_520)
    accept(unit, 2_600, 6)
    unit.send({ type: 'woke' }, 3_010)
    const refused = unit.last().find(action => action.type === 'askVoters' && action.request.term === 5)
    assert.deepEqual(refused?.type === 'askVoters' && refused.request.boots, {})
  })
})

describe('an order to serve without the other one of two voters (S9)', () => {
  test('is taken by who has met it and accepted the term before: its own grant is the lease', () => {
    const unit = alone()
    assert.equal(unit.phase('promoting').lease.without, 'n2')
    assert.equal(unit.phase('promoting').lease.untilMs, 2_300)
  })

  test('is refused by an agent that has not met it since it started', () => {
    const unit = pairOf()
    renewal(unit, { n1: 'boot-0' }, 100)
    accept(unit, 200)
    unit.order(promoteOrder({ term: 5, without: 'n2' }), 300)
    assert.match(JSON.stringify(refusal(unit)), /notAlone.*has not met n2 since it started/)
    unit.phase('backup')
  })

  test('is refused when the term was not accepted before: the other one was off too early', () => {
    const unit = pairOf()
    renewal(unit, { n1: 'boot-1' }, 100)
    unit.order(promoteOrder({ term: 5, without: 'n2' }), 300)
    assert.match(JSON.stringify(refusal(unit)), /notAlone.*accepted term 4 of n2 last/)
    accept(unit, 400)
    unit.order(promoteOrder({ term: 6, without: 'n2' }), 500)
    assert.match(JSON.stringify(refusal(unit)), /notAlone.*accepted term 5 of n1 last/)
  })

  test('is refused where others vote as well, and for a node that does not', () => {
    const three = backup(durableState({ holder: 'n2' }))
    renewal(three, { n1: 'boot-1' }, 100)
    three.order(promoteOrder({ term: 5, without: 'n2' }), 300)
    assert.equal(refusal(three)?.kind, 'notAlone')
    const pair = pairOf()
    pair.order(promoteOrder({ term: 5, without: 'n3' }), 300)
    assert.equal(refusal(pair)?.kind, 'notAlone')
  })

  test('the other one\'s grant never stands for the own refusal', () => {
    const unit = alone()
    unit.send({ type: 'termAsked', requestId: 9, request: termRequest({ term: 6, holder: 'n2', reason: 'forced', voters: PAIR }) }, 400)
    unit.send({ type: 'woke' }, 900)
    unit.reply('n2', 910)
    assert.match(unit.phase('stopping').reason, /superseded|leaseLapsed/)
  })

  test('a newer term for the same node counts both again', () => {
    const unit = alone()
    unit.reply('n2', 310, { ok: false, refusal: 'olderTerm', term: 7, holder: 'n1', remainingMs: 0, voters: PAIR })
    assert.deepEqual([unit.phase('promoting').lease.term, unit.phase('promoting').lease.without], [7, null])
  })

  test('that the other one lost its way to a newer term ends nothing', () => {
    const unit = alone()
    unit.reply('n2', 310, { ok: false, refusal: 'olderTerm', term: 7, holder: 'n2', remainingMs: 0, voters: PAIR })
    unit.send({ type: 'woke' }, 320)
    unit.phase('promoting')
  })

  test('a newer list of voters counts all of them again (S11)', () => {
    const unit = alone()
    unit.reply('n2', 310, { ok: false, refusal: 'olderVoters', term: 5, holder: 'n1', remainingMs: 0, voters: { generation: 2, names: ['n1', 'n2', 'n3'] } })
    assert.equal(unit.phase('promoting').lease.without, null)
  })

  test('is forgotten when the agent restarts: its own term is resumed with both', () => {
    const unit = harness(durableState({ term: 5, holder: 'n1', voters: PAIR }), { voters: ['n1', 'n2'] })
    started(unit, { role: 'active' }, 10, true)
    assert.deepEqual([unit.phase('resuming').lease.without, metBy(unit)], [null, []])
    unit.order(promoteOrder({ term: 5, without: 'n2' }), 300)
    assert.equal(refusal(unit)?.kind, 'notAlone')
  })
})

/** The same two vote, and so does n3: the list that comes after theirs. */
const THREE = { generation: 2, names: ['n1', 'n2', 'n3'] }

describe('one of two voters, and a list that changes (S9, S11)', () => {
  test('does not go on alone once a change was proposed to its voter: it may count already', () => {
    const unit = pairOf()
    renewal(unit, { n1: 'boot-1' }, 100)
    unit.send({ type: 'termAsked', requestId: 7, request: termRequest({ term: 5, holder: 'n2', reason: 'voters', voters: PAIR, next: THREE }) }, 200)
    assert.deepEqual(metBy(unit), [], 'and says so in its report')
    accept(unit, 250, 6)
    unit.order(promoteOrder({ term: 6, without: 'n2' }), 300)
    assert.match(JSON.stringify(refusal(unit)), /notAlone.*a change of the voters \(to n1, n2, n3\) was begun/)
  })

  test('does not go on alone by a list that the other one may not have stored', () => {
    const three = { generation: 1, names: ['n1', 'n2', 'n3'] }
    const two = { generation: 2, names: ['n1', 'n2'] }
    const unit = backup(durableState({ holder: 'n2', voters: three }))
    unit.send({ type: 'leaseAsked', requestId: 1, request: leaseRequest({ holder: 'n2', voters: three, boots: { n1: 'boot-1' } }) }, 100)
    assert.deepEqual(metBy(unit), ['n2'])
    unit.send({ type: 'termAsked', requestId: 2, request: termRequest({ term: 5, holder: 'n1', reason: 'forced', voters: two }) }, 200)
    assert.deepEqual(metBy(unit), [])
    unit.order(promoteOrder({ term: 5, without: 'n2' }), 300)
    assert.match(JSON.stringify(refusal(unit)), /notAlone.*has not met n2 since the voters were changed/)
  })

  test('goes on alone when it has met the other one by the new list', () => {
    const two = { generation: 2, names: ['n1', 'n2'] }
    const unit = backup(durableState({ holder: 'n2' }))
    unit.send({ type: 'leaseAsked', requestId: 1, request: leaseRequest({ holder: 'n2', voters: two, boots: { n1: 'boot-1' } }) }, 100)
    unit.send({ type: 'termAsked', requestId: 2, request: termRequest({ term: 5, holder: 'n1', reason: 'forced', voters: two }) }, 200)
    unit.order(promoteOrder({ term: 5, without: 'n2', leaveOut: [{ holder: 'n2', term: 4, why: 'fenced' }] }), 300)
    assert.equal(unit.phase('promoting').lease.without, 'n2')
  })

  test('takes no new list while it serves without the other one, and does when both have granted it in the term of the change', () => {
    const unit = alone()
    unit.finish('promoteServers', 310)
    unit.finish('takeEndpoints', 320)
    unit.finish('openGates', 330)
    unit.reply('n2', 340)
    const lease = () => unit.phase('active').lease
    assert.deepEqual([lease().without, lease().generation], ['n2', 0], 'its own grant is no majority')
    const order = { type: 'takeVoters' as const, term: 6, controller: 'ctl-a', deadlineMs: 2_000, voters: THREE }
    unit.order(order, 350)
    assert.match(JSON.stringify(refusal(unit)), /votersRefused.*no majority of the present voters/)
    unit.send({ type: 'termAsked', requestId: 8, request: termRequest({ term: 6, holder: 'n1', reason: 'voters', voters: PAIR }) }, 360)
    const { untilMs } = lease()
    unit.send({ type: 'woke' }, 850)
    assert.deepEqual([lease().term, lease().without, lease().untilMs], [6, null, untilMs])
    unit.order(order, 860)
    assert.match(JSON.stringify(refusal(unit)), /votersRefused/)
    unit.reply('n2', 870)
    assert.equal(lease().generation, 1)
    assert.equal(find(unit.order(order, 880), 'answerOrder')?.reply.ok, true)
  })
})
