// Who should be active, and why. Level-based: looks at the reports as they are, whatever event came. Every "no" is a hold
// that names its reason, so that status, history and tests read the same words.
import type { OperationKind, RefusedNode } from '../../protocol/api.ts'
import type { Report } from '../../protocol/report.ts'
import type { HolderTerm, TermReason } from '../../protocol/vote.ts'
import { candidates, diverging } from './candidate.ts'
import { dataNodes, freshReport, freshReports, highestTerm, isFresh, lastServed, positionOf, releaseOf, votersWithoutRenewal } from './knowledge.ts'
import { budgetHold, passedOver, withinBudget } from './flapping.ts'
import { unprovable } from './fencing.ts'
import { loneSurvivor, type LoneSurvivor } from './lone-survivor.ts'
import { beginTaking } from './operation.ts'
import { wishedOf } from './preference.ts'
import { chain, type Stepped } from './stepped.ts'
import { askTurn, mustAskTurn, turnHold } from './turns.ts'
import type { ClusterState, CoreConfig, Hold } from './state.ts'
import { freshVoters, voterList, voterQuorum } from './voters.ts'

type Verdict =
  /** Nobody serves, and it is certain enough to take a term for another node. */
  | { readonly type: 'go', readonly reason: TermReason, readonly trigger: string, readonly from: string | null }
  | { readonly type: 'hold', readonly hold: Hold, readonly wakeAtMs: number | null }

/** Nobody serves as far as the leader sees: acts, or holds and says why. */
export function decide (config: CoreConfig, state: ClusterState, nowMs: number): Stepped {
  const voters = freshVoters(config, state, nowMs).length
  const survivor = loneSurvivor(config, state, nowMs)
  const needed = survivor?.type === 'mayGoOn' ? 1 : voterQuorum(config, state)
  const majoritySinceMs = voters >= needed ? state.majoritySinceMs ?? nowMs : null
  const noted: ClusterState = { ...state, majoritySinceMs }
  const verdict = judge(config, noted, { voters, needed, survivor }, nowMs)
  if (verdict.type === 'hold') return setHold(noted, verdict.hold, verdict.wakeAtMs)
  return act(config, noted, verdict, nowMs)
}

interface Counted {
  /** That answer. */
  readonly voters: number
  /** For a decision: a majority, or the one of two that may go on without the other (S9). */
  readonly needed: number
  readonly survivor: LoneSurvivor | null
}

function judge (config: CoreConfig, state: ClusterState, { voters, needed, survivor }: Counted, nowMs: number): Verdict {
  const { observeUntilMs } = state
  if (nowMs < observeUntilMs && voters < voterList(config, state).names.length) return hold('starting', 'the controller observes before it suspects anybody', observeUntilMs)
  const unseen = endUnseen(config, state, nowMs)
  if (unseen !== null) return hold('inTransition', `an operation just ended; the next report of ${unseen} is awaited`, nowMs + config.cluster.timing.reportEveryMs)
  if (voters < needed) {
    const alone = survivor?.type === 'mayNot' ? `, and the one that answers may not go on alone: ${survivor.why}` : ''
    return hold('noMajority', `${voters} of ${voterList(config, state).names.length} voters answer, ${needed} are needed${alone}: no node can be given the right to serve. ${wayToMajority(config, state, nowMs)}`, survivor?.type === 'mayNot' ? survivor.lookAgainMs : null)
  }
  const { term, holder } = highestTerm(state)
  if (term === 0) return { type: 'go', reason: 'firstStart', trigger: 'first start: no node ever served', from: null }
  if (holder === null) return { type: 'go', reason: 'lost', trigger: `the quorum was forced, and nobody was given a term after ${term}`, from: null }
  if (releaseOf(state, holder, term) !== null) return { type: 'go', reason: 'released', trigger: `${holder} released term ${term}`, from: holder }
  const report = freshReport(config, state, holder, nowMs)
  if (report !== null) {
    if (report.phase === 'backup' || report.phase === 'witness') return { type: 'go', reason: 'lost', trigger: `${holder} was given term ${term} and does not serve in it`, from: holder }
    return report.phase === 'stopping' ? judgeStopping(config, state, { term, holder }, nowMs) : hold('inTransition', `${holder} is ${report.phase} in term ${term}`, null)
  }
  const agent = state.agents[holder]
  const silentSinceMs = agent === undefined ? state.startedAtMs : agent.receivedAtMs
  const suspectAtMs = Math.max(silentSinceMs + config.cluster.timing.suspectAfterMs, observeUntilMs)
  if (nowMs < suspectAtMs) return hold('suspecting', `no report from ${holder} for ${Math.round(nowMs - silentSinceMs)} ms (${agent?.lostWhy ?? 'silent'})`, suspectAtMs)
  const { silent, seeing, nextCheckMs } = votersWithoutRenewal(config, state, holder, nowMs)
  if (silent.length < needed) {
    if (seeing.length === 0) return hold('noMajority', `${holder} is lost, and only ${silent.length} other voters answer: ${needed} are needed to be certain that it does not serve`)
    return hold('stillRenewing', `${holder} does not report to the controller, but ${seeing.join(' and ')} still ${seeing.length === 1 ? 'sees' : 'see'} it renew its lease: it keeps serving`, nextCheckMs)
  }
  return { type: 'go', reason: 'lost', trigger: `${holder} is lost: no reports for ${Math.round(nowMs - silentSinceMs)} ms, and ${silent.join(', ')} see it renew no more`, from: holder }
}

/** What brings the votes back: nodes that report and cannot vote need something else than nodes that do not report. */
function wayToMajority (config: CoreConfig, state: ClusterState, nowMs: number): string {
  const { names } = voterList(config, state)
  const damaged = freshReports(config, state, nowMs).filter(({ node, voter }) => voter.problem !== null && names.includes(node)).map(({ node }) => node)
  if (damaged.length === 0) return 'Bring nodes back, or look at the network between controller and agents'
  return `${damaged.join(' and ')} ${damaged.length === 1 ? 'reports and cannot' : 'report and cannot'} vote (cannotVote). Bring the other voters back; if too few are left for good, "ovsdb-ha quorum force"`
}

/**
 * A holder that ceased to serve gives its term back within milliseconds, unless it cannot store that it did: its disk is
 * full or broken. It is not waited for longer than its lease: what a majority no longer sees renewed is over (S1, S3).
 */
function judgeStopping (config: CoreConfig, state: ClusterState, { term, holder }: { readonly term: number, readonly holder: string }, nowMs: number): Verdict {
  const { silent, nextCheckMs } = votersWithoutRenewal(config, state, holder, nowMs)
  const overdueAtMs = (state.agents[holder]?.phaseSinceMs ?? nowMs) + config.cluster.timing.leaseMs
  if (nowMs < overdueAtMs || silent.length < voterQuorum(config, state)) {
    return hold('inTransition', `${holder} is stopping in term ${term}`, Math.max(overdueAtMs, nextCheckMs ?? 0))
  }
  return { type: 'go', reason: 'lost', trigger: `${holder} stopped in term ${term} and has not given it back, and ${silent.join(', ')} see it renew no more`, from: holder }
}

/**
 * The answer to an order may overtake the reports that belong to it: until the new active was seen in its term, or the
 * others were seen after the end, the reports tell of a time before, and deciding on them would undo what was just done.
 */
function endUnseen (config: CoreConfig, state: ClusterState, nowMs: number): string | null {
  const ended = state.lastEnded
  if (ended === null) return null
  const { operation, outcome, endedAtMs } = ended
  const patienceMs = outcome === 'done' ? config.cluster.timing.promoteDeadlineMs : config.cluster.timing.suspectAfterMs
  if (nowMs - endedAtMs >= patienceMs) return null
  const to = freshReport(config, state, operation.to, nowMs)
  if (outcome === 'done' && to !== null && to.lease.term < operation.term && to.lease.releasedTerm < operation.term && to.voter.term <= operation.term) return operation.to
  const behind = [operation.to, operation.from].find(node => {
    const agent = node === null ? undefined : state.agents[node]
    return agent !== undefined && isFresh(config, agent, nowMs) && agent.receivedAtMs <= endedAtMs
  })
  return outcome === 'done' ? null : behind ?? null
}

/** Somebody should be promoted: now, or when the nodes that may know better are there (cold start). */
function act (config: CoreConfig, state: ClusterState, go: Extract<Verdict, { type: 'go' }>, nowMs: number): Stepped {
  const last = lastServed(state)
  const { eligible, refused } = candidates(config, state, [], nowMs)
  // a backup whose source is gone may say `connecting` already: its position is what counts (FACTS R 3)
  const warm = last !== null && eligible.some(report => report.following === last.holder && positionOf(report)?.term === last.term)
  const kind: OperationKind = last === null ? 'firstStart' : warm ? 'failover' : 'coldStart'
  if (!warm) {
    const missing = mayHoldMore(config, state, { eligible, last }, nowMs)
    const untilMs = (state.majoritySinceMs ?? nowMs) + config.cluster.timing.coldStartWaitMs
    if (missing.length > 0 && nowMs < untilMs) {
      return setHold(state, { code: 'waitingForNodes', message: `waits up to ${Math.ceil((untilMs - nowMs) / 1_000)} s for ${missing.join(', ')}: it may hold newer data`, refused }, untilMs)
    }
    const apart = last === null ? diverging(eligible) : []
    if (apart.length > 0) return setHold(state, { code: 'diverging', message: `${apart.join(' and ')} hold different data and nothing tells which is newer: choose one with "ovsdb-ha failover ${config.cluster.name} --to NODE --force"; the others are kept as rescues`, refused }, null)
  }
  const best = withinBudget(config, state, eligible, last?.holder ?? null, nowMs)
  if (best === undefined) return setHold(state, { code: 'noCandidate', message: noCandidateInWords(config.cluster.name, refused), refused }, null)
  const unproven = unprovable(config, state, best.node, nowMs)
  if (unproven !== null) return setHold(state, { code: 'fenceNeeded', message: `${best.node} would take over (${go.trigger}), but ${unproven} has no guard and no fence device: nothing tells that it does not serve (S4). Make sure that it is off, then say so with "ovsdb-ha confirm-off ${unproven} --reason TEXT"`, refused }, null)
  if (state.paused !== null) return setHold(state, { code: 'paused', message: `${best.node} would take over (${go.trigger}), but ${state.paused.by} paused the cluster: ${state.paused.reason}`, refused }, null)
  const spent = budgetHold(config, state, best.node, last?.holder ?? null, go.trigger, refused, nowMs)
  if (spent !== null) return setHold(state, spent.hold, spent.untilMs)
  if (nowMs < state.retry.notBeforeMs) return setHold(state, { code: 'retrying', message: `the last attempt failed (${state.lastEnded?.detail ?? 'unknown'}); the next one is in ${Math.ceil((state.retry.notBeforeMs - nowMs) / 100) / 10} s`, refused }, state.retry.notBeforeMs)
  if (mustAskTurn(config, state)) return askTurn(state)
  if (state.turn === 'waiting') return setHold(state, turnHold(`${best.node} would take over (${go.trigger})`, refused), null)
  return beginTaking(config, state, {
    kind,
    trigger: go.trigger,
    from: go.from,
    fromTerm: highestTerm(state).term,
    to: best.node,
    why: whyBest(config, best.node, eligible.map(report => report.node), last?.holder ?? null) + wishedOf(state, best.node, eligible.map(report => report.node), nowMs) + passedOver(config, state, best.node, eligible, nowMs),
    reason: go.reason,
    force: false,
    refused,
    commandId: null
  }, nowMs)
}

/**
 * The data nodes that have not told what they hold. None when the last active itself can take over: what it holds ends in
 * the last term, and nobody else wrote in it.
 */
function mayHoldMore (config: CoreConfig, state: ClusterState, { eligible, last }: { readonly eligible: readonly Report[], readonly last: HolderTerm | null }, nowMs: number): readonly string[] {
  const hasAll = (report: Report): boolean => report.node === last?.holder && positionOf(report)?.term === last.term
  if (eligible.some(hasAll)) return []
  // with nobody to take instead there is nothing to be early with: the operator reads why nobody can be taken
  const awaited = eligible.length === 0 ? null : last?.holder ?? null
  return dataNodes(config).map(({ name }) => name).filter(name => !isSettled(freshReport(config, state, name, nowMs), awaited))
}

/**
 * Its servers were started and seen, or were tried in vain. The last active is waited for while its servers are tried again:
 * what it acknowledged last may be nowhere else.
 */
function isSettled (report: Report | null, awaited: string | null): boolean {
  return report !== null && report.phase === 'backup' && report.servers.every(({ health }) => health === 'up' || (health === 'down' && report.node !== awaited))
}

export function whyBest (config: CoreConfig, node: string, eligible: readonly string[], last: string | null): string {
  if (node === last) return `${node} was the last active and its copy is complete`
  const others = eligible.filter(one => one !== node)
  const among = others.length === 0 ? 'the only node that was in sync' : `best of ${eligible.length} nodes in sync (position, then preference, then priority, then name)`
  return last === null ? `${node} has the newest data, or the highest priority among equals, in ${config.cluster.name}` : `${node} is ${among} with ${last}`
}

/** Whoever has all the data and was ruled out by an operator is the way back that costs nothing. */
function noCandidateInWords (cluster: string, refused: readonly RefusedNode[]): string {
  const why = refused.map(one => one.message).join('; ')
  const force = `"ovsdb-ha failover ${cluster} --force"`
  const ruledOut = refused.find(({ code }) => code === 'never')?.node
  return ruledOut === undefined
    ? `no node can take over without losing writes: ${why}. Bring back a node that has them, or lose them with ${force}`
    : `no node can take over: ${why}. ${ruledOut} has all the data: allow it with "ovsdb-ha prefer ${ruledOut} neutral --cluster ${cluster}". Or bring back another node; or take one as it is with ${force}`
}

function hold (code: Hold['code'], message: string, wakeAtMs: number | null = null): Verdict {
  return { type: 'hold', hold: { code, message, refused: [] }, wakeAtMs }
}

/** A hold is recorded when its kind changes; its wording may follow the facts at every look. */
export function setHold (state: ClusterState, next: Hold, wakeAtMs: number | null): Stepped {
  const wake = wakeAtMs === null ? [] : [{ type: 'wakeAt' as const, atMs: wakeAtMs }]
  if (state.hold?.code === next.code) return [{ ...state, hold: next }, wake]
  const quiet = next.code === 'starting' || next.code === 'suspecting' || next.code === 'inTransition'
  const neverServed = highestTerm(state).term === 0 // agents that are still being started alarm nobody
  const severity = !neverServed && (next.code === 'noCandidate' || next.code === 'noMajority' || next.code === 'diverging' || next.code === 'fenceNeeded' || next.code === 'budgetSpent') ? 'critical' : 'warning'
  return chain([{ ...state, hold: next }, wake], held => [held, quiet
    ? []
    : [{ type: 'record', kind: 'holdBegan', severity, node: null, message: next.message, facts: { code: next.code } }]])
}
