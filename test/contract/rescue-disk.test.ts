// Rescues on a disk that is full.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createRescues, type AboutRescue } from '../../agent/ovsdb/rescue.ts'
import { RescueError } from '../../agent/ovsdb/server-errors.ts'
import { rescueNote } from '../unit/controller/rescue-views.ts'
import { tinyDisk } from './ovsdb-server-fixture.ts'

/** Two of them do not fit on the tiny disk, also compressed. */
const FILE_BYTES = 40_000
const SEEN = { at: '2026-01-01T00:00:00.000Z', by: 'ann', reason: '' }

async function setUp (t: TestContext) {
  const [tiny, folder] = [await tinyDisk(), await mkdtemp(join(tmpdir(), 'ovsdb-ha-rescue-disk-'))]
  t.after(async () => {
    await tiny.end()
    await rm(folder, { recursive: true, force: true })
  })
  const file = join(folder, 'nb.db')
  await writeFile(file, randomBytes(FILE_BYTES))
  const told: string[] = []
  const rescues = createRescues({ directory: tiny.path, maxFiles: 9, maxBytes: 1e9, maxAgeMs: 1e15 }, { cluster: 'ovn', node: 'n1' }, kind => { told.push(kind) })
  const keep = async (over: Partial<AboutRescue>) => await rescues.keep(file, { ...rescueNote(), ...over })
  return { keep, told, names: async () => (await readdir(tiny.path)).filter(name => !name.endsWith('.json')).map(name => join(tiny.path, name)) }
}

for (const [what, over] of [['a guard', { guard: true }], ['what was acknowledged', { acknowledged: SEEN }]] as const) {
  test(`${what} gives way when the disk is full (S7)`, async t => {
    const { keep, names } = await setUp(t)
    await keep(over)
    const path = await keep({})
    assert.deepEqual(await names(), [path])
  })
}

test('what nobody has acknowledged does not: the new one is refused, and nothing half-made is left (S7)', async t => {
  const { keep, names, told } = await setUp(t)
  const path = await keep({})
  await assert.rejects(keep({}), (error: Error) => error instanceof RescueError && /ENOSPC|no space/i.test(error.message))
  assert.deepEqual(await names(), [path])
  assert.deepEqual(told, ['rescueKept'])
})
