// A node is cut off, loses its power, or all of them do.
import assert from 'node:assert/strict'
import { assertFailedOver, assertFollows, describeCluster, isDead, NEWEST, nodeOf } from './scenario.ts'

for (const ovs of NEWEST) {
  describeCluster(`nodes fail, Open vSwitch ${ovs}`, { ovs }, ({ testbed, scenario }) => {
    scenario('the active is cut off: another node serves; healed, it returns as a backup and follows', { failovers: 1 }, async scene => {
      await testbed.cutHost('a')
      await assertFailedOver(scene)
      const view = await scene.until('the status knows that a is lost', cluster => !nodeOf(cluster, 'a').reachable && isDead(cluster, 'a'))
      assert.match(nodeOf(view, 'a').summary, /^a is not reachable for/)
      await scene.until('the other follows', cluster => cluster.nodes.some(node => node.role === 'backup' && node.following === cluster.active && node.ineligible === null))
      await scene.status('active-cut-off')
      await testbed.healHost('a')
      await assertFollows(scene, 'a')
    })

    scenario('a backup is cut off: nothing happens to clients, and healed it follows again', { undisturbed: true }, async scene => {
      await testbed.cutHost('c')
      await scene.until('c is lost', cluster => isDead(cluster, 'c'))
      await scene.clientsWrite()
      await scene.status('backup-cut-off')
      await testbed.healHost('c')
      await assertFollows(scene, 'c')
      assert.deepEqual((await scene.entries()).filter(({ operation }) => operation !== undefined), [])
    })

    scenario('all hosts lose their power at once: the node with the newest data becomes active, not the first by name', { failovers: 1, active: 'c' }, async scene => {
      await testbed.powerOffHost('a')
      const cut = (await scene.view()).nodes.find(node => node.name === 'c')?.servers[0]?.position?.sequence ?? 0
      await scene.until('c is ahead of a', cluster => (nodeOf(cluster, 'c').servers.every(({ position }) => position !== null && position.sequence > cut + 1)))
      await Promise.all(['b', 'c', 'ctl'].map(host => testbed.powerOffHost(host)))
      await Promise.all(['a', 'b', 'c', 'ctl'].map(host => testbed.startHost(host)))
      const view = await scene.whole()
      assert.equal(view.active, 'c', 'c was the last active, and holds what a never had')
      const operation = await scene.ended()
      assert.equal(operation.kind, 'coldStart')
      await scene.entry('the file of a is kept', ({ kind, node }) => kind === 'rescueKept' && node === 'a')
      await scene.status('after-a-cold-start')
    })
  })
}
