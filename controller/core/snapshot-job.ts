// A snapshot of all databases: read from a backup that is in sync, so that the active serves undisturbed; from the active
// where there is none, or where no backup can do it.
import type { ClusterView } from '../../protocol/api.ts'
import { isFollowing } from './calm.ts'
import type { Progressed, ScheduleEvent, SnapshotWork } from './schedule-state.ts'

/** Whom to ask, in order: the backups that follow whole, the nearest to the active first, then the active. */
export function snapshotOrder ({ active, nodes }: ClusterView): readonly string[] {
  const backups = nodes.filter(node => !node.witness && node.name !== active && isFollowing(node, active))
  const nearest = backups.toSorted((a, b) => (a.lagHeartbeats ?? Infinity) - (b.lagHeartbeats ?? Infinity) || a.priority - b.priority || (a.name < b.name ? -1 : 1))
  return [...nearest.map(node => node.name), ...(active === null ? [] : [active])]
}

export function beginSnapshot (view: ClusterView): SnapshotWork {
  return { job: 'snapshot', left: snapshotOrder(view), asked: null, problems: [] }
}

export function progressSnapshot (work: SnapshotWork, view: ClusterView, tag: number): Progressed {
  if (work.asked !== null) return { work, ask: null }
  const [node, ...left] = work.left
  if (node !== undefined) return { work: { ...work, left, asked: { tag, node } }, ask: { type: 'snapshot', node, as: node === view.active ? 'active' : 'backup' } }
  return { end: { outcome: 'failed', message: `no snapshot was taken: ${work.problems.join('; ')}`, record: { kind: 'snapshotFailed', severity: 'warning', node: null, facts: {} } } }
}

export function snapshotEnded (work: SnapshotWork, { tag, error }: Extract<ScheduleEvent, { type: 'ended' }>): Progressed {
  if (work.asked?.tag !== tag) return { work, ask: null }
  const { node } = work.asked
  if (error === null) return { end: { outcome: 'done', message: `taken from ${node}`, record: null } }
  return { work: { ...work, asked: null, problems: [...work.problems, `${node}: ${error}`] }, ask: null }
}
