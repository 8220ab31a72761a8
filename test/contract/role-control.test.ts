// Goal: what agent/ovsdb/role-control.ts promises, kept by both drivers on real servers of both versions.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { connectOvsdb } from '../../agent/ovsdb/client.ts'
import { OvsdbError, RoleNotChangedError, ServerClosedError } from '../../agent/ovsdb/errors.ts'
import { HEARTBEAT_DATABASE, readPosition, writePosition } from '../../agent/ovsdb/heartbeat.ts'
import { awaitMarker, MARKER_KEY, writeMarker } from '../../agent/ovsdb/marker.ts'
import { PLACEHOLDER } from '../../agent/ovsdb/role-control.ts'
import {
  addSwitch, createDatabaseFile, createDirectory, DEADLINE_MS, freePort, NORTHBOUND, startServer, switches, until, VERSION_31, VERSION_35, type Owner, type RealServer, type StartOptions
} from './ovsdb-fixture.ts'
import { loopbackAddress } from './support/loopback.ts'

const KINDS = [
  { version: VERSION_31, method: 'appctl' },
  { version: VERSION_35, method: 'appctl' },
  { version: VERSION_35, method: 'configFile' }
] as const

const isReadOnly = (error: unknown) => error instanceof OvsdbError && error.error === 'not allowed'
type More = Pick<StartOptions, 'heartbeat' | 'commandTimeoutMs'>
const VIP = loopbackAddress(100)

for (const { version, method } of KINDS) {
  describe(`role control: ${version.name}, ${method}`, { skip: version.missing ?? false, timeout: 120_000 }, () => {
    async function start (owner: Owner, names: readonly string[], more: More = {}): Promise<readonly RealServer[]> {
      const directory = await createDirectory(owner)
      return await Promise.all(names.map(async (name, index) => await startServer(owner, { directory, name, address: loopbackAddress(index + 1), version, method, ...more })))
    }
    async function startOne (owner: Owner, more?: More): Promise<RealServer> {
      const [server] = await start(owner, ['a'], more)
      assert.ok(server !== undefined)
      return server
    }
    async function startPair (owner: Owner): Promise<readonly [RealServer, RealServer]> {
      const [active, backup] = await start(owner, ['a', 'b'])
      assert.ok(active !== undefined && backup !== undefined)
      await active.role.promote()
      await backup.role.repoint(active.source)
      await untilComplete(backup)
      return [active, backup]
    }
    async function untilComplete (server: RealServer): Promise<void> {
      await until(`${server.name} has a complete copy`, async () => (await server.role.observe()).replication === 'replicating')
    }

    test('a server is born a read-only backup that follows nobody, and stays one (S5)', async t => {
      const server = await startOne(t)
      const seen = await server.role.observe()
      assert.equal(seen.role, 'backup')
      assert.equal(seen.source, null, 'the placeholder is nobody')
      assert.equal(seen.replication, 'connecting')
      assert.deepEqual(seen.perDatabase.map(({ database, source }) => [database, source]).toSorted(), [[NORTHBOUND, PLACEHOLDER], [HEARTBEAT_DATABASE, PLACEHOLDER]])
      assert.equal(seen.remotes.length, 2)
      await assert.rejects(addSwitch(server.database, 'x'), isReadOnly)
      assert.equal(await server.database.hasRows(NORTHBOUND), false)
    })

    test('after a promotion every database is active and takes writes, and a second one changes nothing', async t => {
      const server = await startOne(t)
      await server.role.promote()
      assert.equal((await server.role.observe()).role, 'active')
      await addSwitch(server.database, 'x')
      await writePosition(server.database, { term: 1, sequence: 1, writer: 'a' }, 0)
      await server.role.promote()
      assert.deepEqual(await switches(server.database), ['x'])
      assert.equal(await server.database.hasRows(NORTHBOUND), true)
      assert.equal((await server.database.rowCounts(NORTHBOUND)).get('Logical_Switch'), 1)
    })

    test('on the placeholder nobody writes any more, sessions and data stay, and a promotion thaws it', async t => {
      const server = await startOne(t)
      await server.role.promote()
      const client = await server.connect()
      await addSwitch(client, 'before')
      await server.role.toPlaceholder()
      await assert.rejects(addSwitch(client, 'during'), isReadOnly)
      await assert.rejects(addSwitch(server.database, 'during'), isReadOnly)
      await server.role.toPlaceholder()
      assert.deepEqual(await switches(client), ['before'])
      await server.role.promote()
      await addSwitch(client, 'after')
      assert.deepEqual(await switches(client), ['after', 'before'])
    })

    test('a backup moves from one source to another without one accepted write', async t => {
      const [first, second, backup] = await start(t, ['a', 'b', 'c'])
      assert.ok(first !== undefined && second !== undefined && backup !== undefined)
      for (const active of [first, second]) {
        await active.role.promote()
        await addSwitch(active.database, `of ${active.name}`)
      }
      await backup.role.repoint(first.source)
      await untilComplete(backup)
      const client = await backup.connect()
      const tally = { accepted: 0, refused: 0, goOn: true }
      async function hammer (): Promise<void> {
        while (tally.goOn) {
          try {
            await addSwitch(client, 'lost')
            tally.accepted += 1
          } catch (error) {
            if (!isReadOnly(error)) throw error
            tally.refused += 1
          }
        }
      }
      const hammers = Promise.all([hammer(), hammer(), hammer(), hammer()])
      for (let turn = 0; turn < 5 || tally.refused <= 100; turn++) {
        const source = turn % 2 === 0 ? second : first
        await backup.role.repoint(source.source)
        await untilComplete(backup)
        await until(`the data of ${source.name} is there`, async () => (await switches(backup.database)).join() === `of ${source.name}`)
      }
      tally.goOn = false
      await hammers
      assert.equal(tally.accepted, 0)
      assert.ok(tally.refused > 100)
    })

    test('a server told to follow itself promotes itself: that is an error and a demotion when it shows in time, and seen when not', async t => {
      const server = await startOne(t)
      try {
        await server.role.repoint(server.source)
        await until('it is seen active', async () => (await server.role.observe()).role === 'active')
        await addSwitch(server.database, 'nobody allowed this')
        await server.role.toPlaceholder()
      } catch (error) {
        assert.ok(error instanceof RoleNotChangedError, String(error))
      }
      assert.equal((await server.role.observe()).role, 'backup')
      await assert.rejects(addSwitch(server.database, 'x'), isReadOnly)
    })

    test('a server that promoted itself behind our back is seen active, and goes back to the placeholder', async t => {
      const server = await startOne(t)
      if (method === 'appctl') {
        await server.control.call('ovsdb-server/set-active-ovsdb-server', [server.source])
        await server.control.call('ovsdb-server/connect-active-ovsdb-server')
        await server.control.call('ovsdb-server/set-active-ovsdb-server-probe-interval', ['60000'])
      } else {
        await writeFile(server.configFile, (await readFile(server.configFile, 'utf8')).replaceAll(PLACEHOLDER, server.source))
        await server.control.call('ovsdb-server/reload')
      }
      await until('it is seen active', async () => (await server.role.observe()).role === 'active')
      await addSwitch(server.database, 'nobody allowed this')
      await server.role.toPlaceholder()
      await assert.rejects(addSwitch(server.database, 'x'), isReadOnly)
    })

    test('a source that is no address is refused before the server hears of it', async t => {
      const server = await startOne(t)
      await assert.rejects(server.role.repoint('garbage'), /not the address of a source/)
      assert.equal((await server.role.observe()).perDatabase[0]?.source, PLACEHOLDER)
    })

    test('the marker arrives at the backup, with and without a root row before, and no other key is touched', async t => {
      const [active, backup] = await startPair(t)
      const schema = await active.database.getSchema(NORTHBOUND)
      await assert.rejects(awaitMarker(backup.database, schema, 'm1', 50), { code: 'OVSDB_HA_MARKER_LATE' })
      const arrived = awaitMarker(backup.database, schema, 'm1', DEADLINE_MS)
      await writeMarker(active.database, schema, 'm1')
      await arrived
      await active.database.transact(NORTHBOUND, [{ op: 'mutate', table: 'NB_Global', where: [], mutations: [['external_ids', 'insert', ['map', [['theirs', 'kept']]]]] }])
      await writeMarker(active.database, schema, 'm2')
      await awaitMarker(backup.database, schema, 'm2', DEADLINE_MS)
      const [result] = await backup.database.transact(NORTHBOUND, [{ op: 'select', table: 'NB_Global', where: [], columns: ['external_ids'] }])
      assert.deepEqual(result?.rows, [{ external_ids: ['map', [[MARKER_KEY, 'm2'], ['theirs', 'kept']]] }])
      await assert.rejects(writeMarker(backup.database, schema, 'm3'), isReadOnly)
    })

    // the other driver refuses databases that are not in its configuration; markers do not depend on the driver
    if (method === 'appctl') {
      test('a database without a map for the marker takes it as a row of its own, once', async t => {
        const server = await startOne(t)
        await server.role.promote()
        const columns = { name: { type: 'string' }, description: { type: 'string' } }
        const file = `${server.file}.vtep`
        await writeFile(`${file}.schema`, JSON.stringify({ name: 'hardware_vtep', version: '1.3.0', tables: { Logical_Router: { columns, isRoot: true, indexes: [['name']] } } }))
        await server.control.call('ovsdb-server/add-db', [await createDatabaseFile(file, `${file}.schema`)])
        // the server ends every session when it gets a database, and the promotion may meet that end
        await until('it is promoted again, and sessions are back', async () => {
          await server.role.promote()
          return (await server.database.listDbs()).includes('hardware_vtep')
        })
        const schema = await server.database.getSchema('hardware_vtep')
        for (const marker of ['m1', 'm2']) {
          await writeMarker(server.database, schema, marker)
          await awaitMarker(server.database, schema, marker, DEADLINE_MS)
        }
        await assert.rejects(awaitMarker(server.database, schema, 'm1', 20), { code: 'OVSDB_HA_MARKER_LATE' })
        assert.equal((await server.database.rowCounts('hardware_vtep')).get('Logical_Router'), 1)
      })
    }

    test('the heartbeat row replicates, is replaced and stays one row', async t => {
      const [active, backup] = await startPair(t)
      assert.equal(await readPosition(active.database), null)
      for (const sequence of [1, 2, 3]) {
        await writePosition(active.database, { term: 7, sequence, writer: 'a' }, 1_700_000_000_000)
        await until(`heartbeat ${sequence} is at the backup`, async () => (await readPosition(backup.database))?.sequence === sequence)
      }
      assert.deepEqual(await readPosition(backup.database), { term: 7, sequence: 3, writer: 'a' })
      assert.equal((await backup.database.rowCounts(HEARTBEAT_DATABASE)).get('Heartbeat'), 1)
    })

    test('a listener is added and really listens; removing it ends its sessions and no others', async t => {
      const server = await startOne(t)
      const remote = `ptcp:${await freePort(VIP)}:${VIP}`
      const before = (await server.role.observe()).remotes
      const replica = await server.connect()
      await server.role.addRemotes([remote])
      await server.role.addRemotes([remote])
      const [, port] = remote.split(':')
      const client = await connectOvsdb({ target: { method: 'tcp', host: VIP, port: Number(port) }, connectTimeoutMs: 1_000, callTimeoutMs: 1_000 })
      await client.echo()
      const closed = new Promise(resolve => client.onClose(resolve))
      await server.role.removeRemotes([remote])
      assert.ok(await closed instanceof ServerClosedError)
      await assert.rejects(connectOvsdb({ target: { method: 'tcp', host: VIP, port: Number(port) }, connectTimeoutMs: 1_000, callTimeoutMs: 1_000 }), { code: 'OVSDB_HA_SERVER_REFUSED' })
      await server.role.removeRemotes([remote])
      await replica.echo()
      assert.deepEqual((await server.role.observe()).remotes.toSorted(), before.toSorted())
    })

    test('a listener whose port a stranger has is an error, although the server says nothing and somebody listens', async t => {
      const server = await startOne(t, { commandTimeoutMs: 300 })
      const stranger = createServer().listen({ port: 0, host: VIP })
      await once(stranger, 'listening')
      t.after(async () => { stranger.close() })
      const address = stranger.address()
      assert.ok(address !== null && typeof address !== 'string')
      await assert.rejects(server.role.addRemotes([`ptcp:${address.port}:${VIP}`]), { code: 'OVSDB_HA_LISTENER' })
    })

    test('a database is added on the placeholder only, and stays read-only', async t => {
      const server = await startOne(t, { heartbeat: false })
      await assert.rejects(server.role.promote(), /does not serve OVSDB_HA/)
      if (method === 'appctl') {
        await assert.rejects(server.role.ensureDatabase(HEARTBEAT_DATABASE, server.heartbeatFile), { code: 'OVSDB_HA_ROLE_NOT_CHANGED' })
        await server.role.toPlaceholder()
      }
      await server.role.ensureDatabase(HEARTBEAT_DATABASE, server.heartbeatFile)
      await server.role.ensureDatabase(HEARTBEAT_DATABASE, server.heartbeatFile)
      assert.deepEqual((await server.role.observe()).databases.toSorted(), [NORTHBOUND, HEARTBEAT_DATABASE])
      await assert.rejects(writePosition(server.database, { term: 1, sequence: 1, writer: 'a' }, 0), isReadOnly)
      await server.role.promote()
      await writePosition(server.database, { term: 1, sequence: 1, writer: 'a' }, 0)
    })

    test('the end of the process is told once, at once, and the next call says that nobody is there', async t => {
      const server = await startOne(t)
      let losses = 0
      const lost = new Promise(resolve => server.database.onLost(reason => { losses += 1; resolve(reason) }))
      await server.kill()
      assert.ok(await lost instanceof ServerClosedError)
      await assert.rejects(server.database.echo(), { code: 'OVSDB_HA_SERVER_REFUSED' })
      await assert.rejects(server.control.call('version'), { code: 'OVSDB_HA_SERVER_REFUSED' })
      assert.equal(losses, 1)
    })

    test('a stopped server is a timeout, and answers again on the same connection when it goes on', async t => {
      const server = await startOne(t)
      server.process.kill('SIGSTOP')
      await assert.rejects(server.database.echo(100), { code: 'OVSDB_HA_SERVER_TIMEOUT' })
      await assert.rejects(server.control.call('version', [], 100), { code: 'OVSDB_HA_SERVER_TIMEOUT' })
      server.process.kill('SIGCONT')
      await server.database.echo()
      assert.match(await server.control.call('version'), /ovsdb-server/)
    })
  })
}

describe('role control: config file', { skip: VERSION_35.missing ?? false, timeout: 60_000 }, () => {
  async function startOne (owner: Owner, more: More = {}): Promise<RealServer> {
    return await startServer(owner, { directory: await createDirectory(owner), name: 'a', address: loopbackAddress(1), version: VERSION_35, method: 'configFile', ...more })
  }

  test('whatever the role, the file says "backup on the placeholder" for whoever restarts the server (S5)', async t => {
    const server = await startOne(t)
    await server.role.promote()
    const { databases } = JSON.parse(await readFile(server.configFile, 'utf8')) as { databases: Record<string, { backup: boolean, source: object }> }
    assert.equal(Object.keys(databases).length, 2)
    for (const { backup, source } of Object.values(databases)) assert.deepEqual([backup, Object.keys(source)], [true, [PLACEHOLDER]])
  })

  test('a missing database file is found before a reload could drop everything', async t => {
    const server = await startOne(t)
    await server.role.promote()
    await rename(server.heartbeatFile, `${server.heartbeatFile}.away`)
    await assert.rejects(server.role.toPlaceholder(), { code: 'OVSDB_HA_CONFIG_FILE' })
    assert.deepEqual((await server.role.observe()).databases.toSorted(), [NORTHBOUND, HEARTBEAT_DATABASE])
    await addSwitch(server.database, 'still served')
  })

  test('a listener that never comes up is taken out again, and nothing else changes', async t => {
    const server = await startOne(t, { commandTimeoutMs: 300 })
    await server.role.promote()
    await addSwitch(server.database, 'x')
    await assert.rejects(server.role.addRemotes(['ptcp:1:203.0.113.77']), { code: 'OVSDB_HA_LISTENER' })
    const seen = await server.role.observe()
    assert.equal(seen.role, 'active')
    assert.equal(seen.remotes.length, 2)
    assert.deepEqual(await switches(server.database), ['x'])
  })

  test('a database that the configuration does not know stops every reload, which would drop it', async t => {
    const server = await startOne(t)
    const { databases, ...rest } = JSON.parse(await readFile(server.configFile, 'utf8')) as { databases: Record<string, unknown> }
    const stranger = await createDatabaseFile(`${server.file}.stranger`, '/usr/share/openvswitch/local-config.ovsschema')
    await writeFile(server.configFile, JSON.stringify({ ...rest, databases: { ...databases, [stranger]: {} } }))
    await server.control.call('ovsdb-server/reload')
    await assert.rejects(server.role.promote(), /also serves Local_Config/)
    assert.ok((await server.role.observe()).databases.includes('Local_Config'))
  })
})
