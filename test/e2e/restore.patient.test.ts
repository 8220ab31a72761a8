// Rows that somebody deleted come back out of a snapshot, while clients go on writing and the backups follow.
import assert from 'node:assert/strict'
import type { RestoreReply } from '../../protocol/restore.ts'
import type { ClusterSnapshots } from '../../protocol/snapshot.ts'
import { CLUSTER_NAME } from '../testbed/cluster-file.ts'
import { acknowledged, describeCluster, NEWEST, PATIENT, type Scene } from './scenario.ts'
import { transact } from './transact.ts'

const nameIs = (name: string) => [['name', '==', name]]

async function routers (scene: Scene): Promise<readonly unknown[]> {
  const [result] = await transact(scene, { op: 'select', table: 'Logical_Router', where: [], columns: ['_uuid', 'name'] })
  return (result?.rows ?? []).map(({ name, _uuid: uuid }) => `${name} ${JSON.stringify(uuid)}`).toSorted()
}

for (const ovs of NEWEST) {
  describeCluster(`restore, Open vSwitch ${ovs}`, { timing: PATIENT, ovs, nodes: '2+witness' }, ({ scenario }) => {
    /** What was acknowledged before the restore is what it overwrites; nothing after it may be missing. */
    let endedAtMs = Infinity

    scenario('deleted rows are back with their uuids, later ones are gone and kept as a snapshot, clients keep writing, and the backup is the same', {
      judge: async (missing, client) => {
        const before = (await acknowledged(client)).filter(({ atMs }) => atMs <= endedAtMs).length
        assert.ok(missing <= before, `${missing} writes of ${client.name} are missing, and ${before} were acknowledged before the restore ended`)
      }
    }, async scene => {
      const { ovsdbHa } = scene
      await transact(scene, { op: 'insert', table: 'Logical_Router', row: { name: 'kept' } }, { op: 'insert', table: 'Logical_Router', row: { name: 'lost' } })
      const before = await routers(scene)
      const [id = ''] = (await ovsdbHa('backup', 'now')).stdout.split(':')
      await transact(scene, { op: 'delete', table: 'Logical_Router', where: nameIs('lost') }, { op: 'update', table: 'Logical_Router', where: nameIs('kept'), row: { name: 'renamed' } }, { op: 'insert', table: 'Logical_Router', row: { name: 'late' } })
      const after = await routers(scene)

      const shown = await ovsdbHa('backup', 'restore', id)
      assert.equal(shown.exitCode, 1, shown.stderr)
      assert.match(shown.stdout, /Logical_Router +1 +1 +1$/m)
      assert.match(shown.stderr, /^nothing was changed\. To do it: ovsdb-ha backup restore \S+ --confirm ovn$/)
      assert.deepEqual(await routers(scene), after, 'without a confirmation nothing was overwritten')

      const { term } = await scene.view()
      const restored = await ovsdbHa('backup', 'restore', id, '--confirm', CLUSTER_NAME, '--reason', 'somebody deleted it', '-o', 'json')
      endedAtMs = Date.now()
      assert.equal(restored.exitCode, 0, restored.stdout + restored.stderr)
      const reply: RestoreReply = JSON.parse(restored.stdout)
      assert.deepEqual([reply.databases.map(({ server, state }) => `${server} ${state}`), reply.backups], [['nb restored', 'sb restored'], 'same'])
      assert.deepEqual(await routers(scene), before)
      await scene.clientsWrite()
      assert.match((await scene.entry('it was restored', ({ kind }) => kind === 'restoreEnded')).message, new RegExp(`^${id} is restored on a: .* the backups: same\\. To undo it, restore ${reply.before}$`))
      assert.equal((await scene.until('a serves', view => view.active === 'a')).term, term, 'the service was not moved')
      const { snapshots }: ClusterSnapshots = JSON.parse((await ovsdbHa('backup', 'list', '-o', 'json')).stdout)
      assert.ok(snapshots.some(one => one.id === reply.before && one.node === 'a' && one.as === 'active'), 'what was overwritten is kept')
    })
  })
}
