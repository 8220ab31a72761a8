// A guided restore: what would be overwritten, a snapshot of that first, then one transaction per database on the active,
// which clients and backups see as any other. The controller touches no database itself.
import type { ClusterConfig } from '../protocol/cluster.ts'
import { restoredInWords, type RestoreBody, type RestorePlan, type RestoreReply } from '../protocol/restore.ts'
import type { Snapshot } from '../protocol/snapshot.ts'
import type { MaintenanceLink, RescueLink } from './link/agent-link.ts'
import type { ControllerMetrics } from './metrics.ts'
import { mustLead } from './must-lead.ts'
import { NotRestorableError, RestoreRunsError } from './restore-errors.ts'
import type { ScheduleHost } from './schedule-host.ts'
import type { SnapshotDesk } from './snapshot-desk.ts'
import { SnapshotNodeUnknownError } from './snapshot-errors.ts'
import type { Verifier } from './verifier.ts'

/** Rejections are OvsdbHaErrors; then nothing was overwritten, unless the answer says how far it came. */
export interface RestoreDesk {
  /** With `dryRun`, what would be done; whoever calls it has seen to the confirmation. */
  restore (id: string, body: RestoreBody, actor: string): Promise<RestoreReply>
}

export interface RestoreDeskOptions {
  readonly cluster: ClusterConfig
  readonly host: Pick<ScheduleHost, 'name' | 'view' | 'tell'>
  readonly snapshots: SnapshotDesk
  readonly verifier: Verifier
  /** One of each per data node. */
  readonly links: ReadonlyArray<Pick<MaintenanceLink, 'node' | 'planRestore'>>
  readonly replayLinks: ReadonlyArray<Pick<RescueLink, 'node' | 'replay'>>
  readonly metrics: Pick<ControllerMetrics, 'restored'>
}

type Database = RestoreReply['databases'][number]

interface Target {
  readonly active: string
  readonly term: number
}

/** Clients go on writing: what they commit between plan and transaction may make the server refuse it. */
const ATTEMPTS_MAX = 4

export function createRestoreDesk (options: RestoreDeskOptions): RestoreDesk {
  const { cluster, host, snapshots, links } = options
  const { name } = host
  let running: string | null = null

  function target (id: string): Target {
    mustLead(host)
    const { active, term, operation, hold, summary } = host.view()
    if (operation !== null) throw new NotRestorableError(name, id, `a ${operation.kind} runs`)
    if (active === null) throw new NotRestorableError(name, id, `nobody serves: ${hold?.message ?? summary}`)
    return { active, term }
  }

  async function planOf (snapshot: Snapshot, server: string, { active }: Target, withOperations: boolean): Promise<RestorePlan> {
    const link = links.find(one => one.node === snapshot.node)
    if (link === undefined) throw new SnapshotNodeUnknownError(name, snapshot.node, links.map(one => one.node))
    return await link.planRestore(snapshot.id, { server, active, withOperations, deadlineMs: 2 * cluster.timing.resyncDeadlineMs })
  }

  /** What each database would become. Refused when any of them cannot be restored: half of a cluster is worse than none. */
  async function plans (snapshot: Snapshot, to: Target): Promise<readonly Database[]> {
    const missing = cluster.servers.filter(server => !snapshot.databases.some(one => one.server === server.name))
    if (missing.length > 0) throw new NotRestorableError(name, snapshot.id, `it has nothing of ${missing.map(server => server.name).join(', ')}`)
    const databases: Database[] = []
    for (const { name: server, database } of cluster.servers) {
      const { problem, tables } = await planOf(snapshot, server, to, false)
      if (problem !== null) throw new NotRestorableError(name, snapshot.id, `${server}: ${problem}`)
      databases.push({ server, database, state: tables.length === 0 ? 'same' : 'planned', problem: null, tables })
    }
    return databases
  }

  async function run (id: string, { dryRun = false, reason = '' }: RestoreBody, actor: string): Promise<RestoreReply> {
    const to = target(id)
    const { snapshot, problems } = await snapshots.verify(id, actor)
    if (problems.length > 0) throw new NotRestorableError(name, id, problems.join('; '))
    const planned = await plans(snapshot, to)
    const reply: RestoreReply = { snapshot: id, active: to.active, takenAt: snapshot.takenAt, dryRun, databases: [...planned], before: null, backups: null }
    if (dryRun || planned.every(({ state }) => state === 'same')) return reply
    const before = await snapshots.takeFrom(to.active, 'active', actor, `before the restore of ${id}`, id)
    const rows = restoredInWords(planned.flatMap(({ tables }) => tables))
    host.tell('restoreBegan', 'warning', to.active, `${actor} restores ${id} on ${to.active}: ${rows}. What is there now is kept as ${before.id}`, { snapshot: id, before: before.id, actor, reason })
    const databases = await restoreAll({ ...options, planOf }, snapshot, planned, to, { by: actor, reason })
    const failed = databases.find(({ state }) => state === 'failed')
    options.metrics.restored(name, failed === undefined)
    if (failed !== undefined) {
      host.tell('restoreFailed', 'critical', to.active, `the restore of ${id} stopped at ${failed.server}: ${failed.problem}. Restore it again to go on (what is restored is not done twice), or ${before.id} to undo it`, { snapshot: id, before: before.id, server: failed.server, actor })
      return { ...reply, databases: [...databases], before: before.id }
    }
    const backups = await verified(options.verifier, id)
    host.tell('restoreEnded', 'warning', to.active, `${id} is restored on ${to.active}: ${rows}; the backups: ${backups}. To undo it, restore ${before.id}`, { snapshot: id, before: before.id, actor, backups })
    return { ...reply, databases: [...databases], before: before.id, backups }
  }

  return {
    async restore (id, body, actor) {
      if (running !== null) throw new RestoreRunsError(name, running)
      running = id
      try {
        return await run(id, body, actor)
      } finally {
        running = null
      }
    }
  }
}

interface Work extends Pick<RestoreDeskOptions, 'cluster' | 'replayLinks'> {
  readonly planOf: (snapshot: Snapshot, server: string, to: Target, withOperations: boolean) => Promise<RestorePlan>
}

/** One database after the other; the first that fails leaves the rest as they are. */
async function restoreAll (work: Work, snapshot: Snapshot, planned: readonly Database[], to: Target, actor: { readonly by: string, readonly reason: string }): Promise<readonly Database[]> {
  const databases: Database[] = []
  for (const one of planned) {
    const stopped = databases.some(({ state }) => state === 'failed')
    databases.push(stopped && one.state !== 'same' ? { ...one, state: 'left' } : one.state === 'same' ? one : await restoreOne(work, snapshot, one, to, actor))
  }
  return databases
}

/** Planned anew for each attempt, and run by the active's agent only in the term that was meant. */
async function restoreOne ({ cluster: { timing }, replayLinks, planOf }: Work, snapshot: Snapshot, one: Database, to: Target, actor: { readonly by: string, readonly reason: string }): Promise<Database> {
  let problem = ''
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    try {
      const { problem: unfit, tables, operations } = await planOf(snapshot, one.server, to, true)
      if (unfit !== null) return { ...one, state: 'failed', problem: unfit }
      if (operations.length === 0) return { ...one, state: 'restored' }
      const link = replayLinks.find(({ node }) => node === to.active)
      if (link === undefined) return { ...one, state: 'failed', problem: `${to.active} cannot be asked` }
      const replayedRows = operations.length - 1
      const reply = await link.replay({ ...actor, term: to.term, rescue: snapshot.id, snapshot: true, server: one.server, operations, replayedRows }, timing.busyAfterMs + timing.commandTimeoutMs)
      if (reply.ok) return { ...one, state: 'restored', tables }
      problem = reply.reason ?? 'the server refused it'
    } catch (error) {
      return { ...one, state: 'failed', problem: (error as Error).message } // it may have been written: a restore that is asked for again finds out
    }
  }
  return { ...one, state: 'failed', problem: `refused ${ATTEMPTS_MAX} times, at last: ${problem}` }
}

/** The backups have it by replication; whether they do is looked at, and not assumed. */
async function verified (verifier: Verifier, id: string): Promise<string> {
  try {
    return (await verifier.run({ reason: `after the restore of ${id}` }, 'the restore')).outcome
  } catch (error) {
    return `not compared: ${(error as Error).message}`
  }
}
