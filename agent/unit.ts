// Builds the unit of one cluster on this node out of its parts. Nothing is touched before `start`.
import type { Logger } from 'pino'
import { dataMembers, httpEndpointName, virtualAddresses, type ClusterConfig, type Config, type EndpointConfig, type ServerConfig } from '../protocol/cluster.ts'
import { configDigest } from '../protocol/config-digest.ts'
import type { Report } from '../protocol/report.ts'
import type { TlsTexts } from './api/tls.ts'
import { createBesideActive } from './beside-active.ts'
import { holdMsOf } from './core/lease.ts'
import type { UnitConfig } from './core/state.ts'
import { createDurableFile } from './durable.ts'
import type { Endpoint } from './endpoint/endpoint.ts'
import { createHttpEndpoint } from './endpoint/http.ts'
import { createVipEndpoint } from './endpoint/vip.ts'
import type { Guard } from './guard/guard.ts'
import { GUARD_LEAD_MS } from './guard-lead.ts'
import { createNftablesGuard } from './guard/nftables.ts'
import { createNoGuard } from './guard/none.ts'
import { createVoterClient } from './link/voter-client.ts'
import type { CompareService } from './compare-service.ts'
import type { MaintenanceService } from './maintenance-service.ts'
import { createOperations } from './operations.ts'
import { createCompareDesk } from './ovsdb/compare-desk.ts'
import { createMaintenance } from './ovsdb/maintenance.ts'
import { createOvsdbServer } from './ovsdb/server.ts'
import { createRescueDesk } from './ovsdb/rescue-desk.ts'
import { createRescues, type Rescues } from './ovsdb/rescue.ts'
import { createRestoreDesk } from './ovsdb/restore-desk.ts'
import { createSnapshotDesk } from './ovsdb/snapshot-desk.ts'
import { createStatistics } from './ovsdb/statistics.ts'
import { createProblemBoard } from './problem-board.ts'
import type { RescueService } from './rescue-service.ts'
import type { RestoreService } from './restore-service.ts'
import { createRescueWatch } from './rescue-watch.ts'
import type { OvsdbServer, ServerHappening } from './server.ts'
import type { SnapshotService } from './snapshot-service.ts'
import type { StatisticsService } from './statistics-service.ts'
import { createUnitShell, type UnitShell } from './shell.ts'

export interface UnitOptions {
  readonly config: Config
  readonly cluster: ClusterConfig
  readonly node: string
  readonly bootId: string
  readonly tls: TlsTexts | null
  readonly logger: Logger
  readonly onInvariantBroken: (error: Error) => void
}

/** What controllers ask of a data node that has nothing to do with who serves. */
type Upkeep = MaintenanceService & { readonly snapshots: SnapshotService, readonly comparisons: CompareService, readonly restores: RestoreService }

export interface Unit {
  readonly shell: UnitShell
  /** Null on a witness. */
  readonly rescues: RescueService | null
  /** Null on a witness. */
  readonly maintenance: Upkeep | null
  /** Null on a witness. */
  readonly statistics: StatisticsService | null
  /** What a part of the agent that serves all units found wrong, or right again. */
  readonly onProblem: (code: string, message: string | null) => void
  start (): Promise<void>
  stop (): Promise<void>
}

export function createUnit (options: UnitOptions): Unit {
  const { config, cluster, node, logger, tls } = options
  const problems = createProblemBoard()
  const guard = createGuard(cluster, node)
  const unitConfig = coreConfig(cluster, node, options.bootId, guard)
  const endpoints: Endpoint[] = unitConfig.witness ? [] : cluster.endpoints.map(endpoint => createEndpoint(cluster, node, endpoint, problems.set))
  for (const endpoint of endpoints) endpoint.onDuplicate((address, owner) => problems.set('duplicateAddress', `${address} is also used by ${owner}: find that host and take the address from it`))
  const happenings = { tell: (kind: string, message: string, facts: Readonly<Record<string, string | number | boolean | null>>) => logger.info({ kind, ...facts }, message) }
  const onHappening: ServerHappening = (kind, message, facts) => happenings.tell(kind, message, facts)
  const rescues = createRescues(cluster.rescue, { cluster: cluster.name, node }, onHappening)
  const servers = unitConfig.witness ? [] : createServers(options, rescues, onHappening)
  const peers = cluster.members.filter(member => member.name !== node)
  const voters = new Map(peers.map(peer => [peer.name, createVoterClient({ cluster: cluster.name, node: peer.name, url: agentUrl(peer.address, peer.agentPort, tls !== null), tls })]))
  const watch = createRescueWatch(rescues, problems.set)
  const changes = { tell: () => {} }
  const beside = unitConfig.witness ? null : createBesideActive({ cluster, onHappening, onProblem: problems.set, onChange: () => changes.tell(), logger })
  const companions = beside?.companions ?? undefined
  const operations = createOperations({ servers, endpoints, guard, guardLeadMs: guard.kind === 'nftables' ? GUARD_LEAD_MS : 0, onProblem: problems.set, companions })
  const shell = createUnitShell({
    config: unitConfig,
    bootId: options.bootId,
    configDigest: configDigest(cluster),
    addresses: Object.fromEntries(cluster.members.map(member => [member.name, member.address])),
    databases: Object.fromEntries(cluster.servers.map(server => [server.name, server.database])),
    servers,
    endpoints,
    operations,
    durable: createDurableFile(config.agent.stateDirectory, cluster.name),
    voters,
    rescueUsage: watch.usage,
    companions: companions?.report,
    problems,
    logger,
    onInvariantBroken: options.onInvariantBroken
  })
  happenings.tell = shell.tell
  // the loop takes an event, and tells what is new
  changes.tell = () => { shell.beat().catch((error: unknown) => logger.debug({ err: error }, 'not told')) }
  return {
    shell,
    rescues: unitConfig.witness ? null : createRescueDesk({ cluster, node, rescues, report: shell.report, onHappening }),
    maintenance: unitConfig.witness ? null : createUpkeep(cluster, node, shell.report),
    statistics: unitConfig.witness ? null : createStatistics(cluster.servers),
    onProblem: problems.set,
    async start () {
      if (!unitConfig.witness) await installGuard(guard, problems.set)
      await shell.start()
      if (unitConfig.witness) return
      await watch.start()
      beside?.follow(shell)
    },
    async stop () {
      watch.stop()
      beside?.stop()
      await shell.stop()
      await Promise.all([...voters.values()].map(voter => voter.close()))
    }
  }
}

/** What changes no role: it reads and compacts over the servers' own sockets. */
function createUpkeep (cluster: ClusterConfig, node: string, report: () => Report): Upkeep {
  const common = { cluster: cluster.name, node, servers: cluster.servers, report }
  return { ...createMaintenance(common), snapshots: createSnapshotDesk({ ...common, snapshots: cluster.snapshots }), comparisons: createCompareDesk({ cluster, node, report }), restores: createRestoreDesk(cluster, node) }
}

/** Without its guard a node still votes and follows; it cannot be promoted, since opening the guard would fail by name. */
async function installGuard (guard: Guard, onProblem: (code: string, message: string | null) => void): Promise<void> {
  try {
    await guard.install()
  } catch (error) {
    onProblem('guard', error instanceof Error ? error.message : String(error))
  }
}

function createEndpoint (cluster: ClusterConfig, node: string, config: EndpointConfig, onProblem: (code: string, message: string | null) => void): Endpoint {
  if (config.type === 'http') return createHttpEndpoint({ name: httpEndpointName(config), address: addressOf(cluster, node) })
  return createVipEndpoint({ cluster: cluster.name, node, config, commandTimeoutMs: cluster.timing.commandTimeoutMs, onProblem })
}

function addressOf ({ members }: ClusterConfig, node: string): string {
  return members.find(member => member.name === node)?.address ?? ''
}

function createGuard (cluster: ClusterConfig, node: string): Guard {
  if (cluster.guard === 'none') return createNoGuard()
  return createNftablesGuard({
    cluster: cluster.name,
    node,
    clientPorts: cluster.servers.map(server => server.listen.port),
    replicationPorts: cluster.servers.map(server => server.replicationPort),
    members: dataMembers(cluster).map(member => member.address),
    commandTimeoutMs: cluster.timing.commandTimeoutMs
  })
}

function coreConfig (cluster: ClusterConfig, node: string, boot: string, guard: Guard): UnitConfig {
  const lead = guard.kind === 'nftables' ? GUARD_LEAD_MS : 0
  const slackMs = Math.max(0, guard.slackMs - lead)
  const witness = cluster.members.find(member => member.name === node)?.witness === true
  return {
    cluster: cluster.name,
    node,
    boot,
    witness,
    voters: cluster.members.map(member => member.name),
    servers: witness ? [] : cluster.servers.map(server => server.name),
    sources: Object.fromEntries(dataMembers(cluster).map(member => [member.name,
      Object.fromEntries(cluster.servers.map(server => [server.name, sourceAddress(server, member.address)]))])),
    timing: cluster.timing,
    guardKind: guard.kind === 'nftables' ? 'nftables' : virtualAddresses(cluster).length > 0 ? 'vipLifetime' : 'none',
    slackMs,
    longestHoldMs: holdMsOf(cluster.timing.leaseMs, slackMs)
  }
}

function createServers (options: UnitOptions, rescues: Rescues, onHappening: ServerHappening): readonly OvsdbServer[] {
  const { cluster, node, config } = options
  const nodeAddress = addressOf(cluster, node)
  const endpointAddresses = virtualAddresses(cluster)
  return cluster.servers.map(server => createOvsdbServer({
    cluster: cluster.name,
    node,
    nodeAddress,
    server,
    timing: cluster.timing,
    rescues,
    stateDirectory: config.agent.stateDirectory,
    endpointAddresses,
    onHappening
  }))
}

/** A replication source as ovsdb-server writes it: `tcp:10.0.0.1:16641`, `ssl:[fd00::1]:16641`. */
function sourceAddress (server: ServerConfig, address: string): string {
  return `${server.listen.method}:${address.includes(':') ? `[${address}]` : address}:${server.replicationPort}`
}

export function agentUrl (address: string, port: number, secure: boolean): string {
  return `${secure ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${port}`
}
