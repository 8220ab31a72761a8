// The cluster in plain words: what operators, the CLI and the dashboard are shown. Derived afresh each time.
import type { ClusterView, NodeView, OperationView } from '../../protocol/api.ts'
import { endpointNames, virtualAddresses, type MemberConfig } from '../../protocol/cluster.ts'
import type { DiagnosisView } from '../../protocol/diagnosis.ts'
import type { Report } from '../../protocol/report.ts'
import { candidates, type Candidates } from './candidate.ts'
import { diagnose } from './diagnoses.ts'
import type { Diagnosis } from './diagnosis.ts'
import { fenceOf } from './fencing.ts'
import { configDiffers } from './config-differs.ts'
import { budgetOf, openNow } from './flapping.ts'
import { isLapsed } from './off-marks.ts'
import { whyNotWithout } from './lone-survivor.ts'
import { preferenceOf } from './preference.ts'
import { dataNodes, freshReport, highestTerm, isFollowing, isFresh, positionOf, servingReport } from './knowledge.ts'
import { stallInWords, stallOf } from './resync-stall.ts'
import type { ClusterState, CoreConfig, EndedOperation, Operation } from './state.ts'
import { list } from './words.ts'
import { freshVoters, voterList, voterQuorum } from './voters.ts'

/** Turns monotonic milliseconds into what people read. */
export type WallOf = (atMs: number) => string

export function viewCluster (config: CoreConfig, state: ClusterState, nowMs: number, wallOf: WallOf): Omit<ClusterView, 'controller' | 'schedules' | 'planned'> {
  const active = servingReport(config, state, nowMs)
  const sifted = candidates(config, state, [], nowMs)
  const nodes = config.cluster.members.map(member => viewNode(config, state, member, active, sifted, nowMs, wallOf))
  return {
    name: config.cluster.name,
    state: stateOf(state, active),
    summary: summarize(config, state, active, nodes),
    active: active?.node ?? null,
    term: highestTerm(state).term,
    paused: state.paused === null ? null : { ...state.paused },
    automaticFailover: automaticFailover(config, state, active, sifted, nowMs),
    recoveries: viewRecoveries(config, state, nowMs, wallOf),
    voters: voterList(config, state),
    configDiffers: configDiffers(config, state, nowMs),
    endpoints: endpointHolders(config, state, nowMs),
    hold: state.hold === null ? null : { code: state.hold.code, message: state.hold.message, refused: [...state.hold.refused] },
    operation: state.operation === null ? null : viewOperation(state.operation, null, wallOf),
    diagnoses: diagnose(config, state, nowMs).map(one => viewDiagnosis(one, wallOf)),
    nodes
  }
}

function stateOf (state: ClusterState, active: Report | null): ClusterView['state'] {
  if (state.operation !== null) return 'changing'
  if (active !== null) return 'serving'
  const code = state.hold?.code
  if (!state.leading || code === undefined || code === 'starting') return 'starting'
  if (code === 'stillRenewing' || code === 'suspecting') return 'unknown'
  if (code === 'inTransition') return 'changing'
  return 'holding'
}

function summarize (config: CoreConfig, state: ClusterState, active: Report | null, nodes: readonly NodeView[]): string {
  const pause = state.paused === null ? '' : ` Paused by ${state.paused.by}${state.paused.reason === '' ? '' : ` (${state.paused.reason})`}: nothing is decided automatically.`
  if (state.operation !== null) {
    return `${operationInWords(state.operation)}.${pause}`
  }
  if (active === null) return `Nobody is known to serve: ${state.hold?.message ?? (state.leading ? 'the controller has not looked yet' : 'this controller does not lead, and decides nothing')}.${pause}`
  const servers = active.servers.map(server => server.name).join(' and ')
  const where = whereInWords(config.cluster)
  const backups = nodes.filter(node => !node.witness && node.name !== active.node)
  return `${active.node} serves ${servers}${where} in term ${active.lease.term}. ${backupsInWords(active.node, backups)}${pause}`
}

function whereInWords (cluster: CoreConfig['cluster']): string {
  const addresses = virtualAddresses(cluster)
  return `${addresses.length === 0 ? '' : ` at ${addresses.join(', ')}`}${cluster.endpoints.some(({ type }) => type === 'http') ? ' behind load balancers' : ''}`
}

export function operationInWords ({ kind, from, to, trigger }: Operation): string {
  return `${words[kind]}${from === null ? '' : ` from ${from}`} to ${to} is running: ${trigger}`
}

function backupsInWords (active: string, backups: readonly NodeView[]): string {
  if (backups.length === 0) return 'It is the only data node.'
  const ready = backups.filter(node => node.ineligible === null && node.following === active)
  const rest = backups.filter(node => !ready.includes(node))
  const follow = ready.length === 0 ? 'No backup could take over now.' : `${list(ready.map(node => node.name))} ${ready.length === 1 ? 'follows and could' : 'follow and could each'} take over.`
  return [follow, ...rest.map(node => sentence(whyNot(active, node)))].join(' ')
}

/** That it follows is no answer to why it could not take over. */
function whyNot (active: string, { name, reachable, following, ineligible, summary }: NodeView): string {
  return reachable && following === active && ineligible !== null ? `${name} follows and could not take over: ${ineligible.message}` : summary
}

const words: Record<Operation['kind'], string> = {
  firstStart: 'First start',
  coldStart: 'A cold start',
  failover: 'A failover',
  switchover: 'A switchover',
  forcedFailover: 'A forced failover'
}

function viewNode (config: CoreConfig, state: ClusterState, member: MemberConfig, active: Report | null, sifted: Candidates, nowMs: number, wallOf: WallOf): NodeView {
  const agent = state.agents[member.name]
  const fence = fenceOf(state, member.name)
  const reachable = isFresh(config, agent, nowMs)
  const report = agent?.report ?? null
  const role = reachable ? roleOf(report) : 'none'
  const lag = report === null || active === null || member.witness || active.node === member.name ? null : lagOf(active, report)
  const refused = member.witness || active?.node === member.name ? null : sifted.refused.find(one => one.node === member.name) ?? null
  return {
    name: member.name,
    address: member.address,
    witness: member.witness,
    priority: member.priority,
    preference: viewPreference(state, member.name, nowMs),
    reachable,
    lastReportAgoMs: report === null ? null : Math.round(nowMs - (agent?.receivedAtMs ?? nowMs)),
    role,
    phase: report?.phase ?? null,
    summary: nodeInWords(member, report, reachable, active, lag, state, nowMs),
    ineligible: refused,
    following: report?.following ?? null,
    lagHeartbeats: lag,
    term: report?.voter.term ?? 0,
    leaseRemainingMs: reachable && report !== null && report.lease.held ? Math.round(report.lease.remainingMs) : 0,
    guard: report?.guard.kind ?? null,
    fence: { device: config.fencing?.[member.name] !== undefined, problem: fence.problem, fenced: fence.fenced === null ? null : { at: wallOf(fence.fenced.atMs), by: fence.fenced.by, why: fence.fenced.why } },
    servers: report === null ? [] : [...report.servers],
    rescues: report?.rescues ?? null,
    ...(report?.companions === undefined ? {} : { companions: [...report.companions] }),
    problems: report === null ? [] : [...report.problems]
  }
}

function viewPreference (state: ClusterState, node: string, nowMs: number): NodeView['preference'] {
  const found = preferenceOf(state, node, nowMs)
  if (found === null) return null
  const { untilMs: _counted, ...said } = found
  return said
}

function roleOf (report: Report | null): NodeView['role'] {
  if (report === null) return 'none'
  if (report.phase === 'witness') return 'witness'
  if (report.lease.held && (report.phase === 'active' || report.phase === 'handingOver')) return 'active'
  return report.phase === 'backup' ? 'backup' : 'none'
}

function lagOf (active: Report, report: Report): number | null {
  const ahead = positionOf(active)
  const behind = positionOf(report)
  if (ahead === null || behind === null || ahead.term !== behind.term) return null
  return Math.max(0, ahead.sequence - behind.sequence)
}

function nodeInWords (member: MemberConfig, report: Report | null, reachable: boolean, active: Report | null, lag: number | null, state: ClusterState, nowMs: number): string {
  const { name } = member
  const agent = state.agents[name]
  const fence = fenceOf(state, name)
  const { fenced } = fence
  if (fenced !== null) return `${name} is off (${fenced.by}: ${fenced.why})${isLapsed(fence) ? '; said to another controller, and not counted on by this one' : ''}`
  if (report === null) return `${name} has not reported yet (${agent?.lostWhy ?? 'silent'})`
  if (!reachable) return `${name} is not reachable for ${((nowMs - (agent?.receivedAtMs ?? nowMs)) / 1_000).toFixed(1)} s (${agent?.lostWhy ?? 'silent'})`
  if (report.phase === 'witness') return report.voter.problem === null ? `${name} is the witness and votes` : `${name} is the witness and cannot vote: ${report.voter.problem}`
  const sick = report.servers.find(server => server.health !== 'up')
  if (sick !== undefined) return `${name}: server ${sick.name} is ${sick.health}${sick.reason === null ? '' : ` (${sick.reason})`}`
  if (report.phase === 'active') return `${name} is active in term ${report.lease.term}`
  if (report.phase !== 'backup') return `${name} is ${report.phase}`
  if (active === null) return `${name} is a backup and waits for an active`
  if (isFollowing(report, active.node)) return `${name} follows ${active.node}${lag === null ? '' : lag === 0 ? ', in step' : `, ${lag} heartbeats behind`}`
  const cut = report.servers.find(server => !server.complete)
  if (report.following === active.node) return `${name} is copying from ${active.node}${stallWords(active)}`
  return `${name} is a backup that does not follow ${active.node} yet${cut?.incompleteReason === undefined || cut.incompleteReason === null ? '' : ` (${cut.name}: ${cut.incompleteReason})`}`
}

function stallWords (active: Report): string {
  const stall = stallOf(active)
  return stall === null ? '' : `, and meanwhile ${stallInWords(stall)}`
}

/** Whether the loss of the active's node would be survived without an operator, and why not (S9). */
export function automaticFailover (config: CoreConfig, state: ClusterState, active: Report | null, sifted: Candidates, nowMs: number): ClusterView['automaticFailover'] {
  const voters = voterList(config, state).names.length
  const quorum = voterQuorum(config, state)
  const alone = voters === 2 ? whyNotAlone(config, state, active, nowMs) : null
  if (voters - 1 < quorum && alone !== null) return { possible: false, why: `${voters} voters cannot lose one and keep a majority: add a witness (S9)${alone === '' ? '' : `; ${alone}`}` }
  if (state.paused !== null) return { possible: false, why: 'the cluster is paused' }
  const { used, spent } = budgetOf(config, state, nowMs)
  if (spent) return { possible: false, why: `the budget of ${used} automatic failovers is spent: "ovsdb-ha acknowledge ${config.cluster.name}" frees it` }
  const answering = freshVoters(config, state, nowMs)
  const left = answering.filter(report => report.node !== active?.node).length
  if (left < (voters === 2 ? 1 : quorum)) return { possible: false, why: `without the active's node only ${left} of ${voters} voters would answer; ${quorum} are needed` }
  const ready = sifted.eligible.filter(report => active === null || isFollowing(report, active.node))
  if (ready.length === 0) return { possible: false, why: 'no backup is in sync' }
  return { possible: true, why: `${list(ready.map(report => report.node).toSorted())} could take over${voters === 2 ? `, once the fence device of ${active?.node ?? 'the other node'} says that it is off` : ''}` }
}

/** Why the one of two voters that is left could not go on without the active; empty where no device is there at all; null when it could. */
function whyNotAlone (config: CoreConfig, state: ClusterState, active: Report | null, nowMs: number): string | null {
  const other = active === null ? undefined : freshVoters(config, state, nowMs).find(({ node }) => node !== active.node)
  if (active === null || config.fencing?.[active.node] === undefined) return ''
  if (other === undefined) return 'the other one does not answer'
  const { problem } = fenceOf(state, active.node)
  return whyNotWithout(config, other, active.node) ?? (problem === null ? null : `the fence device of ${active.node} does not answer: ${problem}`)
}

function viewRecoveries (config: CoreConfig, state: ClusterState, nowMs: number, wallOf: WallOf): ClusterView['recoveries'] {
  const { budgetFailovers, budgetWindowMs, lockoutMs } = config.cluster.failover
  const { used, freeAtMs } = budgetOf(config, state, nowMs)
  return {
    limitFailovers: budgetFailovers,
    usedFailovers: used,
    freeAt: freeAtMs === null ? null : wallOf(freeAtMs),
    open: openNow(config, state, nowMs).map(({ atMs, ...one }) => ({
      ...one,
      at: wallOf(atMs),
      counts: nowMs < atMs + budgetWindowMs,
      lockedOutUntil: nowMs < atMs + lockoutMs ? wallOf(atMs + lockoutMs) : null
    }))
  }
}

function endpointHolders (config: CoreConfig, state: ClusterState, nowMs: number): ClusterView['endpoints'] {
  return endpointNames(config.cluster).map(address => ({
    address,
    holders: dataNodes(config).flatMap(({ name }) => freshReport(config, state, name, nowMs)?.endpoints.some(one => one.address === address && one.held) === true ? [name] : [])
  }))
}

export function viewDiagnosis ({ evidence, ...diagnosis }: Diagnosis, wallOf: WallOf): DiagnosisView {
  return { ...diagnosis, evidence: evidence.map(({ by, saw, atMs }) => ({ by, saw, at: wallOf(atMs) })) }
}

export function viewOperation (operation: Operation, ended: EndedOperation | null, wallOf: WallOf): OperationView {
  return {
    id: String(operation.id),
    kind: operation.kind,
    trigger: operation.trigger,
    from: operation.from,
    to: operation.to,
    term: operation.term,
    startedAt: wallOf(operation.startedAtMs),
    durationMs: ended === null ? null : ended.endedAtMs - operation.startedAtMs,
    outcome: ended?.outcome ?? 'running',
    detail: ended?.detail ?? operation.why,
    refused: [...operation.refused],
    steps: operation.steps.map(step => ({ ...step }))
  }
}

function sentence (text: string): string {
  return text.endsWith('.') ? text : `${text}.`
}
