import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { ConversionError } from '../../agent/ovsdb/maintenance-errors.ts'
import { readVersions } from '../../agent/ovsdb/versions.ts'
import { schemaDigest, type DatabaseSchema } from '../../protocol/database-schema.ts'
import { NORTHBOUND_SCHEMA } from './ovsdb-fixture.ts'
import { createTestNodes, insertRows, switchNames, VERSIONS, type TestNode } from './ovsdb-server-fixture.ts'
import { until } from './support/wait.ts'

const NEVER_ABORTED = new AbortController().signal

async function readSchema (file: string): Promise<DatabaseSchema> {
  return JSON.parse(await readFile(file, 'utf8')) as DatabaseSchema
}

/** The file gets one more column; resolves to its digest. */
async function addColumn (file: string): Promise<string> {
  const schema = await readSchema(file)
  const { Logical_Switch: table } = schema.tables
  assert.ok(table !== undefined)
  const { cksum: _cksum, ...rest } = schema
  const next: DatabaseSchema = { ...rest, version: '99.0.0', tables: { ...schema.tables, Logical_Switch: { ...table, columns: { ...table.columns, note: { type: { key: 'string', min: 0, max: 1 } } } } } }
  await writeFile(file, JSON.stringify(next))
  return schemaDigest(next)
}

const digestOf = async ({ config }: TestNode) => (await readVersions([config], 5_000)).servers[0]?.databases.filter(({ file }) => file !== null).map(({ schema }) => schemaDigest(schema)).join()

for (const version of VERSIONS) {
  describe(`planned restarts of ovsdb-server ${version.name}`, { skip: version.skip, concurrency: 1 }, () => {
    const { node, active, end } = createTestNodes(version)
    afterEach(end)

    async function backup (): Promise<TestNode> {
      const folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-restart-'))
      await copyFile(NORTHBOUND_SCHEMA, join(folder, 'nb.ovsschema'))
      return await node('b', { folder, server: { schemaFile: join(folder, 'nb.ovsschema') } })
    }

    test('a backup is another process afterwards, on the placeholder, with every row and a whole copy, and follows again', async () => {
      const a = await active()
      const b = await backup()
      await b.server().start()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      const client = await a.client()
      await insertRows(client, 'row', 3)
      const copy = await b.client()
      await until('b has what a has', 10_000, async () => (await switchNames(copy)).length === 3)
      copy.destroy()
      const before = await b.pid()
      await b.server().restart(null)
      assert.notEqual(await b.pid(), before)
      const seen = await b.server().observe()
      assert.deepEqual([seen.role, seen.source, seen.complete, seen.pid], ['backup', null, true, await b.pid()])
      await insertRows(client, 'later', 1)
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      const again = await b.client()
      await until('b follows', 10_000, async () => (await switchNames(again)).length === 4)
      again.destroy()
      client.destroy()
    })

    test('with another schema it is converted on the way, keeps its rows and its position, and follows the active that is not', async () => {
      const a = await active()
      const b = await backup()
      await b.server().start()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      const client = await a.client()
      await insertRows(client, 'gone', 500)
      await client.transact('OVN_Northbound', [{ op: 'delete', table: 'Logical_Switch', where: [] }])
      await insertRows(client, 'row', 3)
      const filling = await b.client()
      await until('b has what a has', 10_000, async () => (await switchNames(filling)).join() === 'row0,row1,row2')
      filling.destroy()
      await until('b has a position', 10_000, async () => (await b.server().observe()).position !== null)
      const digest = await addColumn(b.config.schemaFile)
      assert.notEqual(await digestOf(b), digest)
      await b.server().restart(digest)
      assert.equal(await digestOf(b), digest)
      const { complete, fileBytes } = await b.server().observe()
      assert.ok(fileBytes < (await stat(`${b.config.databaseFile}.before-conversion`)).size, 'without what is gone')
      assert.deepEqual([complete, b.happened.filter(({ kind }) => kind === 'copyIncomplete')], [true, []], 'shorter, and nothing is missing')
      const { mode } = await stat(b.config.databaseFile)
      assert.equal((await stat(`${b.config.databaseFile}.before-conversion`)).mode, mode)
      assert.notEqual((await b.server().observe()).position, null)
      const { ino } = await stat(b.config.databaseFile)
      await b.server().restart(digest)
      assert.deepEqual([await digestOf(b), (await stat(b.config.databaseFile)).ino], [digest, ino], 'what is converted already is restarted and not converted: the file of before stays the one of before')
      await insertRows(client, 'later', 1)
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      const copy = await b.client()
      await until('b follows', 10_000, async () => (await switchNames(copy)).length === 4)
      copy.destroy()
      client.destroy()
      // the other way round it is refused before anything is touched
      await assert.rejects(a.server().follow({ node: 'b', address: b.address }, NEVER_ABORTED))
    })

    test('a schema file that is not the one that was ordered, or cannot be used, converts nothing: the server runs as before', async () => {
      const b = await backup()
      await b.server().start()
      const before = await digestOf(b)
      await addColumn(b.config.schemaFile)
      await assert.rejects(b.server().restart('another'), (error: unknown) => error instanceof ConversionError && /has digest \w+, and another was ordered/.test(error.message))
      assert.equal(await digestOf(b), before)
      assert.equal((await b.server().observe()).health, 'up')
      const broken: DatabaseSchema = { name: 'OVN_Northbound', version: '1.0.0', tables: { 'no name': { columns: {} } } }
      await writeFile(b.config.schemaFile, JSON.stringify(broken))
      await assert.rejects(b.server().restart(schemaDigest(broken)), ConversionError)
      assert.equal(await digestOf(b), before)
      assert.equal((await b.server().observe()).health, 'up')
    })

    test('what runs, what a restart brings, and the schemas are read; what cannot be learnt is told', async () => {
      const b = await backup()
      await b.server().start()
      const { servers: [found] } = await readVersions([b.config], 5_000)
      assert.match(found?.version ?? '', /^3\.\d+\.\d+/)
      assert.deepEqual([found?.installed, found?.problem], [found?.version, null])
      const { version: wanted, cksum } = await readSchema(NORTHBOUND_SCHEMA)
      assert.deepEqual(found?.databases.map(({ database, schema, file }) => [database, schema.version, file?.path]), [['OVN_Northbound', wanted, b.config.schemaFile], ['OVSDB_HA', found?.databases[1]?.schema.version, undefined]])
      assert.equal(found?.databases[0]?.schema.cksum, cksum, 'a server repeats the checksum of its schema')
      await b.server().kill()
      const { servers: [down] } = await readVersions([{ ...b.config, run: { ...b.config.run, program: ['/nowhere/ovsdb-server'] } }], 5_000)
      assert.deepEqual([down?.version, down?.installed, down?.databases], [null, null, []])
      assert.match(down?.problem ?? '', /its version: .*the installed program: .*ENOENT/)
    })
  })
}
