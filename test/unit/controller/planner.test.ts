import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { pino } from 'pino'
import { createPlanner } from '../../../controller/planner.ts'
import type { ClusterView } from '../../../protocol/api.ts'
import type { PlannedSwitchover } from '../../../protocol/planned.ts'
import { operationView } from './api/views.ts'
import { calmView } from './core/schedule-harness.ts'

function scene (t: TestContext, { at, leads = true, refusal = null }: { readonly at: string, readonly leads?: boolean, readonly refusal?: string | null }) {
  const followers = new Set<() => void>()
  const ran: string[] = []
  const over = Promise.withResolvers<string>()
  let plans: readonly PlannedSwitchover[] = [{ id: 's1', at, withinMs: 1_000, to: 'n2', by: 'ann', askedAt: at, reason: '', begunAt: null }]
  let view: ClusterView = { ...calmView(), controller: { name: 'c1', leads, leader: null } }
  const planner = createPlanner({
    host: {
      view: () => view,
      follow (onChange) {
        const follower = () => onChange(view)
        followers.add(follower)
        return () => { followers.delete(follower) }
      },
      tell: (_kind, _severity, _node, message) => over.resolve(message),
      planned: () => plans,
      async runPlanned ({ id }) {
        ran.push(id)
        if (refusal !== null) throw new Error(refusal)
        return operationView({ kind: 'switchover', outcome: 'done', durationMs: 40 })
      },
      async closePlanned (id) { plans = plans.filter(one => one.id !== id) }
    },
    logger: pino({ level: 'silent' })
  })
  t.after(() => planner.stop())
  return {
    planner,
    ran,
    over: over.promise,
    plans: () => plans,
    lead () {
      view = { ...view, controller: { name: 'c1', leads: true, leader: null } }
      for (const follower of followers) follower()
    }
  }
}

test('runs what is planned at its time, tells it and takes it out of the store', { timeout: 60_000 }, async t => {
  const dueMs = Date.now() + 300
  const one = scene(t, { at: new Date(dueMs).toISOString() })
  one.planner.start()
  assert.deepEqual(one.ran, [])
  assert.match(await one.over, /is done: n1 to n2 in 40 ms$/)
  assert.ok(Date.now() >= dueMs)
  assert.deepEqual([one.ran, one.plans()], [['s1'], []])
})

test('a controller that does not lead runs nothing, and tells what was missed once it leads', { timeout: 60_000 }, async t => {
  const one = scene(t, { at: new Date(Date.now() - 60_000).toISOString(), leads: false })
  one.planner.start()
  assert.deepEqual([one.ran, one.plans().length], [[], 1])
  one.lead()
  assert.match(await one.over, /did not happen: no controller led the cluster then$/)
  assert.deepEqual([one.ran, one.plans()], [[], []])
})

test('an order that goes on being refused is told with the refusal when its bound is over', { timeout: 60_000 }, async t => {
  const one = scene(t, { at: new Date(Date.now() - 500).toISOString(), refusal: 'no node can take over' })
  one.planner.start()
  assert.match(await one.over, /did not happen: no node can take over$/)
  assert.deepEqual(one.plans(), [])
})
