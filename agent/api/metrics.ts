import { X509Certificate } from 'node:crypto'
import { Counter, Gauge, type Registry } from 'prom-client'
import { COMPANION_STATES, HEALTHS, PHASES, SERVER_ROLES, type Happening, type Report, type ServerReport } from '../../protocol/report.ts'
import { monotonicMs } from '../clock.ts'
import { SERVER_COUNTS, type ServerCount, type ServerStatistics } from '../statistics-service.ts'
import type { UnitService } from '../unit-service.ts'
import { createLagWatch, type LagWatch } from './lag-watch.ts'

const NODE_ROLES = ['active', 'backup', 'witness', 'none'] as const
const REPLICATION_STATES = ['none', 'connecting', 'replicating'] as const

export type AgentMetrics = ReturnType<typeof createAgentMetrics>

/** What does not change while the agent runs. */
export interface AboutAgent {
  readonly node: string
  readonly version: string
  /** PEM; null with plain HTTP. */
  readonly certificate: string | null
}

/**
 * Every metric of the agent, in one place. Seconds and bytes are base units; labels are bounded by the configuration, and each
 * series has the node. Gauges are taken from the report at each scrape. No name is also one of the controller's, but for `build_info`
 * and the certificate's: what a node says of itself and what a controller believes of it must not be added up.
 */
export function createAgentMetrics (registry: Registry, about: AboutAgent) {
  registry.setDefaultLabels({ node: about.node })
  const registers = [registry]
  aboutProcess(registers, about)
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) => new Gauge({ name: `ovsdb_ha_${name}`, help, labelNames: ['cluster', ...labelNames], registers })
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) => new Counter({ name: `ovsdb_ha_${name}`, help, labelNames: ['cluster', ...labelNames], registers })
  return {
    registry,
    lag: createLagWatch(),
    unit: {
      role: gauge('agent_role', 'What this node is in the cluster: 1 for one of the roles, 0 for the others; active only under an unexpired lease.', 'role'),
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
      role: gauge('server_role', 'Role of the server as it says itself: 1 for one of the roles. Believe agent_role.', 'server', 'role'),
      replication: gauge('replication_state', 'Replication of the server: 1 for one of the states.', 'server', 'state'),
      complete: gauge('server_complete', 'Whether the copy is whole: no resync under way or cut off.', 'server'),
      gate: gauge('gate_open', 'Whether clients can reach the server.', 'server'),
      fileBytes: gauge('db_file_size_bytes', 'Size of the database file.', 'server'),
      info: gauge('server_info', 'Always 1 for a server that was seen; the labels say which database it serves, and by which version of Open vSwitch.', 'server', 'database', 'version'),
      lagSeconds: gauge('replication_lag_seconds', 'How old the newest heartbeat is that this backup has, with all rows before it, by its own clock: since the active told of it with its lease, or it was found here. One comes each second while all is well. Absent on an active.', 'server'),
      positionTerm: gauge('position_term', 'Term of the newest heartbeat row in the data.', 'server'),
      positionSequence: gauge('position_sequence', 'Sequence of the newest heartbeat row in the data.', 'server')
    },
    disk: gauge('db_disk_free_bytes', 'Free on the disk of the database file, for whom is not root.', 'server'),
    counts: {
      sessions: gauge('jsonrpc_server_sessions', 'Sessions of the server, with clients, backups and this agent; absent while it does not answer, as all that it says of its memory.', 'server'),
      monitors: gauge('ovsdb_monitors', 'Monitors that clients of the server have.', 'server'),
      triggers: gauge('ovsdb_triggers', 'Transactions that wait in the server.', 'server'),
      backlog: gauge('ovsdb_backlog_bytes', 'What the server has to send and its clients have not taken.', 'server'),
      cells: gauge('ovsdb_cells', 'Cells (rows times columns) in the databases of the server.', 'server'),
      atoms: gauge('ovsdb_atoms', 'Atoms in the databases of the server; from 2.17 on.', 'server'),
      txnHistory: gauge('ovsdb_txn_history', 'Transactions that the server keeps for clients that come back.', 'server'),
      txnHistoryAtoms: gauge('ovsdb_txn_history_atoms', 'Atoms in those transactions.', 'server'),
      jsonCaches: gauge('ovsdb_json_caches', 'Updates that the server keeps for monitors that are alike.', 'server')
    } satisfies Record<ServerCount, unknown>,
    happenings: counter('happenings_total', 'What happened on this node, by kind.', 'kind'),
    unsanctionedActive: counter('unsanctioned_active_total', 'Times that a server was active without the lease and was demoted (S5).'),
    staleTerms: counter('stale_term_rejected_total', 'Orders refused because of an old term (S1).')
  }
}

function aboutProcess (registers: Registry[], { version, certificate }: AboutAgent): void {
  new Gauge({ name: 'ovsdb_ha_build_info', help: 'Always 1; the labels say what runs.', labelNames: ['version', 'node_version'], registers }).set({ version, node_version: process.version }, 1)
  const expiry = new Gauge({ name: 'ovsdb_ha_certificate_expiry_timestamp_seconds', help: 'When the certificate ends that this process was started with; absent without TLS.', registers })
  expiry.remove() // a gauge without labels begins as 0, which would be an end in 1970
  if (certificate !== null) expiry.set(new X509Certificate(certificate).validToDate.getTime() / 1_000)
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

/** Sets what the servers say of themselves; series of what was not said go away. */
export function observeStatistics ({ disk, counts }: AgentMetrics, read: ReadonlyArray<ServerStatistics & { readonly cluster: string }>): void {
  for (const gauge of [disk, ...Object.values(counts)]) gauge.reset()
  for (const { cluster, server, freeDiskBytes, counts: said } of read) {
    if (freeDiskBytes !== null) disk.set({ cluster, server }, freeDiskBytes)
    for (const name of SERVER_COUNTS) {
      const count = said[name]
      if (count !== undefined) counts[name].set({ cluster, server }, count)
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
  if (server.version !== null) gauges.info.set({ ...labels, database: server.database, version: server.version }, 1)
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
