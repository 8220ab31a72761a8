// Which nodes are gone, and from whom: two signs are told apart, what reaches this controller and what the others see.
import { REFUSES } from '../../protocol/connection-words.ts'
import type { Report } from '../../protocol/report.ts'
import { clipped, said, type Diagnosis, type Evidence } from './diagnosis.ts'
import { fenceOf } from './fencing.ts'
import { freshReport, freshReports, servingReport, votersWithoutRenewal } from './knowledge.ts'
import type { AgentView, ClusterState, CoreConfig } from './state.ts'
import { list } from './words.ts'

type Found = Omit<Diagnosis, 'runbook'>

export function diagnoseNodes (config: CoreConfig, state: ClusterState, nowMs: number): readonly Found[] {
  return config.cluster.members.flatMap(({ name }): readonly Found[] => {
    const agent = state.agents[name]
    if (agent === undefined) return []
    const { fenced } = fenceOf(state, name)
    if (fenced !== null) return [{ name: 'fencedNode', node: name, message: `${name} is powered off and stays off until it is unfenced`, evidence: [{ by: fenced.by, saw: clipped(fenced.why), atMs: fenced.atMs }] }]
    const report = freshReport(config, state, name, nowMs)
    if (report !== null) return isolated(config, state, report, nowMs)
    // a leader that has just started, or that slept, has not looked yet
    return nowMs < state.observeUntilMs || nowMs - agent.receivedAtMs < config.cluster.timing.suspectAfterMs ? [] : [lost(config, state, name, agent, nowMs)]
  })
}

function lost (config: CoreConfig, state: ClusterState, node: string, agent: AgentView, nowMs: number): Found {
  const why = agent.lostWhy ?? 'silent'
  const own: Evidence = { by: config.controller, saw: clipped(`no reports: ${why}`), atMs: agent.receivedAtMs }
  const others = viewsOf(config, state, node, nowMs)
  const { seeing } = votersWithoutRenewal(config, state, node, nowMs)
  const evidence = [own, ...others]
  if (seeing.length > 0) return { name: 'unreachableAgent', node, message: `${node} is cut off from this controller alone: ${list(seeing)} ${seeing.length === 1 ? 'sees' : 'see'} it renew its lease, so it goes on serving`, evidence }
  if (nowMs - (agent.answeredAtMs ?? -Infinity) < config.cluster.timing.suspectAfterMs) return { name: 'unreachableAgent', node, message: `the agent of ${node} answers when it is asked, and its reports do not arrive`, evidence }
  if (why.includes(REFUSES)) return { name: 'unreachableAgent', node, message: `the agent of ${node} does not run, and its host answers`, evidence }
  return { name: 'deadNode', node, message: `nothing is heard of ${node}: it is down, cut off from all, or its agent is stuck`, evidence }
}

/** What fellow nodes last said of one that does not report. */
function viewsOf (config: CoreConfig, state: ClusterState, node: string, nowMs: number): readonly Evidence[] {
  return freshReports(config, state, nowMs).flatMap(report => {
    const grant = youngestGrant(report, node)
    const source = report.following !== node
      ? []
      : [said(state, report.node, report.servers.every(server => server.replication === 'replicating') ? `still counts as replicating from ${node}, which may take a while to change` : `replicates from ${node} no more`)]
    return [...(grant === null ? [] : [said(state, report.node, `${node} renewed term ${grant.term} ${Math.round(grant.renewedAgoMs)} ms before this report`)]), ...source]
  })
}

/** It reports here, and has not heard the active for a whole lease: the way between those two is cut. */
function isolated (config: CoreConfig, state: ClusterState, report: Report, nowMs: number): readonly Found[] {
  const active = servingReport(config, state, nowMs)
  const { node, phase, voter } = report
  if (active === null || active.node === node || active.phase !== 'active' || voter.problem !== null || voter.term > active.lease.term) return []
  if (phase !== 'backup' && phase !== 'witness') return []
  const { leaseMs } = config.cluster.timing
  const settled = [node, active.node].every(one => nowMs - (state.agents[one]?.phaseSinceMs ?? nowMs) > leaseMs)
  const heardAgoMs = youngestGrant(report, active.node)?.renewedAgoMs ?? Infinity
  if (!settled || heardAgoMs <= leaseMs) return []
  const replication = report.following === active.node && report.servers.some(server => server.replication !== 'replicating') ? [said(state, node, `does not get through to the servers of ${active.node} either`)] : []
  return [{
    name: 'isolatedNode',
    node,
    message: `${node} reports to this controller, and has not heard the active ${active.node} for a whole lease: the way between them is cut`,
    evidence: [said(state, node, `no renewal of ${active.node} for ${leaseMs} ms`), ...replication, said(state, active.node, `serves in term ${active.lease.term}`)]
  }]
}

function youngestGrant ({ voter }: Report, holder: string): Report['voter']['grants'][number] | null {
  return voter.grants.filter(grant => grant.holder === holder).toSorted((a, b) => a.renewedAgoMs - b.renewedAgoMs)[0] ?? null
}
