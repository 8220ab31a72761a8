import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { afterEach, describe, test } from 'node:test'
import { writePosition } from '../../agent/ovsdb/heartbeat.ts'
import { HEARTBEAT_FILE_BYTES_MAX } from '../../agent/ovsdb/heartbeat-upkeep.ts'
import { createMaintenance } from '../../agent/ovsdb/maintenance.ts'
import { CompactionError, MaintenanceRefusedError } from '../../agent/ovsdb/maintenance-errors.ts'
import { heartbeatFile } from '../../agent/ovsdb/server-command.ts'
import type { Phase } from '../../protocol/report.ts'
import { report } from '../fixtures.ts'
import { createTestNodes, insertRows, switchNames, VERSIONS, type TestNode } from './ovsdb-server-fixture.ts'
import { until } from './support/wait.ts'

const NEVER_ABORTED = new AbortController().signal
const ROWS = 2_000

const maintenanceOf = (node: TestNode, phase: Phase) => createMaintenance({ cluster: 'test', node: node.name, servers: [node.config], report: () => report(node.name, { phase }) })

for (const version of VERSIONS) {
  describe(`maintenance of ovsdb-server ${version.name}`, { skip: version.skip, concurrency: 1 }, () => {
    const { node, active, end } = createTestNodes(version)
    afterEach(end)

    test('a backup and the active are compacted: their files shrink, their rows stay, replication goes on', async () => {
      const a = await active()
      const b = await node('b')
      await b.server().start()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      const client = await a.client()
      await insertRows(client, 'gone', ROWS)
      await client.transact('OVN_Northbound', [{ op: 'delete', table: 'Logical_Switch', where: [] }])
      await insertRows(client, 'kept', 1)
      const copy = await b.client()
      await until('b has what a has', 10_000, async () => (await switchNames(copy)).join() === 'kept0')
      for (const [one, phase] of [[b, 'backup'], [a, 'active']] as const) {
        const { databases } = await maintenanceOf(one, phase).compact({ as: phase, deadlineMs: 30_000 })
        assert.deepEqual(databases.map(({ server, database }) => [server, database]), [['nb', 'OVN_Northbound'], ['nb', 'OVSDB_HA']])
        const [users] = databases
        assert.ok(users !== undefined && users.afterBytes < users.beforeBytes / 2, JSON.stringify(users))
        assert.equal((await stat(one.config.databaseFile)).size, users.afterBytes)
        assert.deepEqual(await switchNames(one === a ? client : copy), ['kept0'])
      }
      await insertRows(client, 'later', 1)
      await until('b follows on', 10_000, async () => (await switchNames(copy)).join() === 'kept0,later0')
      client.destroy()
      copy.destroy()
    })

    test('the heartbeat database is kept small by the agent on both nodes: its newest row stays, and replication goes on', async () => {
      const a = await active()
      const b = await node('b')
      await b.server().start()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      const client = await a.client()
      let sequence = 1
      const bytes = async (one: TestNode) => (await stat(heartbeatFile(one.config))).size
      while (await bytes(a) <= HEARTBEAT_FILE_BYTES_MAX || await bytes(b) <= HEARTBEAT_FILE_BYTES_MAX) await writePosition(client, { term: 1, sequence: ++sequence, writer: 'a' }, 0)
      for (const one of [b, a]) {
        await until(`the file of ${one.name} to be small`, 10_000, async () => {
          await one.server().observe()
          return await bytes(one) < HEARTBEAT_FILE_BYTES_MAX / 10
        })
        assert.equal((await one.server().observe()).position?.sequence, sequence)
      }
      await a.server().writeHeartbeat({ term: 1, sequence: sequence + 1, writer: 'a' })
      await until('b follows on', 10_000, async () => (await b.server().observe()).position?.sequence === sequence + 1)
      assert.deepEqual([a, b].flatMap(one => one.happened.filter(({ kind }) => kind === 'heartbeatsNotCompacted')), [])
      client.destroy()
    })

    test('a node that is not what it was taken for is not compacted', async () => {
      const a = await active()
      const { size } = await stat(a.config.databaseFile)
      await assert.rejects(maintenanceOf(a, 'backup').compact({ as: 'active', deadlineMs: 5_000 }), MaintenanceRefusedError)
      await assert.rejects(maintenanceOf(a, 'promoting').compact({ as: 'backup', deadlineMs: 5_000 }), /a was to be compacted as the backup, and is promoting/)
      assert.equal((await stat(a.config.databaseFile)).size, size)
    })

    test('a server that is down is told by name', async () => {
      const a = await active()
      await a.server().kill()
      await assert.rejects(maintenanceOf(a, 'active').compact({ as: 'active', deadlineMs: 5_000 }), (error: unknown) => error instanceof CompactionError && /^nb did not compact OVN_Northbound/.test(error.message))
    })
  })
}
