import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { createUnitCompanion } from '../../../../agent/companion/unit-companion.ts'
import { companionConfig } from '../../../fixtures.ts'

const GO = new AbortController().signal
const PATIENCE_MS = 60_000

describe('a companion that is a systemd service (systemctl is a script here: the machine may have no systemd)', () => {
  let folder: string
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-unit-')) })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  /** A unit whose state is a file: `start` makes it active and `stop` inactive, unless a file of that name says what happens instead. */
  async function unit (files: Readonly<Record<string, string>> = {}, check: readonly string[] = []) {
    const systemctl = join(folder, 'systemctl')
    const script = `#!/bin/sh
cd '${folder}' || exit 9
echo "$*" >> calls
[ -f "do-$1" ] && . "./do-$1"
case "$1" in
  show) cat state ;;
  start) printf 'ActiveState=active\\nSubState=running\\nMainPID=42\\n' > state ;;
  stop | kill) printf 'ActiveState=inactive\\nMainPID=0\\n' > state ;;
esac
`
    await writeFile(systemctl, script, { mode: 0o755 })
    for (const [name, content] of Object.entries({ state: 'ActiveState=inactive\nMainPID=0\n', ...files })) await writeFile(join(folder, name), content)
    const companion = createUnitCompanion({
      config: companionConfig('northd', { startTimeoutMs: PATIENCE_MS, stopTimeoutMs: PATIENCE_MS, checkTimeoutMs: PATIENCE_MS }),
      unit: 'ovn-northd.service',
      check,
      commandTimeoutMs: PATIENCE_MS,
      systemctl
    })
    return { companion, calls: async () => (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n').filter(line => !line.startsWith('show')) }
  }

  test('it is started, seen to run, and stopped', async () => {
    const { companion, calls } = await unit({}, ['true'])
    assert.deepEqual(await companion.look(GO), { state: 'stopped' })
    await companion.start(GO)
    assert.deepEqual(await companion.look(GO), { state: 'running', pid: 42 })
    await companion.stop()
    assert.deepEqual(await companion.look(GO), { state: 'stopped' })
    assert.deepEqual(await calls(), ['start ovn-northd.service', 'stop ovn-northd.service'])
  })

  test('a failed unit is forgiven its failures before it is started', async () => {
    const { companion, calls } = await unit({ state: 'ActiveState=failed\nMainPID=0\n' }, ['true'])
    assert.deepEqual(await companion.look(GO), { state: 'stopped' })
    await companion.start(GO)
    assert.deepEqual(await calls(), ['reset-failed ovn-northd.service', 'start ovn-northd.service'])
  })

  test('one that does not start is an error with systemd\'s own words, and is stopped', async () => {
    const { companion, calls } = await unit({ 'do-start': 'echo "Job for ovn-northd.service failed." >&2; exit 1\n' })
    await assert.rejects(companion.start(GO), { code: 'OVSDB_HA_COMPANION', message: /companion northd: systemctl start .*Job for ovn-northd\.service failed\./ })
    assert.equal((await calls()).at(-1), 'stop ovn-northd.service')
  })

  test('one that systemd is restarting, and one whose check fails, is ill', async () => {
    const restarting = await unit({ state: 'ActiveState=activating\nSubState=auto-restart\nResult=exit-code\nMainPID=0\n' })
    assert.deepEqual(await restarting.companion.look(GO), { state: 'ill', pid: null, why: 'ovn-northd.service is activating (auto-restart, exit-code)' })
    const unwell = await unit({ state: 'ActiveState=active\nMainPID=42\n' }, ['false'])
    assert.deepEqual(await unwell.companion.look(GO), { state: 'ill', pid: 42, why: 'false ended with 1' })
  })

  test('one whose stop fails is killed', async () => {
    const { companion, calls } = await unit({ state: 'ActiveState=active\nMainPID=42\n', 'do-stop': 'exit 1\n' })
    await companion.stop()
    assert.deepEqual(await calls(), ['stop ovn-northd.service', 'kill --signal=SIGKILL ovn-northd.service'])
  })

  test('one that is still there after it was killed is an error', async () => {
    const { companion } = await unit({ state: 'ActiveState=deactivating\nMainPID=42\n', 'do-stop': 'exit 1\n', 'do-kill': 'exit 0\n' })
    await assert.rejects(companion.stop(), { code: 'OVSDB_HA_COMPANION', message: /still there 2000 ms after SIGKILL/ })
  })

  test('a machine without systemctl is named', async () => {
    const companion = createUnitCompanion({ config: companionConfig('northd'), unit: 'ovn-northd.service', check: [], commandTimeoutMs: PATIENCE_MS, systemctl: join(folder, 'none') })
    const look = await companion.look(GO)
    assert.match('why' in look ? look.why : '', /the program .*none is missing/)
  })
})
