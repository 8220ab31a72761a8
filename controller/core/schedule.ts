// What is due, missed, overlapping and put off, of the jobs that a cluster has at set times. One job of a cluster runs at a
// time, on its leader only; a run that did not happen is told, never made up for.
import type { ClusterView } from '../../protocol/api.ts'
import { JOB_DEFAULTS, JOBS, type Job, type LastRun } from '../../protocol/schedule.ts'
import { auditEnded, beginAudit } from './audit-job.ts'
import { unrest } from './calm.ts'
import { beginCompaction, compactionEnded, progressCompaction } from './compaction.ts'
import { beginDrill, drillEnded, progressDrill } from './drill.ts'
import { keptOf } from './schedule-kept.ts'
import { NO_SCHEDULES, type KeptSchedules, type Progressed, type Run, type Running, type ScheduleAction, type ScheduleConfig, type Scheduled, type ScheduleEvent, type ScheduleState, type Waiting, type Work } from './schedule-state.ts'
import { beginSnapshot, progressSnapshot, snapshotEnded } from './snapshot-job.ts'

/** While something is waited for that no event tells. */
const LOOK_EVERY_MS = 1_000

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
    case 'led': return led(config, state, event, nowMs)
    case 'due': return state.leading ? wanted({ ...state, next: nextOf(state, event) }, { job: event.job, at: event.at, by: null }, nowMs + jitterMs(config.cluster, config.schedules.jitterMs)) : [state, []]
    case 'asked': return state.leading ? wanted(state, { job: event.job, at: event.at, by: event.by }, nowMs) : [state, []]
    case 'overslept': return state.leading ? missed({ ...state, next: nextOf(state, event) }, { job: event.job, at: event.at, by: null }, 'this controller did not run then') : [state, []]
    case 'ended': return ended(state, event, nowMs)
    default:
      event satisfies never
      return [state, []]
  }
}

/**
 * What the leader before knew of goes on from there: what was due and did not begin is taken up while it may still begin, also
 * when it came due while nobody led; and nobody but this leader can tell how what ran then ended.
 */
function led (config: ScheduleConfig, { nextTag }: ScheduleState, { at, next, kept }: Extract<ScheduleEvent, { type: 'led' }>, nowMs: number): Scheduled {
  const fresh: ScheduleState = { ...NO_SCHEDULES, leading: true, next, last: kept?.last ?? {}, nextTag }
  if (kept === null) return [fresh, []]
  const { jitterMs: withinMs, startWithinMs } = config.schedules
  const passed = JOBS.flatMap((job): readonly Run[] => {
    const due = kept.next[job]
    return next[job] === undefined || due === undefined || Date.parse(due) > Date.parse(at) ? [] : [{ job, at: due, by: null }]
  })
  const waited = kept.waiting.filter(({ job, by }) => by !== null || next[job] !== undefined)
  let scheduled: Scheduled = kept.running === null ? [fresh, []] : interrupted(fresh, kept.running)
  for (const run of [...waited, ...passed]) {
    const lateMs = Date.parse(at) - Date.parse(run.at)
    const fromMs = nowMs + Math.max(0, (run.by === null ? jitterMs(config.cluster, withinMs) : 0) - lateMs)
    scheduled = chain(scheduled, state => lateMs > withinMs + startWithinMs ? missed(state, run, 'no controller led the cluster then') : wanted(state, run, fromMs))
  }
  return scheduled
}

function interrupted (state: ScheduleState, { home, ...run }: NonNullable<KeptSchedules['running']>): Scheduled {
  const message = `${titleOf(run)} was broken off: its controller led the cluster no more${home === null ? '' : `. If ${home} does not serve, the drill did not come to its way back`}`
  return [lastWas(state, run, { outcome: 'failed', message, durationMs: null }), [
    { type: 'record', kind: 'scheduleInterrupted', severity: 'warning', node: home, message, facts: { job: run.job, at: run.at } },
    { type: 'count', job: run.job, outcome: 'failed', durationMs: null }
  ]]
}

/** It waits to begin; unless one of its kind does already, or runs. Told twice, by the store and the timetable, it is one. */
function wanted (state: ScheduleState, run: Run, fromMs: number): Scheduled {
  const { job, at } = run
  const before = [...state.waiting, ...(state.running === null ? [] : [state.running])].find(one => one.job === job)
  if (before?.at === at || state.last[job]?.at === at) return [state, []]
  if (before === undefined) return [{ ...state, waiting: [...state.waiting, { ...run, fromMs }] }, []]
  return [state, [
    { type: 'record', kind: 'scheduleOverlapped', severity: 'warning', node: null, message: `${titleOf(run)} was left out: the one before ${before === state.running ? 'still runs' : 'still waits to begin'}`, facts: { job, at } },
    { type: 'count', job, outcome: 'overlapped', durationMs: null }
  ]]
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

function titleOf ({ job, at, by }: Run): string {
  return by === null ? `the ${job} of ${at}` : `the ${job} that ${by} asked for at ${at}`
}

function missed (state: ScheduleState, run: Run, why: string): Scheduled {
  const { job, at } = run
  const message = `${titleOf(run)} did not happen: ${why}`
  return [lastWas(state, run, { outcome: 'missed', message, durationMs: null }), [
    { type: 'record', kind: 'scheduleMissed', severity: 'warning', node: null, message, facts: { job, at } },
    { type: 'count', job, outcome: 'missed', durationMs: null }
  ]]
}

function lastWas (state: ScheduleState, { job, at, by }: Run, how: Pick<LastRun, 'outcome' | 'message' | 'durationMs'>): ScheduleState {
  return { ...state, last: { ...state.last, [job]: { at, by, ...how } } }
}

/** The first that is due begins when nothing else runs and the cluster allows it; who waited too long is missed. */
function begin (config: ScheduleConfig, state: ScheduleState, view: ClusterView, nowMs: number): Scheduled {
  let scheduled: Scheduled = [{ ...state, waiting: [] }, []]
  for (const one of state.waiting) scheduled = chain(scheduled, next => beginOne(config, next, one, view, nowMs))
  return scheduled
}

function beginOne (config: ScheduleConfig, state: ScheduleState, one: Waiting, view: ClusterView, nowMs: number): Scheduled {
  const { running, nextTag } = state
  const why = running === null ? unrest(view, one.job) : `a ${running.work.job} ran`
  if (nowMs < one.fromMs || (why !== null && nowMs - one.fromMs <= config.schedules.startWithinMs)) return [{ ...state, waiting: [...state.waiting, one] }, []]
  if (why !== null) return missed(state, one, why)
  const { job, at, by } = one
  const [after, actions] = went({ ...state, nextTag: nextTag + 1 }, { job, at, by, startedAtMs: nowMs }, start(config, job, view, nextTag, nowMs), nextTag, nowMs)
  return [after, [{ type: 'record', kind: 'scheduleBegan', severity: 'info', node: null, message: `${titleOf(one)} begins`, facts: { job, at, by } }, ...actions]]
}

/** Why a job that is asked for would not begin at once, in words; null when it would. */
export function whyNotNow ({ running, waiting }: ScheduleState, view: ClusterView, job: Job): string | null {
  if (running !== null) return `a ${running.work.job} runs`
  if (waiting.some(one => one.job === job)) return `a ${job} waits to begin`
  return unrest(view, job)
}

function start ({ schedules: { compaction, drill } }: ScheduleConfig, job: Job, view: ClusterView, tag: number, nowMs: number): Progressed {
  switch (job) {
    case 'snapshot': return { work: beginSnapshot(view), ask: null }
    case 'audit': return beginAudit(tag)
    case 'compaction': return { work: beginCompaction(view, compaction?.quietForMs ?? JOB_DEFAULTS.quietForMs, nowMs), ask: null }
    case 'drill': return beginDrill(view.active ?? '', drill?.stayMs ?? JOB_DEFAULTS.stayMs, tag, nowMs)
  }
}

function ended (state: ScheduleState, event: Extract<ScheduleEvent, { type: 'ended' }>, nowMs: number): Scheduled {
  const { running } = state
  return running === null ? [state, []] : went(state, running, workEnded(running.work, event, nowMs), event.tag, nowMs)
}

function workEnded (work: Work, event: Extract<ScheduleEvent, { type: 'ended' }>, nowMs: number): Progressed {
  switch (work.job) {
    case 'snapshot': return snapshotEnded(work, event)
    case 'audit': return auditEnded(work, event)
    case 'compaction': return { work: compactionEnded(work, event, nowMs), ask: null }
    case 'drill': return drillEnded(work, event, nowMs)
  }
}

function workGoesOn (config: ScheduleConfig, work: Work, view: ClusterView, tag: number, nowMs: number): Progressed {
  switch (work.job) {
    case 'snapshot': return progressSnapshot(work, view, tag)
    case 'audit': return { work, ask: null }
    case 'compaction': return progressCompaction(config, work, view, tag, nowMs)
    case 'drill': return progressDrill(work, view, tag, nowMs)
  }
}

function goOn (config: ScheduleConfig, state: ScheduleState, view: ClusterView, nowMs: number): Scheduled {
  const { running, nextTag } = state
  if (running === null) return [state, []]
  return went({ ...state, nextTag: nextTag + 1 }, running, workGoesOn(config, running.work, view, nextTag, nowMs), nextTag, nowMs)
}

function went (state: ScheduleState, begun: Omit<Running, 'work'>, progressed: Progressed, tag: number, nowMs: number): Scheduled {
  if ('work' in progressed) {
    const { work, ask } = progressed
    return [{ ...state, running: { ...begun, work } }, ask === null ? [] : [{ ...ask, tag, by: begun.by }]]
  }
  const { outcome, message, record } = progressed.end
  const durationMs = nowMs - begun.startedAtMs
  return [lastWas({ ...state, running: null }, begun, { outcome, message, durationMs }), [
    ...(record === null ? [] : [{ type: 'record' as const, message, ...record }]),
    { type: 'count', job: begun.job, outcome, durationMs }
  ]]
}

function isSame (before: ScheduleState, after: ScheduleState): boolean {
  return !after.leading || JSON.stringify(keptOf(before)) === JSON.stringify(keptOf(after))
}

function wake ({ waiting, running }: ScheduleState, nowMs: number): readonly ScheduleAction[] {
  if (running === null && waiting.length === 0) return []
  const soonestMs = Math.min(...waiting.map(one => one.fromMs > nowMs ? one.fromMs : nowMs + LOOK_EVERY_MS), running === null ? Infinity : nowMs + LOOK_EVERY_MS)
  return [{ type: 'wakeAt', atMs: soonestMs }]
}
