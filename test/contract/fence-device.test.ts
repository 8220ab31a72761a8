// The device runner against real programs that behave as fence agents do, well and badly.
import assert from 'node:assert/strict'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { createFenceDevice } from '../../controller/link/fence-device.ts'
import type { FenceLevel } from '../../protocol/cluster.ts'

const AGENT = path.join(import.meta.dirname, 'programs/fence_flag')
/** Long enough for a program to begin on a loaded machine. */
const SLOW_MS = 1_500

async function bench (t: TestContext) {
  const directory = await mkdtemp(path.join(tmpdir(), 'fence-'))
  t.after(async () => await rm(directory, { recursive: true }))
  const file = path.join(directory, 'power')
  const log = path.join(directory, 'log')
  await writeFile(file, '')
  const level = (options: Readonly<Record<string, string>> = {}, over: Partial<FenceLevel> = {}): FenceLevel =>
    ({ kind: 'agent', program: [AGENT], options: { file, log, ...options }, secretFiles: {}, timeoutMs: 3_000, ...over })
  return {
    directory,
    level,
    device: (...levels: readonly FenceLevel[]) => createFenceDevice('a', { delayMs: 0, afterwards: 'off', levels }),
    isOn: () => access(file).then(() => true, () => false),
    asked: async () => (await readFile(log, 'utf8')).trim().split('\n')
  }
}

describe('a standard fence agent', () => {
  test('gets its options and the action as lines, and an off counts only when the status says off', async t => {
    const { device, level, isOn, asked } = await bench(t)
    const outcome = await device(level()).off()
    assert.equal(outcome.ok, true, outcome.detail)
    assert.equal(await isOn(), false)
    assert.deepEqual(await asked(), ['off', 'status'])
  })

  test('powers on again, and its status is looked at there too', async t => {
    const { device, level, isOn } = await bench(t)
    await device(level()).off()
    assert.equal((await device(level()).on()).ok, true)
    assert.equal(await isOn(), true)
  })

  test('one that says done and does nothing is not believed (S3)', async t => {
    const { device, level } = await bench(t)
    const outcome = await device(level({ mode: 'lies' }, { timeoutMs: 700 })).off()
    assert.equal(outcome.ok, false)
    assert.match(outcome.detail, /its status says on for 700 ms/)
  })

  test('one that does not end within its time is ended, also when it will not, and the next level is tried', async t => {
    const { device, level, isOn, asked, directory } = await bench(t)
    const pid = path.join(directory, 'pid')
    const outcome = await device(level({ mode: 'slow', pid }, { timeoutMs: SLOW_MS }), level()).off()
    assert.equal(outcome.ok, true, outcome.detail)
    assert.equal(await isOn(), false)
    assert.deepEqual(await asked(), ['off', 'off', 'status'])
    const ended = Number(await readFile(pid, 'utf8'))
    assert.throws(() => process.kill(ended, 0), { code: 'ESRCH' })
  })

  test('levels that do not end are each told by name with their own time; one that leaves a process behind is waited for no longer either', async t => {
    const { device, level, isOn } = await bench(t)
    const outcome = await device(level({ mode: 'slow' }, { timeoutMs: SLOW_MS }), level({ mode: 'slow' }, { timeoutMs: SLOW_MS + 100 }), level({ mode: 'leaves' }, { timeoutMs: SLOW_MS + 200 })).off()
    assert.deepEqual(outcome, { ok: false, detail: `${AGENT}: off did not end within ${SLOW_MS} ms; ${AGENT}: off did not end within ${SLOW_MS + 100} ms; ${AGENT}: off did not end, not even killed` })
    assert.equal(await isOn(), true)
  })

  test('levels are tried in order, and when all fail each tells why', async t => {
    const { device, level, isOn } = await bench(t)
    const outcome = await device(level({ mode: 'broken' }), level({}, { program: ['/nowhere/fence_none'] })).off()
    assert.equal(outcome.ok, false)
    assert.match(outcome.detail, /fence_flag: off ended with 1: Connection timed out; \/nowhere\/fence_none: .*ENOENT/)
    assert.equal(await isOn(), true)
  })

  test('a secret comes from its file, and is in nothing that is told', async t => {
    const { device, level, directory } = await bench(t)
    const secret = path.join(directory, 'secret')
    await writeFile(secret, 'opensesame\n')
    const outcome = await device(level({ mode: 'chatty' }, { secretFiles: { password: secret } })).off()
    assert.match(outcome.detail, /login with \*\*\* refused/)
    assert.doesNotMatch(outcome.detail, /opensesame/)
  })

  test('a secret of two lines is refused: the second would be an option of its own', async t => {
    const { device, level, directory, isOn } = await bench(t)
    const secret = path.join(directory, 'secret')
    await writeFile(secret, 'a\naction=on\n')
    assert.match((await device(level({}, { secretFiles: { password: secret } })).off()).detail, /more than one line/)
    assert.equal(await isOn(), true)
  })

  test('monitor tells the first level that does not answer', async t => {
    const { device, level } = await bench(t)
    assert.equal(await device(level()).monitor(), null)
    assert.match(await device(level(), level({ mode: 'broken' })).monitor() ?? '', /monitor ended with 1: Connection timed out/)
  })
})

test('a program of the operator\'s own gets the action and the node as arguments', async t => {
  const { device, level, directory } = await bench(t)
  const log = path.join(directory, 'calls')
  const script = path.join(directory, 'power.sh')
  await writeFile(script, `echo "$@" >> ${log}; [ "$2" = status ] && exit 2; exit 0\n`)
  const own = level({}, { kind: 'exec', program: ['/bin/sh', script, 'rack7'], options: {} })
  assert.equal((await device(own).off()).ok, true)
  assert.equal(await readFile(log, 'utf8'), 'rack7 off a\nrack7 status a\n')
})
