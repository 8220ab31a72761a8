// Who may be the next active (S6). Only a node whose copy is complete and that was in sync with the last active: by its
// position, never by what a server says about its replication. Among those the highest position, then who did not fail
// lately, then whom operators prefer, then priority, then name, so that every replica of the controller, given the same
// reports, names the same node.
import type { RefusedNode } from '../../protocol/api.ts'
import type { MemberConfig } from '../../protocol/cluster.ts'
import { comparePositions } from '../../protocol/position.ts'
import type { Report } from '../../protocol/report.ts'
import { UNKNOWN_HOLDER, type HolderTerm } from '../../protocol/vote.ts'
import { lockedOut } from './flapping.ts'
import { dataNodes, freshReport, heardServing, lastServed, positionOf } from './knowledge.ts'
import { rankOf, refusedByOperator } from './preference.ts'
import type { ClusterState, CoreConfig } from './state.ts'
import { isVoter } from './voters.ts'

export interface Candidates {
  /** Best first. */
  readonly eligible: readonly Report[]
  readonly refused: readonly RefusedNode[]
}

export function candidates (config: CoreConfig, state: ClusterState, excluded: readonly string[], nowMs: number): Candidates {
  return sift(config, state, excluded, nowMs, report => outOfSync(config, state, report) ?? refusedByOperator(state, report.node, nowMs))
}

/** For an operator who forces: whoever can serve at all, best copy first, whatever it lacks and whatever was said of it. */
export function forcible (config: CoreConfig, state: ClusterState, excluded: readonly string[], nowMs: number): Candidates {
  return sift(config, state, excluded, nowMs, () => null)
}

function sift (config: CoreConfig, state: ClusterState, excluded: readonly string[], nowMs: number, lacks: (report: Report) => RefusedNode | null): Candidates {
  const refused: RefusedNode[] = []
  const eligible: Report[] = []
  for (const { name } of dataNodes(config)) {
    const report = freshReport(config, state, name, nowMs)
    const why = excluded.includes(name)
      ? { node: name, code: 'promotionFailed', message: `${name} failed to become active in this operation` }
      : unable(config, state, name, report) ?? (report === null ? null : lacks(report))
    if (why !== null) refused.push(why)
    else if (report !== null) eligible.push(report)
  }
  return { eligible: eligible.toSorted(byMerit(config, state, nowMs)), refused }
}

/** Why it cannot serve at all, whatever its data. */
function unable (config: CoreConfig, state: ClusterState, node: string, report: Report | null): RefusedNode | null {
  if (report === null) return { node, code: 'unreachable', message: `${node} does not report (${state.agents[node]?.lostWhy ?? 'silent'})` }
  if (report.voter.problem !== null) return { node, code: 'cannotVote', message: report.voter.problem }
  if (!isVoter(config, state, node)) return { node, code: 'noVoter', message: `${node} is no voter of this cluster` }
  if (report.phase !== 'backup') return { node, code: 'notReady', message: `${node} is ${report.phase}` }
  const sick = report.servers.find(server => server.health !== 'up')
  if (sick !== undefined) return { node, code: 'serverDown', message: `server ${sick.name} on ${node} is ${sick.health}${sick.reason === null ? '' : `: ${sick.reason}`}` }
  const unreachable = report.problems.find(problem => problem.code === 'endpointUnseen')
  if (unreachable !== undefined) return { node, code: 'endpointUnusable', message: `${node} could not take the endpoint: ${unreachable.message}` }
  const wrong = report.servers.find(server => server.role === 'active')
  if (wrong !== undefined) return { node, code: 'unsanctionedActive', message: `server ${wrong.name} on ${node} is active without the lease and is being demoted` }
  return null
}

/**
 * Why promoting it would lose writes without saying so; null when it would not (S6). A marker that arrived is a better proof than
 * the heartbeat, which travels in a database of its own and may come later: then the lag says nothing.
 */
export function outOfSync (config: CoreConfig, state: ClusterState, report: Report, hasMarker = false): RefusedNode | null {
  const { node } = report
  const cut = report.servers.find(server => !server.complete)
  if (cut !== undefined) return { node, code: 'incomplete', message: `the copy of ${cut.name} on ${node} is not complete: ${cut.incompleteReason ?? 'unknown'}` }
  const position = positionOf(report)
  const served = heardServing(state, node)
  if (served > (position?.term ?? 0)) return { node, code: 'notInSync', message: `${node} served in term ${served}, and what it holds ends in term ${position?.term ?? 0}: its file was replaced` }
  // the row of its promotion comes before its gate opens: a holder without it never served in that term
  const last = lastServed(state, { holder: node, after: position?.term ?? 0 })
  if (last === null || last.holder === node) return null
  if (position === null || position.term < last.term) {
    if (last.holder === UNKNOWN_HOLDER) return { node, code: 'notInSync', message: `${node} ends in term ${position?.term ?? 0}, and who served last is lost with the voters before (the quorum was forced)` }
    return { node, code: 'notInSync', message: `${node} ends in term ${position?.term ?? 0}, and ${last.holder} may have served in term ${last.term} after it` }
  }
  const { memory } = state
  const lag = memory !== null && memory.term === last.term && position.term === last.term ? memory.sequence - position.sequence : 0
  if (!hasMarker && lag > config.cluster.timing.maxLagHeartbeats) {
    return { node, code: 'behind', message: `${node} is ${lag} heartbeats behind the last active ${last.holder}; at most ${config.cluster.timing.maxLagHeartbeats} are allowed` }
  }
  const doubt = sourceInDoubt(state, report, last)
  return doubt === null ? null : { node, code: 'incomplete', message: doubt }
}

/**
 * A position that came by way of another backup may be there before the rows that it speaks of: while that one is
 * copying, its followers are emptied with it, and say that they are complete. Null when it came from the last active.
 */
function sourceInDoubt (state: ClusterState, { node, following, servers }: Report, last: HolderTerm): string | null {
  if (following === null) return new Set(servers.map(server => server.source)).size > 1 ? `the servers on ${node} follow different sources` : null
  const source = state.agents[following]?.report ?? null
  const complete = source !== null && source.servers.every(server => server.complete)
  const own = following === last.holder && source?.following === null
  const inStep = complete && (following === last.holder || (positionOf(source)?.term ?? 0) >= last.term)
  if (own || inStep || (following === last.holder && source === null)) return null
  return `${node} follows ${following}, whose own copy is not known to be complete: what ${node} holds may be half of it`
}

/** What forcing this node would lose, in words; null when nothing is known to be missing. */
export function lossOf (config: CoreConfig, state: ClusterState, report: Report): string | null {
  return outOfSync(config, state, report)?.message ?? null
}

/**
 * Best first for a switchover. Its marker proves what a position only promises, so whoever was seen within a heartbeat of the
 * furthest is as good as that one: which of two reports of the same second came first is no reason to pass over a wish.
 */
export function byMeritInStep (config: CoreConfig, state: ClusterState, following: readonly Report[], nowMs: number): readonly Report[] {
  const [furthest = null] = following.map(positionOf).toSorted((a, b) => comparePositions(b, a))
  const inStep = (report: Report): boolean => {
    const position = positionOf(report)
    return position !== null && furthest !== null && position.term === furthest.term && position.sequence >= furthest.sequence - 1
  }
  return following.toSorted(byMerit(config, state, nowMs, report => inStep(report) ? furthest : positionOf(report)))
}

function byMerit (config: CoreConfig, state: ClusterState, nowMs: number, farOf = positionOf): (a: Report, b: Report) => number {
  const last = lastServed(state)
  const member = (report: Report): MemberConfig | undefined => config.cluster.members.find(one => one.name === report.node)
  const wasActive = (report: Report): number => last?.holder === report.node ? 1 : 0
  // clients that are not told would go on asking the old node: better a node that can tell them, and better this one than none
  const announces = (report: Report): number => report.problems.some(problem => problem.code === 'announcer') ? 0 : 1
  const hasRows = (report: Report): number => report.servers.filter(server => server.hasRows).length
  const failedLately = (report: Report): number => lockedOut(config, state, report.node, nowMs) === null ? 0 : 1
  const wish = (report: Report): number => rankOf(state, report.node, nowMs)
  return (a, b) => comparePositions(farOf(b), farOf(a)) || wasActive(b) - wasActive(a) || hasRows(b) - hasRows(a) ||
    announces(b) - announces(a) || failedLately(a) - failedLately(b) || wish(b) - wish(a) || (member(b)?.priority ?? 0) - (member(a)?.priority ?? 0) || (a.node < b.node ? -1 : 1)
}

/**
 * Copies that nothing can order: rows, but no position that tells how old they are, on more than one node or beside a
 * node that has one. Which of them is right only an operator knows.
 */
export function diverging (reports: readonly Report[]): readonly string[] {
  const unplaced = reports.filter(report => positionOf(report) === null && report.servers.some(server => server.hasRows))
  const placed = reports.filter(report => positionOf(report) !== null)
  return unplaced.length > 1 || (unplaced.length === 1 && placed.length > 0) ? [...unplaced, ...placed].map(report => report.node) : []
}
