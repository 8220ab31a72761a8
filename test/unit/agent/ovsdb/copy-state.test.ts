import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { copyAfterRestart, copyBegins, copyDemoted, copyEnds, copyLost, copyPromoted, createCopyStateFile, inResync, NEW_COPY, sameProcess, whyShrunken } from '../../../../agent/ovsdb/copy-state.ts'

const SOURCE = 'tcp:10.0.0.2:16641'
const FIRST = { pid: 10, startTicks: '5', kernelBootId: 'b' }
const SECOND = { pid: 11, startTicks: '9', kernelBootId: 'b' }
const WHOLE = { ...NEW_COPY, hadRows: true, process: FIRST }

test('a copy is incomplete from before the source is connected until it was seen whole', () => {
  const begun = copyBegins(WHOLE, SOURCE)
  assert.deepEqual([begun.complete, begun.following, inResync(begun)], [false, SOURCE, true])
  const ended = copyEnds(begun, { hadRows: true, position: null })
  assert.deepEqual([ended.complete, ended.reason, inResync(ended)], [true, null, false])
})

test('a restart in the middle of a resync is an interrupted resync (FACTS R N1)', () => {
  const after = copyAfterRestart(copyBegins(WHOLE, SOURCE), true, SECOND)
  assert.deepEqual([after.complete, after.reason], [false, `interrupted resync from ${SOURCE}`])
  assert.equal(copyAfterRestart(after, true, FIRST).reason, `interrupted resync from ${SOURCE}`, 'and stays one')
})

test('a file that held rows and holds none after a restart is an empty copy', () => {
  assert.match(copyAfterRestart(WHOLE, false, SECOND).reason ?? '', /^empty copy/)
  assert.equal(copyAfterRestart({ ...WHOLE, hadRows: false }, false, SECOND).complete, true)
  assert.equal(copyAfterRestart(WHOLE, true, SECOND).complete, true)
})

test('a file that is shorter after a restart than it was before is a shrunken copy; one that nobody saw before is not', () => {
  assert.match(whyShrunken(4_096, 4_095) ?? '', /^shrunken copy: its file has 4095 bytes, and had 4096/)
  for (const [before, now] of [[4_096, 4_096], [4_096, 5_000], [null, 10]] as const) assert.equal(whyShrunken(before, now), null)
})

test('a promotion changes nothing about completeness, and ends with the process', () => {
  assert.equal(copyPromoted(WHOLE, { position: null }).complete, true)
  const lost = copyPromoted(copyLost(WHOLE, 'records lost'), { position: null })
  assert.deepEqual([lost.complete, lost.reason, lost.promoted], [false, 'records lost', true])
  assert.equal(copyDemoted(lost).promoted, false)
  assert.equal(copyAfterRestart(lost, true, SECOND).promoted, false)
})

test('a process is the same only with id, start time and boot of the kernel', () => {
  assert.equal(sameProcess(FIRST, { ...FIRST }), true)
  assert.equal(sameProcess(FIRST, { ...FIRST, kernelBootId: 'c' }), false)
  assert.equal(sameProcess(FIRST, { ...FIRST, startTicks: '6' }), false)
  assert.equal(sameProcess(null, null), false)
})

describe('its file', () => {
  let folder = ''
  const open = () => createCopyStateFile(join(folder, 'state', 'ovn-nb.copy.json'), 'nb')
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-copy-')) })
  afterEach(async () => { await rm(folder, { recursive: true, force: true }) })

  test('what was stored is there for the next agent', async () => {
    const file = open()
    assert.deepEqual(await file.load(), { known: false, problem: null })
    await file.update(state => copyBegins({ ...state, process: FIRST }, SOURCE))
    const next = open()
    assert.deepEqual(await next.load(), { known: true, problem: null })
    assert.deepEqual(next.current(), copyBegins({ ...NEW_COPY, process: FIRST }, SOURCE))
    assert.deepEqual(await readdir(join(folder, 'state')), ['ovn-nb.copy.json'], 'nothing half-written is left')
  })

  test('updates at the same time are stored in their order', async () => {
    const file = open()
    await Promise.all([file.update(state => copyLost(state, 'one')), file.update(state => copyLost(state, 'two')), file.update(state => copyLost(state, 'three'))])
    const next = open()
    await next.load()
    assert.equal(next.current().reason, 'three')
  })

  for (const [what, content] of [['garbled', '{"version":1,'], ['foreign', '{"version":2}'], ['empty', '']] as const) {
    test(`a ${what} file is an incomplete copy and no promise of a whole one`, async () => {
      await open().update(state => state)
      await writeFile(join(folder, 'state', 'ovn-nb.copy.json'), content)
      const file = open()
      const { known, problem } = await file.load()
      assert.equal(known, false)
      assert.match(problem ?? '', /ovn-nb\.copy\.json is /)
      assert.equal(file.current().complete, false)
    })
  }

  test('a state that cannot be stored is an error, and the next write stores all of it', async () => {
    await writeFile(join(folder, 'state'), 'in the way')
    const file = open()
    await assert.rejects(file.update(state => copyLost(state, 'one')), { code: 'OVSDB_HA_COPY_STATE' })
    await rm(join(folder, 'state'))
    await file.update(state => state)
    const next = open()
    await next.load()
    assert.equal(next.current().reason, 'one')
  })
})
