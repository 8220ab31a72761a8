import type { ClusterConfig } from '../protocol/cluster.ts'
import type { Job, RunReply, SchedulesView } from '../protocol/schedule.ts'
import { wallClock } from './clock.ts'
import { CommandRefusedError } from './command-errors.ts'
import { whyNotNow } from './core/schedule.ts'
import { keptOf, viewSchedules } from './core/schedule-kept.ts'
import type { KeptSchedules, ScheduleEvent, ScheduleState } from './core/schedule-state.ts'
import { ScheduleRefusedError } from './schedule-errors.ts'
import type { ScheduleHost } from './schedule-host.ts'

/** What the API asks about the jobs of one cluster. Rejections are OvsdbHaErrors. */
export interface ScheduleDesk {
  view (): SchedulesView
  /** Now, whether it has a schedule or not; refused where it could not begin at once. Only the leader does. */
  run (job: Job, actor: string): RunReply
}

export interface ScheduleDeskOptions {
  readonly cluster: ClusterConfig
  readonly host: Pick<ScheduleHost, 'view' | 'leads' | 'keptSchedules'>
  readonly state: () => ScheduleState
  /** What the timetable says. */
  readonly next: () => KeptSchedules['next']
  readonly push: (event: ScheduleEvent) => void
}

export function createScheduleDesk ({ cluster, host, state, next, push }: ScheduleDeskOptions): ScheduleDesk {
  return {
    view: () => viewSchedules(cluster.schedules, state().leading ? keptOf(state()) : host.keptSchedules(), next()),
    run (job, actor) {
      const view = host.view()
      if (!host.leads() || !state().leading) throw new CommandRefusedError(cluster.name, { kind: 'notLeading' }, view.controller.leader)
      const why = whyNotNow(state(), view, job)
      if (why !== null) throw new ScheduleRefusedError(cluster.name, job, why)
      const at = wallClock().toISOString()
      push({ type: 'asked', job, at, by: actor })
      return { job, at }
    }
  }
}
