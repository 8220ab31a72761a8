import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { isGone, readStat } from '../../../../agent/process-handle.ts'
import { createSystemdRun } from '../../../../agent/ovsdb/systemd-run.ts'
import { parseUnitState } from '../../../../agent/systemd-unit.ts'
import { createStage, type Stage } from './run-modes-fixture.ts'

test('the answer of systemctl show is read by name, and what is missing is unknown', () => {
  assert.deepEqual(parseUnitState('Result=success\nMainPID=42\nActiveState=active\nSubState=running\n'), { active: 'active', sub: 'running', result: 'success', mainPid: 42 })
  assert.deepEqual(parseUnitState(''), { active: 'unknown', sub: 'unknown', result: 'unknown', mainPid: 0 })
})

describe('a server that is a systemd unit (systemctl is a script here: the machine may have no systemd)', () => {
  let stage: Stage
  beforeEach(async () => { stage = await createStage('systemd') })
  afterEach(async () => { await stage.end() })

  /** Notes each call; `show` prints what is in the file `show`, the other verbs run the line in a file of their name. */
  async function systemctl (files: Readonly<Record<string, string>>): Promise<{ readonly path: string, calls (): Promise<readonly string[]> }> {
    const path = join(stage.folder, 'systemctl')
    await writeFile(path, `#!/bin/sh\ncd '${stage.folder}' || exit 9\necho "$*" >> calls\nif [ "$1" = show ]; then cat show; elif [ -f "do-$1" ]; then . "./do-$1"; fi\n`, { mode: 0o755 })
    for (const [name, content] of Object.entries(files)) await writeFile(join(stage.folder, name), content)
    return { path, calls: async () => (await readFile(join(stage.folder, 'calls'), 'utf8')).trim().split('\n') }
  }

  test('a failed unit is forgiven its failures before it is started', async () => {
    const command = await systemctl({ show: 'ActiveState=failed\nMainPID=0\n' })
    await createSystemdRun(stage.server, 5_000, command.path).start()
    assert.deepEqual((await command.calls()).slice(1), ['reset-failed ovsdb-nb.service', 'start ovsdb-nb.service'])
  })

  test('a unit that does not start is an error with systemd\'s own words', async () => {
    const command = await systemctl({ show: 'ActiveState=inactive\n', 'do-start': 'echo "Job for ovsdb-nb.service failed." >&2; exit 1\n' })
    await assert.rejects(createSystemdRun(stage.server, 5_000, command.path).start(), { code: 'OVSDB_HA_SERVER_START', message: /Job for ovsdb-nb\.service failed\./ })
  })

  test('a machine without systemctl is named', async () => {
    await assert.rejects(createSystemdRun(stage.server, 5_000, join(stage.folder, 'none')).start(), { code: 'OVSDB_HA_SERVER_START', message: /ENOENT/ })
  })

  test('a process without a pid file is found as the main process of its unit', async () => {
    const command = await systemctl({ show: `ActiveState=active\nSubState=running\nResult=success\nMainPID=${process.pid}\n` })
    const found = await createSystemdRun(stage.server, 5_000, command.path).identify()
    assert.ok(found.found && found.process.pid === process.pid)
    assert.match(found.note ?? '', /there is no pid file .*main process of ovsdb-nb\.service/)
  })

  test('without a process the state of the unit is the reason', async () => {
    const command = await systemctl({ show: 'ActiveState=failed\nSubState=failed\nResult=signal\nMainPID=0\n' })
    const found = await createSystemdRun(stage.server, 5_000, command.path).identify()
    assert.ok(!found.found)
    assert.match(found.reason, /^ovsdb-nb\.service is failed \(failed, signal\)/)
  })

  test('kill resolves when the process that was there is gone', async () => {
    const pid = await stage.startProcess()
    await writeFile(stage.server.pidFile, String(pid))
    const stat = await readStat(pid) ?? assert.fail('no process')
    const command = await systemctl({ show: 'ActiveState=active\n', 'do-kill': `kill -9 ${pid}\n` })
    await createSystemdRun(stage.server, 5_000, command.path).kill()
    assert.ok(await isGone(stat))
    assert.ok((await command.calls()).includes('kill --signal=SIGKILL ovsdb-nb.service'))
  })
})
