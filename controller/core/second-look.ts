// When views disagree, nobody waits for the next heartbeat: the agents are asked at once how it is. What they answer is a
// report like any other; it can make a decision sooner or better informed, and never makes one by itself.
import type { Report } from '../../protocol/report.ts'
import type { ClusterAction } from './actions.ts'
import { freshReports, highestTerm, isFresh, releaseOf, servingReport, votersWithoutRenewal } from './knowledge.ts'
import type { AgentView, ClusterState, CoreConfig } from './state.ts'
import { chain, type Stepped } from './stepped.ts'
import { voterQuorum } from './voters.ts'

/** Whatever they answer, they are asked no more often. */
export const LOOK_EVERY_MS = 500
/** A disagreement that goes on is told once. */
const TELL_AFTER_MS = 10_000

export function secondLook (config: CoreConfig, state: ClusterState, nowMs: number): Stepped {
  if (!state.leading || state.operation !== null || nowMs - state.lookedAtMs < LOOK_EVERY_MS) return [state, []]
  const why = disagreement(config, state, nowMs)
  if (why === null) return [state, []]
  const look: ClusterAction = { type: 'look', nodes: config.cluster.members.map(({ name }) => name) }
  const told: readonly ClusterAction[] = nowMs - state.lookedAtMs < TELL_AFTER_MS ? [] : [{ type: 'record', kind: 'secondLook', severity: 'info', node: null, message: `views disagree, and every agent is asked how it is now: ${why}`, facts: {} }]
  return [{ ...state, lookedAtMs: nowMs }, [...told, look]]
}

/** Whom this controller lost and others see, or the other way round; null when all agree. */
function disagreement (config: CoreConfig, state: ClusterState, nowMs: number): string | null {
  const active = servingReport(config, state, nowMs)
  if (active === null) {
    const { holder, term } = highestTerm(state)
    if (holder === null || releaseOf(state, holder, term) !== null || isFresh(config, state.agents[holder], nowMs)) return null
    const { seeing } = votersWithoutRenewal(config, state, holder, nowMs)
    const replicating = freshReports(config, state, nowMs).filter(({ following, servers }) => following === holder && servers.every(server => server.replication === 'replicating')).map(({ node }) => node)
    const others = [...new Set([...seeing, ...replicating])]
    return others.length === 0 ? null : `${holder} does not report, and ${others.join(' and ')} still see it`
  }
  const { silent } = votersWithoutRenewal(config, state, active.node, nowMs)
  return silent.length >= voterQuorum(config, state) ? `${active.node} reports that it serves, and ${silent.join(' and ')} see it renew no more` : null
}

/**
 * The answer to a second look. The stream may have brought something newer meanwhile, and an answer says nothing about
 * the stream: a node whose stream is lost stays lost, and is silent for as long as it was. What it says of terms counts.
 */
export function looked (state: ClusterState, report: Report, nowMs: number, take: (state: ClusterState) => Stepped): Stepped {
  const before = state.agents[report.node]
  if (before === undefined) return [state, []]
  const { receivedAtMs, lostSinceMs, lostWhy } = before
  const isLost = lostSinceMs !== null
  const sameBoot = before.report?.bootId === report.bootId
  const set = (next: ClusterState, agent: AgentView): ClusterState => ({ ...next, agents: { ...next.agents, [report.node]: { ...agent, answeredAtMs: nowMs } } })
  if (sameBoot ? (before.report?.sequence ?? 0) >= report.sequence : !isLost) return [set(state, before), []]
  if (!isLost) return take(state)
  // as if its stream were up, so that nothing is told of a return; then the stream's own state again
  return chain(take(set(state, { ...before, lostSinceMs: null })), next => [set(next, { ...(next.agents[report.node] ?? before), receivedAtMs, lostSinceMs, lostWhy }), []])
}
