import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { pino } from 'pino'
import { createCompanions } from '../../../agent/companions.ts'
import type { Companion } from '../../../agent/companion.ts'
import { companionConfig } from '../../fixtures.ts'
import { createWorld } from './port-doubles.ts'

/** Companions in memory, with the loop as it is. */
function setUp (t: TestContext, ...names: readonly string[]) {
  const world = createWorld()
  const running = new Set<string>()
  const problems = new Map<string, string | null>()
  const changed: (() => void)[] = []
  const double = (name: string): Companion => ({
    name,
    look: () => Promise.resolve(running.has(name) ? { state: 'running', pid: 1 } : { state: 'stopped' }),
    start: signal => Promise.race([world.call(`start ${name}`), new Promise<never>((_resolve, reject) => { signal.addEventListener('abort', () => reject(new Error('given up'))) })]).then(() => { running.add(name) }),
    stop: () => world.call(`stop ${name}`).then(() => { running.delete(name) }),
    onEnded: () => {}
  })
  const companions = createCompanions({
    companions: names.map(name => ({ rules: companionConfig(name, { required: name === 'needed', checkEveryMs: 20 }), companion: double(name), startTimeoutMs: 60_000, stopTimeoutMs: 60_000 })),
    onHappening: () => {},
    onProblem: (code, message) => { problems.set(code, message) },
    onChange: () => { for (const look of changed.splice(0)) look() },
    logger: pino({ level: 'silent' })
  })
  t.after(() => companions.detach())
  async function until (isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>(resolve => { changed.push(resolve) })
  }
  return { world, running, problems, companions, until, runs: (name: string) => companions.report().find(one => one.name === name)?.state === 'running' }
}

describe('companions go by what the unit does', () => {
  test('they are started when the unit is active, and stopped when it is a backup', async t => {
    const { world, companions, until, runs } = setUp(t, 'northd')
    companions.phase('promoting')
    companions.phase('active')
    await until(() => runs('northd'))
    companions.phase('stopping')
    companions.phase('backup')
    await until(() => !runs('northd'))
    assert.deepEqual(world.log, ['start northd', 'stop northd'])
  })

  test('a hand-over waits until they are stopped, and one that is undone starts them again', async t => {
    const { world, companions, until, runs } = setUp(t, 'northd')
    companions.phase('active')
    await until(() => runs('northd'))
    const held = world.hold('stop northd')
    let stopped = false
    const stopping = companions.stop().then(() => { stopped = true })
    await held.begun
    companions.phase('handingOver')
    assert.equal(stopped, false)
    held.go()
    await stopping
    assert.equal(runs('northd'), false)
    companions.phase('active')
    await until(() => runs('northd'))
  })

  test('a hand-over in which one cannot be stopped fails with its name', async t => {
    const { world, companions, until, runs } = setUp(t, 'northd')
    companions.phase('active')
    await until(() => runs('northd'))
    world.failing.set('stop northd', 'stuck')
    await assert.rejects(companions.stop(), /companion northd: it could not be stopped: stuck/)
  })

  test('a promotion waits for those that it needs, and fails when one does not start', async t => {
    const { world, companions } = setUp(t, 'other', 'needed')
    companions.phase('backup')
    await companions.startRequired(new AbortController().signal)
    assert.deepEqual(world.log, ['start needed'])
    await companions.stop()
    world.failing.set('start needed', 'no such program')
    await assert.rejects(companions.startRequired(new AbortController().signal), /companion needed: it did not start: no such program/)
  })

  test('a promotion that is overtaken waits for no companion', async t => {
    const { world, companions, running } = setUp(t, 'needed')
    companions.phase('backup')
    const held = world.hold('start needed')
    const overtaken = new AbortController()
    const starting = companions.startRequired(overtaken.signal)
    await held.begun
    overtaken.abort()
    await assert.rejects(starting, /overtaken/)
    companions.phase('stopping')
    await companions.stop()
    assert.equal(running.size, 0)
  })

  test('what is wrong with them is one problem of the node, and is over when they run', async t => {
    const { world, companions, problems, until, runs } = setUp(t, 'northd')
    world.failing.set('start northd', 'no such program')
    companions.phase('active')
    await until(() => problems.get('companion') !== null && problems.has('companion'))
    assert.equal(problems.get('companion'), 'companion northd: it did not start: no such program')
    world.failing.clear()
    await until(() => runs('northd'))
    assert.equal(problems.get('companion'), null)
  })
})
