import assert from 'node:assert/strict'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { createCommandCompanion } from '../../../../agent/companion/command-companion.ts'
import type { Companion } from '../../../../agent/companion.ts'
import type { Look } from '../../../../agent/core/companion-state.ts'
import { isGone, readStat } from '../../../../agent/process-handle.ts'
import { companionConfig } from '../../../fixtures.ts'
import { poll } from '../../../testbed/wait.ts'

const GO = new AbortController().signal
const PATIENCE_MS = 60_000

describe('a companion that is a command', () => {
  let folder: string
  const made: Companion[] = []
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-companion-')) })
  afterEach(async () => {
    for (const one of made.splice(0)) await one.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** Runs a line of shell in the foreground; each of these is an agent of its own over the same files. */
  function companion (script: string, { check = [], startTimeoutMs = PATIENCE_MS, stopTimeoutMs = PATIENCE_MS }: { readonly check?: readonly string[], readonly startTimeoutMs?: number, readonly stopTimeoutMs?: number } = {}): Companion {
    const one = createCommandCompanion({
      cluster: folder,
      config: companionConfig('c', { startTimeoutMs, stopTimeoutMs, checkTimeoutMs: PATIENCE_MS }),
      command: ['sh', '-c', script],
      check,
      logFile: join(folder, 'log', 'c.log'),
      stateFile: join(folder, 'run', 'c.json')
    })
    made.push(one)
    return one
  }

  const pidOf = (look: Look): number => 'pid' in look && look.pid !== null ? look.pid : assert.fail(`it does not run: ${look.state}`)
  const handleOf = async (pid: number) => await readStat(pid) ?? assert.fail('the process is there')

  test('it runs in a session of its own, its words go to its log, and nothing of our environment reaches it', async () => {
    const one = companion('echo hello; env; exec sleep 1000')
    await one.start(GO)
    const process = await handleOf(pidOf(await one.look(GO)))
    assert.equal(process.leader, true)
    const log = await readFile(join(folder, 'log', 'c.log'), 'utf8')
    assert.match(log, /^hello\n/)
    assert.doesNotMatch(log, /HOME=|NODE/)
    await one.stop()
    assert.equal(await isGone(process), true)
    assert.deepEqual(await one.look(GO), { state: 'stopped' })
  })

  test('an agent that restarts finds it, also when it had not written down whom it started, and starts no second one', async () => {
    const first = companion('exec sleep 1000')
    await first.start(GO)
    const pid = pidOf(await first.look(GO))
    assert.equal(pidOf(await companion('exec sleep 1000').look(GO)), pid)
    await rm(join(folder, 'run', 'c.json'))
    const third = companion('exec sleep 1000')
    await third.start(GO)
    assert.equal(pidOf(await third.look(GO)), pid)
  })

  test('one that ends at once did not start, and says its last words', async () => {
    await assert.rejects(companion('echo first >&2; echo "bad argument" >&2; exit 3').start(GO), { code: 'OVSDB_HA_COMPANION', message: /it ended at once: .*bad argument/s })
  })

  test('a program that is missing is named', async () => {
    const one = createCommandCompanion({ cluster: folder, config: companionConfig('c'), command: [join(folder, 'nowhere')], check: [], logFile: join(folder, 'c.log'), stateFile: join(folder, 'c.json') })
    await assert.rejects(one.start(GO), { code: 'OVSDB_HA_COMPANION', message: /nowhere/ })
  })

  test('it has started when its check succeeds, and is ill when it fails later', async () => {
    const ready = join(folder, 'ready')
    const one = companion(`touch ${ready}; exec sleep 1000`, { check: ['test', '-f', ready] })
    await one.start(GO)
    await rm(ready)
    const look = await one.look(GO)
    assert.equal(look.state, 'ill')
    assert.match('why' in look ? look.why : '', /test ended with 1/)
  })

  test('one whose check never succeeds did not start, and is ended', async () => {
    const one = companion('exec sleep 1000', { check: ['false'], startTimeoutMs: 300 })
    await assert.rejects(one.start(GO), { code: 'OVSDB_HA_COMPANION', message: /not well after 300 ms: false ended with 1/ })
    assert.deepEqual(await one.look(GO), { state: 'stopped' })
  })

  test('a start that is given up leaves nothing behind', async () => {
    const one = companion('exec sleep 1000', { check: ['false'] })
    const giveUp = new AbortController()
    const starting = one.start(giveUp.signal)
    const begun = join(folder, 'run', 'c.json')
    await poll(() => access(begun).then(() => true, () => null), { deadlineMs: PATIENCE_MS, what: 'the process to be written down' })
    giveUp.abort()
    await assert.rejects(starting, { code: 'OVSDB_HA_COMPANION' })
    assert.deepEqual(await one.look(GO), { state: 'stopped' })
  })

  test('one that does not end when told is killed, and what it started with it', async () => {
    const child = join(folder, 'child')
    const one = companion(`trap '' TERM; sleep 1000 & echo $! > ${child}; while :; do sleep 1000; done`, { stopTimeoutMs: 100, check: ['test', '-s', child] })
    await one.start(GO)
    const process = await handleOf(Number(await readFile(child, 'utf8')))
    await one.stop()
    assert.deepEqual(await one.look(GO), { state: 'stopped' })
    await poll(async () => await isGone(process) || null, { deadlineMs: PATIENCE_MS, what: 'its child to be gone' })
  })

  test('its end is noticed', async () => {
    const one = companion('exec sleep 1000')
    const noticed = Promise.withResolvers<undefined>()
    await one.start(GO)
    one.onEnded(() => noticed.resolve(undefined))
    process.kill(pidOf(await one.look(GO)), 'SIGKILL')
    await noticed.promise
    assert.deepEqual(await one.look(GO), { state: 'stopped' })
  })

  test('a state file that names another process, or makes no sense, counts as none', async () => {
    const one = companion('exec sleep 1000')
    await one.start(GO)
    const pid = pidOf(await one.look(GO))
    await one.stop()
    for (const text of [JSON.stringify({ pid: process.pid, startTicks: '1' }), '{"pid":', JSON.stringify({ pid })]) {
      await writeFile(join(folder, 'run', 'c.json'), text)
      assert.deepEqual(await one.look(GO), { state: 'stopped' })
    }
  })
})
