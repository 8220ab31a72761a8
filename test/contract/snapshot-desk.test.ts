import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { execa } from 'execa'
import { createSnapshotDesk } from '../../agent/ovsdb/snapshot-desk.ts'
import type { SnapshotsConfig } from '../../protocol/cluster.ts'
import type { Phase } from '../../protocol/report.ts'
import { report, serverReport } from '../fixtures.ts'
import { createTestNodes, insertRows, VERSIONS, type TestNode } from './ovsdb-server-fixture.ts'
import { until } from './support/wait.ts'

const NEVER_ABORTED = new AbortController().signal
const ROWS = 3_000

function deskOf (node: TestNode, phase: Phase, over: Partial<SnapshotsConfig> = {}, complete = true) {
  const snapshots: SnapshotsConfig = { directory: join(node.folder, 'snapshots'), maxSnapshots: 5, maxBytes: 1024 ** 3, hook: [], hookTimeoutMs: 5_000, ...over }
  return createSnapshotDesk({ cluster: 'test', node: node.name, servers: [node.config], snapshots, report: () => report(node.name, { phase, servers: [serverReport({ complete, incompleteReason: complete ? null : 'a resync was cut off' })] }) })
}

const asked = (as: 'active' | 'backup') => ({ as, actor: 'ann', reason: 'a test', deadlineMs: 60_000 })

async function gunzipped (path: string): Promise<string> {
  return (await execa('gzip', ['-dc', path], { timeout: 10_000, stdin: 'ignore', maxBuffer: 64 * 1024 ** 2 })).stdout
}

for (const version of VERSIONS) {
  describe(`snapshots of ovsdb-server ${version.name}`, { skip: version.skip, concurrency: 1 }, () => {
    const { node, active, end } = createTestNodes(version)
    afterEach(end)

    test('a snapshot of a following backup has every row of the active, is verified, and is a database file', async () => {
      const a = await active()
      const client = await a.client()
      await insertRows(client, 'row', ROWS)
      const b = await node('b')
      await b.server().start()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      const desk = deskOf(b, 'backup')
      const { snapshot, hook, removed } = await desk.take(asked('backup'))
      assert.deepEqual([snapshot.node, snapshot.as, snapshot.actor, snapshot.reason, hook, removed], ['b', 'backup', 'ann', 'a test', null, []])
      const [only] = snapshot.databases
      assert.ok(only !== undefined && only.rowEntries >= ROWS && only.fileBytes < only.contentBytes / 5, JSON.stringify(only))
      assert.deepEqual((await readdir(snapshot.directory)).toSorted(), ['nb.OVN_Northbound.db.gz', 'snapshot.json'])
      const file = join(b.folder, 'restored.db')
      await writeFile(file, await gunzipped(join(snapshot.directory, only.file)) + '\n')
      const { stdout } = await execa('ovsdb-tool', ['query', file, '["OVN_Northbound",{"op":"select","table":"Logical_Switch","where":[],"columns":["name"]}]'], { timeout: 20_000, stdin: 'ignore' })
      assert.equal(JSON.parse(stdout)[0].rows.length, ROWS)
      assert.deepEqual((await desk.list()).snapshots, [snapshot])
      assert.deepEqual(await desk.verify(snapshot.id, { deadlineMs: 60_000 }), { snapshot, problems: [] })
      client.destroy()
    })

    test('a damaged, a truncated and a missing file are each found, and nothing is left beside them', async () => {
      const a = await active()
      const client = await a.client()
      await insertRows(client, 'row', 100)
      client.destroy()
      const desk = deskOf(a, 'active')
      const { snapshot } = await desk.take(asked('active'))
      const path = join(snapshot.directory, 'nb.OVN_Northbound.db.gz')
      const whole = await readFile(path)
      const problemsOf = async () => (await desk.verify(snapshot.id, { deadlineMs: 60_000 })).problems.join()
      const flipped = Buffer.from(whole)
      flipped[Math.floor(whole.length / 2)]! ^= 0xff
      await writeFile(path, flipped)
      assert.notEqual(await problemsOf(), '')
      await writeFile(path, whole.subarray(0, whole.length - 20))
      assert.match(await problemsOf(), /unexpected end of file/)
      const other = (await gunzipped(path).catch((error: { readonly stdout: string }) => error.stdout)).replace('row7"', 'row8"')
      await execa('gzip', ['-c'], { input: other, timeout: 10_000, encoding: 'buffer' }).then(({ stdout }) => writeFile(path, stdout))
      assert.notEqual(await problemsOf(), '', 'well compressed, and not what was written')
      await writeFile(path, whole)
      assert.equal(await problemsOf(), '')
      assert.deepEqual((await readdir(snapshot.directory)).toSorted(), ['nb.OVN_Northbound.db.gz', 'snapshot.json'])
    })

    test('the hook gets the directory of a whole snapshot; one that fails or hangs is told, and the snapshot stays', async () => {
      const a = await active()
      const seen = join(a.folder, 'seen')
      const good = await deskOf(a, 'active', { hook: ['/bin/sh', '-c', `ls "$1" > ${seen}`, 'hook'] }).take(asked('active'))
      assert.deepEqual([good.hook?.ok, (await readFile(seen, 'utf8')).trim().split('\n')], [true, ['nb.OVN_Northbound.db.gz', 'snapshot.json']])
      await until('the next second', 3_000, () => Date.now() - Date.parse(good.snapshot.takenAt) > 1_000)
      const bad = await deskOf(a, 'active', { hook: ['/bin/sh', '-c', 'echo no room >&2; exit 3', 'hook'] }).take(asked('active'))
      assert.deepEqual(bad.hook, { ok: false, detail: '/bin/sh ended with 3: no room' })
      await until('the next second', 3_000, () => Date.now() - Date.parse(bad.snapshot.takenAt) > 1_000)
      const desk = deskOf(a, 'active', { hook: ['/bin/sleep', '60'], hookTimeoutMs: 300, maxSnapshots: 2 })
      await assert.rejects(desk.take(asked('active')).then(({ hook }) => Promise.reject(new Error(hook?.detail))), /sleep.*/)
      const { snapshots } = await desk.list()
      assert.equal(snapshots.length, 2, 'three were taken, and two may stay')
      assert.ok(!snapshots.some(({ id }) => id === good.snapshot.id), 'the oldest went')
    })

    test('what is not whole, or not what it was taken for, is no snapshot, and leaves nothing', async () => {
      const a = await active()
      await assert.rejects(deskOf(a, 'backup').take(asked('active')), /a was to be read as the active, and is backup/)
      await assert.rejects(deskOf(a, 'active', {}, false).take(asked('active')), /nb on a has no whole copy: a resync was cut off/)
      await a.server().kill()
      await assert.rejects(deskOf(a, 'active').take(asked('active')), /OVN_Northbound was not copied/)
      assert.deepEqual(await readdir(join(a.folder, 'snapshots')), [])
    })
  })
}
