import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { durableState, handoverBeginOrder, position, promoteOrder, termRequest } from '../../../fixtures.ts'
import { active, backup, find, harness, promoting, started, typesOf, type UnitHarness } from './unit-harness.ts'

const LOST = { ok: false, refusal: 'olderTerm', term: 5, holder: 'n2', remainingMs: 0, voters: null } as const

describe('the end of a lease (S2)', () => {
  test('a lease that nobody renews is given up before it ends, by the agent itself (S2)', () => {
    const unit = active()
    unit.send({ type: 'woke' }, 2_949)
    unit.phase('active')
    const actions = unit.send({ type: 'woke' }, 2_950)
    assert.ok(find(actions, 'stopServing') !== undefined)
    assert.equal(unit.phase('stopping').reason, 'leaseLapsed')
  })

  test('the moment of giving up is asked for as a wake-up (S2)', () => {
    const unit = active()
    for (const atMs of [1_500, 2_000, 2_500]) {
      unit.send({ type: 'woke' }, atMs)
      unit.finish('writeHeartbeat', atMs)
    }
    assert.equal(find(unit.send({ type: 'woke' }, 2_930), 'wakeAt')?.atMs, 2_950)
  })

  test('a promotion whose lease is about to end is given up too (S2)', () => {
    const unit = promoting()
    unit.send({ type: 'woke' }, 2_950)
    assert.equal(unit.phase('stopping').reason, 'leaseLapsed')
  })

  test('a hand-over whose lease is about to end is given up too (S2)', () => {
    const unit = active()
    unit.order(handoverBeginOrder(), 1_100)
    unit.send({ type: 'woke' }, 2_950)
    assert.equal(unit.phase('stopping').reason, 'leaseLapsed')
  })

  test('when a majority of the voters moved on to a newer term, the active gives up at once (S1, S2)', () => {
    const unit = active()
    unit.send({ type: 'woke' }, 1_500)
    unit.reply('n2', 1_501, LOST)
    unit.phase('active')
    unit.reply('n3', 1_502, LOST)
    assert.equal(unit.phase('stopping').reason, 'superseded')
  })

  test('one voter that moved on does not end a lease that the majority renews (S2)', () => {
    const unit = active()
    unit.send({ type: 'woke' }, 1_500)
    unit.reply('n2', 1_501, LOST)
    unit.reply('n3', 1_502)
    assert.equal(unit.phase('active').lease.untilMs, 3_500)
  })

  test('an active whose own voter accepted a newer term counts that vote as lost at its next round (S1)', () => {
    const unit = active()
    unit.send({ type: 'termAsked', requestId: 1, request: termRequest({ reason: 'switchover' }) }, 1_400)
    unit.send({ type: 'woke' }, 1_500)
    unit.reply('n2', 1_501, LOST)
    assert.equal(unit.phase('stopping').reason, 'superseded')
  })
})

describe('asking for a lease in vain', () => {
  test('a term that no majority can grant any more is given back as unserved, and the order is answered no (S2)', () => {
    const unit = backup()
    unit.order(promoteOrder(), 1_000)
    unit.reply('n2', 1_001, LOST)
    const actions = unit.reply('n3', 1_002, LOST)
    unit.phase('backup')
    assert.equal(find(actions, 'answerOrder')?.reply.ok, false)
    assert.deepEqual(find(actions, 'tellVoters')?.request, { term: 4, holder: 'n1', served: false })
    assert.equal(find(actions, 'promoteServers'), undefined)
  })

  test('without a majority the promotion is given up at its deadline', () => {
    const unit = backup()
    unit.order(promoteOrder(), 1_000)
    unit.send({ type: 'woke' }, 5_999)
    unit.phase('acquiring')
    const actions = unit.send({ type: 'woke' }, 6_000)
    assert.match(find(actions, 'answerOrder')?.reply.reason ?? '', /no majority/)
    unit.phase('backup')
  })

  test('a voter that still waits for an earlier grant is asked again when that ends', () => {
    const unit = backup()
    unit.order(promoteOrder(), 1_000)
    unit.reply('n2', 1_001, { ok: false, refusal: 'otherGrantRuns', term: 4, holder: 'n1', remainingMs: 300, voters: null })
    assert.equal(find(unit.send({ type: 'woke' }, 1_300), 'askVoters'), undefined)
    assert.ok(find(unit.send({ type: 'woke' }, 1_301), 'askVoters') !== undefined)
  })
})

describe('servers of an active', () => {
  test('a server that becomes a backup behind the agent\'s back ends the serving', () => {
    const unit = active()
    unit.observe({ role: 'backup' }, 1_100)
    assert.equal(unit.phase('stopping').reason, 'roleLost')
  })

  test('a look that began before the node was active says nothing about its role', () => {
    const unit = active()
    unit.observe({ role: 'backup' }, 1_100, 1_029)
    unit.phase('active')
  })

  test('a busy server keeps serving: compaction and large transactions stall it for seconds', () => {
    const unit = active()
    unit.observe({ health: 'busy', role: 'active' }, 1_100)
    unit.phase('active')
  })

  test('a gate that was closed behind the agent\'s back is opened again: an active without one serves nobody', () => {
    const unit = active()
    assert.equal(find(unit.observe({ role: 'active', gateOpen: true }, 1_100), 'openGates'), undefined)
    assert.ok(find(unit.observe({ role: 'active', gateOpen: false }, 1_200), 'openGates') !== undefined)
    unit.finish('openGates', 1_210)
    unit.phase('active')
  })

  test('a heartbeat is written about once a second, one at a time, and counts up within the term', () => {
    const unit = active()
    assert.deepEqual(unit.latest('writeHeartbeat').position, position(4, 1))
    assert.equal(find(unit.send({ type: 'woke' }, 2_100), 'writeHeartbeat'), undefined)
    unit.finish('writeHeartbeat', 2_110)
    assert.deepEqual(unit.latest('writeHeartbeat').position, position(4, 2))
  })
})

describe('servers of a backup (S5)', () => {
  test('a server that is active without the lease is demoted at once and reported (S5)', () => {
    const unit = backup()
    const actions = unit.observe({ role: 'active' }, 100)
    assert.equal(find(actions, 'demoteServer')?.server, 'nb')
    assert.equal(find(actions, 'happened')?.kind, 'unsanctionedActive')
  })

  test('a gate that an ended agent left open on a backup is closed and reported (S4, S5)', () => {
    const unit = backup()
    const actions = unit.observe({ role: 'backup', gateOpen: true }, 100)
    assert.equal(find(actions, 'demoteServer')?.server, 'nb')
    assert.equal(find(actions, 'happened')?.kind, 'unsanctionedGate')
  })

  test('it is demoted once, and again only when a later look still finds it active (S5)', () => {
    const unit = backup()
    unit.observe({ role: 'active' }, 100)
    assert.equal(find(unit.observe({ role: 'active' }, 110), 'demoteServer'), undefined)
    assert.equal(find(unit.finish('demoteServer', 120, 'no answer'), 'demoteServer'), undefined)
    assert.ok(find(unit.observe({ role: 'active' }, 130), 'demoteServer') !== undefined)
  })

  test('a server that is down is started, at first at once and then less and less often', () => {
    const unit = backup()
    unit.observe({ health: 'down', reason: 'the process ended' }, 100)
    assert.ok(find(unit.send({ type: 'woke' }, 100), 'startServer') !== undefined)
    unit.finish('startServer', 110, 'exit 1')
    assert.equal(find(unit.send({ type: 'woke' }, 209), 'startServer'), undefined)
    assert.ok(find(unit.send({ type: 'woke' }, 210), 'startServer') !== undefined)
    unit.finish('startServer', 220, 'exit 1')
    assert.equal(find(unit.send({ type: 'woke' }, 469), 'startServer'), undefined)
    assert.ok(find(unit.send({ type: 'woke' }, 470), 'startServer') !== undefined)
  })

  test('a hung server is killed, then started', () => {
    const unit = backup()
    assert.equal(find(unit.observe({ health: 'hung' }, 100), 'killServer')?.server, 'nb')
    unit.finish('killServer', 110)
    assert.ok(find(unit.send({ type: 'woke' }, 110), 'startServer') !== undefined)
  })
})

describe('start of the agent', () => {
  test('its servers are started or adopted before anything else; it is a backup when all were seen (S5)', () => {
    const unit = harness()
    assert.deepEqual(typesOf(unit.last()), ['startServer'])
    unit.phase('starting')
    started(unit, {}, 10)
    unit.phase('backup')
  })

  test('a server that cannot be started does not keep the node from voting and following: it is a backup that tries again', () => {
    const unit = harness()
    unit.finish('startServer', 10, 'no such program')
    unit.phase('backup')
    unit.send({ type: 'woke' }, 110)
    assert.equal(unit.latest('startServer').op > 1, true)
  })

  test('an agent that restarts while its servers serve asks for the lease of its own term again, before it touches anything', () => {
    const unit = harness(durableState(), {}, 0)
    started(unit, { role: 'active', gateOpen: true }, 10, true)
    assert.equal(unit.phase('resuming').lease.term, 4)
    assert.equal(find(unit.last(), 'stopServing'), undefined)
    assert.equal(find(unit.last(), 'demoteServer'), undefined)
    unit.reply('n2', 12)
    assert.equal(unit.phase('promoting').stage, 'endpoints')
    unit.finish('takeEndpoints', 15)
    unit.finish('openGates', 18)
    assert.equal(unit.phase('active').lease.term, 4)
  })

  test('a resumed term goes on counting where its rows end: a position never goes back', () => {
    const unit = harness(durableState(), {}, 0)
    started(unit, { role: 'active', position: position(4, 41) }, 10, true)
    unit.reply('n2', 12)
    unit.finish('takeEndpoints', 15)
    unit.finish('openGates', 18)
    assert.deepEqual(unit.latest('writeHeartbeat').position, position(4, 42))
  })

  test('a term that was superseded meanwhile is not resumed: shut, demoted, given back (S1, S2)', () => {
    const unit = harness(durableState(), {}, 0)
    started(unit, { role: 'active', gateOpen: true }, 10, true)
    unit.reply('n2', 12, LOST)
    unit.reply('n3', 13, LOST)
    assert.equal(unit.phase('stopping').reason, 'superseded')
    assert.ok(find(unit.finish('stopServing', 20), 'demoteServer') !== undefined)
  })

  test('a resumed term that ends before it was granted again is given back only when shutting succeeded, or the lease before the restart is over (S3, S4)', () => {
    for (const end of [
      (unit: UnitHarness) => { for (const voter of ['n2', 'n3']) unit.reply(voter, 12, LOST) },
      (unit: UnitHarness) => { unit.observe({ health: 'down', reason: 'the process ended' }, 12) }
    ]) {
      const unit = harness(durableState(), {}, 0)
      started(unit, { role: 'active', gateOpen: true }, 10, true)
      end(unit)
      unit.finish('stopServing', 20, 'gate nb: no answer')
      unit.send({ type: 'woke' }, 2_109)
      unit.phase('stopping')
      assert.equal(unit.state().ownRelease.term, 0)
      assert.deepEqual(find(unit.send({ type: 'woke' }, 2_110), 'tellVoters')?.request, { term: 4, holder: 'n1', served: true })
    }
  })

  test('without a majority the resumed term is given up within a lease and its slack (S2, S4)', () => {
    const unit = harness(durableState(), {}, 0)
    started(unit, { role: 'active' }, 10, true)
    unit.send({ type: 'woke' }, 2_109)
    unit.phase('resuming')
    unit.send({ type: 'woke' }, 2_110)
    assert.equal(unit.phase('stopping').reason, 'leaseLapsed')
  })

  test('a node whose servers were born backups shuts what its lease before may have left open, then gives its old term back, as served (S2, S3, S5)', () => {
    const unit = harness(durableState(), {}, 0)
    started(unit, { role: 'backup' }, 10)
    assert.ok(find(unit.last(), 'stopServing') !== undefined)
    assert.equal(unit.state().ownRelease.term, 0)
    const actions = unit.finish('stopServing', 20)
    assert.deepEqual(typesOf(actions).slice(0, 2), ['persist', 'tellVoters'])
    assert.deepEqual(find(actions, 'tellVoters')?.request, { term: 4, holder: 'n1', served: true })
    unit.phase('backup')
  })

  test('a server found active on a node that does not hold the term is demoted (S5)', () => {
    const unit = harness(durableState({ holder: 'n2' }), {}, 0)
    const { op } = unit.latest('startServer')
    unit.observe({ role: 'active' }, 10)
    const actions = unit.send({ type: 'serverStarted', server: 'nb', op, adopted: true, role: 'active' }, 10)
    const later = unit.observe({ role: 'active' }, 20)
    assert.ok([...actions, ...later].some(action => action.type === 'demoteServer'))
    unit.phase('backup')
  })

  test('a witness has no servers and nothing due by itself', () => {
    const unit = harness(durableState(), { witness: true, servers: [] })
    assert.deepEqual(unit.last(), [])
    unit.phase('witness')
  })
})
