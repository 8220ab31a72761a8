import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { pino, type Logger } from 'pino'
import type { DurableState } from '../../../agent/core/actions.ts'
import type { UnitConfig } from '../../../agent/core/state.ts'
import type { Restored } from '../../../agent/core/unit.ts'
import { createOperations } from '../../../agent/operations.ts'
import { createProblemBoard } from '../../../agent/problem-board.ts'
import { createUnitShell, type UnitShell, type VoterPeer } from '../../../agent/shell.ts'
import type { OvsdbHaError } from '../../../protocol/errors.ts'
import type { Happening, Report } from '../../../protocol/report.ts'
import { durableState, followOrder, handoverBeginOrder, handoverFinishOrder, leaseRequest, NEW_VOTER, promoteOrder, releaseRequest, termRequest, unitConfig } from '../../fixtures.ts'
import { createWorld, endpointDouble, guardDouble, serverDouble } from './port-doubles.ts'

const DEADLINE_MS = 5_000
const granting: VoterPeer = { lease: () => Promise.resolve({ ok: true }), release: () => Promise.resolve() }

/** The fixtures' unit on ports in memory, with operations as they are. */
async function startUnit (t: TestContext, { restored = NEW_VOTER, changes = {}, problem = null, logger = pino({ level: 'silent' }) }: { readonly restored?: Restored, readonly changes?: Partial<UnitConfig>, readonly problem?: string | null, readonly logger?: Logger } = {}) {
  const world = createWorld()
  const config = unitConfig(changes)
  const server = serverDouble(world, 'nb')
  const servers = config.witness ? [] : [server]
  const endpoints = config.witness ? [] : [endpointDouble(world)]
  const problems = createProblemBoard()
  const stored: DurableState[] = []
  const broken = Promise.withResolvers<Error>()
  const shell = createUnitShell({
    config,
    bootId: 'boot',
    configDigest: 'digest',
    databases: { nb: 'OVN_Northbound' },
    addresses: { n2: '10.0.0.2', n3: '10.0.0.3' },
    servers,
    endpoints,
    operations: createOperations({ servers, endpoints, guard: guardDouble(world), guardLeadMs: 0, onProblem: problems.set }),
    durable: { path: '/state/voter.json', load: () => Promise.resolve(restored), store: state => world.call('store').then(() => { stored.push(state) }) },
    voters: new Map([['n2', granting], ['n3', granting]]),
    rescueUsage: () => ({ files: 0, bytes: 0, unacknowledgedFiles: 0 }),
    problems,
    logger,
    onInvariantBroken: broken.resolve
  })
  problems.set('guard', problem)
  await shell.start()
  t.after(() => shell.stop())
  return { world, shell, server, problems, stored, broken: broken.promise }
}

/** The next report that is so; the test's deadline ends the wait. */
async function reportWhere (shell: UnitShell, isSo: (report: Report) => boolean): Promise<Report> {
  const found = Promise.withResolvers<Report>()
  const look = (report: Report) => { if (isSo(report)) found.resolve(report) }
  const unfollow = shell.follow(look, () => look(shell.report()))
  look(shell.report())
  try {
    return await found.promise
  } finally {
    unfollow()
  }
}

async function backupUnit (t: TestContext, restored: Restored = NEW_VOTER) {
  const unit = await startUnit(t, { restored })
  await reportWhere(unit.shell, report => report.phase === 'backup')
  return unit
}

async function activeUnit (t: TestContext) {
  const unit = await backupUnit(t)
  assert.deepEqual((await unit.shell.order(promoteOrder())).reason, null)
  return unit
}

function coded (code: string, httpStatus: number) {
  return (error: OvsdbHaError) => {
    assert.deepEqual([error.code, error.httpStatus, error.cluster, error.node], [code, httpStatus, 'ovn', 'n1'])
    assert.notEqual(error.hint, '')
    return true
  }
}

describe('what must be durable (S1)', { timeout: DEADLINE_MS }, () => {
  test('an answer that rests on a changed record leaves only after it was stored (S1)', async t => {
    const { world, shell, stored } = await startUnit(t, { changes: { witness: true, servers: [] } })
    const store = world.hold('store')
    const answer = shell.term(termRequest({ reason: 'firstStart' })).then(reply => {
      assert.equal(stored.length, 1)
      return reply
    })
    await store.begun
    assert.equal(shell.report().voter.term, 0)
    store.go()
    assert.equal((await answer).ok, true)
    assert.equal(stored[0]?.voter.term, 5)
  })

  test('a state that cannot be stored is not answered: 503, and nothing was accepted (S1)', async t => {
    const { world, shell, problems } = await startUnit(t, { restored: durableState(), changes: { witness: true, servers: [] } })
    world.failing.set('store', 'ENOSPC: no space left on device')
    await assert.rejects(shell.term(termRequest({ reason: 'switchover' })), coded('OVSDB_HA_STATE_NOT_STORED', 503))
    await assert.rejects(shell.lease(leaseRequest({ term: 6, holder: 'n3' })), coded('OVSDB_HA_STATE_NOT_STORED', 503))
    await assert.rejects(shell.release(releaseRequest()), coded('OVSDB_HA_STATE_NOT_STORED', 503))
    assert.deepEqual([shell.report().voter.term, shell.report().voter.released], [4, null])
    assert.match(problems.list()[0]?.message ?? '', /no space left/)
  })

  test('a disk that fails is logged when it begins to and when it works again, however often it is tried', async t => {
    const lines: { level: number, msg: string }[] = []
    const logger = pino({ level: 'info' }, { write: (line: string) => { lines.push(JSON.parse(line)) } })
    const { world, shell } = await startUnit(t, { restored: durableState(), changes: { witness: true, servers: [] }, logger })
    world.failing.set('store', 'ENOSPC: no space left on device')
    for (let again = 0; again < 5; again++) await assert.rejects(shell.term(termRequest({ reason: 'switchover' })))
    world.failing.clear()
    assert.equal((await shell.term(termRequest({ reason: 'switchover' }))).ok, true)
    assert.deepEqual(lines.filter(({ msg }) => /^state /.test(msg)).map(({ level, msg }) => [level, msg]), [[50, 'state not stored'], [30, 'state is stored again']])
    assert.equal(lines.filter(({ level }) => level >= 50).length, 1)
  })

  test('a request that changes nothing durable is answered also while the disk fails', async t => {
    const { world, shell } = await startUnit(t, { restored: durableState(), changes: { witness: true, servers: [] } })
    world.failing.set('store', 'EIO')
    assert.deepEqual(await shell.lease(leaseRequest()), { ok: true, boot: 'boot-1' })
    assert.equal((await shell.term(termRequest({ term: 3 }))).ok, false)
  })

  test('when the disk works again the problem is gone and requests are answered', async t => {
    const { world, shell, problems } = await startUnit(t, { changes: { witness: true, servers: [] } })
    world.failing.set('store', 'EIO')
    await assert.rejects(shell.term(termRequest({ reason: 'firstStart' })))
    world.failing.clear()
    assert.equal((await shell.term(termRequest({ reason: 'firstStart' }))).ok, true)
    assert.deepEqual(problems.list(), [])
  })

  test('an order whose first step cannot be stored is answered with 503, not left waiting (S1)', async t => {
    const { world, shell } = await backupUnit(t)
    world.failing.set('store', 'EIO')
    await assert.rejects(shell.order(promoteOrder()), coded('OVSDB_HA_STATE_NOT_STORED', 503))
    assert.equal(shell.report().phase, 'backup')
  })

  test('the end of a hand-over that could not be stored is taken again: the node does not stay frozen under its lease (S2)', async t => {
    const { world, shell } = await activeUnit(t)
    await shell.order(handoverBeginOrder())
    const freeze = world.hold('becomeBackup nb')
    const finishing = shell.order(handoverFinishOrder())
    await freeze.begun
    world.failing.set('store', 'EIO')
    const failed = world.hold('store')
    freeze.go()
    await failed.begun
    failed.go()
    await reportWhere(shell, report => report.problems.some(problem => problem.code === 'stateNotStored'))
    assert.equal(shell.report().phase, 'handingOver')
    world.failing.clear()
    assert.equal((await finishing).ok, true)
    assert.deepEqual([shell.report().phase, shell.report().lease.releasedTerm], ['backup', 4])
  })
})

describe('orders', { timeout: DEADLINE_MS }, () => {
  test('a promotion is answered when clients are let in, with its steps (S4)', async t => {
    const { world, shell } = await backupUnit(t)
    const reply = await shell.order(promoteOrder())
    assert.equal(reply.ok, true)
    assert.deepEqual(reply.steps.map(step => step.name), ['lease', 'promote nb', 'endpoint 10.0.0.100', 'guard', 'gate nb'])
    assert.ok(world.log.indexOf('promote nb') < world.log.indexOf('hold endpoint'))
    assert.equal(shell.report().phase, 'active')
  })

  test('a promotion that fails is answered no, with the reason, and the node is a backup again (S8)', async t => {
    const { world, shell } = await backupUnit(t)
    world.failing.set('promote nb', 'no answer')
    const reply = await shell.order(promoteOrder())
    assert.deepEqual([reply.ok, reply.reason], [false, 'promotionFailed: promote nb: no answer'])
    assert.deepEqual([shell.report().phase, shell.report().lease.releasedTerm], ['backup', 4])
  })

  test('an order with an old term is refused with 409 and the current term (S1)', async t => {
    const { shell } = await backupUnit(t, durableState({ holder: 'n2' }))
    await assert.rejects(shell.order(promoteOrder({ term: 3 })), (error: OvsdbHaError & { readonly term?: number }) => {
      assert.equal(error.term, 4)
      return coded('OVSDB_HA_STALE_TERM', 409)(error)
    })
  })

  for (const [order, code] of [
    [promoteOrder(), 'OVSDB_HA_TERM_OF_ANOTHER'],
    [handoverBeginOrder(), 'OVSDB_HA_NOT_SERVING'],
    [followOrder({ source: 'n1' }), 'OVSDB_HA_BAD_SOURCE']
  ] as const) {
    test(`a refused order to ${order.type} is a coded error with a hint: ${code}`, async t => {
      const { shell } = await backupUnit(t, durableState({ holder: 'n2' }))
      await assert.rejects(shell.order(order), coded(code, 409))
    })
  }

  test('a node that does not vote refuses with its problem (S1)', async t => {
    const { shell } = await startUnit(t, { restored: { problem: 'voter.json is corrupt' } })
    await assert.rejects(shell.order(promoteOrder()), coded('OVSDB_HA_CANNOT_VOTE', 409))
  })

  test('a backup follows by the source\'s own address (S5)', async t => {
    const { world, shell } = await backupUnit(t, durableState({ holder: 'n2' }))
    assert.equal((await shell.order(followOrder())).ok, true)
    assert.ok(world.log.includes('follow nb n2 10.0.0.2'))
  })
})

describe('followers', { timeout: DEADLINE_MS }, () => {
  test('trouble at a server is looked at and acted on at once, and told as reports and a happening', async t => {
    const { shell, server } = await activeUnit(t)
    const happenings: Happening[] = []
    const unfollow = shell.follow(() => undefined, happening => { happenings.push(happening) })
    server.seen = { ...server.seen, health: 'down', reason: 'the process ended' }
    server.trouble()
    const report = await reportWhere(shell, one => one.lease.releasedTerm === 4)
    unfollow()
    assert.equal(report.phase, 'backup')
    const stopped = happenings.find(one => one.kind === 'servingStopped')
    assert.deepEqual([stopped?.cluster, stopped?.node, stopped?.facts['reason']], ['ovn', 'n1', 'serverDown'])
  })

  test('happenings carry the boot and their number in it, from 1: who hears of one twice can tell', async t => {
    const { shell } = await backupUnit(t)
    const happenings: Happening[] = []
    const unfollow = shell.follow(() => undefined, happening => { happenings.push(happening) })
    for (const kind of ['one', 'two']) shell.tell(kind, kind, {})
    unfollow()
    const [first = 0] = happenings.map(({ sequence }) => sequence)
    assert.ok(first >= 1)
    assert.deepEqual(happenings.map(({ bootId, sequence }) => [bootId, sequence]), [['boot', first], ['boot', first + 1]])
  })

  test('a report is sent for each change, numbered upwards, and none when nothing but time changed', async t => {
    const { shell } = await backupUnit(t)
    const reports: Report[] = []
    const unfollow = shell.follow(report => { reports.push(report) }, () => undefined)
    await shell.order(promoteOrder())
    unfollow()
    const timeless = reports.map(report => JSON.stringify({ ...report, sequence: 0, lease: { ...report.lease, remainingMs: 0 }, voter: { ...report.voter, grants: [] } }))
    assert.ok(reports.length >= 3)
    assert.deepEqual(timeless.filter((text, index) => text === timeless[index - 1]), [])
    assert.ok(reports.every((report, index) => index === 0 || report.sequence > (reports[index - 1]?.sequence ?? 0)))
    assert.ok(reports.some(report => report.phase === 'promoting'))
  })

  test('a follower that left hears nothing more', async t => {
    const { shell } = await backupUnit(t)
    let heard = 0
    shell.follow(() => { heard++ }, () => { heard++ })()
    await shell.order(promoteOrder())
    assert.equal(heard, 0)
  })

  test('a problem that was raised before the unit started is in its reports', async t => {
    const { shell } = await startUnit(t, { changes: { witness: true, servers: [] }, problem: 'nft: not permitted' })
    await reportWhere(shell, report => report.problems.some(problem => problem.code === 'guard'))
  })
})

describe('the end', { timeout: DEADLINE_MS }, () => {
  test('a problem is told as a happening when it begins and when it ends, and not when only its words change', async t => {
    const { shell, problems } = await startUnit(t)
    const heard: string[] = []
    t.after(shell.follow(() => {}, ({ kind, facts }) => { if (kind.startsWith('problem')) heard.push(`${kind} ${String(facts.code)}`) }))
    problems.set('renewal', 'nft took too long')
    problems.set('renewal', 'nft took too long, 3 times')
    problems.set('renewal', null)
    problems.set('renewal', null)
    assert.deepEqual(heard, ['problemBegan renewal', 'problemEnded renewal'])
  })

  test('stopping touches neither gates nor guard, and answers whoever waits: an agent that restarts within its lease changes nothing', async t => {
    const { world, shell } = await activeUnit(t)
    const before = world.log.length
    const gate = world.hold('closeGate nb')
    const waiting = assert.rejects(shell.order(handoverBeginOrder()), coded('OVSDB_HA_AGENT_NOT_READY', 503))
    await gate.begun
    await shell.stop()
    await waiting
    gate.go()
    assert.deepEqual(world.log.slice(before).filter(call => /^(close guard|becomeBackup|release endpoint|kill)/.test(call)), [])
    await assert.rejects(shell.term(termRequest()), coded('OVSDB_HA_AGENT_NOT_READY', 503))
  })

  test('a bug shuts the gates first and then ends the process (S4)', async t => {
    const { world, shell, broken } = await backupUnit(t)
    shell.follow(() => { throw new Error('a bug in a follower') }, () => undefined)
    shell.order(promoteOrder()).catch((error: unknown) => assert.ok(error instanceof Error))
    assert.equal((await broken).message, 'a bug in a follower')
    assert.ok(world.log.includes('close guard') && world.log.includes('closeGate nb'))
  })
})
