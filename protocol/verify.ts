// What is said about comparing the databases of the active with those of its backups, while they replicate.
import { Type, type Static } from 'typebox'

const NullableString = Type.Union([Type.String(), Type.Null()])
const closed = { additionalProperties: false } as const
const DEADLINE = Type.Integer({ minimum: 1, maximum: 3_600_000 })

/** Rows that are looked at again, of one database: enough to tell whether a difference lasts, and few enough for one message. */
export const SUSPECTS_MAX = 4_000
/** Of one table, so that a busy one leaves room for the others. */
export const TABLE_SUSPECTS_MAX = 500
/** Verifications that a controller remembers, of one cluster. */
export const VERIFICATIONS_MAX = 5

/** One table on both sides at the first look: what differs may still be on its way. */
export const TableComparisonSchema = Type.Object({
  table: Type.String(),
  activeRows: Type.Integer({ minimum: 0 }),
  backupRows: Type.Integer({ minimum: 0 }),
  /** The active has them, the backup does not. */
  lackingRows: Type.Integer({ minimum: 0 }),
  /** Both have them, with different values. */
  changedRows: Type.Integer({ minimum: 0 }),
  /** Only the backup has them. */
  surplusRows: Type.Integer({ minimum: 0 }),
  /** Columns in which changed rows differ. */
  columns: Type.Array(Type.String()),
  /** SHA-256 over all rows, in hexadecimal; null when it was not asked for. Equal content has an equal digest, on every version. */
  activeDigest: NullableString,
  backupDigest: NullableString
}, closed)
export type TableComparison = Static<typeof TableComparisonSchema>

/** A row that differs, as the active had it: null when it had none. */
export const SuspectSchema = Type.Object({ table: Type.String(), uuid: Type.String(), activeDigest: NullableString }, closed)
export type Suspect = Static<typeof SuspectSchema>

/** POST /v1/clusters/:cluster/content-comparisons of a backup's agent: it reads itself and the active. */
export const CompareRequestSchema = Type.Object({
  server: Type.String(),
  active: Type.String(),
  digests: Type.Boolean(),
  deadlineMs: DEADLINE
}, closed)
export type CompareRequest = Static<typeof CompareRequestSchema>

export const CompareReplySchema = Type.Object({
  tables: Type.Array(TableComparisonSchema),
  suspects: Type.Array(SuspectSchema, { maxItems: SUSPECTS_MAX }),
  /** The longest that the active wrote down one table: so long it answered nobody else, at most. */
  longestReadMs: Type.Number({ minimum: 0 })
}, closed)
export type CompareReply = Static<typeof CompareReplySchema>

/** GET …/content-comparisons: what is being read; null when nothing is. */
export const CompareProgressSchema = Type.Object({
  running: Type.Union([Type.Object({ server: Type.String(), tableEntries: Type.Integer({ minimum: 0 }), doneEntries: Type.Integer({ minimum: 0 }) }, closed), Type.Null()])
}, closed)
export type CompareProgress = Static<typeof CompareProgressSchema>

/** POST …/marks of the active's agent: writes a marker behind everything that the active had before. */
export const MarkRequestSchema = Type.Object({ server: Type.String(), term: Type.Integer({ minimum: 1 }), deadlineMs: DEADLINE }, closed)
export type MarkRequest = Static<typeof MarkRequestSchema>
export const MarkReplySchema = Type.Object({ marker: Type.String({ maxLength: 128 }) }, closed)
export type MarkReply = Static<typeof MarkReplySchema>

/** POST …/rechecks of a backup's agent: waits for the marker, then looks at these rows again. */
export const RecheckRequestSchema = Type.Object({
  server: Type.String(),
  active: Type.String(),
  marker: Type.String({ maxLength: 128 }),
  suspects: Type.Array(SuspectSchema, { minItems: 1, maxItems: SUSPECTS_MAX }),
  deadlineMs: DEADLINE
}, closed)
export type RecheckRequest = Static<typeof RecheckRequestSchema>

export const RecheckReplySchema = Type.Object({
  /** The active had the row so before the marker and has it so after it, and the backup, which has the marker, does not. */
  lasting: Type.Array(SuspectSchema, { maxItems: SUSPECTS_MAX }),
  /** The active changed the row meanwhile, so nothing can be told of it yet. */
  moving: Type.Array(SuspectSchema, { maxItems: SUSPECTS_MAX })
}, closed)
export type RecheckReply = Static<typeof RecheckReplySchema>

export const TableVerdictSchema = Type.Object({
  ...TableComparisonSchema.properties,
  /** Rows of it that certainly differ, of those that were looked at again. */
  lastingRows: Type.Integer({ minimum: 0 })
}, closed)
export type TableVerdict = Static<typeof TableVerdictSchema>

/** One database of one backup. */
export const VerifiedPartSchema = Type.Object({
  node: Type.String(),
  server: Type.String(),
  database: Type.String(),
  /** `unsettled`: rows differed, and it could not be told whether they were on their way. */
  state: Type.Enum(['waiting', 'running', 'same', 'differs', 'unsettled', 'notCompared']),
  /** Why it is `unsettled` or `notCompared`. */
  problem: NullableString,
  tableEntries: Type.Integer({ minimum: 0 }),
  doneEntries: Type.Integer({ minimum: 0 }),
  longestReadMs: Type.Number({ minimum: 0 }),
  tables: Type.Array(TableVerdictSchema)
}, closed)
export type VerifiedPart = Static<typeof VerifiedPartSchema>

export const OUTCOMES = ['running', 'same', 'differs', 'incomplete'] as const

export const VerificationSchema = Type.Object({
  id: Type.String(),
  cluster: Type.String(),
  active: Type.String(),
  term: Type.Integer({ minimum: 0 }),
  actor: Type.String(),
  reason: Type.String(),
  startedAt: Type.String({ description: 'ISO 8601, UTC' }),
  durationMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
  /** `incomplete`: nothing that was compared differs, and not everything could be. */
  outcome: Type.Enum(OUTCOMES),
  parts: Type.Array(VerifiedPartSchema)
}, closed)
export type Verification = Static<typeof VerificationSchema>

export const VerifyBodySchema = Type.Object({
  digests: Type.Optional(Type.Boolean({ description: 'Also a digest of each table on both sides' })),
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, closed)
export type VerifyBody = Static<typeof VerifyBodySchema>

export const VerificationListSchema = Type.Object({ verifications: Type.Array(VerificationSchema) })
export type VerificationList = Static<typeof VerificationListSchema>

/** `Logical_Switch of OVN_Northbound: lacks 1 of 4 rows, 2 differ`: what certainly differs, table by table. */
export function differingInWords ({ database, tables }: VerifiedPart): readonly string[] {
  return tables.filter(({ lastingRows }) => lastingRows > 0).map(({ table, activeRows, lackingRows, changedRows, surplusRows, columns }) => {
    const what = [
      ...(lackingRows > 0 ? [`lacks ${lackingRows} of ${activeRows} rows`] : []),
      ...(changedRows > 0 ? [`${changedRows} differ in ${columns.join(', ')}`] : []),
      ...(surplusRows > 0 ? [`${surplusRows} that the active has not`] : [])
    ]
    return `${table} of ${database}: ${what.join(', ')}`
  })
}
