// A switchover that cannot come to its end, on real servers: the old active serves on as if nothing had happened, or the service
// has moved on with everything that was acknowledged. Nobody is left without an active, and nothing is lost.
import assert from 'node:assert/strict'
import type { ErrorBody, OperationReply } from '../../protocol/api.ts'
import { CLUSTER_NAME, SERVERS, serverPaths } from '../testbed/cluster-file.ts'
import { poll } from '../testbed/wait.ts'
import { breakProgram, mendProgram } from './programs.ts'
import { assertFollows, DEADLINE_MS, describeCluster, PATIENT, type Scene } from './scenario.ts'

const REPLICATION_PORTS = SERVERS.map(server => server.replicationPort).join(', ')

describeCluster('switchovers that fail', { ovs: '3.1', timing: { ...PATIENT, handoverDeadline: '6s', maxLag: 30 } }, ({ testbed, scenario }) => {
  const nft = async (text: string): Promise<void> => {
    const { failed, stderr } = await testbed.exec('a', ['nft', text])
    assert.ok(!failed, stderr)
  }
  /** What a replicates leaves it no more, and no session ends. */
  const holdBack = () => nft(`add table inet e2e; add chain inet e2e input { type filter hook input priority -10; }; add rule inet e2e input tcp dport { ${REPLICATION_PORTS} } drop; add chain inet e2e output { type filter hook output priority -10; }; add rule inet e2e output tcp sport { ${REPLICATION_PORTS} } drop`)
  const letThrough = () => nft('delete table inet e2e')

  async function servesInItsTerm (scene: Scene, term: number): Promise<void> {
    await scene.clientsWrite()
    const { active, term: now } = await scene.until('a serves', view => view.active === 'a' && view.state === 'serving')
    assert.deepEqual([active, now], ['a', term], 'under the lease that it had')
    assert.deepEqual(scene.servedBy(), ['a'])
  }

  scenario('a marker that does not arrive in time: it is undone, and the old active serves on in its term', {}, async scene => {
    const { term } = await scene.view()
    await holdBack()
    try {
      const { exitCode, stdout, stderr } = await scene.ovsdbHa('switchover', '--to', 'b')
      assert.equal(exitCode, 1, stdout + stderr)
      assert.match((stdout + stderr).replaceAll(/\s+/g, ' '), /undone in .*the marker did not arrive on b in time/)
      await servesInItsTerm(scene, term)
    } finally {
      await letThrough()
    }
    await assertFollows(scene, 'b')
    assert.equal((await scene.ovsdbHa('switchover', '--to', 'b')).exitCode, 0, 'and the next one is done')
  })

  scenario('a candidate that cannot be reached when it is asked for the marker: it is undone, and the old active serves on', {}, async scene => {
    const { term } = await scene.view()
    const api = await testbed.api()
    await testbed.stopServer('b', 'nb')
    // at once: its agent ends a server that hangs, and starts it anew
    const { body } = await api.post<OperationReply & ErrorBody>(`/v1/clusters/${CLUSTER_NAME}/switchover`, { to: 'b' })
    assert.ok(body.operation === undefined ? body.code === 'OVSDB_HA_NO_CANDIDATE' : body.operation.outcome === 'undone', JSON.stringify(body))
    await servesInItsTerm(scene, term)
  })

  scenario('an old active that freezes after its gate is shut and before it is read-only: the service moves on with all that it had', {}, async scene => {
    const { controlSocket } = serverPaths('nb')
    await holdBack()
    try {
      const asked = scene.ovsdbHa('switchover', '--to', 'b')
      await poll(async () => {
        const { failed, stdout } = await testbed.exec('a', ['ovs-appctl', '-t', controlSocket, 'ovsdb-server/list-remotes'])
        return !failed && !stdout.includes(`:${SERVERS[0].port}:`) ? true : null
      }, { deadlineMs: DEADLINE_MS, everyMs: 20, what: 'the gate of a to be shut' })
      await testbed.stopServer('a', 'sb')
      await letThrough()
      const { exitCode, stdout, stderr } = await asked
      scene.t.diagnostic((stdout + stderr).replaceAll(/\s+/g, ' ').slice(0, 300))
      assert.equal(exitCode, 1, 'it did not come to its end')
    } finally {
      await testbed.exec('a', ['nft', 'delete table inet e2e'])
    }
    await scene.clientsWrite()
    const { active } = await scene.until('somebody serves', view => view.state === 'serving')
    scene.t.diagnostic(`${active ?? 'nobody'} serves`)
  })

  scenario('a promotion that fails after the old active froze: it is undone, and the next node with everything serves', {}, async scene => {
    await breakProgram(testbed, 'b', 'nft')
    try {
      await scene.ovsdbHa('switchover', '--to', 'b')
      const operation = await scene.ended()
      assert.equal(operation.kind, 'switchover')
      if (operation.outcome === 'done') assert.notEqual(operation.to, 'b')
      await scene.clientsWrite()
      await scene.until('another one than b serves', view => view.state === 'serving' && view.active !== 'b')
    } finally {
      await mendProgram(testbed, 'b', 'nft')
    }
  })
})
