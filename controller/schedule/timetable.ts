import { createTask, type ScheduledTask } from 'node-cron'
import { JOBS, type Job } from '../../protocol/schedule.ts'
import type { SchedulesConfig } from '../../protocol/cluster.ts'

export interface TimetableListener {
  /** It is time; `next` is null when there is no next time. Both as ISO 8601 in UTC. */
  onDue (job: Job, at: string, next: string | null): void
  /** This process did not run when it was time, nor within `startWithin` of it or before the next time. */
  onOverslept (job: Job, at: string, next: string | null): void
}

export interface Timetable {
  readonly jobs: readonly Job[]
  start (): Promise<void>
  stop (): Promise<void>
  /** When each job comes next, as ISO 8601 in UTC. */
  next (): Readonly<Partial<Record<Job, string>>>
}

/** The wall-clock times of one cluster's jobs. What they mean is decided elsewhere (core/schedule.ts). */
export function createTimetable (schedules: SchedulesConfig, listener: TimetableListener): Timetable {
  const tasks = new Map<Job, ScheduledTask>()
  for (const job of JOBS) {
    const entry = schedules[job]
    if (entry === null) continue
    const options = { timezone: schedules.timezone, missedExecutionTolerance: schedules.startWithinMs, suppressMissedWarning: true, unref: true }
    const task = createTask(entry.cron, ({ date }) => listener.onDue(job, date.toISOString(), nextOf(job)), options)
    task.on('execution:missed', ({ date }) => { listener.onOverslept(job, date.toISOString(), nextOf(job)) })
    tasks.set(job, task)
  }

  function nextOf (job: Job): string | null {
    return tasks.get(job)?.getNextRuns(1)[0]?.toISOString() ?? null
  }

  return {
    jobs: [...tasks.keys()],
    async start () {
      for (const task of tasks.values()) await task.start()
    },
    async stop () {
      for (const task of tasks.values()) await task.destroy()
    },
    next () {
      const known: Partial<Record<Job, string>> = {}
      for (const job of tasks.keys()) {
        const at = nextOf(job)
        if (at !== null) known[job] = at
      }
      return known
    }
  }
}
