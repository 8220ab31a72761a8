// Compaction: a server answers nobody while it rewrites its file. So backups come first, one at a time, and the active last
// and only in a quiet moment; who is not there, or not whole, is passed over and told.
import type { ClusterView } from '../../protocol/api.ts'
import { grown, isFollowing, unrest, whyUnfit } from './calm.ts'
import type { CompactionWork, Progressed, ScheduleConfig, ScheduleEvent } from './schedule-state.ts'

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

export function progressCompaction (config: ScheduleConfig, work: CompactionWork, view: ClusterView, tag: number, nowMs: number): Progressed {
  if (work.asked !== null) return [work, []]
  const overdue = nowMs - work.sinceMs > config.schedules.startWithinMs
  const why = unrest(view, 'compaction')
  if (why !== null) return overdue ? finish({ ...work, skipped: [...work.skipped, `${[...work.left, 'the active'].join(', ')}: ${why}`] }) : [work, []]
  const [next, ...left] = work.left
  if (next !== undefined) return ofBackup(config, { ...work, left }, next, view, tag, nowMs)
  const { active } = view
  if (active === null || work.done.includes(active)) return finish(work)
  if (work.skipped.some(text => text.startsWith(`${active}: `))) return finish(work)
  const growth = grown(view, active, work.growth, nowMs)
  if (nowMs - growth.sinceMs >= work.quietForMs) return ask({ ...work, growth }, active, 'active', tag)
  if (overdue) return finish({ ...work, skipped: [...work.skipped, `${active}: it serves, and was written to all the time`] })
  return [{ ...work, growth }, []]
}

function ofBackup (config: ScheduleConfig, work: CompactionWork, name: string, view: ClusterView, tag: number, nowMs: number): Progressed {
  const node = view.nodes.find(one => one.name === name)
  if (node === undefined || name === view.active) return progressCompaction(config, work, view, tag, nowMs) // it serves now: its turn is the last
  if (!isFollowing(node, view.active)) return progressCompaction(config, { ...work, skipped: [...work.skipped, `${name}: ${whyUnfit(node, view.active)}`] }, view, tag, nowMs)
  return ask(work, name, 'backup', tag)
}

function ask (work: CompactionWork, node: string, as: 'active' | 'backup', tag: number): Progressed {
  return [{ ...work, asked: { tag, node } }, [{ type: 'compact', tag, node, as }]]
}

function finish ({ done, skipped }: CompactionWork): Progressed {
  const message = `${done.length === 0 ? 'no node was compacted' : `compacted: ${done.join(', ')}`}${skipped.length === 0 ? '' : `; passed over: ${skipped.join('; ')}`}`
  return [null, [
    { type: 'record', kind: 'compactionEnded', severity: skipped.length === 0 ? 'info' : 'warning', node: null, message, facts: { compacted: done.length, passedOver: skipped.length } },
    { type: 'count', job: 'compaction', outcome: skipped.length === 0 ? 'done' : 'failed', durationMs: null }
  ]]
}
