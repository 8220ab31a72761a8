import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { identify } from '../../../../agent/ovsdb/process-identity.ts'
import { isGone, readStat, waitUntilGone } from '../../../../agent/process-handle.ts'

describe('which process serves a control socket', () => {
  let folder = ''
  const children: (() => Promise<void>)[] = []
  const files = () => ({ pidFile: join(folder, 'nb.pid'), controlSocket: join(folder, 'nb.ctl') })

  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-identity-')) })
  afterEach(async () => {
    for (const end of children.splice(0)) await end()
    await rm(folder, { recursive: true, force: true })
  })

  /** A real process with a command line of our choice. */
  async function start (...args: readonly string[]): Promise<number> {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()', '--', ...args], { stdio: ['pipe', 'ignore', 'ignore'] })
    await once(child, 'spawn')
    children.push(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    })
    return child.pid ?? assert.fail('no process')
  }

  test('the process in the pid file is believed when its command line has our control socket', async () => {
    const pid = await start(`--unixctl=${files().controlSocket}`)
    await writeFile(files().pidFile, `${pid}\n`)
    const found = await identify(files())
    assert.ok(found.found)
    assert.deepEqual([found.process.pid, found.note], [pid, null])
  })

  test('a control socket that is spelt through a link is the same one', async () => {
    await mkdir(join(folder, 'run'))
    await symlink(join(folder, 'run'), join(folder, 'var'))
    const pid = await start('--unixctl', join(folder, 'var', 'nb.ctl'))
    await writeFile(files().pidFile, String(pid))
    const found = await identify({ ...files(), controlSocket: join(folder, 'run', 'nb.ctl') })
    assert.ok(found.found && found.process.pid === pid && found.note === null)
  })

  test('each way a pid file can be wrong has its own words', async () => {
    const stranger = await start('--unixctl=/somewhere/else.ctl')
    const cases: readonly [string | null, RegExp][] = [
      [null, /^there is no pid file /],
      ['', /is empty$/],
      ['12ab\n', /holds no process id: "12ab"$/],
      ['4194304\n', /names process 4194304, which does not exist \(stale pid file\)$/],
      [`${stranger}\n`, /which is another program \(reused process id\): .*--unixctl=\/somewhere\/else\.ctl$/]
    ]
    for (const [content, words] of cases) {
      await rm(files().pidFile, { force: true })
      if (content !== null) await writeFile(files().pidFile, content)
      const found = await identify(files())
      assert.ok(!found.found)
      assert.match(found.reason, words)
    }
  })

  test('a server whose pid file is garbled is found by its command line, and the note says so', async () => {
    const pid = await start(`--unixctl=${files().controlSocket}`)
    await writeFile(files().pidFile, 'garbage')
    const found = await identify(files())
    assert.ok(found.found)
    assert.equal(found.process.pid, pid)
    assert.match(found.note ?? '', /holds no process id: "garbage"; found by its command line$/)
  })

  test('a process is gone when it left, and when its id belongs to another start', async () => {
    const pid = await start('x')
    const stat = await readStat(pid) ?? assert.fail('no such process')
    assert.equal(await isGone(stat), false)
    assert.equal(await isGone({ pid, startTicks: '1' }), true)
    assert.equal(await waitUntilGone(stat, 0), false)
    process.kill(pid, 'SIGKILL')
    assert.equal(await waitUntilGone(stat, 5_000), true)
  })
})
