// What the leader keeps of a cluster's jobs for the next one, and what people see of it on any controller.
import type { SchedulesConfig } from '../../protocol/cluster.ts'
import { JOBS, type SchedulesView, type TroubledRun } from '../../protocol/schedule.ts'
import type { KeptSchedules, Run, ScheduleState } from './schedule-state.ts'

export function keptOf ({ next, waiting, running, last }: ScheduleState): KeptSchedules {
  return {
    next,
    waiting: waiting.map(runOf),
    running: running === null ? null : { ...runOf(running), home: running.work.job === 'drill' ? running.work.home : null },
    last
  }
}

function runOf ({ job, at, by }: Run): Run {
  return { job, at, by }
}

/** `next`: what the timetable of this controller says, where no leader has kept anything. */
export function viewSchedules (config: SchedulesConfig, kept: KeptSchedules | null, next: KeptSchedules['next']): SchedulesView {
  const ofJob = (runs: readonly Run[], wanted: Run['job']) => {
    const run = runs.find(({ job }) => job === wanted)
    return run === undefined ? null : { at: run.at, by: run.by }
  }
  const running = kept?.running ?? null
  return {
    timezone: config.timezone,
    schedules: JOBS.map(job => ({
      job,
      cron: config[job]?.cron ?? null,
      next: config[job] === null ? null : kept?.next[job] ?? next[job] ?? null,
      waiting: ofJob(kept?.waiting ?? [], job),
      running: ofJob(running === null ? [] : [running], job),
      last: kept?.last[job] ?? null
    }))
  }
}

/** Whose last run did not do what it was to do; the next good one ends it. */
export function troubledRuns (kept: KeptSchedules | null): readonly TroubledRun[] {
  return JOBS.flatMap(job => {
    const last = kept?.last[job]
    return last === undefined || last.outcome === 'done' ? [] : [{ job, ...last }]
  })
}
