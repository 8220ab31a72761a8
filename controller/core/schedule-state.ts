// What the leader knows of the jobs that a cluster has at set times. Apart from the state that decides who serves: a job
// asks for things as an operator would, and nothing about safety depends on it.
import type { OperationView, Severity } from '../../protocol/api.ts'
import type { SchedulesConfig } from '../../protocol/cluster.ts'
import type { Job } from '../../protocol/schedule.ts'
import type { Facts } from './actions.ts'

export interface ScheduleConfig {
  readonly cluster: string
  readonly schedules: SchedulesConfig
}

/** Wall-clock times as ISO 8601 in UTC: what people read, and what the next leader compares with. */
export interface KeptSchedules {
  /** When each job is due next, as the leader knew it. */
  readonly next: Readonly<Partial<Record<Job, string>>>
  /** What runs; `home` is where the service belongs while a drill has moved it. */
  readonly running: { readonly job: Job, readonly at: string, readonly home: string | null } | null
}

/** A job that is due, and begins at `fromMs` or as soon after it as it may. */
export interface Waiting {
  readonly job: Job
  readonly at: string
  readonly fromMs: number
}

/** How much the files of a node grew since then: it is quiet when that stays next to nothing. */
export interface Growth {
  readonly node: string
  readonly fileBytes: number
  readonly sinceMs: number
}

export interface CompactionWork {
  readonly job: 'compaction'
  readonly quietForMs: number
  /** Backups that come before the active. */
  readonly left: readonly string[]
  /** What was asked for, and of whom; null between two nodes. */
  readonly asked: { readonly tag: number, readonly node: string } | null
  readonly done: readonly string[]
  /** `NODE: why not`. */
  readonly skipped: readonly string[]
  readonly growth: Growth | null
  /** Since when the next node is waited for. */
  readonly sinceMs: number
}

export interface SnapshotWork {
  readonly job: 'snapshot'
  /** Whom to ask next, in order. */
  readonly left: readonly string[]
  readonly asked: { readonly tag: number, readonly node: string } | null
  /** `NODE: why not`. */
  readonly problems: readonly string[]
}

export interface DrillWork {
  readonly job: 'drill'
  readonly stayMs: number
  /** Who served when it began, and is to serve at its end. */
  readonly home: string
  readonly away: string | null
  readonly stage: 'leaving' | 'staying' | 'returning'
  readonly tag: number
  readonly thereMs: number | null
  readonly attempts: number
  readonly sinceMs: number
  readonly notBeforeMs: number
}

export type Work = SnapshotWork | CompactionWork | DrillWork

export interface Running {
  readonly at: string
  readonly startedAtMs: number
  readonly work: Work
}

export interface ScheduleState {
  readonly leading: boolean
  readonly next: KeptSchedules['next']
  readonly waiting: readonly Waiting[]
  readonly running: Running | null
  readonly nextTag: number
}

export type ScheduleEvent =
  | { readonly type: 'woke' }
  /** `at`: now. `next`: when each job comes next. `kept`: what the leader before knew. */
  | { readonly type: 'led', readonly at: string, readonly next: KeptSchedules['next'], readonly kept: KeptSchedules | null }
  | { readonly type: 'leadLost' }
  /** The timetable says that it is time; `next` is the time after this one. */
  | { readonly type: 'due', readonly job: Job, readonly at: string, readonly next: string | null }
  /** This process did not run when it was time. */
  | { readonly type: 'overslept', readonly job: Job, readonly at: string, readonly next: string | null }
  /** What an action asked for has ended. */
  | { readonly type: 'ended', readonly tag: number, readonly error: string | null, readonly operation: OperationView | null }

/** How a run ended, for metrics. */
export type RunOutcome = 'done' | 'failed' | 'missed' | 'overlapped'

export type ScheduleAction =
  | { readonly type: 'record', readonly kind: string, readonly severity: Severity, readonly node: string | null, readonly message: string, readonly facts: Facts }
  | { readonly type: 'count', readonly job: Job, readonly outcome: RunOutcome, readonly durationMs: number | null }
  | { readonly type: 'keep', readonly kept: KeptSchedules }
  /** Refused by the node when it is not, or no more, what `as` says. */
  | { readonly type: 'compact', readonly tag: number, readonly node: string, readonly as: 'active' | 'backup' }
  | { readonly type: 'snapshot', readonly tag: number, readonly node: string, readonly as: 'active' | 'backup' }
  | { readonly type: 'switchover', readonly tag: number, readonly to: string | null, readonly reason: string }
  | { readonly type: 'wakeAt', readonly atMs: number }

export type Scheduled = readonly [ScheduleState, readonly ScheduleAction[]]
/** The work as it goes on; null: it has ended. */
export type Progressed = readonly [Work | null, readonly ScheduleAction[]]

export const NO_SCHEDULES: ScheduleState = { leading: false, next: {}, waiting: [], running: null, nextTag: 1 }
