import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { createRescues, type AboutRescue } from '../../../../agent/ovsdb/rescue.ts'
import { RescueError } from '../../../../agent/ovsdb/server-errors.ts'
import type { RescueConfig } from '../../../../protocol/cluster.ts'

const ABOUT: AboutRescue = {
  cluster: 'ovn',
  node: 'n1',
  server: 'nb',
  database: 'OVN_Northbound',
  reason: 'about to follow n2 (tcp:10.0.0.2:16641)',
  guard: false,
  position: { term: 3, sequence: 7, writer: 'n1' },
  schemaVersion: '7.0.0',
  finding: { problem: null, tables: [{ table: 'ACL', missingRows: 2, changedRows: 0, extraRows: 1 }] },
  acknowledged: null
}
const SEEN = { at: '2020-01-01T00:00:00.000Z', by: 'alice', reason: '' }

describe('rescues (S7)', () => {
  let folder = ''
  const told: { kind: string, message: string }[] = []
  const rescues = (limits: Partial<RescueConfig> = {}) => createRescues(
    { directory: join(folder, 'rescue'), maxFiles: 10, maxBytes: 1_000_000, maxAgeMs: 1e15, ...limits },
    { cluster: 'ovn', node: 'n1' },
    (kind, message) => { told.push({ kind, message }) })
  const keep = async (about: Partial<AboutRescue> = {}, limits: Partial<RescueConfig> = {}) => await rescues(limits).keep(join(folder, 'nb.db'), { ...ABOUT, ...about })
  const names = async () => (await readdir(join(folder, 'rescue'))).filter(name => name.endsWith('.gz')).map(name => join(folder, 'rescue', name)).toSorted()
  const kinds = () => told.map(({ kind }) => kind)
  beforeEach(async () => {
    told.length = 0
    folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-rescue-'))
    await writeFile(join(folder, 'nb.db'), 'the data')
  })
  afterEach(async () => { await rm(folder, { recursive: true, force: true }) })

  test('a rescue is the whole file, compressed, with a note that says what, why, how far it was and what the active lacked', async () => {
    const path = await keep()
    assert.match(path, /\/ovn-nb-OVN_Northbound-n1-\d{4}-\d\d-\d\dT\d{9}Z\.rescue\.db\.gz$/)
    assert.equal(gunzipSync(await readFile(path)).toString(), 'the data')
    const { takenAt, ...note } = JSON.parse(await readFile(`${path}.json`, 'utf8'))
    assert.deepEqual(note, { version: 1, ...ABOUT, fileBytes: 8, original: join(folder, 'nb.db'), applied: [] })
    assert.ok(!Number.isNaN(Date.parse(takenAt)))
    const [view] = await rescues().list()
    assert.match(view?.id ?? '', /^n1-[0-9a-f]{8}$/)
    assert.deepEqual(await rescues().usage(), { files: 1, bytes: view?.bytes, unacknowledgedFiles: 1 })
    assert.match(told[0]?.message ?? '', /2 rows that the active lacks, 0 changed, 1 only in the active/)
  })

  test('what nobody has acknowledged goes last, and its end is told as such', async () => {
    const unseen = await keep()
    const seen = await keep({ acknowledged: SEEN })
    const [guard, newest] = [await keep({ guard: true }), await keep({}, { maxFiles: 3 })]
    assert.deepEqual(await names(), [unseen, seen, newest].toSorted(), `${guard} went first`)
    const next = await keep({}, { maxFiles: 3 })
    assert.deepEqual(await names(), [unseen, newest, next].toSorted())
    assert.equal(kinds().includes('unseenRescueRemoved'), false)
    await keep({}, { maxFiles: 3 })
    assert.equal((await names()).includes(unseen), false)
    const end = told.find(({ kind }) => kind === 'unseenRescueRemoved')
    assert.match(end?.message ?? '', /rescue n1-[0-9a-f]{8}, which nobody has acknowledged, was removed to stay within rescue\.maxFiles: 2 rows that the active lacks/)
  })

  test('the newest stays whatever the limits say', async () => {
    for (let number = 0; number < 3; number++) await keep({}, { maxFiles: 1 })
    assert.equal((await names()).length, 1)
  })

  test('age removes only what was acknowledged that long ago', async () => {
    const unseen = await keep()
    const seen = await keep({ acknowledged: SEEN })
    await rescues({ maxAgeMs: 1e15 }).prune()
    assert.deepEqual(await names(), [unseen, seen].toSorted())
    await rescues({ maxAgeMs: 3_600_000 }).prune()
    assert.deepEqual(await names(), [unseen])
    assert.deepEqual(kinds(), ['rescueKept', 'rescueKept', 'rescueRemoved'])
  })

  test('a guard goes with the copy that it stood for, and is no rescue that anybody has to see', async () => {
    const rescue = await keep()
    const [guard, other] = [await keep({ guard: true }), await keep({ guard: true })]
    assert.deepEqual((await rescues().usage()).unacknowledgedFiles, 1)
    await rescues().release(guard)
    assert.deepEqual(await names(), [rescue, other].toSorted())
  })

  test('it is found by its id, its note can be changed, and it can be removed', async () => {
    await keep()
    const [{ id = '' } = {}] = await rescues().list()
    await rescues().change(id, note => ({ ...note, acknowledged: SEEN }))
    assert.deepEqual((await rescues().find(id)).note.acknowledged, SEEN)
    assert.equal((await rescues().usage()).unacknowledgedFiles, 0)
    await rescues().remove(id)
    assert.deepEqual(await readdir(join(folder, 'rescue')), [])
    await assert.rejects(rescues().find(id), { code: 'OVSDB_HA_RESCUE_UNKNOWN' })
    await assert.rejects(rescues().remove(id), { code: 'OVSDB_HA_RESCUE_UNKNOWN' })
  })

  test('a rescue whose note is damaged is listed, and counts as one that nobody has acknowledged', async () => {
    const path = await keep()
    await writeFile(`${path}.json`, '{')
    const [view] = await rescues().list()
    assert.equal(view?.note, null)
    assert.match(view?.problem ?? '', /JSON/)
    assert.equal((await rescues().usage()).unacknowledgedFiles, 1)
    await assert.rejects(rescues().find(view?.id ?? ''), { code: 'OVSDB_HA_RESCUE_UNREADABLE' })
  })

  test('one that is larger than all rescues may be is refused, and the older ones stay', async () => {
    const path = await keep()
    await assert.rejects(keep({}, { maxBytes: 7 }), RescueError)
    assert.deepEqual(await names(), [path])
  })

  test('one that cannot be kept is an error, and leaves nothing half-made', async () => {
    await writeFile(join(folder, 'rescue'), 'a file where the directory should be')
    await assert.rejects(keep(), { code: 'OVSDB_HA_RESCUE', httpStatus: 507 })
    await rm(join(folder, 'rescue'))
    await assert.rejects(rescues().keep(join(folder, 'missing.db'), ABOUT), RescueError)
    assert.deepEqual(await readdir(join(folder, 'rescue')), [])
  })

  test('what an agent left that died while it compressed is no rescue and goes with the next one', async () => {
    const path = await keep()
    await writeFile(`${path.replace('.rescue.db', '-9.rescue.db')}.unfinished`, 'half')
    assert.equal((await rescues().usage()).files, 1)
    await keep()
    assert.equal((await readdir(join(folder, 'rescue'))).some(name => name.endsWith('.unfinished')), false)
  })
})
