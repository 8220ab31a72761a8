// What is wrong with the servers, copies and addresses of nodes that report.
import type { DiagnosisName } from '../../protocol/diagnosis.ts'
import type { Health, Report } from '../../protocol/report.ts'
import { candidates } from './candidate.ts'
import { said, type Diagnosis } from './diagnosis.ts'
import { freshReports, isFollowing, servingReport } from './knowledge.ts'
import type { ClusterState, CoreConfig } from './state.ts'
import { list } from './words.ts'

type Found = Omit<Diagnosis, 'runbook'>

const ILL: Readonly<Record<Exclude<Health, 'up'>, DiagnosisName>> = { down: 'deadServer', hung: 'hungServer', busy: 'busyServer', unknown: 'unknownServer' }
/** As the kernel, ovsdb-server and the agent say it. */
const NO_ROOM = /ENOSPC|no space left|disk is full|EDQUOT|bytes free and the resync may need/i

export function diagnoseServers (config: CoreConfig, state: ClusterState, nowMs: number): readonly Found[] {
  const active = servingReport(config, state, nowMs)
  const behind = active === null && state.memory === null ? [] : candidates(config, state, [], nowMs).refused.filter(({ code }) => code === 'behind')
  return freshReports(config, state, nowMs).flatMap(report => [
    ...illServers(state, report),
    ...unsanctioned(state, report),
    ...endpoints(state, report),
    ...disk(state, report),
    ...copies(state, report, active),
    ...replication(state, report, active),
    ...behind.filter(({ node }) => node === report.node && node !== active?.node).map(({ node, message }): Found => ({ name: 'laggingBackup', node, message, evidence: [said(state, node, `position ${report.servers.map(({ name, position }) => `${name} ${position?.term ?? 0}.${position?.sequence ?? 0}`).join(', ')}`)] }))
  ])
}

function illServers (state: ClusterState, { node, servers }: Report): readonly Found[] {
  return (Object.keys(ILL) as Array<keyof typeof ILL>).flatMap(health => {
    const ill = servers.filter(server => server.health === health)
    if (ill.length === 0) return []
    return [{
      name: ILL[health],
      node,
      message: `${list(ill.map(server => server.name))} on ${node} ${ill.length === 1 ? 'is' : 'are'} ${health}`,
      evidence: ill.map(({ name, reason }) => said(state, node, `${name}: ${reason ?? health}`))
    }]
  })
}

/** Only the lease makes an active; phases in which roles are just being changed are left out. */
function unsanctioned (state: ClusterState, { node, phase, lease, servers }: Report): readonly Found[] {
  const wrong = servers.filter(server => server.role === 'active')
  if (phase !== 'backup' || lease.held || wrong.length === 0) return []
  return [{
    name: 'unsanctionedActive',
    node,
    message: `${list(wrong.map(server => server.name))} on ${node} ${wrong.length === 1 ? 'is' : 'are'} active without the lease`,
    evidence: wrong.map(({ name, gateOpen }) => said(state, node, `${name} is active, its gate is ${gateOpen ? 'open' : 'shut'}`))
  }]
}

function endpoints (state: ClusterState, { node, phase, endpoints }: Report): readonly Found[] {
  const missing = endpoints.filter(({ held }) => !held).map(({ address }) => address)
  if (phase !== 'active' || missing.length === 0) return []
  return [{ name: 'endpointLost', node, message: `${node} serves and does not hold ${list(missing)}: clients do not find it there`, evidence: missing.map(address => said(state, node, address.startsWith('http') ? `load balancers are not told at ${address}` : `${address} is not on the interface`)) }]
}

function disk (state: ClusterState, { node, servers, problems }: Report): readonly Found[] {
  const told = [
    ...problems.map(({ message }) => message),
    ...servers.flatMap(({ reason, incompleteReason }) => [reason, incompleteReason]),
    state.followRetries[node]?.why ?? null
  ].filter((text): text is string => text !== null && NO_ROOM.test(text))
  if (told.length === 0) return []
  return [{ name: 'diskFull', node, message: `a disk of ${node} is full, or too small for what is to be written`, evidence: [...new Set(told)].map(text => said(state, node, text)) }]
}

/** A copy that is being made is not complete, and nothing is wrong with that. */
function copies (state: ClusterState, { node, phase, servers }: Report, active: Report | null): readonly Found[] {
  const copying = state.follow !== null && state.follow.node === node && state.follow.source === active?.node
  const cut = servers.filter(server => !server.complete)
  if (phase !== 'backup' || copying || cut.length === 0) return []
  return [{
    name: 'incompleteCopy',
    node,
    message: `the copy of ${list(cut.map(server => server.name))} on ${node} is not complete`,
    evidence: cut.map(({ name, incompleteReason }) => said(state, node, `${name}: ${incompleteReason ?? 'it does not say why'}`))
  }]
}

function replication (state: ClusterState, report: Report, active: Report | null): readonly Found[] {
  const { node, phase, following, servers } = report
  if (active === null || active.phase !== 'active' || node === active.node || phase !== 'backup' || state.follow?.node === node || isFollowing(report, active.node)) return []
  if (servers.some(server => server.health !== 'up' || server.role !== 'backup')) return []
  const broken = following === active.node ? servers.filter(server => server.replication !== 'replicating') : []
  const failed = state.followRetries[node]
  const evidence = [
    ...broken.map(({ name, replication }) => said(state, node, `${name}: ${replication === 'none' ? 'not replicating' : replication} from ${active.node}`)),
    ...(failed === undefined || failed.attempts === 0 ? [] : [said(state, node, `attempt ${failed.attempts} to follow failed: ${failed.why}`)])
  ]
  return evidence.length === 0 ? [] : [{ name: 'replicationBroken', node, message: `${node} does not replicate from ${active.node}`, evidence }]
}
