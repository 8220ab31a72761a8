// What a server keeps of its own before another one's data overwrites it.
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { LOSS_COUNTED } from '../../protocol/loss.ts'
import { RescueError } from '../../agent/ovsdb/server-errors.ts'
import { createTestNodes, insertRows, PLAINLY, position, switchNames, tinyDisk, VERSIONS } from './ovsdb-server-fixture.ts'
import { loopbackAddress } from './support/loopback.ts'

const NEVER_ABORTED = new AbortController().signal

for (const version of VERSIONS) {
  describe(`rescues of an ovsdb-server ${version.name}`, { skip: version.skip, concurrency: 1 }, () => {
    const { node, active, end } = createTestNodes(version)
    afterEach(end)

    test('a server that follows keeps its own file first, then has the data and the position of the source (S7)', async () => {
      const [a, b] = [await active(), await node('b')]
      const source = await a.client()
      await insertRows(source, 'a', 50)
      await b.server().start()
      await b.server().promote(position(1, 9, 'b'), PLAINLY)
      const own = await b.client()
      await insertRows(own, 'diverged', 5)
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      assert.deepEqual(await switchNames(own), await switchNames(source))
      const seen = await b.server().observe()
      assert.deepEqual([seen.role, seen.source, seen.replication, seen.complete, seen.position, seen.hasRows], ['backup', `tcp:${loopbackAddress(1)}:26741`, 'replicating', true, position(1), true])
      const kept = await readdir(join(b.folder, 'rescue'))
      const file = kept.find(name => name.includes('OVN_Northbound') && name.endsWith('.rescue.db.gz')) ?? ''
      const unpacked = join(b.folder, 'unpacked.db')
      await writeFile(unpacked, gunzipSync(await readFile(join(b.folder, 'rescue', file))))
      assert.match(await readFile(unpacked, 'utf8'), /diverged4/)
      const note = JSON.parse(await readFile(join(b.folder, 'rescue', `${file}.json`), 'utf8'))
      assert.deepEqual([note.cluster, note.node, note.server, note.database, note.position, note.acknowledged], ['test', 'b', 'nb', 'OVN_Northbound', position(1, 9, 'b'), null])
      assert.deepEqual(note.finding, { problem: null, tables: [{ table: 'Logical_Switch', missingRows: 5, changedRows: 0, extraRows: 50 }] })
      const losses = () => b.happened.filter(({ kind }) => kind === LOSS_COUNTED).map(({ facts }) => facts)
      const [loss] = losses()
      assert.deepEqual({ ...loss, rescue: null }, { server: 'nb', wroteTerm: 1, active: 'a', missingRows: 5, changedRows: 0, extraRows: 50, problem: null, rescue: null })
      assert.match(String(loss?.rescue), /^b-[0-9a-f]{8}$/)
      await b.server().writeMarker('m').then(() => assert.fail('a backup took a marker'), () => undefined)
      await a.server().writeMarker('m1')
      await b.server().awaitMarker('m1', 5_000)
      // an order that comes again makes no second copy
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      assert.equal((await readdir(join(b.folder, 'rescue'))).length, kept.length)
      // what it holds now is another node's, and no loss of its own reign
      await b.server().becomeBackup()
      await a.server().writeHeartbeat(position(2, 1, 'a'))
      await insertRows(source, 'later', 2)
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      assert.equal(losses().length, 1)
      own.destroy()
      source.destroy()
    })

    test('without any difference to the source nothing is kept once the copy is whole, and what is kept is only what differs (S7)', async () => {
      const [a, b] = [await active(), await node('b')]
      const source = await a.client()
      await insertRows(source, 'a', 3)
      await b.server().start()
      const follow = async () => await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      const kept = async () => (await readdir(join(b.folder, 'rescue')).catch(() => [])).filter(name => name.endsWith('.gz'))
      await follow()
      assert.deepEqual(await kept(), [], 'it was empty')
      // the same rows, and a term in which this node served: nothing proves that they are the same
      await b.server().becomeBackup()
      await b.server().promote(position(2, 1, 'b'), PLAINLY)
      await b.server().becomeBackup()
      await follow()
      assert.deepEqual(await kept(), [], 'the guard of the copy went with its end')
      assert.equal(b.happened.some(({ kind }) => kind === 'rescueKept'), false)
      assert.deepEqual(b.happened.filter(({ kind }) => kind === LOSS_COUNTED).map(({ facts: { missingRows, changedRows, rescue } }) => [missingRows, changedRows, rescue]), [[0, 0, null]], 'that nothing was lost is told too')
      // a deletion alone is a difference
      await b.server().becomeBackup()
      await b.server().promote(position(3, 1, 'b'), PLAINLY)
      const own = await b.client()
      await own.transact('OVN_Northbound', [{ op: 'delete', table: 'Logical_Switch', where: [['name', '==', 'a1']] }])
      await b.server().becomeBackup()
      await follow()
      const [file = ''] = await kept()
      const note = JSON.parse(await readFile(join(b.folder, 'rescue', `${file}.json`), 'utf8'))
      assert.deepEqual(note.finding.tables, [{ table: 'Logical_Switch', missingRows: 0, changedRows: 0, extraRows: 1 }])
      assert.equal(note.acknowledged, null)
      own.destroy()
      source.destroy()
    })

    test('a node that handed over is not compared with a source that has its marker; once it has copied, it is (S7)', async () => {
      const [a, b] = [await active('a', 2), await node('b')]
      await b.server().start()
      await b.server().promote(position(1, 9, 'b'), PLAINLY)
      const [source, own] = [await a.client(), await b.client()]
      for (const client of [source, own]) await insertRows(client, 'same', 3)
      for (const server of [a.server(), b.server()]) await server.writeMarker('m7')
      await b.server().becomeBackup()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      assert.equal(b.happened.some(({ kind }) => kind === 'rescueKept'), false, 'the uuids of the rows differ, and the marker says that they need not be compared')
      // what it copied since is more than the marker stands for
      await b.server().becomeBackup()
      await source.transact('OVN_Northbound', [{ op: 'delete', table: 'Logical_Switch', where: [['name', '==', 'same1']] }])
      await a.server().writeHeartbeat(position(5, 1, 'a'))
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      assert.equal(b.happened.filter(({ kind }) => kind === 'rescueKept').length, 1)
      own.destroy()
      source.destroy()
    })

    test('without room for a rescue the node stays out of replication, and its data stays (S7)', async () => {
      const tiny = await tinyDisk()
      try {
        const [a, b] = [await active(), await node('b', { rescueDirectory: tiny.path })]
        await b.server().start()
        await b.server().promote(position(1, 1, 'b'), PLAINLY)
        const own = await b.client()
        await insertRows(own, 'mine', 6_000)
        await assert.rejects(b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED), (error: Error) => error instanceof RescueError && /ENOSPC|no space/i.test(error.message))
        const seen = await b.server().observe()
        assert.deepEqual([seen.role, seen.source, seen.complete], ['backup', null, true])
        assert.equal((await switchNames(own)).length, 6_000)
        assert.deepEqual(await readdir(tiny.path), [], 'nothing half-made is left')
        own.destroy()
      } finally {
        await tiny.end()
      }
    })
  })
}
