// The notify protocol of systemd against a real datagram socket: a listener receives as systemd does, systemd-notify speaks.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { execa } from 'execa'
import { aliveEveryMs, createServiceManager, type ServiceManagerOptions } from '../../../cli/service-manager.ts'
import { until } from '../../contract/support/wait.ts'

const DEADLINE_MS = 60_000
const EVERY_MICROSECONDS = '150000'

const LISTENER = path.join(import.meta.dirname, 'notify-listener.pl')

/** Resolves when somebody listens; `heard` is what came, one text for each datagram. */
async function listen (t: TestContext, { abstract = false }: { readonly abstract?: boolean } = {}) {
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-notify-'))
  const notifySocket = abstract ? `@ovsdb-ha-test-${process.pid}` : path.join(directory, 'socket')
  let text = ''
  const listener = execa('perl', [LISTENER, notifySocket], { stdin: 'ignore', buffer: false, reject: false })
  listener.stdout.on('data', (chunk: Buffer) => { text += chunk.toString() })
  t.after(async () => {
    listener.kill('SIGKILL')
    await listener
    await rm(directory, { recursive: true, force: true })
  })
  const messages = () => text.split('\n---\n').slice(0, -1)
  await until('the listener to listen', DEADLINE_MS, () => messages().length > 0)
  // the barrier of systemd-notify is a message of its own
  return { notifySocket, heard: () => messages().slice(1).map(message => message.trimEnd()).filter(message => message !== 'BARRIER=1') }
}

function manager (options: Partial<ServiceManagerOptions>, problems: string[] = []) {
  return createServiceManager({ notifySocket: undefined, watchdogMicroseconds: undefined, watchdogPid: undefined, pid: process.pid, onProblem: message => { problems.push(message) }, ...options })
}

const alive = (heard: readonly string[]) => heard.filter(message => message === 'WATCHDOG=1').length

for (const abstract of [false, true]) {
  test(`it says on ${abstract ? 'an abstract' : 'a'} socket that it is ready, again and again that it is alive, and at last that it stops`, async t => {
    const { notifySocket, heard } = await listen(t, { abstract })
    const problems: string[] = []
    const systemd = manager({ notifySocket, watchdogMicroseconds: EVERY_MICROSECONDS, watchdogPid: String(process.pid) }, problems)
    await systemd.ready([async () => {}])
    assert.deepEqual(heard()[0]?.split('\n').toSorted(), ['READY=1', 'STATUS=It serves requests.'], 'ready is the first word, and was heard when ready() ended')
    await until('three signs of life', DEADLINE_MS, () => alive(heard()) >= 3)
    await systemd.stopping()
    await until('the last word', DEADLINE_MS, () => heard().at(-1)?.includes('STOPPING=1') ?? false)
    assert.deepEqual(problems, [])
  })
}

test('a loop that is stuck is told alive no more, whatever the others do', async t => {
  const { notifySocket, heard } = await listen(t)
  let [beats, others] = [0, 0]
  const systemd = manager({ notifySocket, watchdogMicroseconds: EVERY_MICROSECONDS })
  t.after(() => systemd.stopping())
  await systemd.ready([async () => { others++ }, () => ++beats < 3 ? Promise.resolve() : new Promise(() => {})])
  await until('the loop to be asked a third time', DEADLINE_MS, () => beats === 3)
  const sound = await listen(t)
  const another = manager({ notifySocket: sound.notifySocket, watchdogMicroseconds: EVERY_MICROSECONDS })
  t.after(() => another.stopping())
  await another.ready([async () => {}])
  await until('one that is not stuck to be told alive five times meanwhile', DEADLINE_MS, () => alive(sound.heard()) >= 5)
  assert.equal(alive(heard()), 2)
  assert.deepEqual([beats, others], [3, 3], 'nobody is asked again before all have answered')
})

test('a core that fails is told alive no more, and why is said', async t => {
  const { notifySocket, heard } = await listen(t)
  const problems: string[] = []
  const systemd = manager({ notifySocket, watchdogMicroseconds: EVERY_MICROSECONDS }, problems)
  t.after(() => systemd.stopping())
  await systemd.ready([() => Promise.reject(new Error('the invariant is broken'))])
  await until('the failure to be told', DEADLINE_MS, () => problems.length >= 2)
  assert.match(problems.join('\n'), /not told that this process is well: the invariant is broken/)
  assert.equal(alive(heard()), 0)
})

test('without a service manager nothing is started and nothing is said', async () => {
  const problems: string[] = []
  const nobody = manager({ program: '/nowhere/systemd-notify', watchdogMicroseconds: EVERY_MICROSECONDS }, problems)
  await nobody.ready([async () => { problems.push('asked') }])
  await nobody.stopping()
  assert.deepEqual(problems, [])
})

test('a socket that nobody listens on, and a machine without systemd-notify, are said once and end nothing', async t => {
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-notify-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  for (const options of [{ notifySocket: path.join(directory, 'nobody') }, { notifySocket: path.join(directory, 'nobody'), program: '/nowhere/systemd-notify' }]) {
    const problems: string[] = []
    const systemd = manager(options, problems)
    await systemd.ready([])
    await systemd.stopping()
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', /^systemd was not told --ready/)
  }
})

test('signs of life are due thrice within the time that systemd waits, and only from the process that it means', () => {
  const pid = 7
  assert.equal(aliveEveryMs({ watchdogMicroseconds: '15000000', watchdogPid: '7', pid }), 5_000)
  assert.equal(aliveEveryMs({ watchdogMicroseconds: '15000000', watchdogPid: undefined, pid }), 5_000)
  assert.equal(aliveEveryMs({ watchdogMicroseconds: '15000000', watchdogPid: '8', pid }), null)
  for (const wrong of [undefined, '', '0', 'soon', '-5', '1.5']) assert.equal(aliveEveryMs({ watchdogMicroseconds: wrong, watchdogPid: undefined, pid }), null, wrong)
})
