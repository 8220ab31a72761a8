// What makes a copy worthless, each on a real server and told by its name: a cut or replaced file, a database that dropped
// out of replication, one that waits for its source for ever. (A resync that was cut off, a broken record: ovsdb-server.test.ts.)
import assert from 'node:assert/strict'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { afterEach, describe, test } from 'node:test'
import { execa } from 'execa'
import type { ServerObservation } from '../../agent/server.ts'
import { createTestNodes, insertRows, VERSIONS, type TestNode } from './ovsdb-server-fixture.ts'
import { until } from './support/wait.ts'

const NEVER_ABORTED = new AbortController().signal
/** Twice `timing.heartbeatEvery`, and what a loaded machine needs. */
const DEADLINE_MS = 20_000

async function appctl ({ config }: TestNode, ...command: readonly string[]): Promise<void> {
  await execa('ovs-appctl', ['-t', config.controlSocket, ...command], { timeout: 5_000, stdin: 'ignore' })
}

for (const version of VERSIONS) {
  describe(`a copy that is not complete, ovsdb-server ${version.name}`, { skip: version.skip, concurrency: 1 }, () => {
    const { node, active, end } = createTestNodes(version)
    afterEach(end)

    /** b follows a, which has rows. */
    async function pair (): Promise<readonly [TestNode, TestNode]> {
      const [a, b] = [await active(), await node('b')]
      const client = await a.client()
      await insertRows(client, 's', 20)
      client.destroy()
      await b.server().start()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      assert.equal((await b.server().observe()).complete, true)
      return [a, b]
    }

    async function incompleteAfter (one: TestNode, change: () => Promise<void>): Promise<string> {
      await one.server().kill()
      await change()
      await one.server().start()
      const { complete, incompleteReason } = await one.server().observe()
      assert.equal(complete, false)
      assert.equal(one.happened.at(-1)?.kind, 'copyIncomplete')
      return incompleteReason ?? ''
    }

    /** What it then is. On a machine in trouble a server that answers nothing for a quarter of a second has no role yet: that is no answer. */
    async function outOfReplication (backup: TestNode): Promise<ServerObservation> {
      return await until('the backup is out of replication', DEADLINE_MS, async () => {
        const look = await backup.server().observe()
        return look.health === 'up' && look.role !== 'unknown' && (look.role !== 'backup' || look.replication !== 'replicating') && look
      })
    }

    test('an empty file in place of one with rows is an empty copy, also for an agent that starts anew', async () => {
      const [, b] = await pair()
      assert.match(await incompleteAfter(b, async () => {
        await rm(b.config.databaseFile)
        await execa('ovsdb-tool', ['create', b.config.databaseFile, b.config.schemaFile], { timeout: 10_000, stdin: 'ignore' })
      }), /^empty copy: it held rows before the server ended$/)
      await b.restartAgent()
      await b.server().start()
      assert.equal((await b.server().observe()).complete, false)
    })

    test('a file that lost its last records, and has no torn one, is a shrunken copy', async () => {
      const [a] = await pair()
      const client = await a.client()
      await insertRows(client, 'late', 1)
      client.destroy()
      await a.server().observe()
      assert.match(await incompleteAfter(a, async () => {
        const bytes = await readFile(a.config.databaseFile)
        // to the end of a record: the server that starts has nothing to complain of
        await truncate(a.config.databaseFile, bytes.lastIndexOf('OVSDB JSON '))
      }), /^shrunken copy: its file has \d+ bytes, and had \d+ before the server ended$/)
    })

    test('a server that was killed, and whose file is as it left it, is complete', async () => {
      const [a, b] = await pair()
      for (const one of [b, a]) {
        await one.server().kill()
        await one.server().start()
        assert.deepEqual([(await one.server().observe()).complete, one.happened.filter(({ kind }) => kind === 'copyIncomplete')], [true, []])
      }
    })

    test('a schema that changes at the source takes the database out of replication: it is seen not to replicate, or active by itself, and following says which column', async () => {
      const [a, b] = await pair()
      const schema = JSON.parse(await readFile(a.config.schemaFile, 'utf8'))
      schema.tables.Logical_Switch.columns.zz_new = { type: 'string' }
      await writeFile(`${a.folder}/new.ovsschema`, JSON.stringify(schema))
      await execa('ovsdb-client', ['convert', `unix:${a.config.databaseSocket}`, `${a.folder}/new.ovsschema`], { timeout: 10_000, stdin: 'ignore' })
      const seen = await outOfReplication(b)
      // 3.1 goes on as if nothing had happened but for its list of databases; later ones promote themselves, and where
      // a configuration file rules them only the database that dropped out (FACTS R N5)
      if (seen.role === 'active') {
        await until('it is not complete', DEADLINE_MS, async () => !(await b.server().observe()).complete)
        await b.server().becomeBackup()
      } else assert.deepEqual([seen.role, seen.replication], ['backup', 'connecting'])
      await assert.rejects(b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED), { code: 'OVSDB_HA_SCHEMA_MISMATCH', message: /zz_new/ })
    })

    test('a database that the source has no more leaves a copy that never comes: it is seen, and following names the databases', { skip: version.control === 'configFile' && 'a source that is run by a configuration file loses no database by a command' }, async () => {
      const [a, b] = await pair()
      await appctl(a, 'ovsdb-server/remove-db', 'OVN_Northbound')
      const seen = await outOfReplication(b)
      if (seen.role === 'active') await b.server().becomeBackup()
      else assert.equal(seen.replication, 'connecting')
      await assert.rejects(b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED), { code: 'OVSDB_HA_FOLLOW_REFUSED', message: /serves OVSDB_HA, this server OVN_Northbound, OVSDB_HA/ })
    })
  })
}
