// Compaction: a server answers nobody while it rewrites its file. So backups come first, one at a time, and the active last
// and only in a quiet moment. Who is not there, or not whole, is waited for, and in the end passed over and told.
import type { ClusterView } from '../../protocol/api.ts'
import { grown, isFollowing, unrest, whyUnfit } from './calm.ts'
import type { CompactionWork, Progressed, RunEnd, ScheduleConfig, ScheduleEvent } from './schedule-state.ts'

export function beginCompaction (view: ClusterView, quietForMs: number, nowMs: number): CompactionWork {
  const left = view.nodes.filter(node => !node.witness && node.name !== view.active).map(node => node.name)
  return { job: 'compaction', quietForMs, left, asked: null, done: [], skipped: [], growth: null, sinceMs: nowMs }
}

export function compactionEnded (work: CompactionWork, { tag, error }: Extract<ScheduleEvent, { type: 'ended' }>, nowMs: number): CompactionWork {
  if (work.asked?.tag !== tag) return work
  const { node } = work.asked
  const after = { ...work, asked: null, sinceMs: nowMs }
  return error === null ? { ...after, done: [...work.done, node] } : { ...after, skipped: [...work.skipped, `${node}: ${error}`] }
}

/** Whoever is fit first comes first; the others are waited for, since what is busy or behind mostly is so for a moment. */
export function progressCompaction (config: ScheduleConfig, work: CompactionWork, view: ClusterView, tag: number, nowMs: number): Progressed {
  if (work.asked !== null) return { work, ask: null }
  const overdue = nowMs - work.sinceMs > config.schedules.startWithinMs
  const why = unrest(view, 'compaction')
  if (why !== null) return overdue ? { end: endOf({ ...work, skipped: [...work.skipped, `${[...work.left, 'the active'].join(', ')}: ${why}`] }) } : { work, ask: null }
  const left = view.nodes.filter(({ name }) => name !== view.active && work.left.includes(name)) // who serves now has its turn last
  const next = left.find(node => isFollowing(node, view.active))
  if (next !== undefined) return ask({ ...work, left: work.left.filter(name => name !== next.name) }, next.name, 'backup', tag)
  if (left.length === 0) return ofActive(work, view, overdue, tag, nowMs)
  if (!overdue) return { work, ask: null }
  return ofActive({ ...work, left: [], skipped: [...work.skipped, ...left.map(node => `${node.name}: ${whyUnfit(node, view.active)}`)], sinceMs: nowMs }, view, false, tag, nowMs)
}

function ofActive (work: CompactionWork, view: ClusterView, overdue: boolean, tag: number, nowMs: number): Progressed {
  const { active } = view
  if (active === null || work.done.includes(active)) return { end: endOf(work) }
  if (work.skipped.some(text => text.startsWith(`${active}: `))) return { end: endOf(work) }
  const growth = grown(view, active, work.growth, nowMs)
  if (nowMs - growth.sinceMs >= work.quietForMs) return ask({ ...work, growth }, active, 'active', tag)
  if (overdue) return { end: endOf({ ...work, skipped: [...work.skipped, `${active}: it serves, and was written to all the time`] }) }
  return { work: { ...work, growth }, ask: null }
}

function ask (work: CompactionWork, node: string, as: 'active' | 'backup', tag: number): Progressed {
  return { work: { ...work, asked: { tag, node } }, ask: { type: 'compact', node, as } }
}

function endOf ({ done, skipped }: CompactionWork): RunEnd {
  const whole = skipped.length === 0
  const message = `${done.length === 0 ? 'no node was compacted' : `compacted: ${done.join(', ')}`}${whole ? '' : `; passed over: ${skipped.join('; ')}`}`
  return { outcome: whole ? 'done' : 'failed', message, record: { kind: 'compactionEnded', severity: whole ? 'info' : 'warning', node: null, facts: { compacted: done.length, passedOver: skipped.length } } }
}
