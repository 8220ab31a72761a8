// An active whose server has been busy for too long serves nobody, and may still do so again by itself. It is relieved when
// a backup can take over, and only then: to end a busy server with nobody to follow it loses what it would have done.
import type { Report } from '../../protocol/report.ts'
import { candidates } from './candidate.ts'
import { takeId, type Stepped } from './stepped.ts'
import type { ClusterState, CoreConfig } from './state.ts'
import { automaticFailover } from './view.ts'

/** An order whose answer was lost is given again this late. */
const ORDER_AGAIN_MS = 2_000

export function relieve (config: CoreConfig, state: ClusterState, active: Report, nowMs: number): Stepped {
  const overdue = active.servers.find(server => server.overdue)
  if (overdue === undefined) return state.relief === null ? [state, []] : [{ ...state, relief: null }, []]
  if (active.phase !== 'active' || nowMs < state.observeUntilMs) return [state, []]
  const why = `server ${overdue.name} on ${active.node} is busy: ${overdue.reason ?? 'no answer'}`
  const { possible, why: how } = automaticFailover(config, state, active, candidates(config, state, [], nowMs), nowMs)
  const before = state.relief
  if (!possible) {
    const told = before !== null && before.orderedAtMs === null
    return [{ ...state, relief: { orderedAtMs: null } }, told
      ? []
      : [{ type: 'record', kind: 'busyKept', severity: 'warning', node: active.node, message: `${why}. It is left to its work, since nobody could take over: ${how}`, facts: { server: overdue.name } }]]
  }
  if (before !== null && before.orderedAtMs !== null && nowMs - before.orderedAtMs < ORDER_AGAIN_MS) return [state, []]
  const [tag, next] = takeId(state)
  const { term } = active.lease
  return [{ ...next, relief: { orderedAtMs: nowMs } }, [
    { type: 'record', kind: 'busyRelieved', severity: 'warning', node: active.node, message: `${why}. It is told to step down: ${how}`, facts: { server: overdue.name, term } },
    { type: 'order', tag, node: active.node, order: { type: 'stepDown', term, controller: config.controller, deadlineMs: config.cluster.timing.commandTimeoutMs } }
  ]]
}
