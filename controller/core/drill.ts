// The failover drill: a planned switchover to another node, some time there, and the way back. Whatever somebody else does
// meanwhile (a pause, an order, a failure) ends it where it is: a drill never undoes what was decided for a reason.
import type { ClusterView, OperationView, Severity } from '../../protocol/api.ts'
import { isFollowing, unrest, whyUnfit } from './calm.ts'
import type { DrillWork, Progressed, ScheduleEvent } from './schedule-state.ts'

/** Beyond the stay: the old active has to follow, whole, before it can serve again. */
const RETURN_WITHIN_MS = 10 * 60_000
const RETURN_ATTEMPTS_MAX = 3
const RETRY_MS = 10_000

export function beginDrill (home: string, stayMs: number, tag: number, nowMs: number): Progressed {
  return [
    { job: 'drill', stayMs, home, away: null, stage: 'leaving', tag, thereMs: null, attempts: 0, sinceMs: nowMs, notBeforeMs: nowMs },
    [{ type: 'switchover', tag, to: null, reason: `failover drill: ${home} is to serve again afterwards` }]
  ]
}

export function drillEnded (work: DrillWork, event: Extract<ScheduleEvent, { type: 'ended' }>, nowMs: number): Progressed {
  if (work.tag !== event.tag || work.stage === 'staying') return [work, []]
  const failure = whyNot(event)
  if (work.stage === 'leaving') {
    if (failure !== null) return finish(work, 'failed', 'warning', `the service could not be moved away from ${work.home}: ${failure}`)
    return [{ ...work, stage: 'staying', away: event.operation?.to ?? null, thereMs: event.operation?.durationMs ?? null, sinceMs: nowMs }, []]
  }
  if (failure === null) return finish(work, 'done', 'info', `the service moved from ${work.home} to ${work.away ?? '?'} in ${inMs(work.thereMs)} and back in ${inMs(event.operation?.durationMs ?? null)}`, event.operation?.durationMs ?? null)
  const attempts = work.attempts + 1
  if (attempts >= RETURN_ATTEMPTS_MAX) return finish(work, 'failed', 'critical', `the service stays on ${work.away ?? '?'}, the way back to ${work.home} failed ${attempts} times: ${failure}`)
  return [{ ...work, stage: 'staying', attempts, notBeforeMs: nowMs + RETRY_MS }, []]
}

function whyNot ({ error, operation }: Extract<ScheduleEvent, { type: 'ended' }>): string | null {
  if (error !== null) return error
  return operation === null || operation.outcome === 'done' ? null : `it was ${operation.outcome}: ${operation.detail}`
}

export function progressDrill (work: DrillWork, view: ClusterView, tag: number, nowMs: number): Progressed {
  if (work.stage !== 'staying' || view.operation !== null) return [work, []]
  const { home, away, stayMs, sinceMs } = work
  if (view.paused !== null) return finish(work, 'failed', 'warning', `${view.paused.by} paused the cluster: the service stays on ${view.active ?? 'nobody'}, and did not go back to ${home}`)
  if (view.active !== null && view.active !== away) return finish(work, 'failed', 'warning', `${view.active} serves, which the drill did not order: it ends, and ${home} is not waited for`)
  const stayedMs = nowMs - sinceMs
  if (stayedMs < stayMs || nowMs < work.notBeforeMs) return [work, []]
  const node = view.nodes.find(one => one.name === home)
  const why = unrest(view, 'compaction') ?? (node === undefined || !isFollowing(node, away) ? node === undefined ? `${home} is no node` : whyUnfit(node, away) : null)
  if (why === null) return [{ ...work, stage: 'returning', tag }, [{ type: 'switchover', tag, to: home, reason: `failover drill: back to ${home}` }]]
  if (stayedMs < stayMs + RETURN_WITHIN_MS) return [work, []]
  return finish(work, 'failed', 'critical', `the service stays on ${away ?? '?'}, ${home} cannot take it back: ${why}`)
}

function finish ({ home, away, thereMs }: DrillWork, outcome: 'done' | 'failed', severity: Severity, how: string, backMs: OperationView['durationMs'] = null): Progressed {
  return [null, [
    { type: 'record', kind: 'drillEnded', severity, node: home, message: `failover drill ${outcome}: ${how}`, facts: { outcome, from: home, to: away, thereMs, backMs } },
    { type: 'count', job: 'drill', outcome, durationMs: null }
  ]]
}

function inMs (durationMs: number | null): string {
  return durationMs === null ? 'unknown time' : `${durationMs.toFixed(0)} ms`
}
