// Writes that only the lost active had are looked at and brought back; without room to keep them nothing overwrites them.
import assert from 'node:assert/strict'
import type { ClusterRescues, RescueView } from '../../protocol/rescue.ts'
import { CLUSTER_NAME, SERVERS } from '../testbed/cluster-file.ts'
import { HOST_DIRECTORY } from '../testbed/host.ts'
import { assertFailedOver, assertFollows, describeCluster, NEWEST, nodeOf, PATIENT, type Scene } from './scenario.ts'
import { transact } from './transact.ts'

const RESCUES = `${HOST_DIRECTORY}/lib/${CLUSTER_NAME}/rescue`

const switchWithPort = (name: string, port: string) => [
  { op: 'insert', table: 'Logical_Switch_Port', 'uuid-name': 'port', row: { name: port } },
  { op: 'insert', table: 'Logical_Switch', row: { name, ports: ['named-uuid', 'port'] } }
]

async function names (scene: Scene, table: string): Promise<readonly unknown[]> {
  const [result] = await transact(scene, { op: 'select', table, where: [], columns: ['name'] })
  return (result?.rows ?? []).map(({ name }) => name)
}

async function newestOf ({ ovsdbHa }: Scene, node: string, server: string): Promise<RescueView> {
  const { stdout } = await ovsdbHa('rescue', 'list', '-o', 'json')
  const { nodes } = JSON.parse(stdout) as ClusterRescues
  const found = nodes.find(one => one.node === node)?.rescues.find(({ note }) => note?.server === server && !note.guard)
  assert.ok(found !== undefined, `${node} keeps a rescue of ${server}: ${stdout}`)
  return found
}

for (const ovs of NEWEST) {
  describeCluster(`rescues, Open vSwitch ${ovs}`, { ovs, timing: PATIENT }, ({ testbed, scenario }) => {
    scenario('what only the lost active had is brought back by rescue apply, every acknowledged write of it; what conflicts is refused with the reason', {
      judge: (missing, client) => assert.equal(missing, 0, `every acknowledged write of ${client.name} is there again`)
    }, async scene => {
      const { ovsdbHa, until } = scene
      await testbed.exec('a', ['nft', 'add table inet e2e; add chain inet e2e input { type filter hook input priority -10; }; add rule inet e2e input tcp dport { 16641, 16642 } drop'])
      await until('the backups are behind', view => ['b', 'c'].every(name => nodeOf(view, name).ineligible?.code === 'behind'))
      await transact(scene, ...switchWithPort('lost-switch', 'lost-port'))
      await transact(scene, ...switchWithPort('taken-switch', 'taken-port'))
      await testbed.powerOffHost('a')
      await until('nobody can take over', view => view.hold?.code === 'noCandidate')
      assert.equal((await ovsdbHa('failover', '--force', '--reason', 'the site burns')).exitCode, 0)
      await scene.clientsWrite()
      await transact(scene, ...switchWithPort('other-switch', 'taken-port'))
      await testbed.startHost('a')
      await assertFollows(scene, 'a')

      const { id, note } = await newestOf(scene, 'a', 'nb')
      assert.equal(note?.acknowledged, null)
      const diff = await ovsdbHa('rescue', 'diff', id, '--table', 'Logical_Switch_Port')
      assert.equal(diff.exitCode, 0, diff.stderr)
      assert.match(diff.stdout, /^- [0-9a-f-]{36} {2}lost-port$/m)
      const refused = await ovsdbHa('rescue', 'apply', id, '--all')
      assert.equal(refused.exitCode, 1)
      assert.match(refused.stdout.replaceAll(/\s+/g, ' '), /nothing was changed: .* Logical_Switch_Port taken-port Logical_Switch_Port [0-9a-f-]{36} of the active has the same name/)
      assert.equal((await names(scene, 'Logical_Switch')).includes('lost-switch'), false)

      for (const { name } of SERVERS) {
        const applied = await ovsdbHa('rescue', 'apply', (await newestOf(scene, 'a', name)).id, '--all', '--skip-conflicts', '--reason', 'lost in the fire')
        assert.equal(applied.exitCode, 0, applied.stdout + applied.stderr)
        assert.match(applied.stdout, /^\d+ rows of a-[0-9a-f]{8} are back in [bc] /)
      }
      assert.deepEqual((await names(scene, 'Logical_Switch')).filter(name => /^(lost|taken|other)-/.test(String(name))).toSorted(), ['lost-switch', 'other-switch'])
      assert.ok((await names(scene, 'Logical_Switch_Port')).includes('lost-port'))
      const told = await scene.entry('rows were brought back', ({ kind, facts }) => kind === 'rescueApplied' && facts.id === id)
      assert.match(told.message, /brought \d+ rows of rescue a-[0-9a-f]{8} back into nb \(lost in the fire\)/)

      assert.equal((await ovsdbHa('rescue', 'rm', id)).exitCode, 1, 'nobody has acknowledged it')
      assert.equal((await ovsdbHa('rescue', 'acknowledge', id, '--reason', 'all is back')).exitCode, 0)
      assert.equal((await ovsdbHa('rescue', 'rm', id)).exitCode, 0)
      assert.equal((await ovsdbHa('rescue', 'show', id)).exitCode, 4)
    })

    scenario('a full disk under the rescues keeps a node out of replication, and it says so; with room it follows (S7)', { failovers: 1 }, async scene => {
      await testbed.exec('a', ['mkdir', '-p', RESCUES])
      await testbed.exec('a', ['mount', '-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', RESCUES])
      try {
        await testbed.killServer('a', 'nb')
        await assertFailedOver(scene)
        const why = /no rescue of nb could be kept, so it stays out of replication: .*(ENOSPC|no space left)/i
        await scene.entry(`a could not follow: ${why.source}`, ({ kind, node, message }) => kind === 'followFailed' && node === 'a' && why.test(message))
        assert.equal(nodeOf(await scene.view(), 'a').following, null)
      } finally {
        await testbed.exec('a', ['umount', RESCUES])
      }
      await assertFollows(scene, 'a')
      await newestOf(scene, 'a', 'nb')
    })
  })
}
