// Bringing a cluster's databases back to what a snapshot of them holds.
import { Type, type Static } from 'typebox'
import { ReplayPlanSchema } from './rescue-replay.ts'
import { SnapshotIdSchema } from './snapshot.ts'

const NullableString = Type.Union([Type.String(), Type.Null()])
const closed = { additionalProperties: false } as const

/** What one transaction over the agents' API may hold, as JSON. */
export const RESTORE_BYTES_MAX = 12 * 1024 * 1024

/** One table: what becomes of the rows of the active. */
export const RestoredTableSchema = Type.Object({
  table: Type.String(),
  /** The snapshot has them and the active does not: they come back. */
  comingRows: Type.Integer({ minimum: 0 }),
  /** They get the values that they have in the snapshot. */
  changedRows: Type.Integer({ minimum: 0 }),
  /** The active has them and the snapshot does not: they vanish. */
  vanishingRows: Type.Integer({ minimum: 0 })
}, closed)
export type RestoredTable = Static<typeof RestoredTableSchema>

/** POST …/snapshots/:id/restore-plans of the agent that has the snapshot. */
export const RestorePlanRequestSchema = Type.Object({
  server: Type.String(),
  active: Type.String(),
  /** Whether to answer with the transaction itself. */
  withOperations: Type.Boolean(),
  deadlineMs: Type.Integer({ minimum: 1, maximum: 3_600_000 })
}, closed)
export type RestorePlanRequest = Static<typeof RestorePlanRequestSchema>

export const RestorePlanSchema = Type.Object({
  /** Why it cannot be restored; null when it can. */
  problem: NullableString,
  /** Tables that differ, in the order of their names. */
  tables: Type.Array(RestoredTableSchema),
  operations: ReplayPlanSchema.properties.operations
}, closed)
export type RestorePlan = Static<typeof RestorePlanSchema>

export const RestoreBodySchema = Type.Object({
  dryRun: Type.Optional(Type.Boolean({ description: 'Tell what would be overwritten, and change nothing' })),
  confirm: Type.Optional(Type.String({ description: 'The name of the cluster once more; without it nothing is overwritten' })),
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, closed)
export type RestoreBody = Static<typeof RestoreBodySchema>

export const RestoreReplySchema = Type.Object({
  snapshot: SnapshotIdSchema,
  /** Where it was, or would be, restored. */
  active: Type.String(),
  takenAt: Type.String({ description: 'ISO 8601, UTC' }),
  dryRun: Type.Boolean(),
  databases: Type.Array(Type.Object({
    server: Type.String(),
    database: Type.String(),
    /** `same`: nothing was to be done. `planned`: with `dryRun`. `left`: one before it failed. */
    state: Type.Enum(['planned', 'restored', 'same', 'failed', 'left']),
    problem: NullableString,
    tables: Type.Array(RestoredTableSchema)
  }, closed)),
  /** What the databases were before; null when nothing was overwritten. Restoring it undoes this. */
  before: Type.Union([SnapshotIdSchema, Type.Null()]),
  /** How the backups compare with the active afterwards: as a verification's outcome, or why there is none. */
  backups: NullableString
}, closed)
export type RestoreReply = Static<typeof RestoreReplySchema>

export function rowsIn (tables: readonly RestoredTable[]): { readonly comingRows: number, readonly changedRows: number, readonly vanishingRows: number } {
  const sum = (count: (one: RestoredTable) => number): number => tables.reduce((total, one) => total + count(one), 0)
  return { comingRows: sum(one => one.comingRows), changedRows: sum(one => one.changedRows), vanishingRows: sum(one => one.vanishingRows) }
}

export function restoredInWords (tables: readonly RestoredTable[]): string {
  const { comingRows, changedRows, vanishingRows } = rowsIn(tables)
  return `${comingRows} rows come back, ${changedRows} change, ${vanishingRows} vanish`
}
