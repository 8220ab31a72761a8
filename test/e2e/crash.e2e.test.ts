// The active's servers die or hang; its node lives.
import assert from 'node:assert/strict'
import { assertFailedOver, assertFollows, describeCluster, VERSIONS } from './scenario.ts'
import { type ServerName } from '../testbed/cluster-file.ts'

for (const ovs of VERSIONS) {
  describeCluster(`servers of the active die, Open vSwitch ${ovs}`, { ovs }, ({ testbed, scenario }) => {
    const deaths: ReadonlyArray<readonly [string, readonly ServerName[]]> = [
      ['its Northbound server', ['nb']],
      ['its Southbound server', ['sb']],
      ['both servers', ['nb', 'sb']]
    ]
    for (const [what, servers] of deaths) {
      scenario(`SIGKILL of ${what}: another node serves, and the old active returns as a backup that follows, its file kept`, { failovers: 1 }, async scene => {
        const before = await scene.view()
        await Promise.all(servers.map(server => testbed.killServer('a', server)))
        await assertFailedOver(scene)
        await assertFollows(scene, 'a')
        assert.ok((await scene.view()).term > before.term, 'in a new term')
        await scene.entry('the file of a is kept', ({ kind, node }) => kind === 'rescueKept' && node === 'a')
        await scene.whole()
        await scene.status('after-a-crash')
      })
    }

    scenario('a server that hangs (SIGSTOP) is failed over, and killed: it would go on as a stale writer', { failovers: 1 }, async scene => {
      const pid = await testbed.stopServer('a', 'nb')
      await assertFailedOver(scene)
      await assertFollows(scene, 'a')
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'the hung process is gone')
    })
  })
}
