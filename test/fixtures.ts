// One factory per noun, with the defaults of a sound three-node cluster: n1 active in term 4, n2 and n3 following it.
// A test names only what it is about.
import type { DurableState } from '../agent/core/actions.ts'
import type { UnitConfig } from '../agent/core/state.ts'
import { EMPTY_RECORD, type VoterRecord } from '../agent/core/voter.ts'
import type { ServerObservation } from '../agent/server.ts'
import type { CoreConfig } from '../controller/core/state.ts'
import type { ClusterConfig, CompanionConfig, MemberConfig, ServerConfig, TimingConfig } from '../protocol/cluster.ts'
import type { Order, OrderReply } from '../protocol/order.ts'
import type { Position } from '../protocol/position.ts'
import type { Happening, Report, ServerReport } from '../protocol/report.ts'
import type { Grant, LeaseRequest, ReleaseRequest, TermRequest } from '../protocol/vote.ts'
import { firstList } from '../protocol/voter-list.ts'

/** What the voters of that cluster have stored. */
export const VOTERS = firstList(['n1', 'n2', 'n3'])

export function timing (changes: Partial<TimingConfig> = {}): TimingConfig {
  return {
    leaseMs: 2_000,
    renewEveryMs: 500,
    reportEveryMs: 250,
    suspectAfterMs: 1_000,
    probeEveryMs: 250,
    hungAfterMs: 1_000,
    busyAfterMs: 20_000,
    heartbeatEveryMs: 1_000,
    maxLagHeartbeats: 3,
    handoverDeadlineMs: 2_000,
    promoteDeadlineMs: 5_000,
    resyncDeadlineMs: 120_000,
    endpointLingerMs: 200,
    commandTimeoutMs: 2_000,
    coldStartWaitMs: 5_000,
    ...changes
  }
}

export function memberConfig (name: string, changes: Partial<MemberConfig> = {}): MemberConfig {
  return { name, address: `10.0.0.${name.replace(/\D/g, '')}`, agentPort: 8_643, priority: 0, witness: false, ...changes }
}

export function serverConfig (name: string, changes: Partial<ServerConfig> = {}): ServerConfig {
  return {
    name,
    database: name === 'sb' ? 'OVN_Southbound' : 'OVN_Northbound',
    schemaFile: `/usr/share/ovn/ovn-${name}.ovsschema`,
    listen: { method: 'tcp', port: 6_641 },
    replicationPort: 16_641,
    run: { mode: 'process', program: ['ovsdb-server'], unit: null, control: 'appctl' },
    controlSocket: `/run/ovsdb-ha/ovn/${name}.ctl`,
    databaseSocket: `/run/ovsdb-ha/ovn/${name}.sock`,
    databaseFile: `/var/lib/ovsdb-ha/ovn/${name}.db`,
    logFile: `/var/log/ovsdb-ha/ovn-${name}.log`,
    pidFile: `/run/ovsdb-ha/ovn/${name}.pid`,
    marker: null,
    connections: null,
    tls: null,
    ...changes
  }
}

export function companionConfig (name: string, changes: Partial<CompanionConfig> = {}): CompanionConfig {
  return {
    name,
    run: { type: 'command', command: [name], logFile: `/var/log/ovsdb-ha/ovn-${name}.log`, stateFile: `/run/ovsdb-ha/ovn/companion-${name}.json` },
    check: [],
    required: false,
    startTimeoutMs: 2_000,
    stopTimeoutMs: 500,
    checkEveryMs: 1_000,
    checkTimeoutMs: 1_000,
    restarts: 5,
    restartWindowMs: 600_000,
    ...changes
  }
}

export function clusterConfig (changes: Partial<ClusterConfig> = {}): ClusterConfig {
  return {
    name: 'ovn',
    members: [memberConfig('n1'), memberConfig('n2'), memberConfig('n3')],
    servers: [serverConfig('nb')],
    endpoints: [{ type: 'vip', interface: 'eth0', addresses: [{ address: '10.0.0.100', prefixLength: 24, family: 4 }] }],
    timing: timing(),
    guard: 'nftables',
    rescue: { directory: '/var/lib/ovsdb-ha/ovn/rescue', maxFiles: 20, maxBytes: 1_073_741_824, maxAgeMs: 2_592_000_000 },
    failover: { budgetFailovers: 4, budgetWindowMs: 3_600_000, lockoutMs: 600_000 },
    snapshots: { directory: '/var/lib/ovsdb-ha/ovn/snapshots', maxSnapshots: 14, maxBytes: 10 * 1024 ** 3, hook: [], hookTimeoutMs: 600_000 },
    schedules: { timezone: 'UTC', jitterMs: 60_000, startWithinMs: 900_000, snapshot: null, audit: null, compaction: null, drill: null },
    companions: [],
    ...changes
  }
}

/** What a controller's core is given. */
export function coreConfig (changes: Partial<ClusterConfig> = {}): CoreConfig {
  return { cluster: clusterConfig(changes), controller: 'ctl-a' }
}

/** What an agent's core is given on n1; `timing` and `members` as in `clusterConfig`. */
export function unitConfig (changes: Partial<UnitConfig> = {}): UnitConfig {
  return {
    cluster: 'ovn',
    node: 'n1',
    boot: 'boot-1',
    witness: false,
    voters: ['n1', 'n2', 'n3'],
    servers: ['nb'],
    sources: { n1: { nb: sourceOf('n1') }, n2: { nb: sourceOf('n2') }, n3: { nb: sourceOf('n3') } },
    timing: timing(),
    guardKind: 'nftables',
    slackMs: 100,
    longestHoldMs: 2_121,
    ...changes
  }
}

/** The replication source's address of a node. */
export function sourceOf (node: string): string {
  return `tcp:10.0.0.${node.replace(/\D/g, '')}:16641`
}

export function position (term: number, sequence: number, writer = 'n1'): Position {
  return { term, sequence, writer }
}

export function observation (changes: Partial<ServerObservation> = {}): ServerObservation {
  return {
    health: 'up',
    reason: null,
    overdue: false,
    role: 'backup',
    source: null,
    replication: 'none',
    complete: true,
    incompleteReason: null,
    position: null,
    hasRows: true,
    pid: 1_234,
    version: '3.1.0',
    fileBytes: 4_096,
    gateOpen: false,
    ...changes
  }
}

export function serverReport (changes: Partial<ServerReport> = {}): ServerReport {
  return { name: 'nb', database: 'OVN_Northbound', ...observation({ source: sourceOf('n1'), replication: 'replicating', position: position(4, 17) }), ...changes }
}

export type ReportChanges = Partial<Omit<Report, 'voter' | 'lease'>> & { readonly voter?: Partial<Report['voter']>, readonly lease?: Partial<Report['lease']> }

/** A backup that follows n1 in term 4, and votes. */
export function report (node: string, { voter, lease, ...changes }: ReportChanges = {}): Report {
  return {
    cluster: 'ovn',
    node,
    bootId: `boot-${node}`,
    sequence: 1,
    configDigest: 'digest',
    phase: 'backup',
    voter: { problem: null, term: 4, holder: 'n1', released: null, granted: true, sequence: 0, previous: null, heard: null, voters: VOTERS, met: [], grants: [grant({ renewedAgoMs: 100 })], ...voter },
    lease: { term: 0, held: false, remainingMs: 0, releasedTerm: 0, releasedServed: false, votersGeneration: 0, without: null, ...lease },
    servers: [serverReport()],
    following: 'n1',
    endpoints: [{ address: '10.0.0.100', held: false }],
    guard: { kind: 'nftables', vipLifetime: false, slackMs: 100, problem: null },
    rescues: { files: 0, bytes: 0, unacknowledgedFiles: 0 },
    problems: [],
    ...changes
  }
}

/** The active of term 4. */
export function activeReport (node: string, { lease, ...changes }: ReportChanges = {}): Report {
  return report(node, {
    phase: 'active',
    lease: { term: 4, held: true, remainingMs: 1_800, votersGeneration: 1, ...lease },
    servers: [serverReport({ role: 'active', source: null, replication: 'none', gateOpen: true })],
    following: null,
    endpoints: [{ address: '10.0.0.100', held: true }],
    ...changes
  })
}

export function happening (changes: Partial<Happening> = {}): Happening {
  return { cluster: 'ovn', node: 'n1', bootId: 'boot-n1', sequence: 1, kind: 'servingStopped', message: 'n1 stopped serving', facts: {}, ...changes }
}

/** A node of a cluster that never served: nothing voted, no rows, no source. */
export function freshNodeReport (node: string, changes: ReportChanges = {}): Report {
  return report(node, {
    following: null,
    servers: [serverReport({ source: null, replication: 'none', position: null, hasRows: false })],
    ...changes,
    voter: { term: 0, holder: null, grants: [], ...changes.voter }
  })
}

export function witnessReport (node: string, changes: ReportChanges = {}): Report {
  return report(node, { phase: 'witness', servers: [], following: null, endpoints: [], ...changes })
}

export function grant (changes: Partial<Grant> = {}): Grant {
  return { holder: 'n1', term: 4, remainingMs: 2_000, renewedAgoMs: 100, ...changes }
}

export function voterRecord (changes: Partial<VoterRecord> = {}): VoterRecord {
  return { ...EMPTY_RECORD, term: 4, holder: 'n1', controller: 'ctl-a', voters: VOTERS, ...changes }
}

export function durableState (voter: Partial<VoterRecord> = {}, ownRelease: DurableState['ownRelease'] = { term: 0, served: false }): DurableState {
  return { voter: voterRecord(voter), ownRelease }
}

export const NEW_VOTER: DurableState = { voter: EMPTY_RECORD, ownRelease: { term: 0, served: false } }

export function termRequest (changes: Partial<TermRequest> = {}): TermRequest {
  return { term: 5, holder: 'n2', controller: 'ctl-a', reason: 'lost', voters: VOTERS, leaveOut: [], ...changes }
}

export function leaseRequest (changes: Partial<LeaseRequest> = {}): LeaseRequest {
  return { term: 4, holder: 'n1', voters: VOTERS, holdMs: 2_100, sequence: 0, leaveOut: [], boots: {}, ...changes }
}

export function releaseRequest (changes: Partial<ReleaseRequest> = {}): ReleaseRequest {
  return { term: 4, holder: 'n1', served: true, ...changes }
}

type OrderChanges<Type extends Order['type']> = Partial<Extract<Order, { type: Type }>>
const common = { term: 4, controller: 'ctl-a', deadlineMs: 2_000 }

export function promoteOrder (changes: OrderChanges<'promote'> = {}): Order {
  return { type: 'promote', ...common, deadlineMs: 5_000, leaveOut: [], force: false, ...changes }
}

export function followOrder (changes: OrderChanges<'follow'> = {}): Order {
  return { type: 'follow', ...common, deadlineMs: 120_000, source: 'n2', ...changes }
}

export function handoverBeginOrder (changes: OrderChanges<'handoverBegin'> = {}): Order {
  return { type: 'handoverBegin', ...common, marker: 'ctl-a-1-4', ...changes }
}

export function handoverFinishOrder (changes: OrderChanges<'handoverFinish'> = {}): Order {
  return { type: 'handoverFinish', ...common, ...changes }
}

export function handoverCancelOrder (changes: OrderChanges<'handoverCancel'> = {}): Order {
  return { type: 'handoverCancel', ...common, ...changes }
}

export function awaitMarkerOrder (changes: OrderChanges<'awaitMarker'> = {}): Order {
  return { type: 'awaitMarker', ...common, marker: 'ctl-a-1-4', ...changes }
}

export function orderReply (changes: Partial<OrderReply> = {}): OrderReply {
  return { ok: true, reason: null, steps: [], ...changes }
}
