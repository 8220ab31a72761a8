import { X509Certificate } from 'node:crypto'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { CLUSTER_STATES, OPERATION_KINDS, type ClusterView, type OperationView } from '../protocol/api.ts'
import { lossIn } from '../protocol/loss.ts'
import type { Happening } from '../protocol/report.ts'
import { PREFERENCES } from '../protocol/preference.ts'
import { JOBS, LAST_RUN_OUTCOMES, type Job } from '../protocol/schedule.ts'
import { UPGRADE_STAGES } from '../protocol/upgrade.ts'
import type { Verification } from '../protocol/verify.ts'
import type { RunOutcome } from './core/schedule-state.ts'

const SET_PREFERENCES = PREFERENCES.filter(preference => preference !== 'neutral')
const ROLES = ['active', 'backup', 'witness', 'none'] as const
/** From a server crash on one node (milliseconds) to waiting out a lease and a slow resync. */
const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
/** How a change of the active ends. */
const OUTCOMES = ['done', 'failed', 'undone'] as const
/** Calls of the store that can fail where nobody waits for an answer. */
const STORE_CALLS = ['append', 'history', 'lead', 'resign', 'setIntent', 'setMemory'] as const
/** Step names come from agents: beyond so many different ones they are counted as `other`. */
const STEPS_MAX = 40

export type ControllerMetrics = ReturnType<typeof createControllerMetrics>

/**
 * Every metric of the controller, in one place. Seconds and bytes are base units; labels are bounded by the configuration and by
 * STEPS_MAX. Counters that alerts look at begin at 0: who sees a series begin at 1 sees no increase. `certificate` is PEM, null with plain HTTP.
 */
export function createControllerMetrics ({ version, certificate = null }: { readonly version: string, readonly certificate?: string | null }) {
  const registry = new Registry() // never prom-client's global one: tests build many
  collectDefaultMetrics({ register: registry })
  const registers: [Registry] = [registry]
  const gauges = createGauges(registers)
  const operations = createOperationMetrics(registers)
  const schedules = createScheduleMetrics(registers)
  const setBlocked = createBlocked(gauges.blocked)
  const setDiagnoses = createDiagnosed(gauges.diagnosis)
  const storeErrors = new Counter({ name: 'ovsdb_ha_store_errors_total', help: 'Calls that the store did not answer, by call.', labelNames: ['operation'] as const, registers })
  const fences = new Counter({ name: 'ovsdb_ha_fence_total', help: 'Uses of a node\'s fence device that ended, by what was asked and how it ended.', labelNames: ['cluster', 'node', 'action', 'outcome'] as const, registers })
  const transitions = new Counter({ name: 'ovsdb_ha_controller_leader_transitions_total', help: 'How often this controller became or ceased to be the leader of a cluster.', labelNames: ['cluster'] as const, registers })
  const leads = new Map<string, boolean>()
  const counting = new Set<string>()
  const forgetLost = createForgetting(gauges)
  for (const operation of STORE_CALLS) storeErrors.inc({ operation }, 0)
  aboutCertificate(registers, certificate)
  gauges.buildInfo.set({ version, node_version: process.version }, 1)

  function beginCounting ({ name: cluster, nodes }: ClusterView): void {
    counting.add(cluster)
    gauges.leader.set({ cluster }, Number(leads.get(cluster) ?? false))
    transitions.inc({ cluster }, 0)
    operations.begin(cluster)
    schedules.begin(cluster)
    for (const { name: node } of nodes.filter(({ fence }) => fence.device)) {
      for (const action of ['off', 'on']) for (const outcome of ['done', 'failed']) fences.inc({ cluster, node, action, outcome }, 0)
    }
  }

  return {
    registry,

    /** The state of a cluster as it is shown; call it on each change of the view. */
    viewChanged (view: ClusterView): void {
      if (!counting.has(view.name)) beginCounting(view)
      forgetLost(view)
      setGauges(gauges, view)
      setBlocked(view)
      setDiagnoses(view)
    },

    /** A change of the active has ended, whatever its outcome. */
    operationEnded: operations.ended,

    /** A report has arrived; `atS` is the wall clock in seconds. */
    reportReceived (cluster: string, node: string, atS: number): void {
      gauges.lastReport.set({ cluster, node }, atS)
    },

    leadership (cluster: string, isLeader: boolean): void {
      gauges.leader.set({ cluster }, isLeader ? 1 : 0)
      if ((leads.get(cluster) ?? false) !== isLeader) transitions.inc({ cluster })
      leads.set(cluster, isLeader)
    },

    /** A node was powered off or on, or could not be. */
    fenced (cluster: string, node: string, action: 'off' | 'on', ok: boolean): void {
      fences.inc({ cluster, node, action, outcome: ok ? 'done' : 'failed' })
    },

    ...schedules.told,
    happened: createLosses(gauges.lostRows),

    storeFailed (operation: string): void {
      storeErrors.inc({ operation })
    }
  }
}

function setGauges (gauges: ReturnType<typeof createGauges>, view: ClusterView): void {
  const cluster = view.name
  gauges.activeNodes.set({ cluster }, view.nodes.filter(node => node.role === 'active').length)
  gauges.paused.set({ cluster }, view.paused === null ? 0 : 1)
  gauges.term.set({ cluster }, view.term)
  gauges.automaticFailover.set({ cluster }, view.automaticFailover.possible ? 1 : 0)
  for (const state of CLUSTER_STATES) gauges.state.set({ cluster, state }, view.state === state ? 1 : 0)
  gauges.failoversCounted.set({ cluster }, view.recoveries.usedFailovers)
  gauges.failoverBudget.set({ cluster }, view.recoveries.limitFailovers)
  gauges.voters.set({ cluster }, view.voters.names.length)
  gauges.votersGeneration.set({ cluster }, view.voters.generation)
  gauges.configDiffers.set({ cluster }, view.configDiffers === null ? 0 : 1)
  setPlanned(gauges.planned, view)
  for (const node of view.nodes) {
    const labels = { cluster, node: node.name }
    for (const role of ROLES) gauges.role.set({ ...labels, role }, node.role === role ? 1 : 0)
    gauges.reachable.set(labels, node.reachable ? 1 : 0)
    gauges.lockedOut.set(labels, view.recoveries.open.some(one => one.failed === node.name && one.lockedOutUntil !== null) ? 1 : 0)
    for (const preference of SET_PREFERENCES) gauges.preference.set({ ...labels, preference }, node.preference?.preference === preference ? 1 : 0)
    gauges.fenced.set(labels, node.fence.fenced === null ? 0 : 1)
    setOrRemove(gauges.fenceDevice, labels, node.fence.device ? Number(node.fence.problem === null) : null)
    gauges.problems.set(labels, node.problems.length)
    setOrRemove(gauges.lag, labels, node.lagHeartbeats)
  }
}

/** Unknown is not zero. */
function setOrRemove (gauge: Gauge<'cluster' | 'node'>, labels: { readonly cluster: string, readonly node: string }, value: number | null): void {
  if (value === null) gauge.remove(labels)
  else gauge.set(labels, value)
}

/** When the next switchover for a set time begins; absent when none waits. */
function setPlanned (gauge: Gauge<'cluster'>, { name: cluster, planned }: ClusterView): void {
  const waiting = planned.filter(({ begunAt }) => begunAt === null).map(({ at }) => Date.parse(at) / 1_000)
  if (waiting.length === 0) gauge.remove({ cluster })
  else gauge.set({ cluster }, Math.min(...waiting))
}

function aboutCertificate (registers: [Registry], certificate: string | null): void {
  const expiry = new Gauge({ name: 'ovsdb_ha_certificate_expiry_timestamp_seconds', help: 'When the certificate ends that this process was started with; absent without TLS.', registers })
  expiry.remove() // a gauge without labels begins as 0, which would be an end in 1970
  if (certificate !== null) expiry.set(new X509Certificate(certificate).validToDate.getTime() / 1_000)
}

/** A node that is in the view no more leaves no gauge behind: it would be told as it was last, for ever. */
function createForgetting (gauges: ReturnType<typeof createGauges>) {
  const shown = new Map<string, ReadonlySet<string>>()

  function forget (labels: { readonly cluster: string, readonly node: string }): void {
    const { reachable, lastReport, lockedOut, fenced, fenceDevice, problems, lag } = gauges
    for (const gauge of [reachable, lastReport, lockedOut, fenced, fenceDevice, problems, lag]) gauge.remove(labels)
    for (const role of ROLES) gauges.role.remove({ ...labels, role })
    for (const preference of SET_PREFERENCES) gauges.preference.remove({ ...labels, preference })
  }

  return ({ name: cluster, nodes }: ClusterView): void => {
    const now = new Set(nodes.map(({ name }) => name))
    for (const node of shown.get(cluster) ?? []) if (!now.has(node)) forget({ cluster, node })
    shown.set(cluster, now)
  }
}

/** One-hot over the reasons that are true now; a reason that has passed leaves no series behind. */
function createBlocked (gauge: Gauge<'cluster' | 'reason'>) {
  const shown = new Map<string, ReadonlySet<string>>()
  return ({ name: cluster, hold, paused, automaticFailover }: ClusterView): void => {
    const reasons = new Set<string>()
    if (hold !== null) reasons.add(hold.code)
    if (paused !== null) reasons.add('paused')
    if (!automaticFailover.possible) reasons.add('noAutomaticFailover')
    for (const reason of shown.get(cluster) ?? []) if (!reasons.has(reason)) gauge.remove({ cluster, reason })
    for (const reason of reasons) gauge.set({ cluster, reason }, 1)
    shown.set(cluster, reasons)
  }
}

/** Present while it is true; a diagnosis of the cluster as a whole has no node. */
function createDiagnosed (gauge: Gauge<'cluster' | 'diagnosis' | 'node'>) {
  const shown = new Map<string, ReadonlyMap<string, { readonly diagnosis: string, readonly node: string }>>()
  return ({ name: cluster, diagnoses }: ClusterView): void => {
    const now = new Map(diagnoses.map(({ name, node }) => [`${name} ${node ?? ''}`, { diagnosis: name, node: node ?? '' }]))
    for (const [key, labels] of shown.get(cluster) ?? []) if (!now.has(key)) gauge.remove({ cluster, ...labels })
    for (const labels of now.values()) gauge.set({ cluster, ...labels }, 1)
    shown.set(cluster, now)
  }
}

/** Set by what an agent told when its node, which had served, was compared with the one that serves now. */
function createLosses (gauge: Gauge<'cluster' | 'node' | 'server'>) {
  return ({ cluster, node, kind, facts }: Happening): void => {
    const loss = lossIn({ kind, facts })
    if (loss === null) return
    const { server, problem, missingRows, changedRows } = loss
    if (problem === null) gauge.set({ cluster, node, server }, missingRows + changedRows)
    else gauge.remove({ cluster, node, server })
  }
}

function createOperationMetrics (registers: [Registry]) {
  const failovers = new Counter({ name: 'ovsdb_ha_failover_total', help: 'Changes of the active that ended, by what they were and how they ended.', labelNames: ['cluster', 'kind', 'outcome'] as const, registers })
  const durations = new Histogram({
    name: 'ovsdb_ha_failover_duration_seconds',
    help: 'How long a change of the active took: each step, and `total`. Steps overlap.',
    labelNames: ['step'] as const,
    buckets: DURATION_BUCKETS_S,
    registers
  })
  const steps = new Set(['total'])
  durations.zero({ step: 'total' }) // what begins with the first change would be no increase

  function bounded (step: string): string {
    if (!steps.has(step) && steps.size >= STEPS_MAX) return 'other'
    steps.add(step)
    return step
  }

  return {
    begin (cluster: string): void {
      for (const kind of OPERATION_KINDS) for (const outcome of OUTCOMES) failovers.inc({ cluster, kind, outcome }, 0)
    },
    ended (cluster: string, { kind, outcome, durationMs, steps }: OperationView): void {
      failovers.inc({ cluster, kind, outcome })
      if (durationMs !== null) durations.observe({ step: 'total' }, durationMs / 1_000)
      for (const { name, startMs, endMs } of steps) durations.observe({ step: bounded(name) }, (endMs - startMs) / 1_000)
    }
  }
}

function createScheduleMetrics (registers: [Registry]) {
  const labelNames = ['cluster', 'task'] as const // `job` is Prometheus' own
  const runs = new Counter({ name: 'ovsdb_ha_schedule_runs_total', help: 'Runs of scheduled jobs, by how they ended; missed and overlapped ones did not begin.', labelNames: [...labelNames, 'outcome'] as const, registers })
  const durations = new Gauge({ name: 'ovsdb_ha_schedule_duration_seconds', help: 'How long the last run of a job took.', labelNames, registers })
  const succeeded = new Gauge({ name: 'ovsdb_ha_schedule_last_success_timestamp_seconds', help: 'When a run of the job last did all that it was to do.', labelNames, registers })
  const nexts = new Gauge({ name: 'ovsdb_ha_schedule_next_timestamp_seconds', help: 'When the job comes next; absent on a controller that does not lead the cluster.', labelNames, registers })
  const snapshots = new Counter({ name: 'ovsdb_ha_snapshots_total', help: 'Snapshots that a node took or read back, by how that ended, whoever asked for it.', labelNames: ['cluster', 'node', 'action', 'outcome'] as const, registers })
  const told = {
    ...createUpgradeMetrics(registers),
    ...createContentMetrics(registers),

    /** A snapshot was taken or verified, or could not be; a damaged one has failed. */
    snapshotHandled (cluster: string, node: string, action: 'take' | 'verify', ok: boolean): void {
      snapshots.inc({ cluster, node, action, outcome: ok ? 'done' : 'failed' })
    },

    /** A run of a job has ended, or did not happen. */
    scheduleRan (cluster: string, job: Job, outcome: RunOutcome, durationMs: number | null, atS: number): void {
      runs.inc({ cluster, task: job, outcome })
      if (durationMs !== null) durations.set({ cluster, task: job }, durationMs / 1_000)
      if (outcome === 'done') succeeded.set({ cluster, task: job }, atS)
    },
    /** When a job comes next, as ISO 8601; undefined when it does not, or another controller leads. */
    scheduleNext (cluster: string, job: Job, at: string | undefined): void {
      if (at === undefined) nexts.remove({ cluster, task: job })
      else nexts.set({ cluster, task: job }, Date.parse(at) / 1_000)
    }
  }
  return {
    told,
    begin (cluster: string): void {
      for (const task of JOBS) for (const outcome of [...LAST_RUN_OUTCOMES, 'overlapped']) runs.inc({ cluster, task, outcome }, 0)
    }
  }
}

function createUpgradeMetrics (registers: [Registry]) {
  const upgrades = new Gauge({ name: 'ovsdb_ha_upgrade', help: '1 for the stage in which the last planned restart of all servers is.', labelNames: ['cluster', 'stage'] as const, registers })
  return {
    /** The stage of the last planned restart of all servers; null: there never was one, or another controller leads. */
    upgradeSeen (cluster: string, now: typeof UPGRADE_STAGES[number] | null): void {
      for (const stage of UPGRADE_STAGES) upgrades.set({ cluster, stage }, stage === now ? 1 : 0)
    }
  }
}

function createContentMetrics (registers: [Registry]) {
  const ends = new Counter({ name: 'ovsdb_ha_verify_total', help: 'Comparisons of all backups with the active, by how they ended.', labelNames: ['cluster', 'outcome'] as const, registers })
  const last = new Gauge({ name: 'ovsdb_ha_verify_last_timestamp_seconds', help: 'When the backups were last found to be as the active, all of them and in every table.', labelNames: ['cluster'] as const, registers })
  const rows = new Gauge({ name: 'ovsdb_ha_verify_differing_rows', help: 'Rows that certainly differed from the active at the last comparison, of those that were looked at twice; absent where nothing could be compared.', labelNames: ['cluster', 'node', 'server'] as const, registers })
  const stall = new Gauge({ name: 'ovsdb_ha_verify_longest_read_seconds', help: 'The longest that the active took to write down one table at the last comparison.', labelNames: ['cluster'] as const, registers })
  const restores = new Counter({ name: 'ovsdb_ha_restores_total', help: 'Snapshots that were restored on the active, by how that ended.', labelNames: ['cluster', 'outcome'] as const, registers })
  return {
    /** A comparison has ended; `atS` is the wall clock in seconds. */
    verified (cluster: string, { outcome, parts }: Verification, atS: number): void {
      ends.inc({ cluster, outcome })
      if (outcome === 'same') last.set({ cluster }, atS)
      stall.set({ cluster }, Math.max(0, ...parts.map(({ longestReadMs }) => longestReadMs)) / 1_000)
      for (const { node, server, state, tables } of parts) {
        if (state === 'same' || state === 'differs') rows.set({ cluster, node, server }, tables.reduce((sum, { lastingRows }) => sum + lastingRows, 0))
        else rows.remove({ cluster, node, server })
      }
    },
    /** A restore was begun, and did or did not come to its end. */
    restored (cluster: string, ok: boolean): void {
      restores.inc({ cluster, outcome: ok ? 'done' : 'failed' })
    }
  }
}

function createGauges (registers: [Registry]) {
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) => new Gauge({ name: `ovsdb_ha_${name}`, help, labelNames, registers })
  return {
    planned: gauge('planned_switchover_timestamp_seconds', 'When the next switchover for a set time begins; absent when none waits.', ['cluster']),
    buildInfo: gauge('build_info', 'Always 1; the labels say what runs.', ['version', 'node_version']),
    activeNodes: gauge('active_nodes', 'Nodes that report to be active; alert on anything but 1.', ['cluster']),
    state: gauge('cluster_state', 'One-hot: what a cluster does.', ['cluster', 'state']),
    term: gauge('term', 'The highest term seen.', ['cluster']),
    paused: gauge('paused', '1 while an operator has stopped decisions.', ['cluster']),
    automaticFailover: gauge('automatic_failover', '1 when a lost node would be failed over without an operator.', ['cluster']),
    voters: gauge('voters', 'Nodes that vote, as the voters have stored it.', ['cluster']),
    votersGeneration: gauge('voters_generation', 'Counts the changes of the list of voters.', ['cluster']),
    configDiffers: gauge('config_differs', '1 while nodes report another cluster.yaml, or other voters, than the rest.', ['cluster']),
    blocked: gauge('failover_blocked', 'Present and 1 for each reason why no failover would happen now.', ['cluster', 'reason']),
    diagnosis: gauge('diagnosis', 'Present and 1 for each diagnosis that is true now; `node` is empty where the cluster as a whole is meant.', ['cluster', 'diagnosis', 'node']),
    leader: gauge('controller_is_leader', '1 on the controller that decides for the cluster.', ['cluster']),
    role: gauge('node_role', 'One-hot: the role a node reports.', ['cluster', 'node', 'role']),
    reachable: gauge('agent_reachable', '1 while the report stream of the agent lives.', ['cluster', 'node']),
    lastReport: gauge('agent_last_report_timestamp_seconds', 'When the last report of an agent arrived.', ['cluster', 'node']),
    failoversCounted: gauge('failovers_counted', 'Automatic failovers that use up the budget of an hour.', ['cluster']),
    failoverBudget: gauge('failover_budget', 'Automatic failovers that are allowed in an hour.', ['cluster']),
    lockedOut: gauge('node_locked_out', '1 while a node that failed is not preferred.', ['cluster', 'node']),
    preference: gauge('node_preference', 'One-hot: what operators want of a node at promotions; all 0 when it is like any other.', ['cluster', 'node', 'preference']),
    fenced: gauge('node_fenced', '1 while a node counts as powered off.', ['cluster', 'node']),
    fenceDevice: gauge('fence_device_ok', '1 while the fence device of a node answers; absent where there is none.', ['cluster', 'node']),
    lostRows: gauge('lost_rows', 'Rows that the active lacked, or had otherwise, when this node had ceased to serve and was compared last; absent when it never was, or could not be.', ['cluster', 'node', 'server']),
    lag: gauge('replication_lag_heartbeats', 'Heartbeats behind the active; absent when unknown.', ['cluster', 'node']),
    problems: gauge('node_problems', 'Problems that the agent reports now.', ['cluster', 'node'])
  }
}
