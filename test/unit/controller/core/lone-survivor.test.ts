// Two data nodes with fence devices and no third voter (S9, ADR 15): n1 serves in term 4, n2 follows it and has met it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { viewCluster } from '../../../../controller/core/view.ts'
import type { CoreConfig, FencePlan } from '../../../../controller/core/state.ts'
import { activeReport, coreConfig, grant, memberConfig, report, timing } from '../../../fixtures.ts'
import { find, leader, orderTo, releasedReport, type LeaderHarness } from './leader-harness.ts'

const PLAN: FencePlan = { delayMs: 0, afterwards: 'off' }
const PAIR = { generation: 1, names: ['n1', 'n2'] }
const REMAINING = [grant({ remainingMs: 500, renewedAgoMs: 1_950 })]
const voter = { voters: PAIR, met: ['n1', 'n2'] }

function pairConfig (plans: Partial<Record<'n1' | 'n2', Partial<FencePlan>>> = { n1: {}, n2: {} }): CoreConfig {
  const fencing = Object.fromEntries(Object.entries(plans).map(([node, plan]) => [node, { ...PLAN, ...plan }]))
  return { ...coreConfig({ members: [memberConfig('n1'), memberConfig('n2')], timing: timing({ coldStartWaitMs: 0 }) }), fencing }
}

function pair (config = pairConfig(), met: readonly string[] = ['n1']): LeaderHarness {
  const one = leader(config)
  one.reports([activeReport('n1', { voter }), report('n2', { voter: { ...voter, met: [...met] } })], 1_500)
  return one
}

/** n1 is silent, and n2 has not seen it renew for long. */
function lostActive (config = pairConfig(), met: readonly string[] = ['n1']): LeaderHarness {
  const one = pair(config, met)
  one.send({ type: 'lost', node: 'n1', why: 'silent' }, 1_600)
  one.reports([report('n2', { voter: { ...voter, met: [...met], grants: [] } })], 3_600)
  return one
}

function ended (one: LeaderHarness, nowMs: number, ok: boolean) {
  const { tag, node, action, by, commandId } = one.latest('fence')
  return one.send({ type: 'fenceEnded', tag, node, action, by, commandId, ok, detail: ok ? 'its status says off' : 'no answer' }, nowMs)
}

const holdOf = (one: LeaderHarness) => one.state().hold

describe('the loss of the active of two (S9)', () => {
  test('takes the term first, then the power, and only then the other one is ordered to serve without it', () => {
    const one = lostActive()
    assert.equal(one.operation().without, 'n1')
    assert.equal(one.count('fence'), 0, 'nothing is cut before the term was accepted')
    assert.equal(orderTo(one.accept('n2', 3_601, REMAINING), 'promote'), undefined)
    assert.deepEqual([one.latest('fence').node, one.latest('fence').action], ['n1', 'off'])
    assert.equal(orderTo(one.send({ type: 'woke' }, 9_000), 'promote'), undefined, 'the end of all grants is not enough')
    one.reports([one.state().agents.n2!.report!], 9_001)
    const actions = ended(one, 9_002, true)
    const order = orderTo(actions, 'promote')
    assert.equal(order?.node, 'n2')
    assert.ok(actions.some(action => action.type === 'record' && action.kind === 'goesOnAlone' && action.message === 'n2 is to serve without n1, which is off: of two voters it is enough in term 5'))
    assert.deepEqual(order?.order.type === 'promote' && [order.order.without, order.order.leaveOut], ['n1', [{ holder: 'n1', term: 4, why: 'fenced' }]])
  })

  test('whose device fails is no loss that is survived: the attempt says why, and so does the hold', () => {
    const one = lostActive()
    one.accept('n2', 3_601, REMAINING)
    const { outcome, detail } = find(ended(one, 3_700, false), 'operationEnded')?.ended ?? {}
    assert.equal(outcome, 'failed')
    assert.equal(detail, 'n2 alone is no majority of two voters, and n1 could not be made certain to be off: no answer')
    assert.equal(one.count('order'), 0)
    one.reports([one.state().agents.n2!.report!], 3_701)
    assert.deepEqual([holdOf(one)?.code, /n1 could not be made certain to be off: no answer/.test(holdOf(one)?.message ?? '')], ['retrying', true])
  })

  test('is held when the other one has not met it since its agent started', () => {
    const one = lostActive(pairConfig(), [])
    assert.equal(one.state().operation, null)
    assert.match(holdOf(one)?.message ?? '', /^1 of 2 voters answer, 2 are needed, and the one that answers may not go on alone: the agent of n2 has not met n1 since it started/)
  })

  test('is held without a device for it', () => {
    assert.match(holdOf(lostActive(pairConfig({ n2: {} })))?.message ?? '', /may not go on alone: n1 has no fence device/)
  })

  test('is held until it was silent for long enough, however soon its connection ended', () => {
    const one = pair()
    one.send({ type: 'lost', node: 'n1', why: 'reset' }, 1_600)
    one.reports([report('n2', { voter: { ...voter, grants: [] } })], 1_700)
    assert.equal(one.count('askTerm'), 0)
    assert.match(holdOf(one)?.message ?? '', /n1 has been silent for 200 ms/)
    assert.equal(find(one.send({ type: 'woke' }, 1_701), 'wakeAt') !== undefined, true)
  })

  test('is no loss while the other one sees it renew (S1)', () => {
    const one = pair()
    one.send({ type: 'lost', node: 'n1', why: 'silent' }, 1_600)
    one.reports([report('n2', { voter })], 2_700)
    assert.equal(holdOf(one)?.code, 'stillRenewing')
    assert.equal(one.count('askTerm'), 0)
  })

  test('that accepts the term itself is not cut off: both are a majority', () => {
    const one = lostActive()
    one.accept('n1', 3_601)
    const actions = one.accept('n2', 3_602)
    assert.equal(one.count('fence'), 0)
    assert.equal(actions.some(action => action.type === 'order' && action.order.type === 'promote' && action.order.without !== undefined), false)
  })

  test('that answers at all is not cut off', () => {
    const one = lostActive()
    one.refuse('n1', 3_601, 'cannotVote')
    one.accept('n2', 3_602, REMAINING)
    assert.equal(one.count('fence'), 0)
  })

  test('with a delay is cut off only if the other one is still there by then: of two that would fence each other one survives', () => {
    const one = lostActive(pairConfig({ n1: { delayMs: 1_000 } }))
    one.accept('n2', 3_601, REMAINING)
    one.send({ type: 'lost', node: 'n2', why: 'reset' }, 4_000)
    const actions = one.send({ type: 'woke' }, 4_700)
    assert.equal(one.count('fence'), 0)
    assert.match(find([...actions, ...one.send({ type: 'woke' }, 4_701)], 'operationEnded')?.ended.detail ?? '', /the power was left alone/)
  })

  test('is not cut off when the other one\'s voter knows of a change of the voters that was begun: it would refuse to go on alone (S11)', () => {
    const one = lostActive()
    const { operation, request } = one.latest('askTerm')
    const next = { term: 4, voters: { generation: 2, names: ['n1', 'n2', 'n3'] } }
    one.send({ type: 'termAnswered', operation, term: request.term, voter: 'n2', reply: { ok: true, grants: [], next } }, 3_601)
    assert.equal(one.count('fence'), 0)
  })

  test('an operator\'s word does not stand in for the device: the node may have been on since', () => {
    const one = lostActive()
    one.send({ type: 'confirmOffAsked', commandId: 7, node: 'n1', actor: 'ann', reason: 'looked' }, 3_601)
    assert.equal(orderTo(one.accept('n2', 3_602, REMAINING), 'promote'), undefined)
    assert.equal(one.count('fence'), 1)
  })
})

describe('the loss of the backup of two (S9)', () => {
  test('ends the lease of the active, which serves again once the backup is certainly off', () => {
    const one = pair()
    one.send({ type: 'lost', node: 'n2', why: 'silent' }, 1_600)
    const back = releasedReport('n1')
    const up = { ...activeReport('n1').servers[0]!, role: 'backup' as const, gateOpen: false }
    one.reports([{ ...back, servers: [up], voter: { ...back.voter, ...voter, met: ['n2'] } }], 4_000)
    one.send({ type: 'woke' }, 4_001)
    assert.deepEqual([one.operation().to, one.operation().without], ['n1', 'n2'])
    one.accept('n1', 4_002)
    assert.equal(one.latest('fence').node, 'n2')
    const order = orderTo(ended(one, 4_100, true), 'promote')
    assert.deepEqual(order?.order.type === 'promote' && [order.node, order.order.without], ['n1', 'n2'])
  })
})

describe('what status says of the loss of one of two (S9)', () => {
  const said = (one: LeaderHarness) => viewCluster(one.config, one.state(), 1_600, String).automaticFailover

  test('that it is survived by the device', () => {
    assert.deepEqual(said(pair()), { possible: true, why: 'n2 could take over, once the fence device of n1 says that it is off' })
  })

  test('why it is not', () => {
    assert.match(said(pair(pairConfig(), [])).why, /add a witness \(S9\); the agent of n2 has not met n1/)
    const broken = pair()
    broken.send({ type: 'fenceDeviceSeen', node: 'n1', problem: 'timed out' }, 1_550)
    assert.deepEqual(said(broken), { possible: false, why: '2 voters cannot lose one and keep a majority: add a witness (S9); the fence device of n1 does not answer: timed out' })
  })
})
