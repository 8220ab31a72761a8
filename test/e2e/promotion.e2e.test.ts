// A node that was chosen cannot become active: nothing of the promotion stays (S8), and another node is taken.
import assert from 'node:assert/strict'
import { SERVERS, serverPaths } from '../testbed/cluster-file.ts'
import { addressesIn } from '../testbed/network.ts'
import { hostOf } from '../testbed/plan.ts'
import { poll } from '../testbed/wait.ts'
import { DEADLINE_MS, describeCluster, NEWEST, nodeOf, type Scene } from './scenario.ts'
import { breakProgram, hideProgram, mendProgram } from './programs.ts'

/** Everywhere the same heartbeat, and the next one not due at once: the candidate is then chosen by name. */
async function untilInStep (scene: Scene): Promise<void> {
  let before = Infinity
  await poll(async () => {
    const view = await scene.view()
    const sequences = new Set(view.nodes.flatMap(node => node.servers.map(server => server.position?.sequence ?? 0)))
    const [sequence = 0] = sequences
    const fresh = sequences.size === 1 && sequence > before
    if (sequences.size === 1 && before === Infinity) before = sequence
    return fresh ? true : null
  }, { deadlineMs: DEADLINE_MS, everyMs: 10, what: 'all nodes to have the same position' })
}

async function assertUndone ({ testbed, until }: Scene, name: string): Promise<void> {
  await until(`${name} is a backup that opened nothing`, view => {
    const node = nodeOf(view, name)
    return view.active !== name && node.role === 'backup' && node.servers.every(server => server.role === 'backup' && !server.gateOpen)
  })
  const host = hostOf(testbed.plan, name)
  await poll(async () => (await addressesIn(host.namespace)).includes(testbed.plan.vip) ? null : true, { deadlineMs: DEADLINE_MS, what: `the address to be gone from ${name}` })
  for (const server of SERVERS) {
    const { stdout } = await testbed.exec(name, ['ovs-appctl', '-t', serverPaths(server.name).controlSocket, 'ovsdb-server/list-remotes'])
    assert.doesNotMatch(stdout, new RegExp(`:${server.port}:`), `${server.name} of ${name} listens to no client`)
  }
}

for (const ovs of NEWEST) {
  describeCluster(`promotions that fail, Open vSwitch ${ovs}`, { ovs }, ({ testbed, scenario }) => {
    scenario('a candidate whose Southbound server froze a moment ago: the promotion is undone, and the next node is taken', { failovers: 1 }, async scene => {
      await untilInStep(scene)
      const frozen = await testbed.stopServer('b', 'sb')
      await testbed.killServer('a', 'nb')
      const operation = await scene.ended()
      assert.equal(operation.outcome, 'done', operation.detail)
      assert.notEqual(operation.to, 'b')
      await scene.clientsWrite()
      const failed = await scene.entry('b could not be promoted', ({ kind, node }) => kind === 'promotionFailed' && node === 'b')
      assert.match(failed.message, /b could not be promoted: .*sb/)
      assert.ok(operation.steps.some(step => step.node === 'b' && step.error !== null), 'the waterfall shows it')
      await assertUndone(scene, 'b')
      assert.throws(() => process.kill(frozen, 0), { code: 'ESRCH' }, 'the frozen server was replaced')
    })

    for (const [how, breakIt, words] of [
      ['fails', breakProgram, /ip is broken/],
      ['is missing', hideProgram, /the program ip is missing/]
    ] as const) {
      scenario(`a node where ip ${how} says so, and is refused as the next active`, { undisturbed: true }, async scene => {
        await breakIt(testbed, 'b', 'ip')
        try {
          const told = await scene.until('b says what is wrong', view => words.test(nodeOf(view, 'b').ineligible?.message ?? ''))
          assert.equal(told.active, 'a')
          await scene.status(how === 'fails' ? 'ip-fails' : 'ip-missing')
          const { exitCode, stderr } = await scene.ovsdbHa('switchover', '--to', 'b')
          assert.equal(exitCode, 1)
          assert.match(stderr, /b refused \(endpointUnusable\): b could not take the endpoint/)
          assert.match(stderr, words)
          await assertUndone(scene, 'b')
        } finally {
          await mendProgram(testbed, 'b', 'ip')
        }
        await scene.until('b could take over again', view => nodeOf(view, 'b').problems.length === 0 && nodeOf(view, 'b').ineligible === null)
      })
    }

    scenario('a node whose ip begins to fail at the moment of the crash is not promoted, or it is undone: another node serves', { failovers: 1 }, async scene => {
      await untilInStep(scene)
      await breakProgram(testbed, 'b', 'ip')
      try {
        await testbed.killServer('a', 'nb')
        const operation = await scene.ended()
        assert.equal(operation.outcome, 'done', operation.detail)
        assert.notEqual(operation.to, 'b')
        await scene.clientsWrite()
        await assertUndone(scene, 'b')
      } finally {
        await mendProgram(testbed, 'b', 'ip')
      }
    })

    scenario('a node where nft fails is not promoted either: its guard cannot be opened', {}, async scene => {
      await breakProgram(testbed, 'b', 'nft')
      try {
        const { stdout, stderr } = await scene.ovsdbHa('switchover', '--to', 'b')
        assert.match(stdout + stderr, /nft is broken/)
        await scene.clientsWrite()
        await assertUndone(scene, 'b')
      } finally {
        await mendProgram(testbed, 'b', 'nft')
      }
    })

    scenario('a node where arping is missing serves, and says that nobody hears of it; the next node is announced again', {}, async scene => {
      await hideProgram(testbed, 'b', 'arping')
      try {
        const { exitCode, stderr } = await scene.ovsdbHa('switchover', '--to', 'b')
        assert.equal(exitCode, 0, stderr)
        await scene.until('b names arping', view => view.active === 'b' && nodeOf(view, 'b').problems.some(({ message }) => message.startsWith('arping is missing: ')))
        await scene.whole()
        await scene.status('arping-missing')
      } finally {
        await mendProgram(testbed, 'b', 'arping')
      }
      await scene.until('a follows b', view => nodeOf(view, 'a').following === 'b' && nodeOf(view, 'a').ineligible === null)
      assert.equal((await scene.ovsdbHa('switchover', '--to', 'a')).exitCode, 0)
      await scene.clientsWrite()
      await scene.until('b has nothing to complain of', view => nodeOf(view, 'b').problems.length === 0)
    })
  })
}
