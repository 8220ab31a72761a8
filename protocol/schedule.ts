// What a cluster does at set times, and what is told of it.
import { Type, type Static } from 'typebox'

export const JOBS = ['snapshot', 'audit', 'compaction', 'drill'] as const
export type Job = typeof JOBS[number]

/** Of jobs that are asked for and have no schedule, too. */
export const JOB_DEFAULTS = { quietForMs: 10_000, stayMs: 60_000 } as const

const closed = { additionalProperties: false } as const
const NullableString = Type.Union([Type.String(), Type.Null()])

/** One time of a job: when it was due, or asked for (ISO 8601, UTC), and by whom; `by` is null for the schedule itself. */
const RUN = { at: Type.String(), by: NullableString } as const

export const LAST_RUN_OUTCOMES = ['done', 'failed', 'missed'] as const

/** How the last run of a job ended, or why it did not happen. */
export const LastRunSchema = Type.Object({ ...RUN, outcome: Type.Enum(LAST_RUN_OUTCOMES), message: Type.String(), durationMs: Type.Union([Type.Number(), Type.Null()]) }, closed)
export type LastRun = Static<typeof LastRunSchema>

export const ScheduleViewSchema = Type.Object({
  job: Type.Enum(JOBS),
  /** Null: it runs only when somebody asks for it. */
  cron: NullableString,
  next: NullableString,
  /** It is due, and begins as soon as the cluster allows it. */
  waiting: Type.Union([Type.Object(RUN, closed), Type.Null()]),
  running: Type.Union([Type.Object(RUN, closed), Type.Null()]),
  last: Type.Union([LastRunSchema, Type.Null()])
}, closed)
export type ScheduleView = Static<typeof ScheduleViewSchema>

/** GET /v1/clusters/:cluster/schedules: every job, as the leader knows it. */
export const SchedulesViewSchema = Type.Object({ timezone: Type.String(), schedules: Type.Array(ScheduleViewSchema) }, closed)
export type SchedulesView = Static<typeof SchedulesViewSchema>

/** POST /v1/clusters/:cluster/schedules/:job/run: answered when it has begun, or waits to; `at` tells its end in `last`. */
export const RunReplySchema = Type.Object({ job: Type.Enum(JOBS), at: Type.String() }, closed)
export type RunReply = Static<typeof RunReplySchema>

/** The last run of a job did not do what it was to do: what `status` tells. */
export const TroubledRunSchema = Type.Object({ job: Type.Enum(JOBS), ...LastRunSchema.properties }, closed)
export type TroubledRun = Static<typeof TroubledRunSchema>
