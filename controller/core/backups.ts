// Backups follow the active, one resync at a time: each is a full copy that stalls its source (FACTS 4, 5, K).
import type { Report } from '../../protocol/report.ts'
import type { ClusterAction } from './actions.ts'
import { dataNodes, freshReport, isFollowing } from './knowledge.ts'
import { stallInWords, stallOf } from './resync-stall.ts'
import { takeId, type Stepped } from './stepped.ts'
import type { ClusterState, CoreConfig } from './state.ts'

const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000] as const

/** Orders the next backup that does not follow the active to do so. */
export function tendBackups (config: CoreConfig, state: ClusterState, active: Report, nowMs: number): Stepped {
  // a copy from a former active may hang until its deadline: it keeps nobody from following the new one
  const underWay = state.follow !== null && state.follow.source === active.node
  if (underWay || state.paused !== null || active.phase !== 'active') return [state, []]
  for (const { name } of dataNodes(config)) {
    if (name === active.node) continue
    const report = freshReport(config, state, name, nowMs)
    if (report === null || !mayFollow(report) || isFollowing(report, active.node)) continue
    const retry = state.followRetries[name]
    if (retry !== undefined && nowMs < retry.notBeforeMs) continue
    const [tag, next] = takeId(state)
    const term = active.lease.term
    return [{ ...next, follow: { node: name, source: active.node, term, tag } }, [...announce(name, active, retry === undefined || retry.attempts === 0), {
      type: 'order',
      tag,
      node: name,
      order: { type: 'follow', term, controller: config.controller, deadlineMs: config.cluster.timing.resyncDeadlineMs, source: active.node }
    }]]
  }
  return [state, []]
}

/** Clients of the active will notice a large copy: said before it begins, and not again with each attempt. */
function announce (node: string, active: Report, first: boolean): readonly ClusterAction[] {
  const stall = first ? stallOf(active) : null
  if (stall === null) return []
  return [{ type: 'record', kind: 'resyncBegins', severity: 'info', node, message: `${node} begins to copy from ${active.node} where it has to: ${stallInWords(stall)}`, facts: { source: active.node, ...stall } }]
}

function mayFollow (report: Report): boolean {
  return report.phase === 'backup' && report.servers.every(server => server.health === 'up' && server.role === 'backup')
}

export function followEnded (config: CoreConfig, state: ClusterState, tag: number, error: string | null, nowMs: number): Stepped {
  const { follow } = state
  if (follow === null || follow.tag !== tag) return [state, []]
  const { [follow.node]: before, ...others } = state.followRetries
  if (error === null) {
    // its next report shows it; the one at hand may be from before
    const seenBy = { attempts: 0, notBeforeMs: nowMs + 2 * config.cluster.timing.reportEveryMs, why: '' }
    return [{ ...state, follow: null, followRetries: { ...others, [follow.node]: seenBy } }, [
      { type: 'record', kind: 'backupFollows', severity: 'info', node: follow.node, message: `${follow.node} follows ${follow.source}, its copy is complete`, facts: { source: follow.source, term: follow.term } }
    ]]
  }
  const attempts = (before?.attempts ?? 0) + 1
  const notBeforeMs = nowMs + (RETRY_MS[Math.min(attempts, RETRY_MS.length) - 1] ?? 30_000)
  const said = before?.why === error
  return [{ ...state, follow: null, followRetries: { ...others, [follow.node]: { attempts, notBeforeMs, why: error } } }, said
    ? []
    : [{ type: 'record', kind: 'followFailed', severity: 'warning', node: follow.node, message: `${follow.node} could not follow ${follow.source}: ${error}`, facts: { source: follow.source, attempts } }]]
}

export function followDueMs (state: ClusterState): number | null {
  let dueMs: number | null = null
  for (const { notBeforeMs } of Object.values(state.followRetries)) dueMs = Math.min(dueMs ?? notBeforeMs, notBeforeMs)
  return dueMs
}
