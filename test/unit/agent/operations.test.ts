import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { monotonicMs } from '../../../agent/clock.ts'
import type { Guard } from '../../../agent/guard/guard.ts'
import { createOperations } from '../../../agent/operations.ts'
import { position } from '../../fixtures.ts'
import { createWorld, endpointDouble, guardDouble, serverDouble } from './port-doubles.ts'

function setUp (guardKind: Guard['kind'] = 'nftables', kind: 'none' | 'optional' | 'required' = 'none') {
  const world = createWorld()
  const guard = guardDouble(world, guardKind)
  const problems = new Map<string, string | null>()
  const operations = createOperations({
    servers: [serverDouble(world, 'nb'), serverDouble(world, 'sb')],
    endpoints: [endpointDouble(world)],
    guard,
    guardLeadMs: 200,
    onProblem: (code, message) => { problems.set(code, message) },
    companions: kind === 'none' ? undefined : { hasRequired: kind === 'required', startRequired: () => world.call('start companions'), stop: () => world.call('stop companions') }
  })
  return { world, guard, problems, operations }
}

const soon = () => monotonicMs() + 2_000

describe('letting clients in', () => {
  test('endpoints and guard are taken together, the guard for the rest of the lease less its lead (S4)', async () => {
    const { world, guard, operations } = setUp()
    const outcome = await operations.takeEndpoints(soon())
    assert.equal(outcome.error, null)
    assert.deepEqual(world.log, ['hold endpoint', 'open guard'])
    assert.ok((guard.lifetimesMs[0] ?? 0) <= 1_800)
  })

  test('a lease that ends within the lead opens no guard (S4)', async () => {
    const { operations } = setUp()
    assert.equal((await operations.takeEndpoints(monotonicMs() + 199)).error, 'guard: the lease ends too soon to open the guard')
  })

  test('a guard that does not open fails the stage, so that no gate is opened (S4)', async () => {
    const { world, operations } = setUp()
    world.failing.set('open guard', 'nft: no such table')
    assert.equal((await operations.takeEndpoints(soon())).error, 'guard: nft: no such table')
  })

  test('all servers are promoted at once; one that fails names the outcome, and each step is timed (S8)', async () => {
    const { world, operations } = setUp()
    world.failing.set('promote sb', 'no answer')
    const outcome = await operations.promoteServers(position(4, 0), { force: false, lastWrites: null })
    assert.equal(outcome.error, 'promote sb: no answer')
    assert.deepEqual(outcome.steps.map(step => [step.name, step.error]), [['promote nb', null], ['promote sb', 'no answer']])
    assert.ok(outcome.steps.every(step => step.endMs >= step.startMs))
  })

  test('the last writes of a server that lived on are waited for before anything is promoted; what comes too late is a step with an error, and no failure', async () => {
    const { world, operations } = setUp()
    const lastWrites = { marker: 'last-3-n2', servers: ['sb'], deadlineMs: 500 }
    const arrival = world.hold('awaitMarker sb')
    const promoting = operations.promoteServers(position(4, 0), { force: false, lastWrites })
    await arrival.begun
    assert.deepEqual(world.log, ['awaitMarker sb'])
    arrival.go()
    assert.equal((await promoting).error, null)
    world.failing.set('awaitMarker sb', 'late')
    const { error, steps } = await operations.promoteServers(position(4, 0), { force: false, lastWrites })
    assert.deepEqual([error, steps.map(step => [step.name, step.error])], [null, [['last writes sb', 'late'], ['promote nb', null], ['promote sb', null]]])
  })

  test('a stop while last writes are waited for overtakes the promotion (S4)', async () => {
    const { world, operations } = setUp()
    const arrival = world.hold('awaitMarker sb')
    const promoting = operations.promoteServers(position(4, 0), { force: false, lastWrites: { marker: 'last-3-n2', servers: ['sb'], deadlineMs: 500 } })
    await arrival.begun
    const stopping = operations.stopServing([])
    arrival.go()
    await stopping
    assert.equal((await promoting).error, 'overtaken: this node must not serve')
    assert.equal(world.log.some(call => call.startsWith('promote')), false)
  })
})

describe('stopping (S4)', () => {
  test('a stop overtakes an opening that is under way: it shuts at once, and again when that has ended (S4)', async () => {
    const { world, operations } = setUp()
    const gate = world.hold('openGate nb')
    const opening = operations.openGates()
    await gate.begun
    const stopping = operations.stopServing([])
    const shutting = ['closeGate nb', 'closeGate sb', 'close guard']
    assert.deepEqual(world.log.slice(2), shutting)
    gate.go()
    assert.deepEqual((await stopping).error, null)
    assert.deepEqual(world.log.slice(5), shutting)
    assert.equal((await opening).error, 'overtaken: this node must not serve')
  })

  test('a stop does not answer before the opening that it overtook has ended (S3)', async () => {
    const { world, operations } = setUp()
    const gate = world.hold('openGate nb')
    const opening = operations.openGates()
    await gate.begun
    let answered = false
    const stopping = operations.stopServing([]).then(outcome => {
      answered = true
      return outcome
    })
    const probe = world.hold('writeHeartbeat nb')
    const beat = operations.writeHeartbeat(position(4, 1))
    await probe.begun
    assert.equal(answered, false)
    probe.go()
    gate.go()
    await Promise.all([opening, beat, stopping])
    assert.equal(answered, true)
  })

  test('endpoints and guard that were being taken are overtaken too: the guard is shut again after them (S4)', async () => {
    const { world, operations } = setUp()
    const guard = world.hold('open guard')
    const taking = operations.takeEndpoints(soon())
    await guard.begun
    const stopping = operations.stopServing([])
    guard.go()
    assert.equal((await taking).error, 'overtaken: this node must not serve')
    await stopping
    assert.equal(world.log.filter(call => call === 'close guard').length, 2)
  })

  test('a renewal that was overtaken shuts the guard again: it may have been opened after the stop (S4)', async () => {
    const { world, operations } = setUp()
    const guard = world.hold('open guard')
    const extending = operations.extendGuard(soon(), true)
    await guard.begun
    const stopping = operations.stopServing([])
    guard.go()
    await Promise.all([extending, stopping])
    assert.equal(world.log.at(-1)?.startsWith('close'), true)
    assert.ok(world.log.lastIndexOf('close guard') > world.log.lastIndexOf('open guard'))
    assert.ok(world.log.filter(call => call === 'close guard').length >= 2)
  })

  test('hung servers are killed before their gates are looked at', async () => {
    const { world, operations } = setUp()
    await operations.stopServing(['sb'])
    assert.deepEqual(world.log, ['closeGate nb', 'kill sb', 'close guard', 'closeGate sb'])
  })

  test('after a stop a new promotion may open again', async () => {
    const { operations } = setUp()
    await operations.stopServing([])
    assert.equal((await operations.openGates()).error, null)
  })
})

describe('when it is certain that nobody is served (S3, S4)', () => {
  const cases = [
    { failing: [], kind: 'nftables', certain: true, title: 'guard and gates shut' },
    { failing: ['closeGate nb'], kind: 'nftables', certain: true, title: 'a gate does not answer, and the packet guard is shut' },
    { failing: ['close guard'], kind: 'nftables', certain: true, title: 'the guard cannot be shut, and every gate is' },
    { failing: ['closeGate nb', 'close guard'], kind: 'nftables', certain: false, title: 'neither the guard nor every gate is shut' },
    { failing: ['closeGate nb'], kind: 'none', certain: false, title: 'a gate does not answer, and there is no packet guard' },
    { failing: [], kind: 'none', certain: true, title: 'every gate is shut without a packet guard' }
  ] as const
  for (const { failing, kind, certain, title } of cases) {
    test(`${title}: it is ${certain ? '' : 'not '}certain`, async () => {
      const { world, operations } = setUp(kind)
      for (const call of failing) world.failing.set(call, 'no answer')
      assert.equal((await operations.stopServing([])).error === null, certain)
    })
  }

  test('a hung server that cannot be killed is not certain to serve nobody, without a packet guard', async () => {
    const { world, operations } = setUp('none')
    world.failing.set('kill nb', 'still there')
    assert.equal((await operations.stopServing(['nb'])).error, 'gate nb: still there')
  })

  test('after an overtaken opening only the second shutting counts', async () => {
    const { world, operations } = setUp('none')
    const gate = world.hold('openGate nb')
    const opening = operations.openGates()
    await gate.begun
    const stopping = operations.stopServing([])
    world.failing.set('closeGate nb', 'no answer')
    gate.go()
    await opening
    assert.equal((await stopping).error, 'gate nb: no answer')
  })
})

describe('renewals', () => {
  test('guard and endpoints are extended together, the endpoints only once they were taken', async () => {
    const { world, operations } = setUp()
    await operations.extendGuard(soon(), false)
    await operations.extendGuard(soon(), true)
    assert.deepEqual(world.log, ['open guard', 'open guard', 'hold endpoint'])
  })

  test('two renewals never queue: the next one extends what the first did', async () => {
    const { world, operations } = setUp()
    const guard = world.hold('open guard')
    const first = operations.extendGuard(soon(), false)
    await guard.begun
    await operations.extendGuard(soon(), false)
    guard.go()
    await first
    assert.deepEqual(world.log, ['open guard'])
  })

  test('a renewal that fails is a problem as long as it does', async () => {
    const { world, problems, operations } = setUp()
    world.failing.set('open guard', 'nft: busy')
    await operations.extendGuard(soon(), false)
    assert.equal(problems.get('renewal'), 'guard: nft: busy')
    world.failing.clear()
    await operations.extendGuard(soon(), false)
    assert.equal(problems.get('renewal'), null)
  })
})

describe('endpoints after serving', () => {
  test('they linger for the time given, then they are released', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { world, operations } = setUp()
    operations.releaseEndpoints(200, () => {})
    t.mock.timers.tick(199)
    assert.ok(!world.log.includes('release endpoint'))
    t.mock.timers.tick(1)
    assert.deepEqual(world.log.slice(-1), ['release endpoint'])
  })

  test('from the moment it ceased to serve a node announces them no more, though they linger: the new holder does', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { world, operations } = setUp()
    operations.announceEndpoints()
    operations.releaseEndpoints(200, () => {})
    assert.deepEqual(world.log, ['announce endpoint', 'detach endpoint'])
  })

  test('a node that becomes active again meanwhile keeps them', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { world, operations } = setUp()
    operations.releaseEndpoints(200, () => {})
    await operations.takeEndpoints(soon())
    t.mock.timers.tick(1_000)
    assert.deepEqual(world.log, ['detach endpoint', 'hold endpoint', 'open guard'])
  })
})

describe('hand-over and resync', () => {
  test('every gate is closed before any marker is written: nothing is acknowledged after it', async () => {
    const { world, operations } = setUp()
    const gate = world.hold('closeGate sb')
    const begun = operations.beginHandover('m')
    await gate.begun
    assert.deepEqual(world.log, ['closeGate nb', 'closeGate sb'])
    gate.go()
    assert.equal((await begun).error, null)
    assert.deepEqual(world.log.slice(2), ['writeMarker nb', 'writeMarker sb'])
  })

  test('a gate that does not close writes no marker', async () => {
    const { world, operations } = setUp()
    world.failing.set('closeGate nb', 'no answer')
    assert.equal((await operations.beginHandover('m')).error, 'gate nb: no answer')
    assert.ok(!world.log.includes('writeMarker sb'))
  })

  test('freezing makes every server a backup; the guard is shut too, and not waited for', async () => {
    const { world, operations } = setUp()
    assert.equal((await operations.freezeServers()).error, null)
    assert.deepEqual(world.log.toSorted(), ['becomeBackup nb', 'becomeBackup sb', 'close guard'])
  })

  test('the servers of a node are resynced one after the other, and no more once it was abandoned', async () => {
    const { world, operations } = setUp()
    const controller = new AbortController()
    const first = world.hold('follow nb n2 10.0.0.2')
    const following = operations.follow({ node: 'n2', address: '10.0.0.2' }, controller.signal)
    await first.begun
    controller.abort()
    first.go()
    assert.match((await following).error ?? '', /overtaken/)
    assert.deepEqual(world.log, ['follow nb n2 10.0.0.2'])
  })
})

test('letting go touches neither guard nor addresses: an agent that restarts within its lease changes nothing', async () => {
  const { world, operations } = setUp()
  await operations.detach()
  assert.deepEqual(world.log, ['detach endpoint', 'detach nb', 'detach sb'])
})

describe('companions', () => {
  test('in a hand-over they are stopped before the gates are shut and the marker is written: nothing of theirs comes behind it', async () => {
    const { world, operations } = setUp('nftables', 'optional')
    const stopping = world.hold('stop companions')
    const handover = operations.beginHandover('m')
    await stopping.begun
    assert.deepEqual(world.log, ['stop companions'])
    stopping.go()
    const { error, steps } = await handover
    assert.equal(error, null)
    assert.deepEqual(steps.map(({ name }) => name), ['companions', 'gate nb', 'gate sb', 'marker nb', 'marker sb'])
  })

  test('one that cannot be stopped fails the hand-over with every gate still open', async () => {
    const { world, operations } = setUp('nftables', 'optional')
    world.failing.set('stop companions', 'northd is stuck')
    assert.equal((await operations.beginHandover('m')).error, 'companions: northd is stuck')
    assert.deepEqual(world.log, ['stop companions'])
  })

  test('those that are required start after the servers were promoted and before anybody is let in; without them the promotion fails (S8)', async () => {
    const { world, operations } = setUp('nftables', 'required')
    world.failing.set('start companions', 'northd does not start')
    const { error } = await operations.promoteServers(position(4, 0), { force: false, lastWrites: null })
    assert.equal(error, 'required companions: northd does not start')
    assert.equal(world.log.at(-1), 'start companions')
  })

  test('those that are not required have no part in a promotion', async () => {
    const { world, operations } = setUp('nftables', 'optional')
    await operations.promoteServers(position(4, 0), { force: false, lastWrites: null })
    assert.ok(!world.log.includes('start companions'))
  })

  test('ceasing to serve waits for no companion', async () => {
    const { world, operations } = setUp('nftables', 'optional')
    await operations.stopServing([])
    assert.ok(!world.log.includes('stop companions'))
  })
})
