// What the leader knows of the jobs that a cluster has at set times. Apart from the state that decides who serves: a job
// asks for things as an operator would, and nothing about safety depends on it.
import type { OperationView, Severity } from '../../protocol/api.ts'
import type { SchedulesConfig } from '../../protocol/cluster.ts'
import type { Job, LastRun } from '../../protocol/schedule.ts'
import type { Facts } from './actions.ts'

export interface ScheduleConfig {
  readonly cluster: string
  readonly schedules: SchedulesConfig
}

/** One time of a job. `at`: when it was due or asked for, as ISO 8601 in UTC. `by`: who asked for it; null: the schedule. */
export interface Run {
  readonly job: Job
  readonly at: string
  readonly by: string | null
}

/** Wall-clock times as ISO 8601 in UTC: what people read, and what the next leader compares with. */
export interface KeptSchedules {
  /** When each job is due next, as the leader knew it. */
  readonly next: Readonly<Partial<Record<Job, string>>>
  /** What was due, and had not begun. */
  readonly waiting: readonly Run[]
  /** What runs; `home` is where the service belongs while a drill has moved it. */
  readonly running: Run & { readonly home: string | null } | null
  readonly last: Readonly<Partial<Record<Job, LastRun>>>
}

/** A run that is due, and begins at `fromMs` or as soon after it as it may. */
export interface Waiting extends Run {
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
  /** The switchover there, once it is done. */
  readonly there: OperationView | null
  readonly attempts: number
  readonly sinceMs: number
  readonly notBeforeMs: number
}

export interface AuditWork {
  readonly job: 'audit'
  readonly tag: number
}

export type Work = SnapshotWork | AuditWork | CompactionWork | DrillWork

export interface Running extends Run {
  readonly startedAtMs: number
  readonly work: Work
}

export interface ScheduleState {
  readonly leading: boolean
  readonly next: KeptSchedules['next']
  readonly waiting: readonly Waiting[]
  readonly running: Running | null
  readonly last: KeptSchedules['last']
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
  /** Somebody wants it now. */
  | { readonly type: 'asked', readonly job: Job, readonly at: string, readonly by: string }
  /** What an action asked for has ended. */
  | { readonly type: 'ended', readonly tag: number, readonly error: string | null, readonly operation: OperationView | null }

/** How a run ended, for metrics. */
export type RunOutcome = LastRun['outcome'] | 'overlapped'

export type ScheduleAction =
  | { readonly type: 'record', readonly kind: string, readonly severity: Severity, readonly node: string | null, readonly message: string, readonly facts: Facts }
  | { readonly type: 'count', readonly job: Job, readonly outcome: RunOutcome, readonly durationMs: number | null }
  | { readonly type: 'keep', readonly kept: KeptSchedules }
  | WorkAction
  | { readonly type: 'wakeAt', readonly atMs: number }

/** What a run asks for; its end comes back as `ended`. `by` as in Run. */
export type WorkAction = Asked & { readonly tag: number, readonly by: string | null }
export type Asked =
  /** Refused by the node when it is not, or no more, what `as` says. */
  | { readonly type: 'compact', readonly node: string, readonly as: 'active' | 'backup' }
  | { readonly type: 'snapshot', readonly node: string, readonly as: 'active' | 'backup' }
  | { readonly type: 'verify' }
  | { readonly type: 'switchover', readonly to: string | null, readonly reason: string }

export type Scheduled = readonly [ScheduleState, readonly ScheduleAction[]]

/** How a run ended. `record` is its report in the history; null where whoever did the work has told it. */
export interface RunEnd {
  readonly outcome: 'done' | 'failed'
  readonly message: string
  readonly record: { readonly kind: string, readonly severity: Severity, readonly node: string | null, readonly facts: Facts } | null
}

/** The work as it goes on, and what it asks for under its present tag; or how it ended. */
export type Progressed =
  | { readonly work: Work, readonly ask: Asked | null }
  | { readonly end: RunEnd }

export const NO_SCHEDULES: ScheduleState = { leading: false, next: {}, waiting: [], running: null, last: {}, nextTag: 1 }
