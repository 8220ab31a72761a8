import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NOTHING_PLANNED, stepPlanned, type PlannedAction, type PlannedEvent, type PlannedState } from '../../../../controller/core/planned.ts'
import type { ClusterView } from '../../../../protocol/api.ts'
import type { PlannedSwitchover } from '../../../../protocol/planned.ts'
import { operationView } from '../api/views.ts'
import { calmView } from './schedule-harness.ts'

const AT = '2026-01-02T03:00:00.000Z'
const T = Date.parse(AT)

function plan (id: string, changes: Partial<PlannedSwitchover> = {}): PlannedSwitchover {
  return { id, at: AT, withinMs: 60_000, to: null, by: 'ann', askedAt: '2026-01-01T00:00:00.000Z', reason: '', begunAt: null, ...changes }
}

/** A leader, and a store that does what it is asked. */
function planner (...plans: readonly PlannedSwitchover[]) {
  let state: PlannedState = NOTHING_PLANNED
  let stored = plans
  let view: ClusterView = calmView()
  const all: PlannedAction[] = []
  function send (event: PlannedEvent, nowMs: number): readonly PlannedAction[] {
    const [next, actions] = stepPlanned(state, event, stored, view, nowMs)
    state = next
    all.push(...actions)
    for (const action of actions) if (action.type === 'close') stored = stored.filter(one => one.id !== action.id)
    return actions
  }
  const records = () => all.flatMap(action => action.type === 'record' ? [[action.kind, action.message] as const] : [])
  const begun = () => all.flatMap(action => action.type === 'begin' ? [action.id] : [])
  send({ type: 'led' }, T - 3_600_000)
  return {
    send,
    look: (nowMs: number) => send({ type: 'woke' }, nowMs),
    end: (id: string, nowMs: number, error: string | null, outcome: 'done' | 'undone' | 'failed' = 'done') => send({ type: 'ended', id, error, operation: error === null ? operationView({ kind: 'switchover', from: 'n1', to: 'n2', durationMs: 40, outcome, detail: 'the marker was late' }) : null }, nowMs),
    see (over: Partial<ClusterView>) { view = calmView(over) },
    mark (id: string) { stored = stored.map(one => one.id === id ? { ...one, begunAt: AT } : one) },
    records,
    begun,
    stored: () => stored.map(({ id }) => id),
    state: () => state
  }
}

describe('a planned switchover', () => {
  test('begins at its time and not before, once, and its end is told and closes it', () => {
    const one = planner(plan('s1', { to: 'n2', reason: 'new kernel' }))
    one.look(T - 1)
    assert.deepEqual(one.begun(), [])
    one.look(T)
    one.mark('s1')
    one.look(T + 10)
    assert.deepEqual(one.begun(), ['s1'])
    one.end('s1', T + 50, null)
    one.look(T + 60)
    assert.deepEqual([one.begun(), one.stored()], [['s1'], []])
    assert.deepEqual(one.records(), [['plannedSwitchoverEnded', `the switchover to n2 that ann planned for ${AT} (new kernel) is done: n1 to n2 in 40 ms`]])
  })

  test('is looked at often enough that a wall clock which steps does not hide it', () => {
    const [woken] = planner(plan('s1')).look(T - 3_000_000).filter(action => action.type === 'wakeAt')
    assert.ok(woken !== undefined && woken.atMs <= T - 3_000_000 + 30_000)
    const [soon] = planner(plan('s1')).look(T - 20_000).filter(action => action.type === 'wakeAt')
    assert.equal(soon?.atMs, T)
  })

  test('waits while it cannot begin, and begins within its bound', () => {
    for (const over of [{ paused: { by: 'bob', at: AT, reason: '' } }, { active: null }, { operation: operationView({ outcome: 'running' }) }]) {
      const one = planner(plan('s1'))
      one.see(over)
      one.look(T)
      assert.deepEqual([one.begun(), one.stored()], [[], ['s1']])
      one.see({})
      one.look(T + 60_000)
      assert.deepEqual(one.begun(), ['s1'])
    }
  })

  test('is missed beyond its bound, told with the reason, and not run late', () => {
    const one = planner(plan('s1'))
    one.see({ paused: { by: 'bob', at: AT, reason: '' } })
    one.look(T)
    one.look(T + 60_001)
    one.see({})
    one.look(T + 60_002)
    assert.deepEqual([one.begun(), one.stored()], [[], []])
    assert.deepEqual(one.records(), [['plannedSwitchoverMissed', `the switchover that ann planned for ${AT} did not happen: the cluster is paused by bob`]])
  })

  test('that nobody was there to run is told by the next leader, and a bound may be longer', () => {
    const one = planner(plan('s1'), plan('s2', { withinMs: 600_000 }))
    one.send({ type: 'leadLost' }, T - 10_000)
    one.look(T)
    assert.deepEqual(one.begun(), [], 'who does not lead runs nothing')
    one.send({ type: 'led' }, T + 120_000)
    assert.match(one.records()[0]?.[1] ?? '', /did not happen: no controller led the cluster then$/)
    assert.deepEqual(one.begun(), ['s2'])
  })

  test('that a leader before had begun is told, and never begun again', () => {
    const one = planner()
    const next = planner(plan('s1', { begunAt: AT }))
    assert.deepEqual(one.records(), [])
    next.look(T + 1)
    assert.deepEqual([next.begun(), next.stored()], [[], []])
    assert.match(next.records()[0]?.[1] ?? '', /was begun by a controller that leads no more/)
  })

  test('whose order is refused is tried again within its bound, and then told with what refused it', () => {
    const one = planner(plan('s1'))
    one.look(T)
    one.mark('s1')
    one.end('s1', T + 5, 'no node can take over')
    one.look(T + 500)
    assert.deepEqual(one.begun(), ['s1'], 'not at once')
    one.look(T + 1_100)
    assert.deepEqual(one.begun(), ['s1', 's1'])
    one.end('s1', T + 59_500, 'no node can take over')
    assert.deepEqual(one.records(), [['plannedSwitchoverEnded', `the switchover that ann planned for ${AT} did not happen: no node can take over`]])
    assert.deepEqual(one.stored(), [])
  })

  test('that was undone is over: it had begun', () => {
    const one = planner(plan('s1'))
    one.look(T)
    one.end('s1', T + 50, null, 'undone')
    one.look(T + 5_000)
    assert.deepEqual([one.begun(), one.stored()], [['s1'], []])
    assert.match(one.records()[0]?.[1] ?? '', /did not happen: it was undone: the marker was late$/)
  })

  test('waits for another one of the same time; the earlier one comes first', () => {
    const one = planner(plan('s2'), plan('s1', { at: '2026-01-02T02:59:59.000Z' }))
    one.look(T)
    assert.deepEqual(one.begun(), ['s1'])
    one.end('s1', T + 50, null)
    assert.deepEqual(one.begun(), ['s1', 's2'])
  })

  test('that is over and could not be taken out of the store is not told twice by this leader', () => {
    const plans = [plan('s1')]
    let [state] = stepPlanned(NOTHING_PLANNED, { type: 'led' }, plans, calmView(), T + 120_000)
    const again = stepPlanned(state, { type: 'woke' }, plans, calmView(), T + 130_000)
    state = again[0]
    assert.deepEqual(again[1], [])
    assert.deepEqual(stepPlanned(state, { type: 'woke' }, [], calmView(), T + 140_000)[0].closed, [])
  })
})
