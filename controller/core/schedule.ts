// What is due, missed, overlapping and put off, of the jobs that a cluster has at set times. One job of a cluster runs at a
// time, on its leader only; a run that did not happen is told, never made up for.
import type { ClusterView } from '../../protocol/api.ts'
import { JOBS, type Job } from '../../protocol/schedule.ts'
import { unrest } from './calm.ts'
import { beginCompaction, compactionEnded, progressCompaction } from './compaction.ts'
import { beginDrill, drillEnded, progressDrill } from './drill.ts'
import { beginSnapshot, progressSnapshot, snapshotEnded } from './snapshot-job.ts'
import { NO_SCHEDULES, type KeptSchedules, type Progressed, type Running, type ScheduleAction, type ScheduleConfig, type Scheduled, type ScheduleEvent, type ScheduleState, type Waiting, type Work } from './schedule-state.ts'

/** While something is waited for that no event tells. */
const LOOK_EVERY_MS = 1_000
/** A time that was kept and passed by no more than this may still be fired by the timetable. */
const LATE_MS = 2_000

/** Pure: notes the event, then begins or goes on with what may go on as `view` shows the cluster. */
export function stepSchedule (config: ScheduleConfig, state: ScheduleState, event: ScheduleEvent, view: ClusterView, nowMs: number): Scheduled {
  const noted = note(config, state, event, nowMs)
  const begun = chain(noted, next => begin(config, next, view, nowMs))
  const [after, actions] = chain(begun, next => goOn(config, next, view, nowMs))
  const kept: readonly ScheduleAction[] = isSame(state, after) ? [] : [{ type: 'keep', kept: keptOf(after) }]
  return [after, [...actions, ...kept, ...wake(after, nowMs)]]
}

function chain ([state, actions]: Scheduled, next: (state: ScheduleState) => Scheduled): Scheduled {
  const [after, more] = next(state)
  return [after, [...actions, ...more]]
}

function note (config: ScheduleConfig, state: ScheduleState, event: ScheduleEvent, nowMs: number): Scheduled {
  switch (event.type) {
    case 'woke': return [state, []]
    case 'leadLost': return [{ ...NO_SCHEDULES, nextTag: state.nextTag }, []]
    case 'led': return led(state, event)
    case 'due': return due(config, state, event, nowMs)
    case 'overslept': return state.leading ? [{ ...state, next: nextOf(state, event) }, missed(event.job, event.at, 'this controller did not run then')] : [state, []]
    case 'ended': return ended(state, event, nowMs)
    default:
      event satisfies never
      return [state, []]
  }
}

/** A time that the leader before kept and that has passed was nobody's. */
function led (state: ScheduleState, { at, next, kept }: Extract<ScheduleEvent, { type: 'led' }>): Scheduled {
  const actions: ScheduleAction[] = []
  for (const job of JOBS) {
    const before = kept?.next[job]
    if (next[job] !== undefined && before !== undefined && Date.parse(before) < Date.parse(at) - LATE_MS) actions.push(...missed(job, before, 'no controller led the cluster then'))
  }
  if (kept !== null && kept.running !== null) {
    const { job, at: since, home } = kept.running
    actions.push({ type: 'record', kind: 'scheduleInterrupted', severity: 'warning', node: home, message: `the ${job} of ${since} was broken off: its controller led the cluster no more${home === null ? '' : `. If ${home} does not serve, the drill did not come to its way back`}`, facts: { job, at: since } },
      { type: 'count', job, outcome: 'failed', durationMs: null })
  }
  return [{ ...NO_SCHEDULES, leading: true, next, nextTag: state.nextTag }, actions]
}

function due (config: ScheduleConfig, state: ScheduleState, event: Extract<ScheduleEvent, { type: 'due' }>, nowMs: number): Scheduled {
  if (!state.leading) return [state, []]
  const { job, at } = event
  const next = { ...state, next: nextOf(state, event) }
  if (state.running?.work.job === job || state.waiting.some(one => one.job === job)) {
    return [next, [
      { type: 'record', kind: 'scheduleOverlapped', severity: 'warning', node: null, message: `the ${job} of ${at} was left out: the one before ${state.running?.work.job === job ? 'still runs' : 'still waits to begin'}`, facts: { job, at } },
      { type: 'count', job, outcome: 'overlapped', durationMs: null }
    ]]
  }
  const waiting: Waiting = { job, at, fromMs: nowMs + jitterMs(config.cluster, config.schedules.jitterMs) }
  return [{ ...next, waiting: [...state.waiting, waiting] }, []]
}

function nextOf ({ next }: ScheduleState, { job, next: after }: { readonly job: Job, readonly next: string | null }): KeptSchedules['next'] {
  const { [job]: _passed, ...others } = next
  return after === null ? others : { ...others, [job]: after }
}

/** Always the same for a cluster, and spread evenly over clusters (FNV-1a over its name). */
export function jitterMs (cluster: string, withinMs: number): number {
  let hash = 0x811c9dc5
  for (const character of cluster) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return withinMs === 0 ? 0 : hash % withinMs
}

function missed (job: Job, at: string, why: string): readonly ScheduleAction[] {
  return [
    { type: 'record', kind: 'scheduleMissed', severity: 'warning', node: null, message: `the ${job} of ${at} did not happen: ${why}`, facts: { job, at } },
    { type: 'count', job, outcome: 'missed', durationMs: null }
  ]
}

/** The first that is due begins when nothing else runs and the cluster allows it; who waited too long is missed. */
function begin (config: ScheduleConfig, state: ScheduleState, view: ClusterView, nowMs: number): Scheduled {
  const actions: ScheduleAction[] = []
  const waiting: Waiting[] = []
  let { running, nextTag } = state
  for (const one of state.waiting) {
    const why = running === null ? unrest(view, one.job) : `a ${running.work.job} ran`
    if (nowMs < one.fromMs || (why !== null && nowMs - one.fromMs <= config.schedules.startWithinMs)) {
      waiting.push(one)
    } else if (why !== null) {
      actions.push(...missed(one.job, one.at, why))
    } else {
      const [work, more] = start(config, one.job, view, nextTag, nowMs)
      nextTag += 1
      running = work === null ? null : { at: one.at, startedAtMs: nowMs, work }
      actions.push({ type: 'record', kind: 'scheduleBegan', severity: 'info', node: null, message: `the ${one.job} of ${one.at} begins`, facts: { job: one.job, at: one.at } }, ...more)
    }
  }
  return [{ ...state, waiting, running, nextTag }, actions]
}

function start ({ schedules: { compaction, drill } }: ScheduleConfig, job: Job, view: ClusterView, tag: number, nowMs: number): Progressed {
  switch (job) {
    case 'snapshot': return [beginSnapshot(view), []]
    case 'compaction': return [beginCompaction(view, compaction?.quietForMs ?? 0, nowMs), []]
    case 'drill': return beginDrill(view.active ?? '', drill?.stayMs ?? 0, tag, nowMs)
  }
}

function ended (state: ScheduleState, event: Extract<ScheduleEvent, { type: 'ended' }>, nowMs: number): Scheduled {
  const { running } = state
  if (running === null) return [state, []]
  return went(state, running, workEnded(running.work, event, nowMs), nowMs)
}

function workEnded (work: Work, event: Extract<ScheduleEvent, { type: 'ended' }>, nowMs: number): Progressed {
  switch (work.job) {
    case 'snapshot': return snapshotEnded(work, event)
    case 'compaction': return [compactionEnded(work, event, nowMs), []]
    case 'drill': return drillEnded(work, event, nowMs)
  }
}

function workGoesOn (config: ScheduleConfig, work: Work, view: ClusterView, tag: number, nowMs: number): Progressed {
  switch (work.job) {
    case 'snapshot': return progressSnapshot(work, view, tag)
    case 'compaction': return progressCompaction(config, work, view, tag, nowMs)
    case 'drill': return progressDrill(work, view, tag, nowMs)
  }
}

function goOn (config: ScheduleConfig, state: ScheduleState, view: ClusterView, nowMs: number): Scheduled {
  const { running, nextTag } = state
  if (running === null) return [state, []]
  return went({ ...state, nextTag: nextTag + 1 }, running, workGoesOn(config, running.work, view, nextTag, nowMs), nowMs)
}

function went (state: ScheduleState, running: Running, [work, actions]: Progressed, nowMs: number): Scheduled {
  const timed = actions.map(action => action.type === 'count' ? { ...action, durationMs: nowMs - running.startedAtMs } : action)
  return [{ ...state, running: work === null ? null : { ...running, work } }, timed]
}

function isSame (before: ScheduleState, after: ScheduleState): boolean {
  return !after.leading || JSON.stringify(keptOf(before)) === JSON.stringify(keptOf(after))
}

function keptOf ({ next, running }: ScheduleState): KeptSchedules {
  return { next, running: running === null ? null : { job: running.work.job, at: running.at, home: homeOf(running.work) } }
}

function homeOf (work: Work): string | null {
  return work.job === 'drill' ? work.home : null
}

function wake ({ waiting, running }: ScheduleState, nowMs: number): readonly ScheduleAction[] {
  if (running === null && waiting.length === 0) return []
  const soonestMs = Math.min(...waiting.map(one => one.fromMs > nowMs ? one.fromMs : nowMs + LOOK_EVERY_MS), running === null ? Infinity : nowMs + LOOK_EVERY_MS)
  return [{ type: 'wakeAt', atMs: soonestMs }]
}
