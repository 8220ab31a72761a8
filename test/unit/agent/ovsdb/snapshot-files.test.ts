import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { beginSnapshot, findSnapshots, publish, retain, whyNoRoom } from '../../../../agent/ovsdb/snapshot-files.ts'
import type { SnapshotsConfig } from '../../../../protocol/cluster.ts'
import { snapshotOf } from '../../controller/snapshot-views.ts'

async function folder (t: TestContext, limits: Partial<SnapshotsConfig> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-snapshots-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return {
    directory,
    config: { directory, maxSnapshots: 100, maxBytes: 10_000, hook: [], hookTimeoutMs: 1, ...limits },
    async keep (day: number) {
      const id = `202601${String(day).padStart(2, '0')}-033000-n2`
      await publish(directory, await beginSnapshot(directory, id), snapshotOf('n2', id))
      return id
    },
    ids: async () => (await findSnapshots(directory)).snapshots.map(({ id }) => id)
  }
}

test('a snapshot is there as soon as it is published, and not before; what a dead agent left is removed by the next one', async t => {
  const { directory, keep, ids } = await folder(t)
  await beginSnapshot(directory, '20260101-033000-n2')
  assert.deepEqual(await ids(), [])
  const id = await keep(2)
  assert.deepEqual([await ids(), await readdir(directory)], [[id], [id]])
})

test('a directory that does not exist holds nothing; one that cannot be read as a snapshot is told, and others are listed', async t => {
  const { directory, keep, ids } = await folder(t)
  assert.deepEqual(await findSnapshots(join(directory, 'nowhere')), { snapshots: [], problems: [] })
  await keep(3)
  await mkdir(join(directory, '20260101-033000-n2'))
  await mkdir(join(directory, '20260102-033000-n2'))
  await writeFile(join(directory, '20260102-033000-n2', 'snapshot.json'), '{}')
  await mkdir(join(directory, 'lost+found'))
  assert.deepEqual(await ids(), ['20260103-033000-n2'])
  const { problems } = await findSnapshots(directory)
  assert.equal(problems.length, 2)
  assert.match(problems.join('\n'), /20260101-033000-n2: ENOENT[\s\S]*20260102-033000-n2\/snapshot\.json is no note/)
})

test('the oldest go beyond the number and beyond the size, the newest never', async t => {
  const one = await folder(t, { maxSnapshots: 2 })
  for (const day of [1, 2, 3, 4]) await one.keep(day)
  assert.deepEqual(await retain(one.config), ['20260101-033000-n2', '20260102-033000-n2'])
  assert.deepEqual(await one.ids(), ['20260103-033000-n2', '20260104-033000-n2'])
  const other = await folder(t, { maxBytes: 650 }) // each has 300 bytes
  for (const day of [1, 2, 3]) await other.keep(day)
  assert.deepEqual(await retain(other.config), ['20260101-033000-n2'])
  assert.deepEqual(await retain({ ...other.config, maxBytes: 1 }), ['20260102-033000-n2'])
  assert.deepEqual(await other.ids(), ['20260103-033000-n2'])
})

test('room for twice the databases is asked for', async t => {
  const { directory } = await folder(t)
  const file = join(directory, 'nb.db')
  await writeFile(file, 'x')
  assert.equal(await whyNoRoom(join(directory, 'new'), [file]), null)
  await truncate(file, 2 ** 43) // eight tebibytes of nothing
  assert.match(await whyNoRoom(directory, [file]) ?? '', /bytes free, and twice the databases are/)
})
