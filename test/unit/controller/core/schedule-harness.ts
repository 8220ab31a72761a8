// The jobs of one cluster, driven by hand: a view that the test changes, events at moments that it names, actions out.
import { stepSchedule } from '../../../../controller/core/schedule.ts'
import { NO_SCHEDULES, type KeptSchedules, type ScheduleAction, type ScheduleEvent, type ScheduleState } from '../../../../controller/core/schedule-state.ts'
import type { ClusterView, NodeView, OperationView } from '../../../../protocol/api.ts'
import type { SchedulesConfig } from '../../../../protocol/cluster.ts'
import type { Job } from '../../../../protocol/schedule.ts'
import { activeNode, clusterView, nodeView, serverReport } from '../api/views.ts'

export const AT = '2026-01-02T03:30:00.000Z'
export const NEXT = '2026-01-03T03:30:00.000Z'
export const ASKED_AT = '2026-01-02T05:00:00.000Z'

export const SCHEDULES: SchedulesConfig = {
  timezone: 'UTC',
  jitterMs: 0,
  startWithinMs: 60_000,
  snapshot: { cron: '30 3 * * *' },
  audit: { cron: '30 3 * * *' },
  compaction: { cron: '30 3 * * *', quietForMs: 5_000 },
  drill: { cron: '30 3 * * *', stayMs: 10_000 }
}

/** n1 serves, n2 and n3 follow it. */
export function calmView (over: Partial<ClusterView> = {}): ClusterView {
  return clusterView({
    active: 'n1',
    paused: null,
    operation: null,
    hold: null,
    state: 'serving',
    recoveries: { limitFailovers: 4, usedFailovers: 0, freeAt: null, open: [] },
    nodes: [activeNode({ name: 'n1' }), nodeView({ name: 'n2' }), nodeView({ name: 'n3' })],
    ...over
  })
}

/** The same cluster, served by that node. */
export function servedBy (active: string, over: Partial<ClusterView> = {}): ClusterView {
  return calmView({ active, nodes: ['n1', 'n2', 'n3'].map(name => name === active ? activeNode({ name }) : nodeView({ name, following: active })), ...over })
}

export function withNode (view: ClusterView, name: string, over: Partial<NodeView>): ClusterView {
  return { ...view, nodes: view.nodes.map(node => node.name === name ? { ...node, ...over } : node) }
}

export function withFile (view: ClusterView, name: string, fileBytes: number): ClusterView {
  return withNode(view, name, { servers: [serverReport({ fileBytes })] })
}

export function scheduleHarness (schedules: Partial<SchedulesConfig> = {}, cluster = 'ovn') {
  const config = { cluster, schedules: { ...SCHEDULES, ...schedules } }
  const all: ScheduleAction[] = []
  let state: ScheduleState = NO_SCHEDULES
  let view = calmView()

  function send (event: ScheduleEvent, nowMs: number): readonly ScheduleAction[] {
    const [next, actions] = stepSchedule(config, state, event, view, nowMs)
    state = next
    all.push(...actions)
    return actions
  }

  const find = <Type extends ScheduleAction['type']>(type: Type) => all.filter((action): action is Extract<ScheduleAction, { type: Type }> => action.type === type)
  return {
    state: () => state,
    send,
    see (next: ClusterView, nowMs: number) {
      view = next
      return send({ type: 'woke' }, nowMs)
    },
    lead: (kept: Partial<KeptSchedules> | null = null, at = AT) => send({ type: 'led', at, next: { compaction: NEXT, drill: NEXT }, kept: kept === null ? null : { next: {}, waiting: [], running: null, last: {}, ...kept } }, 0),
    due: (job: Job, nowMs: number, at = AT) => send({ type: 'due', job, at, next: NEXT }, nowMs),
    ask: (job: Job, nowMs: number, by = 'ann') => send({ type: 'asked', job, at: ASKED_AT, by }, nowMs),
    kept: () => all.findLast(action => action.type === 'keep')?.kept ?? null,
    /** The last thing that was asked for ends. */
    end (nowMs: number, error: string | null = null, operation: OperationView | null = null) {
      const tag = all.findLast(action => action.type === 'compact' || action.type === 'snapshot' || action.type === 'verify' || action.type === 'switchover')?.tag ?? 0
      return send({ type: 'ended', tag, error, operation }, nowMs)
    },
    find,
    records: () => find('record').map(({ kind }) => kind),
    outcomes: () => find('count').map(({ job, outcome }) => `${job} ${outcome}`),
    last: () => find('record').at(-1)
  }
}
