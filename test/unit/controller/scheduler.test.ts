import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { pino } from 'pino'
import type { KeptSchedules } from '../../../controller/core/schedule-state.ts'
import { createControllerMetrics } from '../../../controller/metrics.ts'
import type { ScheduleHost } from '../../../controller/schedule-host.ts'
import { createScheduler } from '../../../controller/scheduler.ts'
import { createSnapshotDesk } from '../../../controller/snapshot-desk.ts'
import { createVerifier } from '../../../controller/verifier.ts'
import type { ClusterView } from '../../../protocol/api.ts'
import { until } from '../../contract/support/wait.ts'
import { clusterConfig } from '../../fixtures.ts'
import { operationView } from './api/views.ts'
import { maintenanceLink } from './maintenance-double.ts'
import { snapshotOf } from './snapshot-views.ts'
import { calmView, SCHEDULES, servedBy } from './core/schedule-harness.ts'

const DEADLINE_MS = 10_000
const EACH_SECOND = '* * * * * *'
const leading = (view: ClusterView, leads: boolean): ClusterView => ({ ...view, controller: { name: 'ctl', leads, leader: null } })

/** A cluster of n1, n2, n3 that does what it is asked, and a controller that leads it. */
function scene (t: TestContext, schedules: Partial<typeof SCHEDULES>, kept: KeptSchedules | null = null) {
  const cluster = clusterConfig({ schedules: { ...SCHEDULES, snapshot: null, audit: null, compaction: null, drill: null, ...schedules } })
  const metrics = createControllerMetrics({ version: '0' })
  const told: Array<readonly [string, string]> = []
  const asked: string[] = []
  const followers = new Set<(view: ClusterView) => void>()
  const waiting: Array<{ readonly kind: string, readonly resolve: () => void }> = []
  const failing = new Set<string>()
  let view = leading(calmView(), true)
  let known = kept
  let lapsed = false

  function see (next: ClusterView): void {
    view = next
    for (const follower of followers) follower(view)
  }
  const host: ScheduleHost = {
    name: cluster.name,
    view: () => view,
    follow (onChange) {
      followers.add(onChange)
      return () => { followers.delete(onChange) }
    },
    leads: () => view.controller.leads && !lapsed,
    async drillSwitchover (to, actor) {
      asked.push(`switchover to ${to ?? 'the best'}${actor === 'the schedule' ? '' : ` for ${actor}`}`)
      const from = view.active
      const target = to ?? 'n2'
      see(leading(servedBy(target), true))
      return operationView({ kind: 'switchover', from, to: target, outcome: 'done', durationMs: 100 })
    },
    tell (kind, _severity, _node, message) {
      told.push([kind, message])
      for (const one of waiting) if (one.kind === kind) one.resolve()
    },
    compared: () => {},
    keptSchedules: () => known,
    keepSchedules: next => { known = next }
  }
  const links = ['n1', 'n2', 'n3'].map(node => maintenanceLink(node, {
    async compact ({ as }) {
      asked.push(`compact ${node} as ${as}`)
      return { databases: [{ server: 'nb', database: 'OVN_Northbound', beforeBytes: 9_000, afterBytes: 100, durationMs: 3 }] }
    },
    snapshots: async () => ({ snapshots: [], problems: [] }),
    versions: async () => ({ servers: [] }),
    order: async () => ({ ok: true, reason: null, steps: [] }),
    async takeSnapshot ({ as, actor, reason }) {
      asked.push(`snapshot of ${node} as ${as}`)
      if (failing.has(node)) throw new Error(`${node} has no room`)
      return { snapshot: { ...snapshotOf(node), as, actor, reason }, hook: { ok: false, detail: 'ship ended with 3' }, removed: ['20250101-000000-n2'] }
    },
    verifySnapshot: async id => ({ snapshot: snapshotOf(node, id), problems: [] }),
    async compare () {
      asked.push(`compare ${node}`)
      if (failing.has(node)) throw new Error(`${node} does not answer`)
      return { tables: [], suspects: [], longestReadMs: 1 }
    }
  }))
  const scheduler = createScheduler({ cluster, host, links, snapshots: createSnapshotDesk({ host, links, metrics }), verifier: createVerifier({ cluster, host, links, metrics }), metrics, logger: pino({ level: 'silent' }) })
  t.after(() => scheduler.stop())
  return {
    scheduler,
    failing,
    asked,
    told,
    see,
    /** Its time is over by the clock, and no timer has told it yet. */
    lapse: () => { lapsed = true },
    kept: () => known,
    metrics: () => metrics.registry.metrics(),
    async says (kind: string): Promise<string> {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push({ kind, resolve })
      if (!told.some(one => one[0] === kind)) await promise
      return told.find(one => one[0] === kind)?.[1] ?? ''
    }
  }
}

test('a drill goes there and back, and history, metrics and store are told', { timeout: 20_000 }, async t => {
  const one = scene(t, { drill: { cron: EACH_SECOND, stayMs: 1 } })
  await one.scheduler.start()
  assert.match(await one.says('drillEnded'), /failover drill done: the service moved from n1 to n2 in 100 ms, stayed there for \d+\.\d s, and moved back in 100 ms/)
  assert.deepEqual(one.asked.slice(0, 2), ['switchover to the best', 'switchover to n1'])
  const metrics = await one.metrics()
  assert.match(metrics, /ovsdb_ha_schedule_runs_total\{cluster="\w+",task="drill",outcome="done"\} 1/)
  assert.match(metrics, /ovsdb_ha_schedule_last_success_timestamp_seconds\{cluster="\w+",task="drill"\} \d/)
  assert.match(metrics, /ovsdb_ha_schedule_next_timestamp_seconds\{cluster="\w+",task="drill"\} \d/)
  assert.ok(Date.parse(one.kept()?.next.drill ?? '') > 0)
})

test('a compaction asks every node, the active last, and tells what each gained', { timeout: 20_000 }, async t => {
  const one = scene(t, { compaction: { cron: EACH_SECOND, quietForMs: 1 } })
  await one.scheduler.start()
  assert.match(await one.says('compactionEnded'), /^compacted: n2, n3, n1$/)
  assert.deepEqual(one.asked.slice(0, 3), ['compact n2 as backup', 'compact n3 as backup', 'compact n1 as active'])
  assert.match(await one.says('databaseCompacted'), /OVN_Northbound of nb on n2 was compacted from 9000 to 100 bytes/)
})

test('a controller that does not lead runs nothing, and begins when it leads, with what the one before kept', { timeout: 20_000 }, async t => {
  const one = scene(t, { drill: { cron: EACH_SECOND, stayMs: 1 } }, { next: { drill: '2026-01-01T00:00:00.000Z' }, waiting: [], running: null, last: {} })
  one.see(leading(calmView(), false))
  await one.scheduler.start()
  assert.deepEqual([one.told, one.asked], [[], []])
  one.see(leading(calmView(), true))
  assert.match(await one.says('scheduleMissed'), /the drill of 2026-01-01T00:00:00.000Z did not happen: no controller led/)
  await one.says('drillEnded')
})

test('a snapshot is taken from a backup, from the next one when that cannot, and a hook that failed is told', { timeout: 20_000 }, async t => {
  const one = scene(t, { snapshot: { cron: EACH_SECOND } })
  one.failing.add('n2')
  await one.scheduler.start()
  assert.match(await one.says('snapshotTaken'), /the schedule had a snapshot taken from n3, the backup: 20260102-033000-n3, 7 rows in 300 bytes/)
  assert.deepEqual(one.asked.slice(0, 2), ['snapshot of n2 as backup', 'snapshot of n3 as backup'])
  assert.match(await one.says('snapshotHookFailed'), /the hook for 20260102-033000-n3: ship ended with 3/)
  assert.match(await one.says('snapshotsRemoved'), /20250101-000000-n2/)
})

test('a job is run when somebody asks for it, with or without a schedule, in their name; what could not begin is refused', { timeout: 20_000 }, async t => {
  const one = scene(t, {})
  await one.scheduler.start()
  const { at } = one.scheduler.run('drill', 'ann')
  assert.throws(() => one.scheduler.run('drill', 'ann'), { code: 'OVSDB_HA_SCHEDULE_REFUSED', message: 'a drill cannot begin: a drill runs' })
  assert.throws(() => one.scheduler.run('snapshot', 'ann'), /a drill runs/)
  assert.deepEqual(one.scheduler.view().schedules.find(({ job }) => job === 'drill')?.running, { at, by: 'ann' })
  assert.deepEqual(one.asked, ['switchover to the best for ann'])
  const other = scene(t, {})
  await other.scheduler.start()
  other.scheduler.run('snapshot', 'ann')
  assert.match(await other.says('snapshotTaken'), /^ann had a snapshot taken from n2/)
  await until('it has ended', DEADLINE_MS, () => other.scheduler.view().schedules[0]?.last?.outcome === 'done')
  other.see(leading(calmView({ paused: { by: 'bob', at: '2026-01-02T03:30:00.000Z', reason: '' } }), true))
  assert.throws(() => other.scheduler.run('compaction', 'ann'), /a compaction cannot begin: the cluster is paused by bob/)
})

test('a controller that does not lead runs nothing for anybody, and shows what the leader kept', { timeout: 20_000 }, async t => {
  const last = { at: '2026-01-01T00:00:00.000Z', by: null, outcome: 'done' as const, message: 'there and back', durationMs: 9 }
  const one = scene(t, {}, { next: {}, waiting: [], running: null, last: { drill: last } })
  one.see(leading(calmView(), false))
  await one.scheduler.start()
  assert.throws(() => one.scheduler.run('drill', 'ann'), { code: 'OVSDB_HA_NOT_LEADING' })
  assert.deepEqual(one.scheduler.view().schedules.find(({ job }) => job === 'drill')?.last, last)
})

test('a controller whose leadership is over by the clock begins nothing, although nothing has told it yet', { timeout: 20_000 }, async t => {
  const one = scene(t, { compaction: { cron: EACH_SECOND, quietForMs: 1 } })
  await one.scheduler.start()
  one.lapse()
  assert.throws(() => one.scheduler.run('compaction', 'ann'), { code: 'OVSDB_HA_NOT_LEADING' })
  const fromMs = Date.now()
  await until('it would have begun twice', DEADLINE_MS, () => Date.now() - fromMs > 2_100)
  assert.deepEqual([one.asked, one.told], [[], []])
})

test('an audit compares every backup, tells how it ended, and counts; one that could not compare all has failed', { timeout: 20_000 }, async t => {
  const good = scene(t, { audit: { cron: EACH_SECOND } })
  await good.scheduler.start()
  assert.match(await good.says('verifyEnded'), /^every table of n2, n3 is as that of n1/)
  assert.deepEqual(good.asked.slice(0, 2), ['compare n2', 'compare n3'])
  assert.match(good.told.find(([kind]) => kind === 'verifyBegan')?.[1] ?? '', /^the schedule has the databases of n2, n3 compared/)
  const bad = scene(t, { audit: { cron: EACH_SECOND } })
  bad.failing.add('n3')
  await bad.scheduler.start()
  assert.equal(await bad.says('auditFailed'), 'the consistency audit did not find every backup the same: nb of n3 n3 does not answer')
  assert.match(await bad.metrics(), /ovsdb_ha_schedule_runs_total\{cluster="\w+",task="audit",outcome="failed"\} 1/)
})
