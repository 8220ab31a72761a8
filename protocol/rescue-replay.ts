// How a rescue and the active differ, row by row, and what is brought back of it (S7).
import { Type, type Static } from 'typebox'
import { ActorSchema, TableDifferenceSchema } from './rescue.ts'

/** `missing`: only in the rescue. `changed`: in both, otherwise. `extra`: only in the active. */
export const DIFFERENCE_KINDS = ['missing', 'changed', 'extra'] as const
export type DifferenceKind = typeof DIFFERENCE_KINDS[number]

const NullableString = Type.Union([Type.String(), Type.Null()])
const TableName = Type.String({ minLength: 1, maxLength: 128 })
const NodeName = Type.String({ minLength: 1, maxLength: 32 })

/** A row in words: by its uuid, and by what people call it. */
const rowNames = { table: Type.String(), uuid: Type.String(), label: NullableString }

export const RowDifferenceSchema = Type.Object({
  ...rowNames,
  kind: Type.Enum(DIFFERENCE_KINDS),
  /** Columns that differ, as OVSDB's JSON writes values; null where there is no such row. */
  columns: Type.Array(Type.Object({ column: Type.String(), rescue: Type.Unknown(), active: Type.Unknown() }, { additionalProperties: false }))
}, { additionalProperties: false })
export type RowDifferenceView = Static<typeof RowDifferenceSchema>

export const DIFF_ROWS_MAX = 1_000
export const DiffQuerySchema = Type.Object({
  table: Type.Optional(TableName),
  kind: Type.Optional(Type.Enum(DIFFERENCE_KINDS)),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: DIFF_ROWS_MAX, default: 200 }))
}, { additionalProperties: false })
export type DiffQuery = Static<typeof DiffQuerySchema>

/** POST …/rescues/:id/diff, controller to the keeper: with whom to compare. */
export const DiffRequestSchema = Type.Object({ active: NodeName, ...DiffQuerySchema.properties }, { additionalProperties: false })
export type DiffRequest = Static<typeof DiffRequestSchema>

export const RescueDiffSchema = Type.Object({
  id: Type.String(),
  database: Type.String(),
  active: Type.String(),
  tables: Type.Array(TableDifferenceSchema),
  rows: Type.Array(RowDifferenceSchema),
  /** Those that were asked for and are not among `rows`: there are too many, or they are too large. */
  leftOutRows: Type.Integer({ minimum: 0 })
}, { additionalProperties: false })
export type RescueDiff = Static<typeof RescueDiffSchema>

/** Which rows to bring back: named ones of any kind, or the missing ones of tables, or all missing ones. */
export const RowChoiceSchema = Type.Object({
  rows: Type.Optional(Type.Array(Type.String({ pattern: '^[0-9a-f-]{4,36}$' }), { maxItems: DIFF_ROWS_MAX, description: 'Beginnings of uuids of rows that differ: missing ones are inserted, changed ones get the values of the rescue, extra ones are deleted' })),
  tables: Type.Optional(Type.Array(TableName, { maxItems: 128, description: 'All missing rows of these tables' })),
  all: Type.Optional(Type.Boolean({ description: 'All missing rows' })),
  skipConflicts: Type.Optional(Type.Boolean({ description: 'Leave out rows that conflict, and those that cannot be without them' }))
}, { additionalProperties: false })
export type RowChoice = Static<typeof RowChoiceSchema>

export const PlanRequestSchema = Type.Object({ active: NodeName, choice: RowChoiceSchema }, { additionalProperties: false })
export type PlanRequest = Static<typeof PlanRequestSchema>

export const ROW_ACTIONS = ['insert', 'update', 'delete', 'refer'] as const
export const PlannedRowSchema = Type.Object({
  ...rowNames,
  /** `refer`: a row of the active gets its reference to a row that comes back. */
  action: Type.Enum(ROW_ACTIONS),
  /** Why it is among them, when it was not chosen itself. */
  because: NullableString
}, { additionalProperties: false })
export type PlannedRow = Static<typeof PlannedRowSchema>

export const RowConflictSchema = Type.Object({ ...rowNames, reason: Type.String() }, { additionalProperties: false })
export type RowConflict = Static<typeof RowConflictSchema>

/** One transaction that brings rows back, and refuses by itself when the active changed meanwhile. */
export const ReplayPlanSchema = Type.Object({
  id: Type.String(),
  server: Type.String(),
  database: Type.String(),
  active: Type.String(),
  rows: Type.Array(PlannedRowSchema),
  /** With any of them nothing is done. */
  conflicts: Type.Array(RowConflictSchema),
  /** With `skipConflicts`: the conflicts for which rows were left out. */
  skipped: Type.Array(RowConflictSchema),
  /** What does not come back with them. */
  notes: Type.Array(Type.String()),
  /** As RFC 7047 5.2 writes them, preconditions (`wait`) first. */
  operations: Type.Array(Type.Object({ op: Type.String() })),
  /** For each operation the row that it is about, by its place in `rows`; -1: none. */
  rowOfOperation: Type.Array(Type.Integer())
}, { additionalProperties: false })
export type ReplayPlan = Static<typeof ReplayPlanSchema>

/** POST …/replays, controller to the active. */
export const ReplayRequestSchema = Type.Object({
  ...ActorSchema.properties,
  /** The active's own; another one is refused (S1). */
  term: Type.Integer({ minimum: 1 }),
  /** Its id, or that of a snapshot. */
  rescue: Type.String(),
  snapshot: Type.Optional(Type.Boolean({ description: 'It is a snapshot that is restored' })),
  server: Type.String(),
  operations: ReplayPlanSchema.properties.operations,
  replayedRows: Type.Integer({ minimum: 1 })
}, { additionalProperties: false })
export type ReplayRequest = Static<typeof ReplayRequestSchema>

/** `ok: false`: the server refused the transaction, nothing was changed. */
export const ReplayReplySchema = Type.Object({
  ok: Type.Boolean(),
  reason: NullableString,
  /** The operation that was refused; -1: none of them, or the commit. */
  operationIndex: Type.Integer()
}, { additionalProperties: false })
export type ReplayReply = Static<typeof ReplayReplySchema>

/** POST …/rescues/:id/applied, controller to the keeper. */
export const AppliedBodySchema = Type.Object({ ...ActorSchema.properties, appliedRows: Type.Integer({ minimum: 1 }) }, { additionalProperties: false })

export const ApplyBodySchema = Type.Object({
  ...RowChoiceSchema.properties,
  dryRun: Type.Optional(Type.Boolean({ description: 'Tell what would be done, and what conflicts' })),
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type ApplyBody = Static<typeof ApplyBodySchema>

/** POST …/rescues/:id/apply: all of it was done, or nothing. */
export const ApplyReplySchema = Type.Object({
  applied: Type.Boolean(),
  plan: ReplayPlanSchema
}, { additionalProperties: false })
export type ApplyReply = Static<typeof ApplyReplySchema>

/** A set that was never given: nobody brings back everything by mistake. */
export function choosesNothing ({ rows = [], tables = [], all = false }: RowChoice): boolean {
  return rows.length === 0 && tables.length === 0 && !all
}
