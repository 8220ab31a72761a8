import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { createRescues, whyNoRoom } from '../../../../agent/ovsdb/rescue.ts'
import { RescueError } from '../../../../agent/ovsdb/server-errors.ts'

const NOTE = { cluster: 'ovn', node: 'n1', server: 'nb', database: 'OVN_Northbound', reason: 'about to follow tcp:10.0.0.2:16641', routine: false, position: { term: 3, sequence: 7, writer: 'n1' } }

describe('rescues (S7)', () => {
  let folder = ''
  const told: string[] = []
  const rescues = (limits: { maxFiles?: number, maxBytes?: number } = {}) =>
    createRescues({ directory: join(folder, 'rescue'), maxFiles: 10, maxBytes: 1_000_000, ...limits }, kind => { told.push(kind) })
  beforeEach(async () => {
    told.length = 0
    folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-rescue-'))
    await writeFile(join(folder, 'nb.db'), 'the data')
  })
  afterEach(async () => { await rm(folder, { recursive: true, force: true }) })

  test('a rescue is the whole file with a note that says what, why and how far it was', async () => {
    const path = await rescues().keep(join(folder, 'nb.db'), NOTE)
    assert.match(path, /\/ovn-nb-OVN_Northbound-n1-\d{4}-\d\d-\d\dT\d{9}Z\.rescue\.db$/)
    assert.equal(await readFile(path, 'utf8'), 'the data')
    const { takenAt, ...note } = JSON.parse(await readFile(`${path}.json`, 'utf8'))
    assert.deepEqual(note, { ...NOTE, bytes: 8, original: join(folder, 'nb.db') })
    assert.ok(!Number.isNaN(Date.parse(takenAt)))
    assert.deepEqual(await rescues().count(), { files: 1, bytes: 8 })
    assert.deepEqual(told, ['rescueKept'])
  })

  test('beyond the limits the oldest go, each with a happening, and the newest never', async () => {
    const kept = rescues({ maxFiles: 2 })
    const paths: string[] = []
    for (const day of [1, 2, 3]) {
      const path = await kept.keep(join(folder, 'nb.db'), NOTE)
      paths.push(path)
      if (day < 3) await utimes(path, day * 86_400, day * 86_400)
    }
    assert.equal(new Set(paths).size, 3, 'two rescues of one millisecond have two names')
    assert.deepEqual((await readdir(join(folder, 'rescue'))).filter(name => name.endsWith('.db')).map(name => join(folder, 'rescue', name)).toSorted(), paths.slice(1).toSorted())
    assert.equal(told.filter(kind => kind === 'rescueRemoved').length, 1)
    assert.deepEqual(await rescues({ maxBytes: 8 }).count(), { files: 2, bytes: 16 })
    const last = await rescues({ maxBytes: 8 }).keep(join(folder, 'nb.db'), NOTE)
    assert.deepEqual(await rescues().count(), { files: 1, bytes: 8 })
    assert.equal(await readFile(last, 'utf8'), 'the data')
  })

  test('a routine copy goes before any rescue of data that may be found nowhere else, however new it is', async () => {
    const kept = rescues({ maxFiles: 2 })
    const own = await kept.keep(join(folder, 'nb.db'), NOTE)
    await utimes(own, 86_400, 86_400)
    const routine = await kept.keep(join(folder, 'nb.db'), { ...NOTE, routine: true })
    const last = await kept.keep(join(folder, 'nb.db'), NOTE)
    assert.deepEqual((await readdir(join(folder, 'rescue'))).filter(name => name.endsWith('.db')).map(name => join(folder, 'rescue', name)).toSorted(), [own, last].toSorted())
    assert.match(routine, /\.routine\.rescue\.db$/)
  })

  test('a file larger than all rescues may be is refused, and the older rescues stay', async () => {
    await rescues().keep(join(folder, 'nb.db'), NOTE)
    await assert.rejects(rescues({ maxBytes: 7 }).keep(join(folder, 'nb.db'), NOTE), RescueError)
    assert.deepEqual(await rescues().count(), { files: 1, bytes: 8 })
  })

  test('a rescue that cannot be kept is an error, and leaves nothing half-made', async () => {
    await writeFile(join(folder, 'rescue'), 'a file where the directory should be')
    await assert.rejects(rescues().keep(join(folder, 'nb.db'), NOTE), { code: 'OVSDB_HA_RESCUE', httpStatus: 507 })
    await rm(join(folder, 'rescue'))
    await assert.rejects(rescues().keep(join(folder, 'missing.db'), NOTE), RescueError)
    assert.deepEqual(await readdir(join(folder, 'rescue')), [])
  })

  test('what an agent left that died while it copied is no rescue and goes with the next one', async () => {
    const path = await rescues().keep(join(folder, 'nb.db'), NOTE)
    await writeFile(`${path.replace('.rescue.db', '-9.rescue.db')}.unfinished`, 'half')
    assert.deepEqual(await rescues().count(), { files: 1, bytes: 8 })
    await rescues().keep(join(folder, 'nb.db'), NOTE)
    assert.equal((await readdir(join(folder, 'rescue'))).some(name => name.endsWith('.unfinished')), false)
  })

  test('a resync needs twice the file and a margin of free disk (S5)', async () => {
    assert.equal(await whyNoRoom(join(folder, 'nb.db'), 1_000), null)
    assert.match(await whyNoRoom(join(folder, 'nb.db'), 2 ** 60) ?? '', /bytes free and the resync may need/)
  })
})
