// What each alert is about, as series that Prometheus would have scraped every 15 s (`0x40`: 0, and 40 times more), and what is well.

export interface AlertCase {
  readonly series: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** When it is looked at, from the first scrape. */
  readonly at: string
}

interface Cases {
  readonly fires: AlertCase
  readonly quiet: ReadonlyArray<Omit<AlertCase, 'labels'>>
}

const ON_CLUSTER = { cluster: 'ovn' }
const ON_NODE = { cluster: 'ovn', node: 'n1' }
const ON_SERVER = { cluster: 'ovn', node: 'n1', server: 'nb' }
const text = (labels: Readonly<Record<string, string>>) => `{${Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(', ')}}`
const onController = (name: string, labels: Readonly<Record<string, string>>, instance = 'c1:8640') => `ovsdb_ha_${name}${text({ ...labels, job: 'controllers', instance })}`
const onAgent = (name: string, labels: Readonly<Record<string, string>>) => `ovsdb_ha_${name}${text({ ...labels, job: 'agents', instance: `${labels.node}:8643` })}`

/** One series that is wrong from its beginning until the look, right all the time, and wrong for less than the alert waits. */
function steady (series: string, labels: AlertCase['labels'], { bad = 1, good = 0, at = '10m', brief = false }: { readonly bad?: number, readonly good?: number, readonly at?: string, readonly brief?: boolean } = {}): Cases {
  return {
    fires: { series: { [series]: `${bad}x1000` }, labels, at },
    quiet: [
      { series: { [series]: `${good}x1000` }, at },
      ...brief ? [{ series: { [series]: `${good}x38 ${bad}x1000` }, at: '9m45s' }] : []
    ]
  }
}

/** A counter that is there as 0 and grows once, a minute before the look; and one that grew long before, or never. */
function grows (series: string, labels: AlertCase['labels']): Cases {
  return { fires: { series: { [series]: '0x34 1x1000' }, labels, at: '10m' }, quiet: [{ series: { [series]: '0x1000' }, at: '10m' }, { series: { [series]: '0x10 1x1000' }, at: '30m' }] }
}

export const ALERT_CASES: Readonly<Record<string, Cases>> = {
  OvsdbHaNoActive: steady(onController('active_nodes', ON_CLUSTER), ON_CLUSTER, { bad: 0, good: 1, brief: true }),
  OvsdbHaSeveralActives: {
    fires: { series: { [onAgent('lease_held', ON_NODE)]: '1x100', [onAgent('lease_held', { cluster: 'ovn', node: 'n2' })]: '1x100', [onController('active_nodes', ON_CLUSTER)]: '1x100' }, labels: ON_CLUSTER, at: '10m' },
    quiet: [
      { series: { [onController('active_nodes', ON_CLUSTER)]: '1x100', [onController('active_nodes', ON_CLUSTER, 'c2:8640')]: '1x100' }, at: '10m' },
      { series: { [onAgent('lease_held', ON_NODE)]: '1x20 0x80', [onAgent('lease_held', { cluster: 'ovn', node: 'n2' })]: '0x20 1x80' }, at: '5m15s' }
    ]
  },
  OvsdbHaUnsanctionedActive: grows(onAgent('unsanctioned_active_total', ON_NODE), ON_NODE),
  OvsdbHaFailoverBlocked: {
    fires: { series: { [onController('failover_blocked', { ...ON_CLUSTER, reason: 'noCandidate' })]: '1x100' }, labels: { ...ON_CLUSTER, reason: 'noCandidate' }, at: '10m' },
    quiet: [{ series: { [onController('failover_blocked', { ...ON_CLUSTER, reason: 'paused' })]: '1x100' }, at: '10m' }, { series: { [onController('failover_blocked', { ...ON_CLUSTER, reason: 'retrying' })]: '_x38 1x100' }, at: '10m' }]
  },
  OvsdbHaNoAutomaticFailover: {
    fires: { series: { [onController('automatic_failover', ON_CLUSTER)]: '0x100', [onController('controller_is_leader', ON_CLUSTER)]: '1x100' }, labels: ON_CLUSTER, at: '10m' },
    quiet: [{
      series: {
        [onController('automatic_failover', ON_CLUSTER)]: '1x100',
        [onController('controller_is_leader', ON_CLUSTER)]: '1x100',
        [onController('automatic_failover', ON_CLUSTER, 'c2:8640')]: '0x100',
        [onController('controller_is_leader', ON_CLUSTER, 'c2:8640')]: '0x100'
      },
      at: '10m'
    }]
  },
  OvsdbHaPausedLong: { fires: { series: { [onController('paused', ON_CLUSTER)]: '1x2000' }, labels: ON_CLUSTER, at: '5h' }, quiet: [{ series: { [onController('paused', ON_CLUSTER)]: '0x720 1x2000' }, at: '5h' }] },
  OvsdbHaBudgetSpent: {
    fires: { series: { [onController('failovers_counted', ON_CLUSTER)]: '4x100', [onController('failover_budget', ON_CLUSTER)]: '4x100' }, labels: ON_CLUSTER, at: '10m' },
    quiet: [{ series: { [onController('failovers_counted', ON_CLUSTER)]: '3x100', [onController('failover_budget', ON_CLUSTER)]: '4x100' }, at: '10m' }]
  },
  OvsdbHaFailoverHappened: {
    ...grows(onController('failover_total', { ...ON_CLUSTER, kind: 'failover', outcome: 'done' }), ON_CLUSTER),
    quiet: [{ series: { [onController('failover_total', { ...ON_CLUSTER, kind: 'switchover', outcome: 'done' })]: '0x36 1x100' }, at: '10m' }]
  },
  OvsdbHaChangeFailed: {
    ...grows(onController('failover_total', { ...ON_CLUSTER, kind: 'switchover', outcome: 'undone' }), { ...ON_CLUSTER, kind: 'switchover' }),
    quiet: [{ series: { [onController('failover_total', { ...ON_CLUSTER, kind: 'switchover', outcome: 'done' })]: '0x36 1x100' }, at: '10m' }]
  },
  OvsdbHaAgentUnreachable: steady(onController('agent_reachable', ON_NODE), ON_NODE, { bad: 0, good: 1, brief: true }),
  OvsdbHaAgentNotScraped: {
    fires: { series: { [onController('agent_reachable', ON_NODE)]: '1x100', [onAgent('agent_term', { cluster: 'ovn', node: 'n2' })]: '7x100' }, labels: ON_NODE, at: '15m' },
    quiet: [{ series: { [onController('agent_reachable', ON_NODE)]: '1x100', [onAgent('agent_term', ON_NODE)]: '7x100' }, at: '15m' }]
  },
  OvsdbHaControllerGone: { fires: { series: { [onAgent('agent_term', ON_NODE)]: '7x100' }, labels: {}, at: '10m' }, quiet: [{ series: { [onController('controller_is_leader', ON_CLUSTER)]: '1x100' }, at: '10m' }] },
  OvsdbHaNoLeader: steady(onController('controller_is_leader', ON_CLUSTER), ON_CLUSTER, { bad: 0, good: 1, brief: true }),
  OvsdbHaSeveralLeaders: {
    fires: { series: { [onController('controller_is_leader', ON_CLUSTER)]: '1x100', [onController('controller_is_leader', ON_CLUSTER, 'c2:8640')]: '1x100' }, labels: ON_CLUSTER, at: '10m' },
    quiet: [{ series: { [onController('controller_is_leader', ON_CLUSTER)]: '1x100', [onController('controller_is_leader', ON_CLUSTER, 'c2:8640')]: '0x100' }, at: '10m' }]
  },
  OvsdbHaStoreErrors: grows(onController('store_errors_total', { operation: 'append' }), { job: 'controllers', instance: 'c1:8640', operation: 'append' }),
  OvsdbHaDiagnosis: {
    fires: { series: { [onController('diagnosis', { ...ON_NODE, diagnosis: 'heartbeatFails' })]: '1x100' }, labels: { ...ON_NODE, diagnosis: 'heartbeatFails' }, at: '10m' },
    quiet: [{ series: { [onController('diagnosis', { ...ON_NODE, diagnosis: 'heartbeatFails' })]: '_x36 1x100' }, at: '10m' }]
  },
  OvsdbHaNoBackup: {
    fires: { series: { [onController('node_role', { ...ON_NODE, role: 'backup' })]: '0x100', [onController('node_role', { ...ON_NODE, role: 'active' })]: '1x100' }, labels: ON_CLUSTER, at: '10m' },
    quiet: [{ series: { [onController('node_role', { ...ON_NODE, role: 'backup' })]: '0x100', [onController('node_role', { cluster: 'ovn', node: 'n2', role: 'backup' })]: '1x100' }, at: '10m' }]
  },
  OvsdbHaReplicationLag: steady(onAgent('replication_lag_seconds', ON_SERVER), ON_SERVER, { bad: 31, good: 1, brief: true }),
  OvsdbHaReplicationBroken: {
    fires: { series: { [onAgent('replication_state', { ...ON_SERVER, state: 'replicating' })]: '0x100', [onAgent('server_role', { ...ON_SERVER, role: 'backup' })]: '1x100' }, labels: ON_SERVER, at: '10m' },
    quiet: [{ series: { [onAgent('replication_state', { ...ON_SERVER, state: 'replicating' })]: '0x100', [onAgent('server_role', { ...ON_SERVER, role: 'backup' })]: '0x100' }, at: '10m' }]
  },
  OvsdbHaIncompleteCopy: steady(onAgent('server_complete', ON_SERVER), ON_SERVER, { bad: 0, good: 1, brief: true }),
  OvsdbHaBackupDiffers: steady(onController('verify_differing_rows', ON_SERVER), ON_SERVER, { bad: 3 }),
  OvsdbHaConfigDiffers: steady(onController('config_differs', ON_CLUSTER), ON_CLUSTER, { at: '20m' }),
  OvsdbHaLostRows: steady(onController('lost_rows', ON_SERVER), ON_SERVER, { bad: 2 }),
  OvsdbHaRescuesWaiting: steady(onAgent('rescue_unacknowledged_files', ON_NODE), ON_NODE, { at: '65m' }),
  OvsdbHaCannotVote: {
    fires: { series: { [onAgent('voter_ready', ON_NODE)]: '1x100', [onAgent('voter_stores', ON_NODE)]: '0x100' }, labels: ON_NODE, at: '10m' },
    quiet: [{ series: { [onAgent('voter_ready', ON_NODE)]: '1x100', [onAgent('voter_stores', ON_NODE)]: '1x100' }, at: '10m' }]
  },
  OvsdbHaGuardFails: {
    ...steady(onAgent('guard_ok', { ...ON_NODE, kind: 'nftables' }), ON_NODE, { bad: 0, good: 1 }),
    quiet: [{ series: { [onAgent('guard_ok', { ...ON_NODE, kind: 'none' })]: '0x100' }, at: '10m' }]
  },
  OvsdbHaFenceDeviceFails: {
    ...steady(onController('fence_device_ok', ON_NODE), ON_NODE, { bad: 0, good: 1 }),
    quiet: [{ series: { [onController('fence_device_ok', ON_NODE)]: '1x100', [onController('fence_total', { ...ON_NODE, action: 'off', outcome: 'done' })]: '0x36 1x100' }, at: '10m' }]
  },
  OvsdbHaServerIll: steady(onAgent('server_health', { ...ON_SERVER, health: 'up' }), ON_SERVER, { bad: 0, good: 1, brief: true }),
  OvsdbHaDiskSmall: {
    fires: { series: { [onAgent('db_disk_free_bytes', ON_SERVER)]: '100000000x100', [onAgent('db_file_size_bytes', ON_SERVER)]: '50000000x100' }, labels: ON_SERVER, at: '10m' },
    quiet: [{ series: { [onAgent('db_disk_free_bytes', ON_SERVER)]: '100000000x100', [onAgent('db_file_size_bytes', ON_SERVER)]: '10000000x100' }, at: '10m' }]
  },
  OvsdbHaCertificateExpires: steady(onAgent('certificate_expiry_timestamp_seconds', { node: 'n1' }), { job: 'agents', instance: 'n1:8643' }, { bad: 1_200_000, good: 1_300_000 }),
  OvsdbHaScheduleFailed: {
    ...grows(onController('schedule_runs_total', { ...ON_CLUSTER, task: 'drill', outcome: 'missed' }), { ...ON_CLUSTER, task: 'drill' }),
    quiet: [{ series: { [onController('schedule_runs_total', { ...ON_CLUSTER, task: 'drill', outcome: 'done' })]: '0x36 1x100' }, at: '10m' }]
  }
}
