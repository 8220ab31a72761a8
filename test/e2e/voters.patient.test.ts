// Who votes is changed while clients write: they notice nothing, and the majority is another one afterwards.
import assert from 'node:assert/strict'
import { CLUSTER_NAME } from '../testbed/cluster-file.ts'
import { describeCluster, endAgent, NEWEST, nodeOf, PATIENT } from './scenario.ts'

const VOTER_FILE = `/run/ovsdb-ha/lib/${CLUSTER_NAME}/voter.json`

for (const ovs of NEWEST) {
  describeCluster(`voters, Open vSwitch ${ovs}`, { ovs, nodes: '2+witness', timing: PATIENT }, ({ testbed, scenario }) => {
    scenario('the vote of the witness is taken away and given back, again and again: no try of any client fails', { undisturbed: true }, async scene => {
      let { generation } = (await scene.view()).voters
      for (let round = 1; round <= 3; round++) {
        for (const [change, voters, failover] of [['remove', 'a, b', false], ['add', 'a, b, w', true]] as const) {
          const { exitCode, stdout, stderr } = await scene.ovsdbHa('voters', change, 'w', '--reason', `round ${round}`)
          assert.equal(exitCode, 0, stderr)
          assert.match(stdout, new RegExp(`^ovn: ${voters} vote \\(generation ${++generation}\\)`))
          await scene.until('the voters agree', view => view.voters.generation === generation && view.configDiffers === null && view.automaticFailover.possible === failover)
        }
      }
      const changes = (await scene.entries()).filter(({ kind }) => kind === 'votersChanged')
      assert.equal(changes.length, 6)
    })

    scenario('what is stored outlives the agents: after they were killed the same nodes vote', { undisturbed: true }, async scene => {
      const restart = async (name: string): Promise<void> => {
        await endAgent(testbed, name)
        await scene.until(`${name} is missed`, view => !nodeOf(view, name).reachable)
        await testbed.startAgent(name)
        await scene.until(`${name} reports again`, view => nodeOf(view, name).reachable)
      }
      const stored = async (name: string): Promise<unknown> => {
        const { stdout } = await testbed.exec(name, ['cat', VOTER_FILE])
        return (JSON.parse(stdout) as { state: { voter: { voters: unknown } } }).state.voter.voters
      }
      assert.equal((await scene.ovsdbHa('voters', 'remove', 'w')).exitCode, 0)
      const { generation } = (await scene.view()).voters
      // of two voters none can be missed: only the one that does not vote is killed
      await restart('w')
      assert.deepEqual(await stored('b'), { generation, names: ['a', 'b'] })
      const shown = await scene.ovsdbHa('voters', 'show')
      assert.match(shown.stdout, /^ovn: a, b vote .*\n {2}in cluster\.yaml, without a vote: w/)
      assert.equal((await scene.ovsdbHa('voters', 'add', 'w')).exitCode, 0)
      await scene.until('a failover is possible', view => view.automaticFailover.possible)
      await restart('b')
      assert.deepEqual(await stored('b'), { generation: generation + 1, names: ['a', 'b', 'w'] })
    })

    scenario('refused changes say why, and change nothing', { undisturbed: true }, async scene => {
      const { voters } = await scene.view()
      for (const [args, why] of [[['remove', 'a'], /a serves: switch over/], [['add', 'b'], /b votes already/], [['add', 'x'], /no member x/]] as const) {
        const { exitCode, stderr } = await scene.ovsdbHa('voters', ...args)
        assert.notEqual(exitCode, 0)
        assert.match(stderr, why)
      }
      assert.deepEqual((await scene.view()).voters, voters)
    })

    scenario('two of three voters lose their word: it holds, and says why, until an operator forces a quorum and chooses who serves', { failovers: 1 }, async scene => {
      for (const name of ['b', 'w']) {
        await endAgent(testbed, name)
        await testbed.exec(name, ['sh', '-c', `printf damaged > ${VOTER_FILE}`])
        await testbed.startAgent(name)
      }
      const held = await scene.until('it holds', view => view.hold?.code === 'noMajority' && view.hold.message.includes('b and w report and cannot vote'))
      assert.match(held.hold?.message ?? '', /^1 of 3 voters answer, 2 are needed: /)
      const force = (...args: readonly string[]) => scene.ovsdbHa('quorum', 'force', 'a', 'b', 'w', '--reason', 'their disks', ...args)
      assert.notEqual((await force('--confirm', 'yes')).exitCode, 0)
      const forced = await force('--confirm', CLUSTER_NAME)
      assert.equal(forced.exitCode, 0, forced.stderr)
      assert.match(forced.stdout, /^ovn: a, b, w vote \(generation \d{4}\), by force\./)
      const waiting = await scene.until('it waits for the operator', view => view.hold?.code === 'noCandidate')
      assert.match(waiting.hold?.message ?? '', /who served last is lost with the voters before/)
      const chosen = await scene.ovsdbHa('failover', '--to', 'a', '--force', '--reason', 'a served')
      assert.equal(chosen.exitCode, 0, chosen.stderr)
      const whole = await scene.whole()
      assert.deepEqual([whole.active, whole.voters.names, whole.automaticFailover.possible], ['a', ['a', 'b', 'w'], true])
      assert.ok(whole.term > 1_000)
      for (const name of ['b', 'w']) assert.equal((await testbed.exec(name, ['cat', `${VOTER_FILE}.damaged`])).stdout, 'damaged')
    })

    scenario('after a witness was added the loss of the active is survived', { failovers: 1 }, async scene => {
      assert.equal((await scene.ovsdbHa('voters', 'remove', 'w')).exitCode, 0)
      assert.equal((await scene.ovsdbHa('voters', 'add', 'w')).exitCode, 0)
      await scene.until('a failover is possible', view => view.automaticFailover.possible)
      await testbed.powerOffHost('a')
      const operation = await scene.ended()
      assert.deepEqual([operation.to, operation.outcome], ['b', 'done'], operation.detail)
    })
  })
}
