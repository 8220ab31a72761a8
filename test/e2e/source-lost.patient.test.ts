// The source dies while a backup is in the middle of copying from it: what the backup has by then is nobody's data. It is
// never promoted by itself, status says why, and the copy is made anew when the source is back (S5, S6).
import assert from 'node:assert/strict'
import { SERVERS, serverPaths } from '../testbed/cluster-file.ts'
import { poll } from '../testbed/wait.ts'
import { assertFollows, describeCluster, NEWEST, nodeOf, PATIENT, type Scene } from './scenario.ts'

/** By hand also more: OVSDB_HA_E2E_ROWS=100000 node --test test/e2e/source-lost.patient.test.ts */
const ROWS = Number(process.env.OVSDB_HA_E2E_ROWS ?? 20_000)
const ROWS_AT_ONCE = 1_000
/** The copy takes far longer than to see that it is under way; leases and reports have ports of their own. */
const COPY_RATE = '150 kbytes/second burst 60 kbytes'
/** Well beyond a lease: time enough for a promotion that must not come. */
const NOBODY_FOR_MS = 10_000
const [NB] = SERVERS
const { databaseSocket } = serverPaths(NB.name)

for (const ovs of NEWEST) {
  describeCluster(`a source is lost in the middle of a copy, Open vSwitch ${ovs}`, { ovs, nodes: '2+witness', timing: PATIENT }, ({ testbed, scenario }) => {
    async function sh (host: string, script: string): Promise<string> {
      const { failed, stdout, stderr } = await testbed.exec(host, ['sh', '-ec', script])
      assert.ok(!failed, stderr)
      return stdout
    }

    async function rowsOn (host: string): Promise<number> {
      const select = JSON.stringify([NB.database, { op: 'select', table: 'Logical_Switch', where: [], columns: ['name'] }])
      return Number(await sh(host, `ovsdb-client transact unix:${databaseSocket} '${select}' | grep -o '"bulk-[0-9]*"' | sort -u | wc -l`))
    }

    async function fill (): Promise<void> {
      for (let first = await rowsOn('a'); first < ROWS; first += ROWS_AT_ONCE) {
        const inserts = Array.from({ length: Math.min(ROWS_AT_ONCE, ROWS - first) }, (_, index) => ({ op: 'insert', table: 'Logical_Switch', row: { name: `bulk-${first + index}` } }))
        await sh('a', `ovsdb-client transact unix:${databaseSocket} '${JSON.stringify([NB.database, ...inserts])}' > /dev/null`)
      }
      assert.equal(await rowsOn('a'), ROWS)
    }

    const slowCopies = () => sh('a', `
      nft add table inet slow
      nft 'add chain inet slow out { type filter hook output priority 0; }'
      nft add rule inet slow out tcp sport ${NB.replicationPort} limit rate over ${COPY_RATE} drop`)
    const fastCopies = () => sh('a', 'nft delete table inet slow 2> /dev/null || :')

    /** b loses its server, and is in the middle of a new copy of all rows when this resolves. */
    async function untilCopying ({ until }: Scene): Promise<void> {
      await slowCopies()
      await testbed.killServer('b', NB.name)
      await until('b is in the middle of a copy', view => nodeOf(view, 'b').servers.some(({ name, health, complete, incompleteReason }) => name === NB.name && health === 'up' && !complete && /^resync from .* is not finished$/.test(incompleteReason ?? '')))
    }

    async function untilWholeAgain (scene: Scene): Promise<void> {
      await fastCopies()
      const view = await scene.whole()
      assert.equal(view.active, 'a')
      assert.deepEqual(scene.servedBy(), ['a'], 'nobody else ever served')
      await assertFollows(scene, 'b')
      assert.deepEqual([await rowsOn('a'), await rowsOn('b')], [ROWS, ROWS])
    }

    scenario(`the source loses its power, and then the server of the backup dies too: nobody takes over, and why is said; the copy of ${ROWS} rows is made when the source is back`, { failovers: 1 }, async scene => {
      await fill()
      try {
        await untilCopying(scene)
        await testbed.powerOffHost('a')
        const refused = (words: RegExp) => scene.until(`the cluster holds, and says of b ${words}`, view => view.active === null && view.hold?.refused.some(({ node, code, message }) => node === 'b' && code === 'incomplete' && words.test(message)) === true)
        await refused(/the copy of nb on b is not complete: resync from .* is not finished/)
        await testbed.killServer('b', NB.name)
        await refused(/the copy of nb on b is not complete: interrupted resync from/)
        const atMs = performance.now()
        await poll(async () => performance.now() - atMs > NOBODY_FOR_MS ? true : null, { deadlineMs: 2 * NOBODY_FOR_MS, what: 'a lease to be long over' })
        await refused(/the copy of nb on b is not complete/)
        const { stdout } = await scene.ovsdbHa('status')
        assert.match(stdout.replaceAll(/\s+/g, ' '), / b backup .* nb is incomplete: interrupted resync from /)
      } finally {
        await testbed.startHost('a')
        await fastCopies()
      }
      await untilWholeAgain(scene)
    })

    scenario('the server of the source dies: its own node serves again, and not the backup, whose copy is made anew', { failovers: 1 }, async scene => {
      await fill()
      try {
        await untilCopying(scene)
        await testbed.killServer('a', NB.name)
        const { from, to, outcome, detail } = await scene.ended()
        assert.deepEqual([from, to, outcome], ['a', 'a', 'done'], detail)
      } finally {
        await fastCopies()
      }
      await untilWholeAgain(scene)
    })
  })
}
