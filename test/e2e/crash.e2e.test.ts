// The active's servers die or hang; its node lives.
import assert from 'node:assert/strict'
import { SERVERS, type ServerName } from '../testbed/cluster-file.ts'
import { assertFailedOver, assertFollows, describeCluster, VERSIONS, type Client } from './scenario.ts'

const [NORTHBOUND, SOUTHBOUND] = SERVERS

/** The server that died may have taken one write with it, which was acknowledged and not yet replicated; the one that lived on none. */
function nothingOfSouthbound (missing: number, { name }: Client): void {
  assert.ok(missing <= (name === NORTHBOUND.name ? 1 : 0), `${missing} acknowledged writes of ${name} are missing`)
}

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

    scenario('the Northbound server dies while the copies of the Southbound one lag: its last writes are waited for, and none of them is missing', { failovers: 1, judge: nothingOfSouthbound }, async scene => {
      const onA = (...args: readonly string[]) => testbed.exec('a', ['nft', ...args])
      await onA('add table inet late')
      await onA('add chain inet late out { type filter hook output priority 0; }')
      await onA(`add rule inet late out tcp sport ${SOUTHBOUND.replicationPort} drop`)
      try {
        await scene.clientsWrite()
        await testbed.killServer('a', 'nb')
        await scene.until('another node is being promoted', view => view.operation?.from === 'a')
      } finally {
        await onA('delete table inet late')
      }
      const { steps } = await scene.ended()
      const wait = steps.find(({ name }) => name === 'last writes sb')
      assert.equal(wait?.error, null, 'the marker of the server that lived on came')
      await scene.whole()
    })

    scenario('a server that hangs (SIGSTOP) is failed over, and killed: it would go on as a stale writer', { failovers: 1 }, async scene => {
      const pid = await testbed.stopServer('a', 'nb')
      await assertFailedOver(scene)
      await assertFollows(scene, 'a')
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'the hung process is gone')
    })
  })
}
