// What is kept of a node's data before replication overwrites it (S7), and what operators do with it.
import { Type, type Static } from 'typebox'
import { PositionSchema } from './position.ts'

const NullableString = Type.Union([Type.String(), Type.Null()])

/** NODE-DIGEST: the node that keeps it, and eight hexadecimal digits of its file's name. */
export const RESCUE_ID_PATTERN = '^[a-z0-9][a-z0-9-]{0,31}-[0-9a-f]{8}$'
export const RescueIdSchema = Type.String({ pattern: RESCUE_ID_PATTERN })

/** The node that keeps a rescue, by its id. */
export function keeperOf (id: string): string {
  return id.slice(0, id.lastIndexOf('-'))
}

/** How the rows of a rescue and those of the active differ. A row is known by its uuid. */
export const DifferenceCountsSchema = Type.Object({
  /** In the rescue, not in the active: lost with it, or deleted at the active since. */
  missingRows: Type.Integer({ minimum: 0 }),
  /** In both, with different values. */
  changedRows: Type.Integer({ minimum: 0 }),
  /** In the active only: written there since, or deleted where the rescue was taken. */
  extraRows: Type.Integer({ minimum: 0 })
}, { additionalProperties: false })
export type DifferenceCounts = Static<typeof DifferenceCountsSchema>

export const TableDifferenceSchema = Type.Object({ table: Type.String(), ...DifferenceCountsSchema.properties }, { additionalProperties: false })
export type TableDifference = Static<typeof TableDifferenceSchema>

/** What the comparison with the active found before the copy; `problem`: why there was none, so that everything may be lost. */
export const FindingSchema = Type.Object({
  problem: NullableString,
  /** Tables that differ; empty when none does, and when nothing could be compared. */
  tables: Type.Array(TableDifferenceSchema)
}, { additionalProperties: false })
export type Finding = Static<typeof FindingSchema>

const SignedSchema = Type.Object({ at: Type.String({ description: 'ISO 8601, UTC' }), by: Type.String(), reason: Type.String() }, { additionalProperties: false })

/** Everything a reader of a rescue needs to know about it; stored beside the snapshot as `NAME.json`. */
export const RescueNoteSchema = Type.Object({
  version: Type.Literal(1),
  cluster: Type.String(),
  node: Type.String(),
  server: Type.String(),
  database: Type.String(),
  takenAt: Type.String({ description: 'ISO 8601, UTC' }),
  /** What was about to overwrite the file. */
  reason: Type.String(),
  /** Kept against a crash in the middle of the copy only; it goes when the copy is whole. */
  guard: Type.Boolean(),
  /** How far the data was. */
  position: Type.Union([PositionSchema, Type.Null()]),
  /** Version of the schema in the snapshot. */
  schemaVersion: NullableString,
  finding: FindingSchema,
  /** Of the database file; the snapshot is smaller. */
  fileBytes: Type.Integer({ minimum: 0 }),
  original: Type.String(),
  /** Seen by an operator (or nothing was to be seen): it may go when room is needed. */
  acknowledged: Type.Union([SignedSchema, Type.Null()]),
  /** What was brought back out of it. */
  applied: Type.Array(Type.Object({ ...SignedSchema.properties, appliedRows: Type.Integer({ minimum: 0 }) }, { additionalProperties: false }))
}, { additionalProperties: false })
export type RescueNote = Static<typeof RescueNoteSchema>

export const RescueViewSchema = Type.Object({
  id: Type.String(),
  file: Type.String(),
  /** Of the compressed snapshot. */
  bytes: Type.Integer({ minimum: 0 }),
  /** Null: it cannot be read, and `problem` says why. */
  note: Type.Union([RescueNoteSchema, Type.Null()]),
  problem: NullableString
}, { additionalProperties: false })
export type RescueView = Static<typeof RescueViewSchema>

/** GET …/rescues of an agent: newest first. */
export const RescueListSchema = Type.Object({
  rescues: Type.Array(RescueViewSchema),
  /** Of the file system that they are on; null while there is no directory yet. */
  freeBytes: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])
}, { additionalProperties: false })
export type RescueList = Static<typeof RescueListSchema>

/** GET …/rescues of a controller: those of all data nodes that answered, and why the others are not among them. */
export const ClusterRescuesSchema = Type.Object({
  nodes: Type.Array(Type.Object({ node: Type.String(), problem: NullableString, ...RescueListSchema.properties }, { additionalProperties: false }))
}, { additionalProperties: false })
export type ClusterRescues = Static<typeof ClusterRescuesSchema>

export const RescueSignBodySchema = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type RescueSignBody = Static<typeof RescueSignBodySchema>

export const RescueRemoveBodySchema = Type.Object({
  force: Type.Optional(Type.Boolean({ description: 'Also one that nobody acknowledged' })),
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type RescueRemoveBody = Static<typeof RescueRemoveBodySchema>

/** What a controller tells an agent: who asked. */
export const ActorSchema = Type.Object({ by: Type.String({ maxLength: 128 }), reason: Type.String({ maxLength: 256 }) }, { additionalProperties: false })
export type Actor = Static<typeof ActorSchema>
export const AgentRemoveBodySchema = Type.Object({ ...ActorSchema.properties, force: Type.Boolean() }, { additionalProperties: false })

export function sumOf (tables: readonly TableDifference[]): DifferenceCounts {
  const sum = (count: (one: TableDifference) => number): number => tables.reduce((total, one) => total + count(one), 0)
  return { missingRows: sum(one => one.missingRows), changedRows: sum(one => one.changedRows), extraRows: sum(one => one.extraRows) }
}

/** `2 rows that the active lacks, 1 changed, 3 only in the active`. */
export function findingInWords ({ problem, tables }: Finding): string {
  if (problem !== null) return `not compared: ${problem}`
  const { missingRows, changedRows, extraRows } = sumOf(tables)
  if (missingRows + changedRows + extraRows === 0) return 'no difference to the active'
  return `${missingRows} rows that the active lacks, ${changedRows} changed, ${extraRows} only in the active`
}
