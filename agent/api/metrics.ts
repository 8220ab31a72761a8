import { Counter, Gauge, type Registry } from 'prom-client'
import { COMPANION_STATES, HEALTHS, PHASES, SERVER_ROLES, type Happening, type Report, type ServerReport } from '../../protocol/report.ts'
import { monotonicMs } from '../clock.ts'
import type { UnitService } from '../unit-service.ts'
import { createLagWatch, type LagWatch } from './lag-watch.ts'

const NODE_ROLES = ['active', 'backup', 'witness', 'none'] as const
const REPLICATION_STATES = ['none', 'connecting', 'replicating'] as const

export type AgentMetrics = ReturnType<typeof createAgentMetrics>

/** Every metric of the agent, in one place. Seconds and bytes are base units; labels are bounded by the configuration. Gauges are taken from the report at each scrape. */
export function createAgentMetrics (registry: Registry) {
  const registers = [registry]
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) => new Gauge({ name: `ovsdb_ha_${name}`, help, labelNames: ['cluster', ...labelNames], registers })
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) => new Counter({ name: `ovsdb_ha_${name}`, help, labelNames: ['cluster', ...labelNames], registers })
  return {
    registry,
    lag: createLagWatch(),
    unit: {
      role: gauge('node_role', 'What this node is in the cluster: 1 for one of the roles, 0 for the others; active only under an unexpired lease.', 'role'),
      phase: gauge('node_phase', 'What the unit of servers on this node is doing: 1 for one of the phases.', 'phase'),
      term: gauge('agent_term', 'The highest term that this voter accepted.'),
      voter: gauge('voter_ready', 'Whether this voter can vote.'),
      stores: gauge('voter_stores', 'Whether the disk takes what this voter accepts; while it does not, everything that must be stored is refused.'),
      leaseHeld: gauge('lease_held', 'Whether this node holds an unexpired lease.'),
      leaseRemaining: gauge('lease_remaining_seconds', 'How long the lease of this node still runs; 0 when it has none.'),
      sequence: gauge('report_sequence', 'Number of the last report since the agent started; an agent whose number stands still reports nothing.'),
      guard: gauge('guard_ok', 'Whether the guard of this kind does its work; `none` never does.', 'kind'),
      guardSlack: gauge('guard_slack_seconds', 'How long after the end of the lease the kernel may let clients through, at most.'),
      endpoint: gauge('endpoint_held', 'Whether this node has the address of the endpoint.', 'address'),
      problems: gauge('problems', 'How many problems the node reports now.'),
      companionState: gauge('companion_state', 'State of a service that runs only where the active is: 1 for one of the states.', 'companion', 'state'),
      companionWanted: gauge('companion_wanted', 'Whether the service shall run on this node, since it serves.', 'companion'),
      rescueFiles: gauge('rescue_files', 'Kept rescues.'),
      rescueBytes: gauge('rescue_size_bytes', 'Size of the kept rescues.'),
      rescuesUnacknowledged: gauge('rescue_unacknowledged_files', 'Kept rescues that nobody has acknowledged: they may hold writes that are nowhere else.')
    },
    server: {
      health: gauge('server_health', 'Health of the server: 1 for one of the states.', 'server', 'health'),
      role: gauge('server_role', 'Role of the server as it says itself: 1 for one of the roles. Believe node_role.', 'server', 'role'),
      replication: gauge('replication_state', 'Replication of the server: 1 for one of the states.', 'server', 'state'),
      complete: gauge('server_complete', 'Whether the copy is whole: no resync under way or cut off.', 'server'),
      gate: gauge('gate_open', 'Whether clients can reach the server.', 'server'),
      fileBytes: gauge('db_file_size_bytes', 'Size of the database file.', 'server'),
      lagSeconds: gauge('replication_lag_seconds', 'How old the newest heartbeat is that this backup has, with all rows before it, by its own clock: since the active told of it with its lease, or it was found here. One comes each second while all is well. Absent on an active.', 'server'),
      positionTerm: gauge('position_term', 'Term of the newest heartbeat row in the data.', 'server'),
      positionSequence: gauge('position_sequence', 'Sequence of the newest heartbeat row in the data.', 'server')
    },
    happenings: counter('happenings_total', 'What happened on this node, by kind.', 'kind'),
    unsanctionedActive: counter('unsanctioned_active_total', 'Times that a server was active without the lease and was demoted (S5).'),
    staleTerms: counter('stale_term_rejected_total', 'Orders refused because of an old term (S1).')
  }
}

/** Counts what happens from now on; returns how to stop. The counters begin at 0, so that the first one is seen as an increase. */
export function countHappenings (metrics: AgentMetrics, units: Iterable<UnitService>): () => void {
  const stops = [...units].map(unit => {
    metrics.unsanctionedActive.inc({ cluster: unit.cluster }, 0)
    metrics.staleTerms.inc({ cluster: unit.cluster }, 0)
    return unit.follow(() => {}, ({ cluster, kind }: Happening) => {
      metrics.happenings.inc({ cluster, kind })
      if (kind === 'unsanctionedActive') metrics.unsanctionedActive.inc({ cluster })
    })
  })
  return () => { for (const stop of stops) stop() }
}

/** Sets every gauge from the state now; series of what is no longer reported go away. */
export function observeReports (metrics: AgentMetrics, reports: readonly Report[], nowMs = monotonicMs()): void {
  for (const gauge of [...Object.values(metrics.unit), ...Object.values(metrics.server)]) gauge.reset()
  for (const report of reports) {
    metrics.lag.look(report, nowMs)
    observeUnit(metrics.unit, report)
    for (const server of report.servers) {
      observeServer(metrics.server, report.cluster, server)
      observeLag(metrics, report.cluster, server, nowMs)
    }
  }
}

function observeUnit (unit: AgentMetrics['unit'], report: Report): void {
  const { cluster, phase, voter, lease, guard, endpoints, problems, rescues } = report
  const serving = lease.held && lease.remainingMs > 0
  for (const role of NODE_ROLES) unit.role.set({ cluster, role }, Number(role === roleOf(phase, serving)))
  for (const one of PHASES) unit.phase.set({ cluster, phase: one }, Number(one === phase))
  unit.term.set({ cluster }, voter.term)
  unit.voter.set({ cluster }, Number(voter.problem === null))
  unit.stores.set({ cluster }, Number(!problems.some(({ code }) => code === 'stateNotStored')))
  unit.leaseHeld.set({ cluster }, Number(serving))
  unit.leaseRemaining.set({ cluster }, lease.held ? lease.remainingMs / 1_000 : 0)
  unit.sequence.set({ cluster }, report.sequence)
  unit.guard.set({ cluster, kind: guard.kind }, Number(guard.kind !== 'none' && guard.problem === null))
  unit.guardSlack.set({ cluster }, guard.slackMs / 1_000)
  for (const { address, held } of endpoints) unit.endpoint.set({ cluster, address }, Number(held))
  unit.problems.set({ cluster }, problems.length)
  for (const { name, state, wanted } of report.companions ?? []) {
    for (const one of COMPANION_STATES) unit.companionState.set({ cluster, companion: name, state: one }, Number(one === state))
    unit.companionWanted.set({ cluster, companion: name }, Number(wanted))
  }
  unit.rescueFiles.set({ cluster }, rescues.files)
  unit.rescueBytes.set({ cluster }, rescues.bytes)
  unit.rescuesUnacknowledged.set({ cluster }, rescues.unacknowledgedFiles)
}

function observeServer (gauges: AgentMetrics['server'], cluster: string, server: ServerReport): void {
  const labels = { cluster, server: server.name }
  for (const health of HEALTHS) gauges.health.set({ ...labels, health }, Number(health === server.health))
  for (const role of SERVER_ROLES) gauges.role.set({ ...labels, role }, Number(role === server.role))
  for (const state of REPLICATION_STATES) gauges.replication.set({ ...labels, state }, Number(state === server.replication))
  gauges.complete.set(labels, Number(server.complete))
  gauges.gate.set(labels, Number(server.gateOpen))
  gauges.fileBytes.set(labels, server.fileBytes)
  if (server.position === null) return
  gauges.positionTerm.set(labels, server.position.term)
  gauges.positionSequence.set(labels, server.position.sequence)
}

function observeLag ({ server: { lagSeconds }, lag }: { readonly server: AgentMetrics['server'], readonly lag: LagWatch }, cluster: string, { name, role }: ServerReport, nowMs: number): void {
  const ageMs = role === 'backup' ? lag.ageMs(cluster, name, nowMs) : null
  if (ageMs !== null) lagSeconds.set({ cluster, server: name }, ageMs / 1_000)
}

function roleOf (phase: Report['phase'], serving: boolean): typeof NODE_ROLES[number] {
  if (phase === 'active') return serving ? 'active' : 'none'
  return phase === 'backup' || phase === 'witness' ? phase : 'none'
}
