import type { SnapshotVerdict, ClusterSnapshots, Snapshot } from '../protocol/snapshot.ts'
import { snapshotOrder } from './core/snapshot-job.ts'
import type { MaintenanceLink } from './link/agent-link.ts'
import type { ControllerMetrics } from './metrics.ts'
import { mustLead } from './must-lead.ts'
import type { ScheduleHost } from './schedule-host.ts'
import { NoSnapshotError, SnapshotNodeUnknownError } from './snapshot-errors.ts'

/** The snapshots of one cluster, on whatever node they are. Rejections are OvsdbHaErrors. */
export interface SnapshotDesk {
  /** From the first node that can; only the leader does. */
  take (actor: string, reason: string): Promise<Snapshot>
  /** `spare`: one that must not go to make room. */
  takeFrom (node: string, as: 'active' | 'backup', actor: string, reason: string, spare?: string): Promise<Snapshot>
  list (): Promise<ClusterSnapshots>
  /** Only the leader does. */
  verify (id: string, actor: string): Promise<SnapshotVerdict>
}

export interface SnapshotDeskOptions {
  readonly host: Pick<ScheduleHost, 'name' | 'view' | 'tell'>
  /** One per data node. */
  readonly links: readonly MaintenanceLink[]
  readonly metrics: Pick<ControllerMetrics, 'snapshotHandled'>
}

const LIST_DEADLINE_MS = 5_000
/** The largest databases take minutes to copy and read back. */
const WORK_DEADLINE_MS = 1_800_000

export function createSnapshotDesk ({ host, links, metrics }: SnapshotDeskOptions): SnapshotDesk {
  const { name } = host

  async function counted<T> (node: string, action: 'take' | 'verify', work: Promise<T>, isGood: (result: T) => boolean): Promise<T> {
    try {
      const result = await work
      metrics.snapshotHandled(name, node, action, isGood(result))
      return result
    } catch (error) {
      metrics.snapshotHandled(name, node, action, false)
      throw error
    }
  }

  async function takeFrom (node: string, as: 'active' | 'backup', actor: string, reason: string, spare?: string): Promise<Snapshot> {
    const { snapshot, hook, removed } = await counted(node, 'take', linkOf(name, links, node).takeSnapshot({ as, actor, reason, ...(spare === undefined ? {} : { spare }), deadlineMs: WORK_DEADLINE_MS }), () => true)
    const [rows, bytes] = sizeOf(snapshot)
    host.tell('snapshotTaken', 'info', node, `${actor} had a snapshot taken from ${node}, the ${as}: ${snapshot.id}, ${rows} rows in ${bytes} bytes, read back whole`, { snapshot: snapshot.id, actor, reason, as, rows, bytes, directory: snapshot.directory })
    if (removed.length > 0) host.tell('snapshotsRemoved', 'info', node, `${removed.join(', ')} had to go to stay within the limits of snapshots`, { removed: removed.length })
    if (hook !== null) host.tell(hook.ok ? 'snapshotHookEnded' : 'snapshotHookFailed', hook.ok ? 'info' : 'warning', node, `the hook for ${snapshot.id}: ${hook.detail}`, { snapshot: snapshot.id, ok: hook.ok })
    return snapshot
  }

  return {
    takeFrom,
    async take (actor, reason) {
      mustLead(host)
      const problems: string[] = []
      const { active } = host.view()
      for (const node of snapshotOrder(host.view())) {
        try {
          return await takeFrom(node, node === active ? 'active' : 'backup', actor, reason)
        } catch (error) {
          problems.push(`${node}: ${(error as Error).message}`)
        }
      }
      throw new NoSnapshotError(name, problems)
    },
    async list () {
      const answers = await Promise.all(links.map(link => link.snapshots(LIST_DEADLINE_MS).catch((error: unknown) => ({ snapshots: [], problems: [`${link.node}: ${(error as Error).message}`] }))))
      return {
        snapshots: answers.flatMap(({ snapshots }) => snapshots).toSorted((a, b) => a.takenAt < b.takenAt ? 1 : -1),
        problems: answers.flatMap(({ problems }) => problems)
      }
    },
    async verify (id, actor) {
      mustLead(host) // only the leader writes history
      const node = id.split('-').slice(2).join('-')
      const verdict = await counted(node, 'verify', linkOf(name, links, node).verifySnapshot(id, { deadlineMs: WORK_DEADLINE_MS }), ({ problems }) => problems.length === 0)
      const sound = verdict.problems.length === 0
      host.tell(sound ? 'snapshotVerified' : 'snapshotDamaged', sound ? 'info' : 'critical', node, sound ? `${actor} had ${id} read back: it is whole` : `${id} on ${node} is damaged: ${verdict.problems.join('; ')}`, { snapshot: id, actor, sound })
      return verdict
    }
  }
}

function linkOf (cluster: string, links: readonly MaintenanceLink[], node: string): MaintenanceLink {
  const link = links.find(one => one.node === node)
  if (link === undefined) throw new SnapshotNodeUnknownError(cluster, node, links.map(one => one.node))
  return link
}

function sizeOf ({ databases }: Snapshot): readonly [number, number] {
  return databases.reduce<readonly [number, number]>(([rows, bytes], { rowEntries, fileBytes }) => [rows + rowEntries, bytes + fileBytes], [0, 0])
}
