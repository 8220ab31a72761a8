import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bootCluster } from '../../../../controller/core/state.ts'
import { fenceOf } from '../../../../controller/core/fencing.ts'
import type { CoreConfig, FencePlan } from '../../../../controller/core/state.ts'
import { activeReport, coreConfig, grant, report, timing } from '../../../fixtures.ts'
import { find, leader, orderTo, releasedReport, type LeaderHarness } from './leader-harness.ts'

const PLAN: FencePlan = { delayMs: 0, afterwards: 'off' }
const fencing = (plan: Partial<FencePlan> = {}): CoreConfig => ({ ...coreConfig(), fencing: { n1: { ...PLAN, ...plan } } })
const NO_GUARD = { guard: { kind: 'none' as const, vipLifetime: false, slackMs: 0, problem: null } }
const REMAINING = [grant({ remainingMs: 500, renewedAgoMs: 1_950 })]

/** n1 served in term 4 and is silent; nobody sees it renew. Term 5 is being asked for n2. */
function lostActive (config: CoreConfig, changes: Parameters<typeof activeReport>[1] = {}): LeaderHarness {
  const one = leader(config)
  one.reports([activeReport('n1', changes), report('n2'), report('n3')], 1_500)
  one.send({ type: 'lost', node: 'n1', why: 'silent' }, 1_600)
  one.reports([report('n2', { voter: { grants: [] } }), report('n3', { voter: { grants: [] } })], 3_600)
  return one
}

/** A majority accepted term 5; the grants that it told run until 4112 ms. */
function accepted (config: CoreConfig, changes: Parameters<typeof activeReport>[1] = {}): LeaderHarness {
  const one = lostActive(config, changes)
  one.stage('takingTerm')
  one.accept('n2', 3_601, REMAINING)
  one.accept('n3', 3_602, REMAINING)
  return one
}

function ended (one: LeaderHarness, nowMs: number, ok: boolean) {
  const { tag, node, action, by, commandId } = one.latest('fence')
  return one.send({ type: 'fenceEnded', tag, node, action, by, commandId, ok, detail: ok ? 'its status says off' : 'no answer' }, nowMs)
}

describe('a lost node that can be powered off (S3)', () => {
  test('is fenced only when a majority accepted the new term: an earlier confirmation could be out of date', () => {
    const one = lostActive(fencing())
    one.accept('n2', 3_601, REMAINING)
    assert.equal(one.count('fence'), 0)
    one.accept('n3', 3_602, REMAINING)
    assert.deepEqual([one.latest('fence').node, one.latest('fence').action], ['n1', 'off'])
  })

  test('certainly off, it is waited for no longer: its grants are left out as fenced', () => {
    const one = accepted(fencing())
    assert.equal(one.count('order'), 0)
    const order = orderTo(ended(one, 3_700, true), 'promote')
    assert.equal(order?.node, 'n2')
    assert.deepEqual(order?.order.type === 'promote' && order.order.leaveOut, [{ holder: 'n1', term: 4, why: 'fenced' }])
  })

  test('is not asked a majority\'s acceptance on the strength of it: the request for the term leaves nothing out', () => {
    assert.deepEqual(accepted(fencing()).latest('askTerm').request.leaveOut, [])
  })

  test('an end of the lease that comes before a slow device promotes all the same; the device\'s end is told later', () => {
    const one = accepted(fencing())
    const order = orderTo(one.send({ type: 'woke' }, 4_113), 'promote')
    assert.deepEqual(order?.order.type === 'promote' && order.order.leaveOut, [])
    assert.equal(find(ended(one, 9_000, true), 'record')?.kind, 'nodeFenced')
    assert.equal(fenceOf(one.state(), 'n1').fenced?.by, 'ctl-a')
  })

  test('when the device fails, the end of the lease is waited for as without it', () => {
    const one = accepted(fencing())
    const told = find(ended(one, 3_700, false), 'record')
    assert.deepEqual([told?.kind, told?.node], ['fenceFailed', 'n1'])
    assert.match(told?.message ?? '', /^n1 could not be powered off: ./)
    assert.equal(one.count('order'), 0)
    assert.ok(orderTo(one.send({ type: 'woke' }, 4_113), 'promote') !== undefined)
    assert.equal(fenceOf(one.state(), 'n1').fenced, null)
  })

  test('an unknown holder\'s grant is waited for, whoever is off (S3)', () => {
    const one = lostActive(fencing())
    const unknown = [...REMAINING, grant({ holder: null, remainingMs: 700 })]
    one.accept('n2', 3_601, unknown)
    one.accept('n3', 3_602, unknown)
    assert.equal(orderTo(ended(one, 3_700, true), 'promote'), undefined)
    assert.ok(orderTo(one.send({ type: 'woke' }, 4_320), 'promote') !== undefined)
  })

  test('its delay is waited first, and a wait for the lease that is over by then powers nobody off', () => {
    const slow = accepted(fencing({ delayMs: 2_000 }))
    assert.equal(slow.count('fence'), 0)
    assert.ok(orderTo(slow.send({ type: 'woke' }, 4_113), 'promote') !== undefined)
    slow.send({ type: 'woke' }, 6_000)
    assert.equal(slow.count('fence'), 0)
    const soon = accepted(fencing({ delayMs: 200 }))
    soon.send({ type: 'woke' }, 3_802)
    assert.equal(soon.count('fence'), 1)
  })

  test('an answer to another use of the device proves nothing for this term', () => {
    const one = accepted(fencing())
    const { node, action, by, commandId, tag } = one.latest('fence')
    assert.equal(orderTo(one.send({ type: 'fenceEnded', tag: tag + 1, node, action, by, commandId, ok: true, detail: '' }, 3_700), 'promote'), undefined)
  })

  test('with afterwards: on it is powered on again once it was off', () => {
    const one = accepted(fencing({ afterwards: 'on' }))
    ended(one, 3_700, true)
    assert.equal(one.latest('fence').action, 'on')
  })

  test('one that an operator powered off stays off until an operator powers it on', () => {
    const one = leader(fencing({ afterwards: 'on' }))
    one.reports([activeReport('n2'), report('n1'), report('n3')], 1_500)
    one.send({ type: 'fenceAsked', commandId: 3, node: 'n1', force: false, actor: 'ann', reason: '' }, 1_510)
    ended(one, 1_600, true)
    assert.deepEqual([one.latest('fence').action, one.count('fence')], ['off', 1])
  })

  test('also when it served, is lost for that, and is fenced once more', () => {
    const one = leader(fencing({ afterwards: 'on' }))
    one.reports([activeReport('n1'), report('n2'), report('n3')], 1_500)
    one.send({ type: 'fenceAsked', commandId: 3, node: 'n1', force: true, actor: 'ann', reason: '' }, 1_510)
    one.send({ type: 'lost', node: 'n1', why: 'silent' }, 1_600)
    ended(one, 1_700, true)
    one.reports([report('n2', { voter: { grants: [] } }), report('n3', { voter: { grants: [] } })], 3_600)
    one.accept('n2', 3_601, REMAINING)
    one.accept('n3', 3_602, REMAINING)
    assert.deepEqual([one.latest('fence').action, one.latest('fence').commandId, one.count('fence')], ['off', null, 2])
    assert.ok(orderTo(ended(one, 3_700, true), 'promote') !== undefined)
    assert.equal(one.count('fence'), 2)
  })

  test('a holder that gave its term back is not fenced: it does not serve', () => {
    const one = leader(fencing())
    one.reports([activeReport('n1'), report('n2'), report('n3')], 1_500)
    one.reports([releasedReport()], 2_000)
    one.send({ type: 'lost', node: 'n1', why: 'reset' }, 2_001)
    one.accept('n2', 2_002)
    one.accept('n3', 2_003)
    assert.equal(one.count('fence'), 0)
  })
})

describe('a lost node without a guard (S4)', () => {
  test('is not replaced without a device or an operator\'s word, and the hold says what helps', () => {
    const one = lostActive(coreConfig(), NO_GUARD)
    assert.equal(one.state().operation, null)
    assert.equal(one.state().hold?.code, 'fenceNeeded')
    assert.match(one.state().hold?.message ?? '', /n1 has no guard.*confirm-off n1/)
  })

  test('is not replaced by the end of its lease either: only its device makes it certain', () => {
    const one = accepted(fencing(), NO_GUARD)
    assert.equal(orderTo(one.send({ type: 'woke' }, 4_400), 'promote'), undefined)
    assert.ok(orderTo(ended(one, 4_500, true), 'promote') !== undefined)
  })

  test('when its device fails, the change fails and says so; nobody is promoted', () => {
    const one = accepted(fencing(), NO_GUARD)
    const { outcome, detail } = find(ended(one, 4_500, false), 'operationEnded')?.ended ?? {}
    assert.equal(outcome, 'failed')
    assert.match(detail ?? '', /n1 has no guard, and could not be made certain to be off: no answer/)
    assert.equal(one.count('order'), 0)
  })

  test('stays in need of a fence when the attempt before failed and took the term for another', () => {
    const one = accepted({ ...fencing(), ...coreConfig({ timing: timing({ coldStartWaitMs: 0 }) }) }, NO_GUARD)
    ended(one, 3_700, false)
    one.reports([report('n2', { voter: { term: 5, holder: 'n2', granted: true, previous: { holder: 'n1', term: 4 }, grants: [] } }), report('n3', { voter: { term: 5, holder: 'n2', granted: false, previous: { holder: 'n1', term: 4 }, grants: [] } })], 6_000)
    one.accept('n2', 6_001)
    one.accept('n3', 6_002)
    one.send({ type: 'woke' }, 6_900)
    assert.equal(one.count('order'), 0)
    assert.equal(one.count('fence'), 2)
  })

  test('an operator\'s word that it is off lets the failover go on at once, and is in the history', () => {
    const one = lostActive(coreConfig(), NO_GUARD)
    const actions = one.send({ type: 'confirmOffAsked', commandId: 7, node: 'n1', actor: 'ann', reason: 'pulled the plug' }, 3_800)
    assert.equal(find(actions, 'record')?.message, 'ann confirmed that n1 is off: pulled the plug')
    assert.equal(find(actions, 'commandDone')?.commandId, 7)
    one.accept('n2', 3_801, REMAINING)
    assert.ok(orderTo(one.accept('n3', 3_802, REMAINING), 'promote') !== undefined)
  })
})

describe('an operator\'s word that a node is off', () => {
  const ask = (one: LeaderHarness, nowMs: number, node = 'n1') => one.send({ type: 'confirmOffAsked', commandId: 7, node, actor: 'ann', reason: 'x' }, nowMs)

  test('is refused while the node reports, and while a voter sees it renew', () => {
    const one = leader(coreConfig())
    one.reports([activeReport('n1'), report('n2'), report('n3')], 1_500)
    assert.deepEqual(find(ask(one, 1_510), 'refuseCommand')?.refusal, { kind: 'notOff', node: 'n1', why: 'its agent reports' })
    one.send({ type: 'lost', node: 'n1', why: 'reset' }, 1_600)
    assert.deepEqual(find(ask(one, 1_610), 'refuseCommand')?.refusal, { kind: 'notOff', node: 'n1', why: 'n2 and n3 saw it renew its lease just now' })
  })

  test('ends when the node is heard of, by its agent or by a voter', () => {
    const byAgent = lostActive(coreConfig(), NO_GUARD)
    ask(byAgent, 3_800)
    byAgent.reports([activeReport('n1', NO_GUARD)], 3_900)
    assert.equal(fenceOf(byAgent.state(), 'n1').word, null)
    const byVoter = lostActive(coreConfig(), NO_GUARD)
    ask(byVoter, 3_800)
    byVoter.reports([report('n3', { voter: { grants: [grant({ renewedAgoMs: 10 })] } })], 3_900)
    assert.equal(fenceOf(byVoter.state(), 'n1').word, null)
  })

  test('counts for the terms up to now and for no later one', () => {
    const one = lostActive(coreConfig())
    ask(one, 3_800)
    one.accept('n2', 3_801, [grant({ term: 5, remainingMs: 1_500 })])
    assert.equal(orderTo(one.accept('n3', 3_802, [grant({ term: 5, remainingMs: 1_500 })]), 'promote'), undefined)
  })
})

describe('power by an operator', () => {
  test('a node without a device, and one that serves, are refused; forced, the second is not', () => {
    const one = leader({ ...coreConfig(), fencing: { n1: PLAN } })
    one.reports([activeReport('n1'), report('n2'), report('n3')], 1_500)
    const ask = (node: string, force: boolean) => one.send({ type: 'fenceAsked', commandId: 3, node, force, actor: 'ann', reason: '' }, 1_510)
    assert.equal(find(ask('n2', false), 'refuseCommand')?.refusal.kind, 'noFenceDevice')
    assert.equal(find(ask('n1', false), 'refuseCommand')?.refusal.kind, 'fencedServes')
    assert.equal(find(ask('n9', false), 'refuseCommand')?.refusal.kind, 'unknownNode')
    assert.deepEqual([find(ask('n1', true), 'fence')?.action, one.latest('fence').commandId], ['off', 3])
  })

  test('a fenced node is marked until it is powered on or heard of', () => {
    const one = leader(fencing())
    one.send({ type: 'fenceEnded', tag: 90, node: 'n1', action: 'off', by: 'ann', commandId: 3, ok: true, detail: 'off' }, 1_000)
    assert.equal(fenceOf(one.state(), 'n1').fenced?.by, 'ann')
    one.send({ type: 'fenceEnded', tag: 91, node: 'n1', action: 'on', by: 'ann', commandId: 3, ok: true, detail: 'on' }, 1_001)
    assert.equal(fenceOf(one.state(), 'n1').fenced, null)
    one.send({ type: 'fenceEnded', tag: 92, node: 'n1', action: 'off', by: 'ann', commandId: 3, ok: true, detail: 'off' }, 1_002)
    one.reports([report('n1')], 1_003)
    assert.equal(fenceOf(one.state(), 'n1').fenced, null)
  })

  test('a device that stops answering is told once, and when it answers again', () => {
    const one = leader(fencing())
    const seen = (problem: string | null, nowMs: number) => find(one.send({ type: 'fenceDeviceSeen', node: 'n1', problem }, nowMs), 'record')?.kind
    assert.deepEqual([seen(null, 1), seen('timed out', 2), seen('timed out', 3), seen(null, 4)], [undefined, 'fenceDeviceFailed', undefined, 'fenceDeviceAnswers'])
  })
})

test('a controller that starts knows of no node that it is off: only what was confirmed in its own time counts', () => {
  assert.deepEqual(bootCluster(coreConfig(), 0).fences, {})
})
