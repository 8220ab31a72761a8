// `schedules` of a cluster, as cluster.yaml writes it.
import { Type } from 'typebox'
import { AbsolutePath, Duration, Size } from './config-fields.ts'
import { cronProblem, isTimezone } from './cron.ts'
import { formatDurationMs } from './duration.ts'
import { JOB_DEFAULTS } from './schedule.ts'

const closed = { additionalProperties: false } as const
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

export const SCHEDULE_DEFAULTS = { timezone: 'UTC', jitter: '1m', startWithin: '15m', quietFor: formatDurationMs(JOB_DEFAULTS.quietForMs), stay: formatDurationMs(JOB_DEFAULTS.stayMs), maxSnapshots: 14, maxSize: '10GiB', hookTimeout: '10m' } as const

function Cron (description: string) {
  const allowed = 'five fields (minute, hour, day of month, month, day of week) such as "30 3 * * 1-5", at a time that comes'
  const text = Type.String({ description, maxLength: 128, patternErrorMessage: allowed })
  return Type.Refine(text, value => cronProblem(value) === null, value => cronProblem(value) ?? 'is no schedule')
}

const Timezone = Type.Refine(
  Type.String({ default: SCHEDULE_DEFAULTS.timezone, maxLength: 64, description: 'In whose time the schedules are meant; UTC has no hour that is skipped or comes twice.', patternErrorMessage: 'a time zone such as UTC or Europe/Berlin' }),
  isTimezone, () => 'is no time zone')

export const SnapshotsSchema = Type.Object({
  directory: Type.Optional(AbsolutePath({ description: 'On each data node; <stateDirectory>/<cluster>/snapshots when absent.' })),
  maxSnapshots: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: SCHEDULE_DEFAULTS.maxSnapshots, description: 'At most this many on each node; the oldest goes first, the newest never.' })),
  maxSize: Type.Optional(Size({ default: SCHEDULE_DEFAULTS.maxSize, description: 'At most this much on each node; the oldest goes first, the newest never.' })),
  hook: Type.Optional(Type.Union([
    AbsolutePath({ description: 'The program.' }),
    Type.Array(Type.String({ minLength: 1, maxLength: 4_095 }), { minItems: 1, maxItems: 64, description: 'The program and its first arguments.' })
  ], { description: 'Run on the node after each snapshot, with its directory as last argument: what happens next, such as copying it elsewhere.' })),
  hookTimeout: Type.Optional(Duration(1_000, 60 * MINUTE_MS, SCHEDULE_DEFAULTS.hookTimeout, 'The hook is killed after so long.'))
}, { ...closed, description: 'Verified, compressed copies of all databases: where, how many, and what happens next.' })

export const SchedulesSchema = Type.Object({
  timezone: Type.Optional(Timezone),
  jitter: Type.Optional(Duration(0, 60 * MINUTE_MS, SCHEDULE_DEFAULTS.jitter, 'Clusters with the same schedule begin at different moments within this time; always the same one for a cluster.')),
  startWithin: Type.Optional(Duration(MINUTE_MS, DAY_MS, SCHEDULE_DEFAULTS.startWithin, 'A run that cannot begin (paused, a failover runs) waits this long, and is then reported as missed.')),
  snapshot: Type.Optional(Type.Object({
    cron: Cron('When: minute, hour, day of month, month, day of week.')
  }, { ...closed, description: 'Take a snapshot of all databases, from a backup that is in sync where there is one; see snapshots.' })),
  audit: Type.Optional(Type.Object({
    cron: Cron('When: minute, hour, day of month, month, day of week.')
  }, { ...closed, description: 'Consistency audit: compare every table of every backup with the active, as ovsdb-ha verify does.' })),
  compaction: Type.Optional(Type.Object({
    cron: Cron('When: minute, hour, day of month, month, day of week.'),
    quietFor: Type.Optional(Duration(1_000, 10 * MINUTE_MS, SCHEDULE_DEFAULTS.quietFor, 'The active is compacted only after next to nothing was written for so long.'))
  }, { ...closed, description: 'Compact the databases: backups first, one at a time, then the active in a quiet moment.' })),
  drill: Type.Optional(Type.Object({
    cron: Cron('When: minute, hour, day of month, month, day of week.'),
    stay: Type.Optional(Duration(1_000, DAY_MS, SCHEDULE_DEFAULTS.stay, 'How long the other node serves before the way back.'))
  }, { ...closed, description: 'Failover drill: a switchover to another node and back, with a report in the history.' }))
}, { ...closed, description: 'What the leader does with this cluster at set times.' })
