import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newCompanions, type CompanionAction, type CompanionEvent, type CompanionRules, type CompanionsState, type Look } from '../../../../agent/core/companion-state.ts'
import { stepCompanions } from '../../../../agent/core/companions.ts'

const rules = (name: string, changes: Partial<CompanionRules> = {}): CompanionRules => ({ name, required: false, checkEveryMs: 1_000, restarts: 2, restartWindowMs: 60_000, ...changes })

/** The core with a clock of its own, and what is being done with each companion. */
function play (...all: readonly CompanionRules[]) {
  let state: CompanionsState = newCompanions(all)
  let nowMs = 0
  let wakeAtMs = Infinity
  const doing = new Map<string, { readonly kind: string, readonly op: number }>()
  const told: string[] = []
  const log: string[] = []

  function send (event: CompanionEvent): readonly CompanionAction[] {
    const [next, actions] = stepCompanions(all, state, event, nowMs)
    state = next
    wakeAtMs = Infinity
    for (const action of actions) {
      if (action.type === 'happened') told.push(action.kind)
      else if (action.type === 'wakeAt') wakeAtMs = action.atMs
      else {
        if (action.type !== 'abort') doing.set(action.name, { kind: action.type, op: action.op })
        if (action.type !== 'look') log.push(`${action.type} ${action.name}`)
      }
    }
    return actions
  }

  function take (name: string, kind: string): number {
    const found = doing.get(name)
    assert.equal(found?.kind, kind, `${name} is being asked to ${kind}`)
    doing.delete(name)
    return found.op
  }

  return {
    log,
    told,
    doing: (name: string) => doing.get(name)?.kind ?? null,
    item: (name: string) => state.items[name],
    wanted: (wanted: CompanionsState['wanted']) => send({ type: 'wanted', wanted }),
    looked: (name: string, look: Look) => send({ type: 'looked', name, op: take(name, 'look'), look }),
    did: (name: string, kind: 'start' | 'stop' | 'look', error: string | null = null) => send({ type: 'did', name, op: take(name, kind), error }),
    ended: (name: string) => send({ type: 'ended', name }),
    /** Goes on to when something is due, and says when that is. */
    wake: () => {
      assert.ok(Number.isFinite(wakeAtMs), 'something is due at some time')
      nowMs = Math.max(nowMs, wakeAtMs)
      send({ type: 'woke' })
      return nowMs
    },
    late: (ms: number) => { nowMs += ms; send({ type: 'woke' }) },
    nowMs: () => nowMs
  }
}

const RUNS: Look = { state: 'running', pid: 7 }
const DOWN: Look = { state: 'stopped' }
const ILL: Look = { state: 'ill', pid: 7, why: 'no answer' }

function started (scene: ReturnType<typeof play>, name: string): void {
  scene.looked(name, DOWN)
  scene.did(name, 'start')
  scene.looked(name, RUNS)
}

describe('where the active is, companions run, and nowhere else', () => {
  test('before anything is known of the node nothing is started or stopped: an agent that restarts on the active changes nothing', () => {
    const scene = play(rules('northd'))
    scene.late(5_000)
    scene.looked('northd', RUNS)
    scene.late(5_000)
    scene.looked('northd', RUNS)
    assert.deepEqual(scene.log, [])
    scene.wanted('run')
    scene.looked('northd', RUNS)
    assert.deepEqual([scene.log, scene.told], [[], ['companionAdopted']])
  })

  test('they start in their order, each when the one before runs, and stop in the reverse one', () => {
    const scene = play(rules('first'), rules('second'))
    scene.wanted('run')
    scene.looked('first', DOWN)
    scene.looked('second', DOWN)
    assert.deepEqual(scene.log, ['start first'])
    scene.did('first', 'start')
    assert.deepEqual(scene.log, ['start first'], 'the second waits until the first was seen to run')
    scene.looked('first', RUNS)
    assert.deepEqual(scene.log, ['start first', 'start second'])
    scene.did('second', 'start')
    scene.looked('second', RUNS)
    scene.wanted('stop')
    assert.deepEqual(scene.log.slice(2), ['stop second'], 'at once, and the first waits')
    scene.looked('first', RUNS)
    scene.did('second', 'stop')
    assert.deepEqual(scene.log.slice(2), ['stop second', 'stop first'])
  })

  test('one that does not start does not keep the others from starting', () => {
    const scene = play(rules('first'), rules('second'))
    scene.wanted('run')
    scene.looked('first', DOWN)
    scene.looked('second', DOWN)
    scene.did('first', 'start', 'no such program')
    assert.deepEqual(scene.log, ['start first', 'start second'])
    assert.equal(scene.item('first')?.problem, 'it did not start: no such program')
  })

  test('what is being looked at or started is given up at once when this node ceases to serve, and is no failure', () => {
    const scene = play(rules('northd'))
    scene.wanted('run')
    scene.looked('northd', DOWN)
    scene.wanted('stop')
    assert.deepEqual(scene.log, ['start northd', 'abort northd'])
    scene.did('northd', 'start', 'it is to be stopped')
    scene.looked('northd', RUNS)
    scene.did('northd', 'stop')
    assert.deepEqual([scene.told, scene.item('northd')?.problem, scene.item('northd')?.seen.type], [['companionStopped'], null, 'stopped'])
  })

  test('one that is being looked at when this node hands over is stopped without another look', () => {
    const scene = play(rules('northd'))
    scene.wanted('run')
    started(scene, 'northd')
    scene.wake()
    scene.wanted('stop')
    scene.did('northd', 'look', 'it is to be stopped')
    assert.equal(scene.doing('northd'), 'stop')
  })

  test('one that somebody else started on a backup is stopped, and told', () => {
    const scene = play(rules('northd'))
    scene.wanted('stop')
    scene.looked('northd', DOWN)
    scene.wake()
    scene.looked('northd', RUNS)
    assert.deepEqual([scene.log, scene.told], [['stop northd'], ['companionStray']])
  })

  test('one that cannot be stopped is told, and stopped again', () => {
    const scene = play(rules('northd'))
    scene.wanted('stop')
    scene.looked('northd', RUNS)
    scene.did('northd', 'stop', 'stuck in the kernel')
    assert.deepEqual(scene.told, ['companionNotStopped'])
    assert.match(scene.item('northd')?.problem ?? '', /could not be stopped: stuck/)
    scene.wake()
    scene.looked('northd', RUNS)
    assert.deepEqual(scene.log, ['stop northd', 'stop northd'])
  })

  test('while a node is being promoted only those start that the promotion needs', () => {
    const scene = play(rules('optional'), rules('needed', { required: true }))
    scene.wanted('required')
    scene.looked('optional', DOWN)
    scene.looked('needed', DOWN)
    assert.deepEqual(scene.log, ['start needed'], 'and they wait for no other')
    scene.did('needed', 'start')
    scene.looked('needed', RUNS)
    scene.wanted('run')
    assert.deepEqual(scene.log, ['start needed', 'start optional'])
  })
})

describe('restarts are bounded', () => {
  test('one that ends by itself is looked at when its end is noticed, and started again after a pause', () => {
    const scene = play(rules('northd'))
    scene.wanted('run')
    started(scene, 'northd')
    scene.ended('northd')
    scene.looked('northd', DOWN)
    assert.equal(scene.item('northd')?.problem, 'it ended by itself')
    assert.equal(scene.doing('northd'), null)
    assert.equal(scene.wake(), 100)
    assert.equal(scene.doing('northd'), 'start')
    scene.did('northd', 'start')
    scene.looked('northd', RUNS)
    assert.equal(scene.item('northd')?.problem, null)
  })

  /** Until nothing more is done at once: how often it was started, and when it is tried again. */
  function crashLoop (scene: ReturnType<typeof play>): number {
    const endMs = scene.nowMs() + 50_000
    while (scene.nowMs() < endMs) {
      const kind = scene.doing('northd')
      if (kind === 'start') scene.did('northd', 'start')
      else if (kind === 'look') scene.looked('northd', DOWN)
      else scene.wake()
    }
    return scene.log.filter(line => line === 'start northd').length
  }

  test('one that crashes in a loop, even before it was seen to run, is started once and then as often as restarts says within the window', () => {
    const scene = play(rules('northd'))
    scene.wanted('run')
    assert.equal(crashLoop(scene), 3)
    assert.deepEqual(scene.told.filter(kind => kind === 'companionGivenUp'), ['companionGivenUp'])
    assert.match(scene.item('northd')?.problem ?? '', /its 2 restarts in 60 s are spent/)
  })

  test('when the oldest failure is past it is tried again, so that what an operator repaired comes back by itself', () => {
    const scene = play(rules('northd'))
    scene.wanted('run')
    crashLoop(scene)
    assert.equal(crashLoop(scene), 6, 'three in each window')
  })

  test('restarts: 0 means none', () => {
    const scene = play(rules('northd', { restarts: 0 }))
    scene.wanted('run')
    assert.equal(crashLoop(scene), 1)
  })

  test('a node that serves anew begins with a clean sheet', () => {
    const scene = play(rules('northd'))
    scene.wanted('run')
    crashLoop(scene)
    if (scene.doing('northd') === 'look') scene.looked('northd', DOWN)
    scene.wanted('stop')
    assert.equal(scene.item('northd')?.problem, null)
    if (scene.doing('northd') === 'look') scene.looked('northd', DOWN)
    scene.wanted('run')
    if (scene.doing('northd') === 'look') scene.looked('northd', DOWN)
    assert.equal(scene.doing('northd'), 'start')
  })

  test('a check that fails three times in a row means a restart, and fewer do not', () => {
    const scene = play(rules('northd'))
    scene.wanted('run')
    started(scene, 'northd')
    for (const look of [ILL, ILL, RUNS, ILL, ILL]) {
      scene.wake()
      scene.looked('northd', look)
    }
    assert.deepEqual(scene.log, ['start northd'])
    scene.wake()
    scene.looked('northd', ILL)
    assert.deepEqual(scene.log, ['start northd', 'stop northd'])
    assert.match(scene.item('northd')?.problem ?? '', /its check failed 3 times in a row: no answer/)
    scene.did('northd', 'stop')
    scene.wake()
    assert.equal(scene.doing('northd'), 'start')
  })
})
