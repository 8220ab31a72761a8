import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { isGone, readStat, signal } from '../../../../agent/process-handle.ts'
import { killIdentified } from '../../../../agent/ovsdb/supervisor.ts'
import { createStage, type Stage } from './run-modes-fixture.ts'

describe('killing the process behind a control socket', () => {
  let stage: Stage
  beforeEach(async () => { stage = await createStage('process') })
  afterEach(async () => { await stage.end() })

  test('every process with our control socket is gone afterwards, stopped or not', async () => {
    const stats = []
    for (let count = 0; count < 2; count++) stats.push(await readStat(await stage.startProcess()) ?? assert.fail('no process'))
    await writeFile(stage.server.pidFile, String(stats[0]?.pid))
    process.kill(stats[0]?.pid ?? 0, 'SIGSTOP')
    await killIdentified('nb', stage.server)
    for (const stat of stats) assert.ok(await isGone(stat))
  })

  test('a reused process id is not killed', async () => {
    await writeFile(stage.server.pidFile, String(process.pid))
    await killIdentified('nb', stage.server)
    await signal({ pid: process.pid, startTicks: '1' }, 'SIGKILL')
    assert.notEqual(await readStat(process.pid), null)
  })
})
