import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { voterConfig } from '../../../../agent/core/voter-config.ts'
import type { TermRequest } from '../../../../protocol/vote.ts'
import { durableState, followOrder, handoverBeginOrder, leaseRequest, NEW_VOTER, observation, promoteOrder, releaseRequest, sourceOf, termRequest, timing, unitConfig } from '../../../fixtures.ts'
import { active, backup, find, harness, promoting, typesOf } from './unit-harness.ts'

describe('requests to the voter (S1, S2)', () => {
  test('a changed record is stored before the answer leaves (S1)', () => {
    const unit = backup(durableState({ holder: 'n2' }))
    const term = unit.send({ type: 'termAsked', requestId: 1, request: termRequest({ reason: 'switchover' }) }, 100)
    assert.deepEqual(typesOf(term).slice(0, 2), ['persist', 'answerTerm'])
    const lease = unit.send({ type: 'leaseAsked', requestId: 2, request: leaseRequest({ term: 6, holder: 'n3' }) }, 110)
    assert.deepEqual(typesOf(lease).slice(0, 2), ['persist', 'answerLease'])
    const release = unit.send({ type: 'releaseTold', requestId: 3, request: releaseRequest({ term: 6, holder: 'n3' }) }, 120)
    assert.deepEqual(typesOf(release).slice(0, 2), ['persist', 'answerRelease'])
    assert.deepEqual(find(release, 'persist')?.durable.voter.released, { served: true })
  })

  test('what is stored carries this node\'s own release along: neither forgets the other (S2)', () => {
    const unit = backup(durableState({ released: { served: true } }, { term: 4, served: true }))
    const actions = unit.send({ type: 'termAsked', requestId: 1, request: termRequest({ reason: 'released' }) }, 100)
    assert.deepEqual(find(actions, 'persist')?.durable.ownRelease, { term: 4, served: true })
  })

  test('a repeated request is answered again and stores nothing', () => {
    const unit = backup(durableState({ holder: 'n2' }))
    const request = termRequest({ reason: 'switchover' })
    unit.send({ type: 'termAsked', requestId: 1, request }, 100)
    const again = unit.send({ type: 'termAsked', requestId: 2, request }, 110)
    assert.equal(find(again, 'persist'), undefined)
    assert.equal(find(again, 'answerTerm')?.reply.ok, true)
  })

  test('a voter whose record is lost says no to terms and leases, and takes releases without a word (S1)', () => {
    const unit = harness({ problem: 'voter.json is corrupt' })
    const refused = { ok: false, refusal: 'cannotVote', term: 0, holder: null, remainingMs: 0, voters: null }
    assert.deepEqual(find(unit.send({ type: 'termAsked', requestId: 1, request: termRequest() }, 100), 'answerTerm')?.reply, refused)
    assert.deepEqual(find(unit.send({ type: 'leaseAsked', requestId: 2, request: leaseRequest() }, 100), 'answerLease')?.reply, refused)
    assert.deepEqual(typesOf(unit.send({ type: 'releaseTold', requestId: 3, request: releaseRequest() }, 100)), ['answerRelease'])
  })

  test('the active answers as a voter while it serves, and refuses a term that is asked for because it is thought lost (S1)', () => {
    const unit = active()
    const actions = unit.send({ type: 'termAsked', requestId: 1, request: termRequest() }, 1_100)
    const reply = find(actions, 'answerTerm')?.reply
    assert.equal(reply?.ok === false && reply.refusal, 'stillRenewing')
    unit.phase('active')
  })

  test('a holder is seen as renewing until shortly before its lease ends, whatever the lease (S1)', () => {
    assert.equal(voterConfig(unitConfig()).stillRenewingMs, 1_900)
    assert.equal(voterConfig(unitConfig({ timing: timing({ leaseMs: 500 }) })).stillRenewingMs, 450)
  })
})

describe('late and repeated events', () => {
  test('an end of something that nobody waits for changes nothing', () => {
    const unit = active()
    const before = unit.state()
    unit.send({ type: 'finished', op: 999, error: 'too late', steps: [] }, 1_040)
    assert.deepEqual(unit.state(), before)
  })

  test('a look at a server that the unit does not have changes nothing', () => {
    const unit = active()
    const before = unit.state()
    unit.send({ type: 'observed', server: 'sb', startedAtMs: 1_040, observation: observation({ health: 'down' }) }, 1_040)
    assert.deepEqual(unit.state(), before)
  })

  test('waking early or often changes nothing', () => {
    const unit = active()
    const before = unit.state()
    for (const atMs of [1_031, 1_032, 1_033]) assert.deepEqual(typesOf(unit.send({ type: 'woke' }, atMs)), ['wakeAt'])
    assert.deepEqual(unit.state(), before)
  })

  test('after a demotion the role of the last look counts no more: the next look decides (S5)', () => {
    const unit = backup()
    unit.observe({ role: 'active' }, 100)
    unit.finish('demoteServer', 110)
    assert.equal(unit.state().servers['nb']?.observation?.role, 'unknown')
  })

  test('a server that comes up ends the counting of failed starts', () => {
    const unit = harness()
    unit.finish('startServer', 10, 'no such program')
    assert.equal(unit.state().servers['nb']?.startProblem, 'no such program')
    unit.observe({}, 100)
    assert.equal(unit.state().servers['nb']?.startProblem, null)
    assert.equal(unit.state().servers['nb']?.startAttempts, 0)
  })
})

describe('a source that is to serve anew (S7)', () => {
  const following = (changes = {}) => {
    const unit = backup(NEW_VOTER, {})
    unit.observe({ source: sourceOf('n2'), replication: 'replicating', ...changes }, 100)
    return unit
  }
  const asked = (unit: ReturnType<typeof backup>, changes: Partial<TermRequest>) => unit.send({ type: 'termAsked', requestId: 1, request: termRequest({ reason: 'released', ...changes }) }, 200)

  test('it may come back with another file: its backup lets go of it before it can listen', () => {
    const actions = asked(following(), { holder: 'n2' })
    assert.equal(find(actions, 'answerTerm')?.reply.ok, true)
    assert.equal(find(actions, 'demoteServer')?.server, 'nb')
    assert.equal(find(actions, 'happened')?.kind, 'sourceReturns')
  })

  test('a copy that is under way from it is called off: it came from its life before, and may hang until a probe ends it', () => {
    const unit = backup(NEW_VOTER, {})
    unit.order(followOrder({ term: 1 }), 150, 3)
    const { op } = unit.latest('followSource')
    const actions = asked(unit, { holder: 'n2' })
    assert.deepEqual([find(actions, 'abandonFollow')?.op, find(actions, 'answerOrder')?.orderId], [op, 3])
    assert.equal(find(actions, 'demoteServer')?.server, 'nb')
    assert.equal(unit.phase('backup').follow, null)
    assert.equal(find(asked(unit, { holder: 'n3', term: 9 }), 'abandonFollow'), undefined)
  })

  test('a node that cannot vote is asked in vain, and lets go all the same: nobody would tell it later', () => {
    const unit = backup({ problem: 'voter.json is corrupt' })
    unit.observe({ source: sourceOf('n2'), replication: 'replicating' }, 100)
    const actions = asked(unit, { holder: 'n2' })
    assert.equal(find(actions, 'answerTerm')?.reply.ok, false)
    assert.equal(find(actions, 'demoteServer')?.server, 'nb')
  })

  test('for anybody else\'s term, for one that was taken again for an active that serves on, and for one that was not accepted, a backup goes on following', () => {
    for (const changes of [{ holder: 'n3' }, { holder: 'n2', reason: 'reasserted' }] as const) assert.equal(find(asked(following(), changes), 'demoteServer'), undefined)
    const unit = following()
    asked(unit, { holder: 'n3' })
    assert.equal(find(asked(unit, { holder: 'n2' }), 'demoteServer'), undefined)
    assert.equal(find(asked(following({ source: sourceOf('n3') }), { holder: 'n2' }), 'demoteServer'), undefined)
  })
})

test('an agent that was frozen until its lease was over gives up before it takes what came meanwhile (S2)', () => {
  const starting = promoting()
  assert.equal(find(starting.finish('takeEndpoints', 9_000), 'openGates'), undefined)
  starting.phase('stopping')
  const serving = active()
  const actions = serving.order(handoverBeginOrder(), 9_000)
  assert.equal(find(actions, 'beginHandover'), undefined)
  assert.equal(find(actions, 'refuseOrder')?.refusal.kind, 'notServing')
  serving.phase('stopping')
})

test('a slow heartbeat does not keep an active from giving up', () => {
  const unit = active()
  unit.observe({ health: 'down' }, 1_100)
  unit.phase('stopping')
  assert.equal(unit.latest('writeHeartbeat').op > 0, true)
})

test('an order is answered once: its end comes with the phase that it began', () => {
  const unit = backup()
  unit.order(promoteOrder(), 1_000, 5)
  unit.reply('n2', 1_002)
  for (const type of ['promoteServers', 'takeEndpoints'] as const) assert.equal(find(unit.finish(type, 1_010), 'answerOrder'), undefined)
  assert.equal(find(unit.finish('openGates', 1_020), 'answerOrder')?.orderId, 5)
  assert.equal(find(unit.finish('openGates', 1_020), 'answerOrder'), undefined)
})
