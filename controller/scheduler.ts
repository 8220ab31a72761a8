// The shell of one cluster's jobs: times and what happens go in, one at a time, through the pure step; actions come out.
import type { Logger } from 'pino'
import type { ClusterConfig } from '../protocol/cluster.ts'
import { monotonicMs, wallClock } from './clock.ts'
import { stepSchedule } from './core/schedule.ts'
import { NO_SCHEDULES, type ScheduleAction, type ScheduleEvent, type WorkAction } from './core/schedule-state.ts'
import { createEventQueue } from './event-queue.ts'
import type { MaintenanceLink } from './link/agent-link.ts'
import type { ControllerMetrics } from './metrics.ts'
import { createScheduleDesk, type ScheduleDesk } from './schedule-desk.ts'
import type { ScheduleHost } from './schedule-host.ts'
import { createScheduleWork } from './schedule-work.ts'
import type { SnapshotDesk } from './snapshot-desk.ts'
import type { Verifier } from './verifier.ts'
import { createTimetable } from './schedule/timetable.ts'

export interface SchedulerOptions {
  readonly cluster: ClusterConfig
  readonly host: ScheduleHost
  /** One per data node. */
  readonly links: readonly MaintenanceLink[]
  readonly snapshots: SnapshotDesk
  readonly verifier: Pick<Verifier, 'run'>
  readonly metrics: ControllerMetrics
  readonly logger: Logger
}

export interface Scheduler extends ScheduleDesk {
  start (): Promise<void>
  /** What runs is not waited for. */
  stop (): Promise<void>
}

const EVENTS_MAX = 1_000

export function createScheduler ({ cluster, host, links, snapshots, verifier, metrics, logger }: SchedulerOptions): Scheduler {
  const work = createScheduleWork({ host, links, snapshots, verifier })
  let state = NO_SCHEDULES
  let stopped = false
  let unfollow = (): void => {}
  let wake: NodeJS.Timeout | undefined
  const push = createEventQueue<ScheduleEvent>(EVENTS_MAX, event => { if (!stopped) take(event) }, event => logger.error({ cluster: cluster.name, type: event.type }, 'event of a schedule dropped: the queue is full'))
  const timetable = createTimetable(cluster.schedules, {
    onDue: (job, at, next) => push({ type: 'due', job, at, next }),
    onOverslept: (job, at, next) => push({ type: 'overslept', job, at, next })
  })

  function take (event: ScheduleEvent): void {
    if (state.leading && !host.leads()) step({ type: 'leadLost' }) // a process that was frozen hears of it later than its timers do
    step(event)
  }

  function step (event: ScheduleEvent): void {
    const [next, actions] = stepSchedule({ cluster: cluster.name, schedules: cluster.schedules }, state, event, host.view(), monotonicMs())
    state = next
    for (const action of actions) perform(action)
    for (const job of timetable.jobs) metrics.scheduleNext(cluster.name, job, state.next[job])
  }

  function perform (action: ScheduleAction): void {
    switch (action.type) {
      case 'record': return host.tell(action.kind, action.severity, action.node, action.message, action.facts)
      case 'count': return metrics.scheduleRan(cluster.name, action.job, action.outcome, action.durationMs, wallClock().getTime() / 1_000)
      case 'keep': return host.keepSchedules(action.kept)
      case 'compact': case 'snapshot': case 'verify': case 'switchover': return follow(action)
      case 'wakeAt':
        clearTimeout(wake)
        wake = setTimeout(() => push({ type: 'woke' }), Math.max(1, Math.ceil(action.atMs - monotonicMs())))
        return
      default: action satisfies never
    }
  }

  function follow (action: WorkAction): void {
    work(action).then(
      operation => push({ type: 'ended', tag: action.tag, error: null, operation }),
      (error: unknown) => push({ type: 'ended', tag: action.tag, error: error instanceof Error ? error.message : String(error), operation: null })
    )
  }

  function looked (): void {
    const { leads } = host.view().controller
    if (leads === state.leading) return push({ type: 'woke' })
    push(leads ? { type: 'led', at: wallClock().toISOString(), next: timetable.next(), kept: host.keptSchedules() } : { type: 'leadLost' })
  }

  return {
    ...createScheduleDesk({ cluster, host, state: () => state, next: timetable.next, push }),
    async start () {
      unfollow = host.follow(looked)
      await timetable.start()
      looked()
    },
    async stop () {
      stopped = true
      unfollow()
      clearTimeout(wake)
      await timetable.stop()
    }
  }
}
