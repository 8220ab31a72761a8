// Three controllers on three independent Redis. Each may die, freeze or forget at any moment: a healthy cluster does not
// notice, and a failover that one of them had begun is brought to its end by another, once.
import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { serverPaths } from '../testbed/cluster-file.ts'
import { hostOf, redisHostsOf } from '../testbed/plan.ts'
import type { ProcessName } from '../testbed/product.ts'
import { poll } from '../testbed/wait.ts'
import { ovsdbHa } from './cli.ts'
import { findLeader, followersOf, grasp, killLeaderWhen, type LeaderProcess } from './leader.ts'
import { breakProgram, holdAddress, letGo, mendProgram } from './programs.ts'
import { acknowledged, assertFollows, DEADLINE_MS, describeCluster, nodeOf, type Scene } from './scenario.ts'

/** By hand also longer: OVSDB_HA_E2E_DOWN_MS=600000 node --test --test-name-pattern='is down' test/e2e/controllers.e2e.test.ts */
const CONTROL_PLANE_DOWN_MS = Number(process.env.OVSDB_HA_E2E_DOWN_MS ?? 20_000)
/** Well beyond the 5 s that a leadership lasts without the store. */
const FROZEN_MS = 8_000
/** Of a controller that is back, to the store. */
const WRITES_WITHIN_MS = 3_000

describeCluster('three controllers, three independent Redis', { controllers: 3, redis: 3, timing: { lease: '4s' } }, ({ testbed, scenario }) => {
  const redis = redisHostsOf(testbed.plan).map(({ name }) => name)
  const flushAll = () => Promise.all(redis.map(testbed.flushRedis))

  /**
   * The failover is complete, and happened once: clients were let in by `a` and then by one other node, and by nobody else. Where
   * no leader came to promote anybody, the next one may find `a` itself ready to serve again.
   */
  async function assertOnce (scene: Scene, dead: LeaderProcess | null, mayReturn = false): Promise<string> {
    // the dead one is started again only when another one leads: it could be the first to find leadership free
    if (dead !== null) await findLeader(testbed, dead.name)
    const view = await scene.whole()
    await scene.clientsWrite()
    const to = view.active ?? ''
    assert.ok(mayReturn || to !== 'a')
    assert.deepEqual(scene.servedBy(), to === 'a' ? ['a'] : ['a', to])
    const done = (await scene.entries()).flatMap(({ operation }) => operation?.outcome === 'done' ? [operation] : [])
    assert.ok(done.length <= 1, JSON.stringify(done.map(({ kind, to: target, term }) => ({ kind, to: target, term }))))
    // who was away when it was taken hears of it with the next renewal
    await scene.until('all voters know the one term', ({ nodes }) => nodes.every(({ term }) => term === view.term))
    return to
  }

  /** The server of the active crashes, and in the same moment all these freeze. They go on whatever comes of the test. */
  async function crashWhileFrozen (name: ProcessName, hosts: readonly string[], body: () => Promise<void>): Promise<void> {
    const server = await grasp(testbed, 'a', 'nb')
    const stopped = await Promise.all(hosts.map(host => grasp(testbed, host, name)))
    for (const one of stopped) one.send('SIGSTOP')
    server.send('SIGKILL')
    try {
      await body()
    } finally {
      for (const one of stopped) one.send('SIGCONT')
    }
  }

  /** c goes on voting and cannot take over: b is the only candidate. */
  async function withoutC (scene: Scene, body: () => Promise<void>): Promise<void> {
    await breakProgram(testbed, 'c', 'ip')
    try {
      await scene.until('c cannot take over', view => nodeOf(view, 'c').ineligible !== null)
      await body()
    } finally {
      await mendProgram(testbed, 'c', 'ip')
    }
  }

  const orderedToB = ({ operation }: Awaited<ReturnType<Scene['view']>>) => operation?.to === 'b' && operation.steps.some(({ name }) => name.startsWith('take term'))

  scenario('the leader is killed in a healthy cluster: another one leads, and nothing else has changed', { undisturbed: true }, async scene => {
    const before = await scene.view()
    const leader = await findLeader(testbed)
    const [follower = ''] = followersOf(testbed, leader.name)
    const { stdout } = await ovsdbHa(testbed.plan, follower, ['status'])
    assert.match(stdout, new RegExp(`answered by ctl\\d?, which follows ${leader.name} \\(http://`))
    const paused = await ovsdbHa(testbed.plan, follower, ['pause', '--reason', 'asked of a follower'])
    assert.equal(paused.exitCode, 0, paused.stderr)
    assert.equal((await ovsdbHa(testbed.plan, follower, ['resume'])).exitCode, 0)
    leader.send('SIGKILL')
    const next = await findLeader(testbed, leader.name)
    const after = await scene.view()
    assert.deepEqual([after.active, after.term, after.controller.name], [before.active, before.term, next.name])
    assert.deepEqual(after.nodes.flatMap(({ servers }) => servers.map(({ pid }) => pid)), before.nodes.flatMap(({ servers }) => servers.map(({ pid }) => pid)))
    assert.ok(!(await next.log()).some(({ kind }) => kind === 'operationBegan'))
  })

  scenario('the leader is killed when it suspects the lost active', { failovers: 1 }, async scene => {
    const leader = await findLeader(testbed)
    await testbed.powerOffHost('a')
    await killLeaderWhen(scene, leader, 'it suspects', ({ hold }) => hold?.code === 'suspecting' || hold?.code === 'stillRenewing')
    scene.t.diagnostic(`it had ${(await leader.log()).some(({ kind }) => kind === 'operationBegan') ? '' : 'not '}begun`)
    await scene.until('another node serves', ({ state, active }) => state === 'serving' && active !== 'a')
    await assertOnce(scene, leader)
  })

  scenario('the leader is killed when it has asked for a term, and no majority has answered', { failovers: 1 }, async scene => {
    const leader = await findLeader(testbed)
    await crashWhileFrozen('agent', ['b', 'c'], async () => {
      const { operation } = await killLeaderWhen(scene, leader, 'a term is asked for', view => view.operation !== null)
      assert.deepEqual(operation?.steps, [], 'no term was taken yet')
    })
    await assertOnce(scene, leader, true)
  })

  scenario('the leader is killed when the term is accepted and its order is with a frozen candidate: another node is taken, and the late order is refused', { failovers: 1 }, async scene => {
    const leader = await findLeader(testbed)
    await withoutC(scene, () => crashWhileFrozen('agent', ['b'], async () => {
      await killLeaderWhen(scene, leader, 'b is ordered to promote', orderedToB)
      await scene.until('another node serves', ({ state, active, controller }) => controller.leads && state === 'serving' && active !== null)
    }))
    await assertFollows(scene, 'b')
    assert.notEqual(await assertOnce(scene, leader, true), 'b')
  })

  scenario('the same, and the candidate goes on at once and has the order: the next leader leaves it', { failovers: 1 }, async scene => {
    const leader = await findLeader(testbed)
    await withoutC(scene, async () => {
      await crashWhileFrozen('agent', ['b'], async () => { await killLeaderWhen(scene, leader, 'b is ordered to promote', orderedToB) })
      await scene.until('somebody serves', ({ state, active, controller }) => controller.leads && state === 'serving' && active !== null)
    })
    scene.t.diagnostic(`${await assertOnce(scene, leader, true)} serves`)
  })

  scenario('the leader is killed while its candidate takes the address', { failovers: 1 }, async scene => {
    const leader = await findLeader(testbed)
    const mark = `${hostOf(testbed.plan, 'b').directory}/lib/taking-address`
    await withoutC(scene, async () => {
      await holdAddress(testbed, 'b')
      try {
        await testbed.killServer('a', 'nb')
        await poll(async () => await access(mark).then(() => true, () => null), { deadlineMs: DEADLINE_MS, everyMs: 5, what: 'b to take the address' })
        leader.send('SIGKILL')
      } finally {
        await letGo(testbed, 'b')
      }
      await scene.until('somebody serves', ({ state, active, controller }) => controller.leads && state === 'serving' && active !== null)
    })
    scene.t.diagnostic(`${await assertOnce(scene, leader, true)} serves`)
  })

  scenario('the leader is killed when the failover is done and no Redis has taken its history', { failovers: 1 }, async scene => {
    const leader = await findLeader(testbed)
    await crashWhileFrozen('redis', redis, async () => {
      await poll(async () => (await leader.log()).some(({ kind }) => kind === 'operationEnded') ? true : null, { deadlineMs: DEADLINE_MS, everyMs: 10, what: 'the failover to be done' })
      leader.send('SIGKILL')
    })
    await assertOnce(scene, leader)
  })

  scenario('every Redis forgets everything while the cluster is healthy: it stays paused as it was, and nobody notices', { undisturbed: true }, async scene => {
    const before = await scene.view()
    assert.equal((await scene.ovsdbHa('pause', '--reason', 'kept through it')).exitCode, 0)
    await flushAll()
    await scene.entry('the store was told again', ({ kind }) => kind === 'storeForgot')
    const after = await scene.view()
    assert.deepEqual([after.active, after.term, after.paused?.reason], [before.active, before.term, 'kept through it'])
    assert.equal((await scene.ovsdbHa('resume')).exitCode, 0)
  })

  scenario('every Redis forgets everything in the middle of a failover: it goes on, once', { failovers: 1 }, async scene => {
    await crashWhileFrozen('agent', ['b', 'c'], async () => {
      await scene.until('a term is asked for', ({ operation }) => operation !== null)
      await flushAll()
    })
    await assertOnce(scene, null)
  })

  scenario('a leader that is frozen for longer than its leadership and goes on follows the new one, and undoes nothing', {}, async scene => {
    const leader = await findLeader(testbed)
    leader.send('SIGSTOP')
    try {
      const atMs = performance.now()
      const next = await findLeader(testbed, leader.name)
      assert.equal((await ovsdbHa(testbed.plan, followersOf(testbed, leader.name).join(), ['switchover', '--to', 'b'])).exitCode, 0)
      await poll(async () => performance.now() - atMs > FROZEN_MS ? true : null, { deadlineMs: 2 * FROZEN_MS, what: 'its leadership to be over' })
      leader.send('SIGCONT')
      const own = await poll(async () => {
        const { stdout } = await ovsdbHa(testbed.plan, (await testbed.status()).controllers.find(({ name }) => name === leader.name)?.url ?? '', ['status', '-o', 'json'])
        const { clusters: [view] } = JSON.parse(stdout) as { readonly clusters: ReadonlyArray<Awaited<ReturnType<Scene['view']>>> }
        return view?.active === 'b' && view.controller.leader?.name === next.name ? view : null
      }, { deadlineMs: DEADLINE_MS, everyMs: 200, what: `${leader.name} to follow ${next.name} and to see b serve` })
      assert.equal(own.controller.leads, false)
    } finally {
      leader.send('SIGCONT')
    }
    const log = await leader.log()
    assert.ok(log.some(({ kind }) => kind === 'leadershipLost') && log.some(({ kind }) => kind === 'controllerStalled'))
    assert.ok(!log.some(({ kind }) => kind === 'operationBegan'), 'it began nothing')
    await scene.whole()
    // it read what had come while it was frozen, as its successor had
    assert.ok(log.some(({ kind }) => kind === 'servingBegan'))
    await scene.entry('it lost its leadership', ({ kind, facts }) => kind === 'leadershipLost' && facts.controller === leader.name)
    const lostAtMs = performance.now()
    await poll(async () => performance.now() - lostAtMs > WRITES_WITHIN_MS ? true : null, { deadlineMs: 2 * WRITES_WITHIN_MS, what: 'it to write all that it has to say' })
    const told = (await scene.entries()).flatMap(({ happening }) => happening ?? [])
    assert.deepEqual(told.filter((happening, index) => told.indexOf(happening) !== index), [], 'no happening is told twice')
    assert.equal((await scene.entries()).filter(({ kind, node }) => kind === 'servingBegan' && node === 'b').length, 1)
    assert.deepEqual(scene.servedBy(), ['a', 'b'])
  })

  scenario('every controller and every Redis is down for a while: clients write without a gap, and nothing has changed when they are back', { undisturbed: true }, async scene => {
    const before = await scene.view()
    const { controllers } = await testbed.status()
    await Promise.all([...controllers.map(({ name }) => testbed.killController(name)), ...redis.map(testbed.killRedis)])
    const clients = await Promise.all(scene.clients.map(async client => ({ client, fromMs: (await acknowledged(client)).at(-1)?.atMs ?? 0 })))
    for (const { client, fromMs } of clients) {
      await poll(async () => ((await acknowledged(client)).at(-1)?.atMs ?? 0) - fromMs > CONTROL_PLANE_DOWN_MS ? true : null, { deadlineMs: CONTROL_PLANE_DOWN_MS + DEADLINE_MS, everyMs: 1_000, what: `writes all the while by ${client.name}` })
    }
    await Promise.all([...controllers.map(({ name }) => testbed.startController(name)), ...redis.map(testbed.startRedis)])
    const after = await scene.whole()
    assert.deepEqual([after.active, after.term], [before.active, before.term])
    const { stdout } = await testbed.exec('a', ['ovs-appctl', '-t', serverPaths('nb').controlSocket, 'ovsdb-server/sync-status'])
    assert.match(stdout, /^state: active/m)
  })
})
