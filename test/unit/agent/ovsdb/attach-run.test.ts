import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { createAttachRun } from '../../../../agent/ovsdb/attach-run.ts'
import { isGone, readStat } from '../../../../agent/process-handle.ts'
import { createStage, type Stage } from './run-modes-fixture.ts'

describe('a server that somebody else runs', () => {
  let stage: Stage
  beforeEach(async () => { stage = await createStage('attach') })
  afterEach(async () => { await stage.end() })

  test('it is never started and never stopped, and the error says who should', async () => {
    const run = createAttachRun(stage.server)
    await assert.rejects(run.start(), { code: 'OVSDB_HA_SERVER_NOT_OURS', hint: /whatever runs it/ })
    await assert.rejects(run.stop(), { code: 'OVSDB_HA_SERVER_NOT_OURS' })
  })

  test('an identified process can be killed, because a hung server commits its queue when it wakes (FACTS J)', async () => {
    const pid = await stage.startProcess()
    await writeFile(stage.server.pidFile, String(pid))
    const stat = await readStat(pid) ?? assert.fail('no process')
    await createAttachRun(stage.server).kill()
    assert.ok(await isGone(stat))
  })

  test('nobody else\'s process is killed on the word of a pid file', async () => {
    await writeFile(stage.server.pidFile, String(process.pid))
    await createAttachRun(stage.server).kill()
    assert.notEqual(await readStat(process.pid), null)
  })
})
