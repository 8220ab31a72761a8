// The failover drill: a planned switchover to another node, some time there, and the way back. Whatever somebody else does
// meanwhile (a pause, an order, a failure) ends it where it is: a drill never undoes what was decided for a reason.
import type { ClusterView, OperationView, Severity } from '../../protocol/api.ts'
import { isFollowing, unrest, whyUnfit } from './calm.ts'
import type { DrillWork, Progressed, RunEnd, ScheduleEvent } from './schedule-state.ts'

/** Beyond the stay: the old active has to follow, whole, before it can serve again. */
const RETURN_WITHIN_MS = 10 * 60_000
const RETURN_ATTEMPTS_MAX = 3
const RETRY_MS = 10_000

export function beginDrill (home: string, stayMs: number, tag: number, nowMs: number): Progressed {
  return {
    work: { job: 'drill', stayMs, home, away: null, stage: 'leaving', tag, there: null, attempts: 0, sinceMs: nowMs, notBeforeMs: nowMs },
    ask: { type: 'switchover', to: null, reason: `failover drill: ${home} is to serve again afterwards` }
  }
}

export function drillEnded (work: DrillWork, event: Extract<ScheduleEvent, { type: 'ended' }>, nowMs: number): Progressed {
  if (work.tag !== event.tag || work.stage === 'staying') return { work, ask: null }
  const failure = whyNot(event)
  if (work.stage === 'leaving') {
    if (failure !== null) return failed(work, 'warning', `the service could not be moved away from ${work.home}: ${failure}`)
    return { work: { ...work, stage: 'staying', away: event.operation?.to ?? null, there: event.operation, sinceMs: nowMs }, ask: null }
  }
  if (failure === null) return done(work, event.operation, nowMs)
  const attempts = work.attempts + 1
  if (attempts >= RETURN_ATTEMPTS_MAX) return failed(work, 'critical', `the service stays on ${work.away ?? '?'}, the way back to ${work.home} failed ${attempts} times: ${failure}`)
  return { work: { ...work, stage: 'staying', attempts, notBeforeMs: nowMs + RETRY_MS }, ask: null }
}

function whyNot ({ error, operation }: Extract<ScheduleEvent, { type: 'ended' }>): string | null {
  if (error !== null) return error
  return operation === null || operation.outcome === 'done' ? null : `it was ${operation.outcome}: ${operation.detail}`
}

export function progressDrill (work: DrillWork, view: ClusterView, tag: number, nowMs: number): Progressed {
  if (work.stage !== 'staying' || view.operation !== null) return { work, ask: null }
  const { home, away, stayMs, sinceMs } = work
  if (view.paused !== null) return failed(work, 'warning', `${view.paused.by} paused the cluster: the service stays on ${view.active ?? 'nobody'}, and did not go back to ${home}`)
  if (view.active !== null && view.active !== away) return failed(work, 'warning', `${view.active} serves, which the drill did not order: it ends, and ${home} is not waited for`)
  const stayedMs = nowMs - sinceMs
  if (stayedMs < stayMs || nowMs < work.notBeforeMs) return { work, ask: null }
  const node = view.nodes.find(one => one.name === home)
  const why = unrest(view, 'compaction') ?? (node === undefined || !isFollowing(node, away) ? node === undefined ? `${home} is no node` : whyUnfit(node, away) : null)
  if (why === null) return { work: { ...work, stage: 'returning', tag }, ask: { type: 'switchover', to: home, reason: `failover drill: back to ${home}` } }
  if (stayedMs < stayMs + RETURN_WITHIN_MS) return { work, ask: null }
  return failed(work, 'critical', `the service stays on ${away ?? '?'}, ${home} cannot take it back: ${why}`)
}

function done (work: DrillWork, back: OperationView | null, nowMs: number): Progressed {
  const { home, away, there, sinceMs } = work
  const message = `the service moved from ${home} to ${away ?? '?'} in ${inMs(there)}, stayed there for ${((nowMs - sinceMs) / 1_000).toFixed(1)} s, and moved back in ${inMs(back)}`
  return { end: reportOf(work, 'done', 'info', message, back) }
}

function failed (work: DrillWork, severity: Severity, message: string): Progressed {
  return { end: reportOf(work, 'failed', severity, message, null) }
}

/** The switchovers are in the history by these ids, each with its waterfall. */
function reportOf ({ home, away, there }: DrillWork, outcome: RunEnd['outcome'], severity: Severity, how: string, back: OperationView | null): RunEnd {
  const facts = { outcome, from: home, to: away, thereMs: there?.durationMs ?? null, backMs: back?.durationMs ?? null, thereOperation: there?.id ?? null, backOperation: back?.id ?? null }
  return { outcome, message: `failover drill ${outcome}: ${how}`, record: { kind: 'drillEnded', severity, node: home, facts } }
}

function inMs (operation: OperationView | null): string {
  const durationMs = operation?.durationMs ?? null
  return durationMs === null ? 'unknown time' : `${durationMs.toFixed(0)} ms`
}
