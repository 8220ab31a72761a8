// What the reports add up to: who holds the highest term, whether it gave it back, who sees it renew, who may have served.
// Nothing here decides; a term or a release that anybody durably knows counts, however old the report is.
import { dataMembers, type MemberConfig } from '../../protocol/cluster.ts'
import { oldestPosition, type Position } from '../../protocol/position.ts'
import type { Report } from '../../protocol/report.ts'
import { LEAVE_OUT_MAX, type HolderTerm, type LeaveOut } from '../../protocol/vote.ts'
import type { AgentView, ClusterState, CoreConfig } from './state.ts'
import { freshVoters } from './voters.ts'

export function isFresh (config: CoreConfig, agent: AgentView | undefined, nowMs: number): boolean {
  return agent !== undefined && agent.report !== null && agent.lostSinceMs === null && nowMs - agent.receivedAtMs < config.cluster.timing.suspectAfterMs
}

/** The report of a node that is reachable now; null otherwise. */
export function freshReport (config: CoreConfig, state: ClusterState, node: string, nowMs: number): Report | null {
  const agent = state.agents[node]
  return isFresh(config, agent, nowMs) ? agent?.report ?? null : null
}

export function freshReports (config: CoreConfig, state: ClusterState, nowMs: number): readonly Report[] {
  const reports: Report[] = []
  for (const { name } of config.cluster.members) {
    const report = freshReport(config, state, name, nowMs)
    if (report !== null) reports.push(report)
  }
  return reports
}

export function allReports ({ agents }: ClusterState): readonly Report[] {
  const reports: Report[] = []
  for (const node in agents) {
    const report = agents[node]?.report ?? null
    if (report !== null) reports.push(report)
  }
  return reports
}

/** The node that serves under an unexpired lease, by its own report; the highest term wins. */
export function servingReport (config: CoreConfig, state: ClusterState, nowMs: number): Report | null {
  let serving: Report | null = null
  for (const { name } of config.cluster.members) {
    const report = freshReport(config, state, name, nowMs)
    if (report === null) continue
    const serves = report.lease.held && (report.phase === 'active' || report.phase === 'handingOver')
    if (serves && (serving === null || report.lease.term > serving.lease.term)) serving = report
  }
  return serving
}

/** The highest term that any voter accepted, and whose it is. */
export function highestTerm (state: ClusterState): { readonly term: number, readonly holder: string | null } {
  let top: Report['voter'] | null = null
  for (const { voter } of allReports(state)) if (voter.term > (top?.term ?? 0)) top = voter
  return top === null ? { term: 0, holder: null } : { term: top.term, holder: top.holder }
}

/** What is known of the end of (holder, term): null while it is not known to be released (S2). */
export function releaseOf (state: ClusterState, holder: string, term: number): { readonly served: boolean } | null {
  for (const report of allReports(state)) {
    if (report.node === holder && report.lease.releasedTerm === term) return { served: report.lease.releasedServed }
    if (report.voter.term === term && report.voter.holder === holder && report.voter.released !== null) return report.voter.released
  }
  return null
}

/** Releases that voters may leave out of their grants, and the leader out of its wait (S3). */
export function knownReleases (state: ClusterState): readonly LeaveOut[] {
  const found = new Map<string, LeaveOut>()
  for (const report of allReports(state)) {
    const { releasedTerm } = report.lease
    if (releasedTerm > 0) found.set(`${report.node} ${releasedTerm}`, { holder: report.node, term: releasedTerm, why: 'released' })
    const { term, holder, released } = report.voter
    if (released !== null && holder !== null) found.set(`${holder} ${term}`, { holder, term, why: 'released' })
  }
  return [...found.values()].toSorted((a, b) => b.term - a.term).slice(0, LEAVE_OUT_MAX)
}

/** Everybody who may have served in some term, as far as anybody remembers. */
export function servedClaims (state: ClusterState): readonly HolderTerm[] {
  const claims: HolderTerm[] = state.memory === null ? [] : [{ holder: state.memory.active, term: state.memory.term }]
  for (const { voter } of allReports(state)) {
    if (voter.holder !== null && voter.term > 0 && voter.granted) claims.push({ holder: voter.holder, term: voter.term })
    if (voter.previous !== null) claims.push(voter.previous, ...voter.earlier ?? [])
    if (voter.heard !== null) claims.push({ holder: voter.heard.holder, term: voter.heard.term })
  }
  return claims
}

/**
 * The last active of the highest term in which somebody may have served (S6); null when nobody ever did. `except` leaves
 * out what a node held after a term: its own position tells that it never served then.
 */
export function lastServed (state: ClusterState, except: { readonly holder: string, readonly after: number } | null = null): HolderTerm | null {
  const mayHaveServed = ({ holder, term }: HolderTerm): boolean => releaseOf(state, holder, term)?.served !== false && !(except?.holder === holder && term > except.after)
  let last: HolderTerm | null = null
  for (const claim of servedClaims(state)) if (claim.term > (last?.term ?? -1) && mayHaveServed(claim)) last = claim
  return last
}

/** The highest term in which this node wrote a heartbeat, as far as anybody heard; 0 for none. */
export function heardServing (state: ClusterState, node: string): number {
  const { memory } = state
  const remembered = memory !== null && memory.active === node && memory.sequence > 0 ? memory.term : 0
  return Math.max(remembered, ...allReports(state).map(({ voter }) => voter.holder === node && voter.sequence > 0 ? voter.term : 0))
}

/** The voters that have not seen the holder renew for so long that its lease is about to end: the second sign of a loss (S1). */
export function votersWithoutRenewal (config: CoreConfig, state: ClusterState, holder: string, nowMs: number): { readonly silent: readonly string[], readonly seeing: readonly string[], readonly nextCheckMs: number | null } {
  const { leaseMs } = config.cluster.timing
  const stillRenewingMs = leaseMs - Math.min(100, leaseMs / 10)
  const silent: string[] = []
  const seeing: string[] = []
  let nextCheckMs: number | null = null
  for (const report of freshVoters(config, state, nowMs)) {
    if (report.node === holder) continue
    const renewedAgoMs = sinceRenewalMs(report, holder)
    const receivedAtMs = state.agents[report.node]?.receivedAtMs ?? nowMs
    const dueMs = renewedAgoMs === null ? nowMs : receivedAtMs - renewedAgoMs + stillRenewingMs
    if (dueMs <= nowMs) {
      silent.push(report.node)
      continue
    }
    seeing.push(report.node)
    nextCheckMs = nextCheckMs === null ? dueMs : Math.min(nextCheckMs, dueMs)
  }
  return { silent, seeing, nextCheckMs }
}

/** When that report was made; null when its voter has no grant of the holder. */
function sinceRenewalMs ({ voter }: Report, holder: string): number | null {
  let sinceMs: number | null = null
  for (const grant of voter.grants) if (grant.holder === holder && (sinceMs === null || grant.renewedAgoMs < sinceMs)) sinceMs = grant.renewedAgoMs
  return sinceMs
}

export function positionOf (report: Report): Position | null {
  return oldestPosition(report.servers.map(server => server.position))
}

export function dataNodes (config: CoreConfig): readonly MemberConfig[] {
  return dataMembers(config.cluster)
}

/** All servers replicate from that node, and their copies are complete. */
export function isFollowing (report: Report, source: string): boolean {
  return report.following === source && report.servers.every(server => server.replication === 'replicating' && server.complete)
}
