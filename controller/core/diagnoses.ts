// What is wrong now, by name: one conclusion per name and node, with who saw what. Nothing is decided by it; decisions
// rest on the reports themselves.
import { DIAGNOSIS_NAMES, DIAGNOSIS_PAGES, type DiagnosisName } from '../../protocol/diagnosis.ts'
import type { Report } from '../../protocol/report.ts'
import { configDiffers } from './config-differs.ts'
import { diagnoseNodes } from './diagnose-nodes.ts'
import { diagnoseServers } from './diagnose-servers.ts'
import { diagnoseDiffering } from './differing.ts'
import { clipped, said, type Diagnosis } from './diagnosis.ts'
import { fenceOf } from './fencing.ts'
import { HOLDS } from './hold-rules.ts'
import { freshReports, highestTerm } from './knowledge.ts'
import type { ClusterState, CoreConfig } from './state.ts'
import { list } from './words.ts'

type Found = Omit<Diagnosis, 'runbook'> & { readonly runbook?: string }

/** Problem codes of agents that are a diagnosis by themselves. */
const OF_PROBLEM: Readonly<Record<string, DiagnosisName>> = {
  guard: 'guardMissing',
  gate: 'guardMissing',
  renewal: 'guardMissing',
  weakGuard: 'guardMissing',
  cannotVote: 'cannotVote',
  stateNotStored: 'cannotVote',
  heartbeat: 'heartbeatFails',
  duplicateAddress: 'duplicateAddress',
  announce: 'endpointImpaired',
  announcer: 'endpointImpaired',
  duplicateCheck: 'endpointImpaired',
  endpointRelease: 'endpointImpaired',
  endpointUnseen: 'endpointImpaired',
  watchdog: 'watchdogFails',
  companion: 'companionFails',
  connections: 'connectionsDiffer',
  votersNotAsInFile: 'configDiffers',
  rescuesUnreadable: 'rescuesUnreadable'
}

/** The diagnosis that a problem code of an agent is; null for one that is told otherwise. */
export function diagnosisOf (problemCode: string): DiagnosisName | null {
  return OF_PROBLEM[problemCode] ?? null
}

/** Everything that is wrong, the most urgent first. Pure; the same for a leader and for one that follows. */
export function diagnose (config: CoreConfig, state: ClusterState, nowMs: number): readonly Diagnosis[] {
  const found: readonly Found[] = [
    ...severalActives(config, state, nowMs),
    ...clusterHolds(state, nowMs),
    ...diagnoseNodes(config, state, nowMs),
    ...diagnoseServers(config, state, nowMs),
    ...diagnoseDiffering(config.controller, state),
    ...freshReports(config, state, nowMs).flatMap(report => problems(state, report)),
    ...strayTerm(config, state, nowMs),
    ...otherFiles(config, state, nowMs),
    ...fenceDevices(config, state, nowMs)
  ]
  return found.map(one => ({ ...one, runbook: one.runbook ?? DIAGNOSIS_PAGES[one.name] }))
    .toSorted((a, b) => DIAGNOSIS_NAMES.indexOf(a.name) - DIAGNOSIS_NAMES.indexOf(b.name))
}

/** Only leases that run by now count: an old active's last report may be at hand for a moment longer. */
function severalActives (config: CoreConfig, state: ClusterState, nowMs: number): readonly Found[] {
  const serving = freshReports(config, state, nowMs).filter(({ node, phase, lease }) =>
    lease.held && (phase === 'active' || phase === 'handingOver') && (state.agents[node]?.receivedAtMs ?? 0) + lease.remainingMs > nowMs)
  if (serving.length < 2) return []
  return [{
    name: 'severalActives',
    node: null,
    message: `${list(serving.map(({ node }) => node))} each say that they serve under a lease that runs`,
    evidence: serving.map(({ node, lease }) => said(state, node, `holds term ${lease.term} for another ${Math.round(lease.remainingMs)} ms`))
  }]
}

/** Files, or stored lists of voters, that are not the same everywhere. */
function otherFiles (config: CoreConfig, state: ClusterState, nowMs: number): readonly Found[] {
  const message = configDiffers(config, state, nowMs)
  if (message === null) return []
  return [{ name: 'configDiffers', node: null, message, evidence: freshReports(config, state, nowMs).map(({ node, configDigest }) => said(state, node, `has the file ${configDigest}`)) }]
}

/** Nobody serves, and the leader waits for time, nodes or an operator. An installation that never served alarms nobody. */
function clusterHolds (state: ClusterState, nowMs: number): readonly Found[] {
  const { hold } = state
  if (!state.leading || hold === null || !HOLDS[hold.code].outage || highestTerm(state).term === 0) return []
  return [{
    name: 'clusterHolds',
    node: null,
    message: hold.message,
    runbook: HOLDS[hold.code].page,
    evidence: hold.refused.map(({ node, message }) => ({ by: node, saw: clipped(message), atMs: state.agents[node]?.receivedAtMs ?? nowMs }))
  }]
}

function problems (state: ClusterState, { node, problems }: Report): readonly Found[] {
  const names = new Set(problems.flatMap(({ code }) => diagnosisOf(code) ?? []))
  return [...names].map((name): Found => {
    const told = problems.filter(({ code }) => diagnosisOf(code) === name)
    return { name, node, message: `${node}: ${told.map(({ message }) => message).join('; ')}`, evidence: told.map(({ message }) => said(state, node, message)) }
  })
}

function strayTerm (config: CoreConfig, state: ClusterState, nowMs: number): readonly Found[] {
  if (!state.leading || state.reassertedAtMs === null) return []
  const { term, holder } = highestTerm(state)
  return [{
    name: 'strayTerm',
    node: null,
    message: `term ${term} was accepted and nobody serves in it: a newer one is being taken for the node that serves`,
    evidence: freshReports(config, state, nowMs).filter(({ voter }) => voter.term === term && voter.holder === holder).map(({ node }) => said(state, node, `accepted term ${term} of ${holder ?? 'nobody'}`))
  }]
}

function fenceDevices (config: CoreConfig, state: ClusterState, nowMs: number): readonly Found[] {
  return config.cluster.members.flatMap(({ name }): readonly Found[] => {
    const { problem } = fenceOf(state, name)
    return problem === null ? [] : [{ name: 'fenceDeviceFails', node: name, message: `the fence device of ${name} does not answer: ${problem}`, evidence: [{ by: config.controller, saw: clipped(problem), atMs: nowMs }] }]
  })
}
