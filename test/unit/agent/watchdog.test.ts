import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { createWatchdog, type WatchdogOptions } from '../../../agent/watchdog.ts'

/** A regular file stands in for the device: what is written to it is seen. */
async function bench (t: TestContext, options: Partial<WatchdogOptions> = {}) {
  const directory = await mkdtemp(path.join(tmpdir(), 'watchdog-'))
  t.after(async () => await rm(directory, { recursive: true }))
  const device = path.join(directory, 'watchdog0')
  await writeFile(device, '')
  const problems: Array<string | null> = []
  const watchdog = createWatchdog({ device, everyMs: 5, beats: [async () => {}], onProblem: message => problems.push(message), sysDirectory: directory + '/sys', ...options })
  t.after(() => watchdog.stop())
  const written = () => readFile(device, 'utf8')
  return { directory, problems, watchdog, written }
}

async function until (condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = AbortSignal.timeout(10_000)
  while (!await condition()) {
    deadline.throwIfAborted()
    await new Promise(resolve => { setImmediate(resolve) })
  }
}

test('it is fed again and again, and told good-bye at an orderly stop', async t => {
  const { watchdog, written } = await bench(t)
  await watchdog.start()
  await until(async () => (await written()).length >= 3)
  await watchdog.stop()
  assert.match(await written(), /^k{3,}V$/)
})

test('a loop that is stuck starves it: the host is reset', async t => {
  let rounds = 0
  const { watchdog, written } = await bench(t, { beats: [async () => {}, () => ++rounds < 3 ? Promise.resolve() : new Promise(() => {})] })
  await watchdog.start()
  await until(() => rounds === 3)
  for (let turn = 0; turn < 500; turn++) await new Promise(resolve => { setImmediate(resolve) })
  assert.equal(await written(), 'kk')
})

test('a device that cannot be opened is a problem and no reason not to serve', async t => {
  const { watchdog, problems } = await bench(t, { device: '/nowhere/watchdog' })
  await watchdog.start()
  await watchdog.stop()
  assert.match(problems.join(), /\/nowhere\/watchdog could not be opened: ENOENT/)
})

test('a device whose time is shorter than two feedings is not used: it would reset a host that is well', async t => {
  const { watchdog, problems, directory, written } = await bench(t, { everyMs: 600 })
  await mkdir(`${directory}/sys/watchdog0`, { recursive: true })
  await writeFile(`${directory}/sys/watchdog0/timeout`, '1\n')
  await watchdog.start()
  assert.match(problems.join(), /resets the host after 1000 ms, and is fed every 600 ms/)
  assert.equal(await written(), '')
})
